-- One row per day and origin: Coveo's published measures.

with

-- All events, with what the measures need of them.
events as (

    select
        event_search_id,
        event_user_name,
        visit_id,
        event_visitor_id,
        c_event_type,
        event_type,
        response_time_ms,
        click_rank,
        event_query as query,
        event_has_results,
        event_day as day,
        coalesce(origin_level1, '') as origin,
        event_is_bot as is_bot,
        coalesce(is_internal, false) as is_internal,
        event_is_person as is_person

    from all_events

),

-- The kind of every search of any day, which also shows whether the search of a click exists.
known_searches as (

    select search_id, cause_kind from search_outcomes

),

-- What each event counts as. A click has the id of its search even if that search is missing.
classified as (

    select
        events.*,
        known_searches.cause_kind,
        events.c_event_type = 'Search' as is_search,
        events.c_event_type = 'Click' as is_click,
        events.c_event_type = 'Custom' as is_custom_event,
        case
            when events.c_event_type = 'Click' then events.event_search_id
        end as clicked_search_id,
        case when events.c_event_type = 'Click' then events.visit_id end as clicked_visit_id,
        case when events.c_event_type = 'Click' then events.click_rank end as clicked_rank,
        not events.event_has_results as is_without_results,
        events.c_event_type = 'Click' and known_searches.search_id is null as is_without_search

    from events
    left join known_searches on events.event_search_id = known_searches.search_id

),

-- The measures, which count people, and some of them again over all traffic, as Coveo's reports
-- show them without a filter on robots and internal traffic.
summed as (

    select
        day,
        origin,
        sum(case when is_person then 1 else 0 end) as events,
        sum(case when is_person and is_search then 1 else 0 end) as searches,
        sum(case when is_person and is_click then 1 else 0 end) as clicks,
        sum(case when is_person and is_custom_event then 1 else 0 end) as custom_events,
        count(distinct case when is_person then visit_id end) as visits,
        count(distinct case when is_person then event_visitor_id end) as visitors,
        count(distinct case when is_person then event_user_name end) as users,
        count(distinct case when is_person then clicked_visit_id end) as visits_with_clicks,
        count(distinct case when is_person then clicked_search_id end) as searches_with_clicks,
        avg(cast(case when is_person then clicked_rank end as double)) as average_click_rank,
        sum(
            case when is_person and is_without_results then 1 else 0 end
        ) as searches_without_results,
        sum(
            case when is_person and is_search and cause_kind = 'manual' then 1 else 0 end
        ) as manual_searches,
        sum(
            case when is_person and is_search and cause_kind = 'automatic' then 1 else 0 end
        ) as automatic_searches,
        sum(
            case when is_person and is_search and cause_kind = 'refinement' then 1 else 0 end
        ) as refinement_searches,
        sum(
            case when is_person and is_search and cause_kind = 'unknown' then 1 else 0 end
        ) as unknown_searches,
        sum(case when is_person and query = '' then 1 else 0 end) as blank_searches,
        count(distinct case when is_person and query <> '' then query end) as queries,
        avg(
            cast(case when is_person then response_time_ms end as double)
        ) as average_response_time_ms,
        sum(
            case when is_person and event_type = 'getMoreResults' then 1 else 0 end
        ) as more_results_requests,
        sum(
            case when is_person and is_without_search then 1 else 0 end
        ) as clicks_without_search,
        sum(
            case when is_person and visit_id is null then 1 else 0 end
        ) as events_without_visit,
        sum(case when is_bot then 1 else 0 end) as bot_events,
        sum(case when is_internal then 1 else 0 end) as internal_events,
        sum(case when is_search then 1 else 0 end) as unfiltered_searches,
        sum(case when is_click then 1 else 0 end) as unfiltered_clicks,
        count(distinct visit_id) as unfiltered_visits,
        count(distinct clicked_visit_id) as unfiltered_visits_with_clicks,
        count(distinct clicked_search_id) as unfiltered_searches_with_clicks,
        avg(cast(clicked_rank as double)) as unfiltered_average_click_rank,
        sum(
            case when is_without_results then 1 else 0 end
        ) as unfiltered_searches_without_results

    from classified
    group by day, origin

),

final as (

    select
        cast(day as date) as day,
        cast(origin as varchar) as origin,
        cast(events as bigint) as events,
        cast(searches as bigint) as searches,
        cast(clicks as bigint) as clicks,
        cast(custom_events as bigint) as custom_events,
        cast(visits as bigint) as visits,
        cast(visitors as bigint) as visitors,
        cast(users as bigint) as users,
        cast(searches_with_clicks as bigint) as searches_with_clicks,
        cast(searches_with_clicks as double) / nullif(searches, 0) as search_clickthrough,
        cast(visits_with_clicks as bigint) as visits_with_clicks,
        cast(visits_with_clicks as double) / nullif(visits, 0) as visit_clickthrough,
        cast(average_click_rank as double) as average_click_rank,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(searches_without_results as double) / nullif(searches, 0) as share_without_results,
        cast(manual_searches as bigint) as manual_searches,
        cast(automatic_searches as bigint) as automatic_searches,
        cast(refinement_searches as bigint) as refinement_searches,
        cast(unknown_searches as bigint) as unknown_searches,
        cast(blank_searches as bigint) as blank_searches,
        cast(queries as bigint) as queries,
        cast(average_response_time_ms as double) as average_response_time_ms,
        cast(more_results_requests as bigint) as more_results_requests,
        cast(clicks_without_search as bigint) as clicks_without_search,
        cast(events_without_visit as bigint) as events_without_visit,
        cast(bot_events as bigint) as bot_events,
        cast(internal_events as bigint) as internal_events,
        cast(unfiltered_searches as bigint) as unfiltered_searches,
        cast(unfiltered_clicks as bigint) as unfiltered_clicks,
        cast(unfiltered_visits as bigint) as unfiltered_visits,
        cast(unfiltered_searches_with_clicks as bigint) as unfiltered_searches_with_clicks,
        cast(unfiltered_searches_with_clicks as double)
        / nullif(unfiltered_searches, 0) as unfiltered_search_clickthrough,
        cast(unfiltered_visits_with_clicks as bigint) as unfiltered_visits_with_clicks,
        cast(unfiltered_visits_with_clicks as double)
        / nullif(unfiltered_visits, 0) as unfiltered_visit_clickthrough,
        cast(unfiltered_average_click_rank as double) as unfiltered_average_click_rank,
        cast(unfiltered_searches_without_results as bigint) as unfiltered_searches_without_results

    from summed
    order by day, origin

)

select * from final
