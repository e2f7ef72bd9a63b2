-- One row per week and suggestion that people chose in the search box, and whether it helped.

with

-- The searches of people for a suggestion, with its place in the list, from 0, and what was typed
-- before, in quotes, so that nothing typed is not the same as not known. The page sends both along.
chosen as (

    select
        event_id as search_id,
        event_week as week,
        cast(
            nullif(
                regexp_extract(custom_datas, '(?i)"suggestionRanking"\s*:\s*"?([0-9]{1,9})', 1), ''
            ) as bigint
        ) as ranking,
        nullif(
            regexp_extract(custom_datas, '(?i)"partialQuery"\s*:\s*("(?:[^"\\]|\\.)*")', 1), ''
        ) as typed

    from all_events
    where lower(action_cause) = 'omniboxanalytics' and c_event_type = 'Search' and event_is_person

),

-- Each with the outcome of the search.
joined as (

    select
        chosen.week,
        chosen.ranking,
        length(replace(replace(chosen.typed, '\"', '"'), '\\', '\')) - 2 as typed_characters,
        search_outcomes.query,
        search_outcomes.visit_id,
        search_outcomes.has_click,
        search_outcomes.has_results,
        search_outcomes.is_successful

    from chosen
    inner join search_outcomes
        on chosen.search_id = search_outcomes.search_id
        and chosen.week = search_outcomes.week

),

-- The totals of each suggestion.
summed as (

    select
        week,
        query,
        count(*) as searches,
        count(distinct visit_id) as visits,
        sum(case when has_click then 1 else 0 end) as searches_with_clicks,
        sum(case when not has_results then 1 else 0 end) as searches_without_results,
        sum(case when is_successful then 1 else 0 end) as successful_searches,
        count(ranking) as ranked_suggestions,
        sum(ranking + 1) as suggestion_rank_sum,
        count(typed_characters) as typed_searches,
        sum(typed_characters) as typed_characters_sum

    from joined
    group by week, query

),

final as (

    select
        cast(week as date) as week,
        cast(query as varchar) as suggestion,
        cast(searches as bigint) as searches,
        cast(visits as bigint) as visits,
        cast(searches_with_clicks as bigint) as searches_with_clicks,
        cast(searches_with_clicks as double) / nullif(searches, 0) as search_clickthrough,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(successful_searches as bigint) as successful_searches,
        cast(ranked_suggestions as bigint) as ranked_suggestions,
        cast(coalesce(suggestion_rank_sum, 0) as bigint) as suggestion_rank_sum,
        cast(suggestion_rank_sum as double)
        / nullif(ranked_suggestions, 0) as average_suggestion_rank,
        cast(typed_searches as bigint) as typed_searches,
        cast(coalesce(typed_characters_sum, 0) as bigint) as typed_characters_sum,
        cast(typed_characters_sum as double)
        / nullif(typed_searches, 0) as average_typed_characters

    from summed

)

select * from final
