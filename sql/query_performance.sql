-- One row per query, day and origin: how often people searched for it, and with what success.

with

-- Searches by people; robots and internal traffic are left out.
counted_searches as (

    select
        visit_id,
        day,
        origin,
        query,
        is_blank_query,
        cause_kind,
        number_of_results,
        has_results,
        has_click,
        has_answer,
        outcome,
        is_refined,
        is_abandoned,
        clicks,
        opened,
        quick_viewed,
        cited,
        attached,
        recommended,
        other_clicks,
        ranked_clicks,
        click_rank_sum,
        ms_to_first_click,
        response_time_ms

    from search_outcomes
    where is_person

),

-- The totals of each query by day and search interface. A click counts on the day of its search, so
-- that no share is above 1.
summed as (

    select
        day,
        query,
        origin,
        is_blank_query,
        count(*) as searches,
        count(distinct visit_id) as visits,
        count(distinct case when has_click then visit_id end) as visits_with_clicks,
        sum(case when cause_kind = 'manual' then 1 else 0 end) as manual_searches,
        sum(case when cause_kind = 'automatic' then 1 else 0 end) as automatic_searches,
        sum(case when cause_kind = 'refinement' then 1 else 0 end) as refinement_searches,
        sum(case when cause_kind = 'unknown' then 1 else 0 end) as unknown_searches,
        sum(case when has_click then 1 else 0 end) as searches_with_clicks,
        sum(case when has_answer then 1 else 0 end) as searches_with_answers,
        sum(case when outcome = 'answered' then 1 else 0 end) as answered_searches,
        sum(case when not has_results then 1 else 0 end) as searches_without_results,
        sum(case when is_refined then 1 else 0 end) as refined_searches,
        sum(case when is_abandoned then 1 else 0 end) as abandoned_searches,
        sum(clicks) as clicks,
        sum(opened) as opened,
        sum(quick_viewed) as quick_viewed,
        sum(cited) as cited,
        sum(attached) as attached,
        sum(recommended) as recommended,
        sum(other_clicks) as other_clicks,
        sum(ranked_clicks) as ranked_clicks,
        sum(click_rank_sum) as click_rank_sum,
        sum(ms_to_first_click) as ms_to_first_click_sum,
        count(number_of_results) as counted_searches,
        sum(number_of_results) as number_of_results_sum,
        count(response_time_ms) as timed_searches,
        sum(response_time_ms) as response_time_ms_sum

    from counted_searches
    group by day, query, origin, is_blank_query

),

final as (

    select
        cast(day as date) as day,
        cast(query as varchar) as query,
        cast(origin as varchar) as origin,
        cast(is_blank_query as boolean) as is_blank_query,
        cast(searches as bigint) as searches,
        cast(visits as bigint) as visits,
        cast(manual_searches as bigint) as manual_searches,
        cast(automatic_searches as bigint) as automatic_searches,
        cast(refinement_searches as bigint) as refinement_searches,
        cast(unknown_searches as bigint) as unknown_searches,
        cast(searches_with_clicks as bigint) as searches_with_clicks,
        cast(searches_with_clicks as double) / nullif(searches, 0) as search_clickthrough,
        cast(visits_with_clicks as bigint) as visits_with_clicks,
        cast(visits_with_clicks as double) / nullif(visits, 0) as visit_clickthrough,
        cast(clicks as bigint) as clicks,
        cast(opened as bigint) as opened,
        cast(quick_viewed as bigint) as quick_viewed,
        cast(cited as bigint) as cited,
        cast(attached as bigint) as attached,
        cast(recommended as bigint) as recommended,
        cast(other_clicks as bigint) as other_clicks,
        cast(ranked_clicks as bigint) as ranked_clicks,
        cast(click_rank_sum as bigint) as click_rank_sum,
        cast(click_rank_sum as double) / nullif(ranked_clicks, 0) as average_click_rank,
        cast(searches_with_answers as bigint) as searches_with_answers,
        cast(answered_searches as bigint) as answered_searches,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(searches_without_results as double) / nullif(searches, 0) as share_without_results,
        cast(refined_searches as bigint) as refined_searches,
        cast(abandoned_searches as bigint) as abandoned_searches,
        cast(coalesce(ms_to_first_click_sum, 0) as bigint) as ms_to_first_click_sum,
        cast(ms_to_first_click_sum as double)
        / nullif(searches_with_clicks, 0) as average_ms_to_first_click,
        cast(counted_searches as bigint) as counted_searches,
        cast(coalesce(number_of_results_sum, 0) as bigint) as number_of_results_sum,
        cast(number_of_results_sum as double)
        / nullif(counted_searches, 0) as average_number_of_results,
        cast(timed_searches as bigint) as timed_searches,
        cast(coalesce(response_time_ms_sum, 0) as bigint) as response_time_ms_sum,
        cast(response_time_ms_sum as double)
        / nullif(timed_searches, 0) as average_response_time_ms

    from summed

)

select * from final
