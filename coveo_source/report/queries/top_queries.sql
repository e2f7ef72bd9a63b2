-- What people asked most: visits in which it was asked, now and in the period before, the share of
-- them that found something, and the average rank of the clicks on results.
select
    query,
    cast(sum(case when day >= {start} then 1 else 0 end) as bigint) as visits,
    cast(sum(case when day < {start} then 1 else 0 end) as bigint) as visits_before,
    cast(
        sum(case when day >= {start} and is_successful then 1 else 0 end) as bigint
    ) as visits_with_success,
    cast(
        sum(case when day >= {start} and outcome = 'no_results' then 1 else 0 end) as bigint
    ) as visits_without_results,
    cast(sum(case when day >= {start} then ranked_clicks else 0 end) as bigint) as ranked_clicks,
    cast(sum(case when day >= {start} then click_rank_sum else 0 end) as bigint) as click_rank_sum

from query_visits
where is_person and not is_blank_query and day >= {former_start} and day < {end}
group by query
having sum(case when day >= {start} then 1 else 0 end) >= {least_visits}
order by visits desc, query
limit 50
