-- One row per week, facet and value: how often people chose it, and whether it helped.

with

-- The searches of people that refined others, with what the page sent along. Escapes of JSON are
-- undone in `final`, where there are fewer rows.
refinements as (

    select
        event_id as search_id,
        event_week as week,
        lower(action_cause) as cause,
        coalesce(
            nullif(
                regexp_extract(custom_datas, '(?i)"facetTitle"\s*:\s*"((?:[^"\\]|\\.)+)"', 1), ''
            ),
            nullif(
                regexp_extract(custom_datas, '(?i)"facetField"\s*:\s*"((?:[^"\\]|\\.)+)"', 1), ''
            ),
            nullif(
                regexp_extract(custom_datas, '(?i)"facetId"\s*:\s*"((?:[^"\\]|\\.)+)"', 1), ''
            ),
            nullif(
                regexp_extract(
                    custom_datas, '(?i)"categoryFacetTitle"\s*:\s*"((?:[^"\\]|\\.)+)"', 1
                ),
                ''
            ),
            nullif(
                regexp_extract(
                    custom_datas, '(?i)"categoryFacetField"\s*:\s*"((?:[^"\\]|\\.)+)"', 1
                ),
                ''
            ),
            nullif(
                regexp_extract(
                    custom_datas, '(?i)"categoryFacetId"\s*:\s*"((?:[^"\\]|\\.)+)"', 1
                ),
                ''
            )
        ) as facet,
        nullif(
            regexp_extract(custom_datas, '(?i)"facetValue"\s*:\s*"((?:[^"\\]|\\.)+)"', 1), ''
        ) as facet_value,
        coalesce(
            nullif(
                regexp_extract(custom_datas, '(?i)"facetRangeStart"\s*:\s*"((?:[^"\\]|\\.)+)"', 1),
                ''
            ),
            nullif(
                regexp_extract(custom_datas, '(?i)"facetRangeStart"\s*:\s*(-?[0-9][0-9.]*)', 1), ''
            )
        ) as range_start,
        coalesce(
            nullif(
                regexp_extract(custom_datas, '(?i)"facetRangeEnd"\s*:\s*"((?:[^"\\]|\\.)+)"', 1),
                ''
            ),
            nullif(
                regexp_extract(custom_datas, '(?i)"facetRangeEnd"\s*:\s*(-?[0-9][0-9.]*)', 1), ''
            )
        ) as range_end

    from all_events
    where event_cause_kind = 'refinement' and event_is_person

),

-- Those that chose a value of a facet or took it back, with the outcome of the search. Others, such
-- as those that only sort or search the values, say nothing about them.
used as (

    select
        refinements.week,
        refinements.facet,
        coalesce(
            refinements.facet_value,
            refinements.range_start || '..' || refinements.range_end,
            ''
        ) as facet_value,
        case
            when refinements.cause like '%deselect%'
                or refinements.cause like '%unexclude%'
                or refinements.cause like '%clear%'
                or refinements.cause like '%breadcrumb%'
                then 0
            when refinements.cause like '%select%'
                or refinements.cause like '%exclude%'
                or refinements.cause like '%facetrange%'
                then 1
        end as selections,
        search_outcomes.visit_id,
        search_outcomes.has_click,
        search_outcomes.has_results,
        search_outcomes.is_successful,
        search_outcomes.ranked_clicks,
        search_outcomes.click_rank_sum

    from refinements
    inner join search_outcomes
        on refinements.search_id = search_outcomes.search_id
        and refinements.week = search_outcomes.week
    where refinements.facet is not null

),

-- Without those others.
counted as (

    select * from used where selections is not null

),

-- The totals of each value.
summed as (

    select
        week,
        facet,
        facet_value,
        sum(selections) as selections,
        sum(1 - selections) as removals,
        count(distinct case when selections = 1 then visit_id end) as visits,
        sum(case when has_click then selections else 0 end) as searches_with_clicks,
        sum(case when not has_results then selections else 0 end) as searches_without_results,
        sum(case when is_successful then selections else 0 end) as successful_searches,
        sum(selections * ranked_clicks) as ranked_clicks,
        sum(selections * click_rank_sum) as click_rank_sum

    from counted
    group by week, facet, facet_value

),

final as (

    select
        cast(week as date) as week,
        cast(replace(replace(facet, '\"', '"'), '\\', '\') as varchar) as facet,
        cast(replace(replace(facet_value, '\"', '"'), '\\', '\') as varchar) as value,
        cast(selections as bigint) as selections,
        cast(removals as bigint) as removals,
        cast(visits as bigint) as visits,
        cast(searches_with_clicks as bigint) as searches_with_clicks,
        cast(searches_with_clicks as double) / nullif(selections, 0) as search_clickthrough,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(successful_searches as bigint) as successful_searches,
        cast(ranked_clicks as bigint) as ranked_clicks,
        cast(click_rank_sum as bigint) as click_rank_sum,
        cast(click_rank_sum as double) / nullif(ranked_clicks, 0) as average_click_rank

    from summed

)

select * from final
