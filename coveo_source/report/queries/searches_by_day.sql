-- Searches of people by {unit}: how many, with a click on a result, without results, and answered.
select
    {unit} as day,
    cast(count(*) as bigint) as searches,
    cast(sum(case when has_click then 1 else 0 end) as bigint) as searches_with_clicks,
    cast(sum(case when not has_results then 1 else 0 end) as bigint) as searches_without_results,
    cast(sum(case when outcome = 'answered' then 1 else 0 end) as bigint) as answered_searches,
    cast(sum(ranked_clicks) as bigint) as ranked_clicks,
    cast(sum(click_rank_sum) as bigint) as click_rank_sum

from search_outcomes
where is_person and day >= {former_start} and day < {end}
group by {unit}
order by {unit}
