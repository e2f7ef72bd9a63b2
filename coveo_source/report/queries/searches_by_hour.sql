-- Searches of people by day and hour.
select
    day,
    hour,
    cast(count(*) as bigint) as searches

from search_outcomes
where is_person and day >= {start} and day < {end}
group by day, hour
order by day, hour
