-- One row per week and ranking modifier: how many of the opened results it had moved, and from
-- where they were opened.

with

-- The clicks of people on results. Which results were shown, and what had moved them, is in no
-- export.
counted_clicks as (

    select
        event_week as week,
        coalesce(ranking_modifier, '') as ranking_modifier,
        event_search_id,
        visit_id,
        event_result_rank

    from all_events
    where event_click_kind in ('opened', 'quick_viewed') and event_is_person

),

-- The totals of each ranking modifier.
summed as (

    select
        week,
        ranking_modifier,
        count(*) as clicks,
        count(distinct event_search_id) as searches,
        count(distinct visit_id) as visits,
        count(event_result_rank) as ranked_clicks,
        sum(event_result_rank) as click_rank_sum,
        sum(case when event_result_rank = 1 then 1 else 0 end) as top_clicks

    from counted_clicks
    group by week, ranking_modifier

),

-- The clicks of each week, whatever had moved the results.
weekly as (

    select week, sum(clicks) as clicks
    from summed
    group by week

),

final as (

    select
        cast(summed.week as date) as week,
        cast(summed.ranking_modifier as varchar) as ranking_modifier,
        cast(summed.clicks as bigint) as clicks,
        cast(summed.clicks as double) / weekly.clicks as share_of_clicks,
        cast(summed.searches as bigint) as searches,
        cast(summed.visits as bigint) as visits,
        cast(summed.ranked_clicks as bigint) as ranked_clicks,
        cast(coalesce(summed.click_rank_sum, 0) as bigint) as click_rank_sum,
        cast(summed.click_rank_sum as double)
        / nullif(summed.ranked_clicks, 0) as average_click_rank,
        cast(summed.top_clicks as bigint) as top_clicks

    from summed
    inner join weekly on summed.week = weekly.week

)

select * from final
