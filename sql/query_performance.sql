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
        is_refined,
        is_abandoned,
        clicks,
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
        sum(case when has_click then 1 else 0 end) as searches_with_clicks,
        sum(case when not has_results then 1 else 0 end) as searches_without_results,
        sum(case when is_refined then 1 else 0 end) as refined_searches,
        sum(case when is_abandoned then 1 else 0 end) as abandoned_searches,
        sum(clicks) as clicks,
        sum(ranked_clicks) as ranked_clicks,
        sum(click_rank_sum) as click_rank_sum,
        avg(cast(ms_to_first_click as double)) as average_ms_to_first_click,
        avg(cast(number_of_results as double)) as average_number_of_results,
        avg(cast(response_time_ms as double)) as average_response_time_ms

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
        cast(searches_with_clicks as bigint) as searches_with_clicks,
        cast(searches_with_clicks as double) / nullif(searches, 0) as search_clickthrough,
        cast(visits_with_clicks as bigint) as visits_with_clicks,
        cast(visits_with_clicks as double) / nullif(visits, 0) as visit_clickthrough,
        cast(clicks as bigint) as clicks,
        cast(click_rank_sum as double) / nullif(ranked_clicks, 0) as average_click_rank,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(searches_without_results as double) / nullif(searches, 0) as share_without_results,
        cast(refined_searches as bigint) as refined_searches,
        cast(abandoned_searches as bigint) as abandoned_searches,
        cast(average_ms_to_first_click as double) as average_ms_to_first_click,
        cast(average_number_of_results as double) as average_number_of_results,
        cast(average_response_time_ms as double) as average_response_time_ms

    from summed

)

select * from final
