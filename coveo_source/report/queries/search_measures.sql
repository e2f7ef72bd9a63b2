-- Searches of people: how many, with a click on a result, without results, and answered, in each
-- period. The squares and products are sums over visitors; the intervals are made of them, because
-- the searches of one visitor are alike.
with

by_visitor as (

    select
        case when day >= {start} then 'now' else 'before' end as period,
        coalesce(visitor_id, visit_id, search_id) as visitor,
        count(*) as searches,
        sum(case when has_click then 1 else 0 end) as searches_with_clicks,
        sum(case when not has_results then 1 else 0 end) as searches_without_results,
        sum(case when outcome = 'answered' then 1 else 0 end) as answered_searches,
        sum(case when has_answer then 1 else 0 end) as searches_with_answers,
        sum(ranked_clicks) as ranked_clicks,
        sum(click_rank_sum) as click_rank_sum

    from search_outcomes
    where is_person and day >= {former_start} and day < {end}
    group by 1, 2

)

select
    period,
    cast(count(*) as bigint) as visitors,
    cast(sum(searches) as bigint) as searches,
    cast(sum(searches_with_clicks) as bigint) as searches_with_clicks,
    cast(sum(searches_without_results) as bigint) as searches_without_results,
    cast(sum(answered_searches) as bigint) as answered_searches,
    cast(sum(searches_with_answers) as bigint) as searches_with_answers,
    cast(sum(ranked_clicks) as bigint) as ranked_clicks,
    cast(sum(click_rank_sum) as bigint) as click_rank_sum,
    cast(sum(searches_with_clicks) as double) / sum(searches) as search_clickthrough,
    cast(sum(click_rank_sum) as double) / nullif(sum(ranked_clicks), 0) as average_click_rank,
    cast(sum(searches_without_results) as double) / sum(searches) as share_without_results,
    cast(sum(answered_searches) as double) / sum(searches) as share_answered,
    cast(sum(searches * searches) as bigint) as searches_squared,
    cast(sum(searches_with_clicks * searches_with_clicks) as bigint) as clicked_squared,
    cast(sum(searches * searches_with_clicks) as bigint) as searches_by_clicked,
    cast(sum(searches_without_results * searches_without_results) as bigint) as without_squared,
    cast(sum(searches * searches_without_results) as bigint) as searches_by_without,
    cast(sum(answered_searches * answered_searches) as bigint) as answered_squared,
    cast(sum(searches * answered_searches) as bigint) as searches_by_answered,
    cast(sum(ranked_clicks * ranked_clicks) as bigint) as ranked_squared,
    cast(sum(click_rank_sum * click_rank_sum) as bigint) as rank_sum_squared,
    cast(sum(ranked_clicks * click_rank_sum) as bigint) as ranked_by_rank_sum

from by_visitor
group by period
