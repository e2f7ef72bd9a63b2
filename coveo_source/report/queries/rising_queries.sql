-- What people ask more often than in the period before: the queries whose visits grew by more than
-- chance explains (1.96 standard errors of a difference of two counts).
with

counted as (

    select
        query,
        cast(sum(case when day >= {start} then 1 else 0 end) as bigint) as visits,
        cast(sum(case when day < {start} then 1 else 0 end) as bigint) as visits_before,
        cast(
            sum(case when day >= {start} and is_successful then 1 else 0 end) as bigint
        ) as visits_with_success

    from query_visits
    where is_person and not is_blank_query and day >= {former_start} and day < {end}
    group by query

)

select
    query,
    visits,
    visits_before,
    visits_with_success

from counted
where
    visits >= {least_visits}
    and visits > visits_before
    and (visits - visits_before) * (visits - visits_before) > 3.84 * (visits + visits_before)
order by visits - visits_before desc, query
limit 50
