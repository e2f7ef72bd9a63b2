-- Questions of people by how they ended. A question is a query that was typed or chosen in a visit,
-- with everything that was done about it; blank queries are left out.
select
    case when day >= {start} then 'now' else 'before' end as period,
    outcome,
    cast(count(*) as bigint) as questions

from query_visits
where is_person and not is_blank_query and day >= {former_start} and day < {end}
group by 1, 2
order by 3 desc
