-- Visits of people by the {unit} in which they began, their visitors, and those with a click on a
-- result. A visitor counts once in each {unit}, so visitors do not add up.
select
    {unit} as day,
    cast(count(*) as bigint) as visits,
    cast(count(distinct coalesce(visitor_id, visit_id)) as bigint) as visitors,
    cast(sum(case when has_click then 1 else 0 end) as bigint) as visits_with_clicks

from visits
where is_person and day >= {former_start} and day < {end}
group by {unit}
order by {unit}
