-- Visits of people that began a support case, by how it ended: `submitted`, `solved` (cancelled
-- because the problem was solved), `quit` (cancelled for another reason) or `left`.
select
    case when day >= {start} then 'now' else 'before' end as period,
    outcome,
    cast(count(*) as bigint) as visits

from case_visits
where is_person and day >= {former_start} and day < {end}
group by 1, 2
order by 3 desc
