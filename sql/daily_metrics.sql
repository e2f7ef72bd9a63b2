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
        event_click_kind,
        event_click_kind in ('opened', 'quick_viewed') as is_on_result,
        event_result_rank,
        case when click_rank >= 1 then click_rank end as listed_rank,
        event_query as query,
        event_cause_kind as cause_kind,
        event_has_results,
        event_day as day,
        coalesce(origin_level1, '') as origin,
        event_is_bot as is_bot,
        coalesce(is_internal, false) as is_internal,
        event_is_person as is_person
        /* each of model_dimensions: , coalesce({dimension}, '') as {dimension} */

    from all_events

),

-- The searches of these days and of the days before, with what became of them.
known_searches as (

    select search_id, day, has_answer, outcome from search_outcomes

),

-- What each event counts as. A click has the id of its search even if that search is missing, or
-- was made neither on the day of the click nor on the one before.
classified as (

    select
        events.*,
        events.c_event_type = 'Search' as is_search,
        events.c_event_type = 'Click' as is_click,
        events.c_event_type = 'Custom' as is_custom_event,
        events.c_event_type = 'Search' and known_searches.has_answer as is_with_answer,
        events.c_event_type = 'Search' and known_searches.outcome = 'answered' as is_answered,
        case when events.is_on_result then events.event_search_id end as clicked_search_id,
        case when events.is_on_result then events.visit_id end as clicked_visit_id,
        case
            when events.c_event_type = 'Click' then events.event_search_id
        end as search_id_of_any_click,
        case when events.c_event_type = 'Click' then events.visit_id end as visit_id_of_any_click,
        not events.event_has_results as is_without_results,
        events.c_event_type = 'Click' and known_searches.search_id is null as is_without_search

    from events
    left join known_searches
        on events.event_search_id = known_searches.search_id
        and known_searches.day between
            cast(events.day - interval '1 day' as date) and events.day

),

-- The queries that people asked, and how many of them found something.
asked as (

    select
        day,
        origin,
        /* each of model_dimensions: coalesce({dimension}, '') as {dimension}, */
        count(*) as query_visits,
        sum(case when is_successful then 1 else 0 end) as successful_query_visits

    from query_visits
    where is_person
    group by day, origin /* each of model_dimensions: , coalesce({dimension}, '') */

),

-- The measures, which count people and clicks on results, and some of them again over all traffic
-- and all clicks, as Coveo's reports show them without a filter.
summed as (

    select
        day,
        origin,
        /* each of model_dimensions: {dimension}, */
        sum(case when is_person then 1 else 0 end) as events,
        sum(case when is_person and is_search then 1 else 0 end) as searches,
        sum(case when is_person and is_on_result then 1 else 0 end) as clicks,
        sum(case when is_person and event_click_kind = 'opened' then 1 else 0 end) as opened,
        sum(
            case when is_person and event_click_kind = 'quick_viewed' then 1 else 0 end
        ) as quick_viewed,
        sum(case when is_person and event_click_kind = 'cited' then 1 else 0 end) as cited,
        sum(case when is_person and event_click_kind = 'attached' then 1 else 0 end) as attached,
        sum(
            case when is_person and event_click_kind = 'recommended' then 1 else 0 end
        ) as recommended,
        sum(case when is_person and event_click_kind = 'other' then 1 else 0 end) as other_clicks,
        sum(case when is_person and is_custom_event then 1 else 0 end) as custom_events,
        count(distinct case when is_person then visit_id end) as visits,
        count(distinct case when is_person then event_visitor_id end) as visitors,
        count(distinct case when is_person then event_user_name end) as users,
        count(distinct case when is_person then clicked_visit_id end) as visits_with_clicks,
        count(distinct case when is_person then clicked_search_id end) as searches_with_clicks,
        count(case when is_person then event_result_rank end) as ranked_clicks,
        sum(case when is_person then event_result_rank end) as click_rank_sum,
        sum(case when is_person and is_with_answer then 1 else 0 end) as searches_with_answers,
        sum(case when is_person and is_answered then 1 else 0 end) as answered_searches,
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
        count(case when is_person then response_time_ms end) as timed_searches,
        sum(case when is_person then response_time_ms end) as response_time_ms_sum,
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
        count(distinct visit_id_of_any_click) as unfiltered_visits_with_clicks,
        count(distinct search_id_of_any_click) as unfiltered_searches_with_clicks,
        count(listed_rank) as unfiltered_ranked_clicks,
        sum(listed_rank) as unfiltered_click_rank_sum,
        sum(
            case when is_without_results then 1 else 0 end
        ) as unfiltered_searches_without_results

    from classified
    group by day, origin /* each of model_dimensions: , {dimension} */

),

-- Both together. Each query was asked by a search, so no row of them is alone.
joined as (

    select
        summed.*,
        asked.query_visits,
        asked.successful_query_visits

    from summed
    left join asked
        on summed.day = asked.day
        and summed.origin = asked.origin
        /* each of model_dimensions: and summed.{dimension} = asked.{dimension} */

),

final as (

    select
        cast(day as date) as day,
        cast(origin as varchar) as origin,
        /* each of model_dimensions: cast({dimension} as varchar) as {dimension}, */
        cast(events as bigint) as events,
        cast(searches as bigint) as searches,
        cast(clicks as bigint) as clicks,
        cast(opened as bigint) as opened,
        cast(quick_viewed as bigint) as quick_viewed,
        cast(cited as bigint) as cited,
        cast(attached as bigint) as attached,
        cast(recommended as bigint) as recommended,
        cast(other_clicks as bigint) as other_clicks,
        cast(custom_events as bigint) as custom_events,
        cast(visits as bigint) as visits,
        cast(visitors as bigint) as visitors,
        cast(users as bigint) as users,
        cast(searches_with_clicks as bigint) as searches_with_clicks,
        cast(searches_with_clicks as double) / nullif(searches, 0) as search_clickthrough,
        cast(visits_with_clicks as bigint) as visits_with_clicks,
        cast(visits_with_clicks as double) / nullif(visits, 0) as visit_clickthrough,
        cast(ranked_clicks as bigint) as ranked_clicks,
        cast(coalesce(click_rank_sum, 0) as bigint) as click_rank_sum,
        cast(click_rank_sum as double) / nullif(ranked_clicks, 0) as average_click_rank,
        cast(coalesce(query_visits, 0) as bigint) as query_visits,
        cast(coalesce(successful_query_visits, 0) as bigint) as successful_query_visits,
        cast(successful_query_visits as double)
        / nullif(query_visits, 0) as query_visit_success,
        cast(searches_with_answers as bigint) as searches_with_answers,
        cast(answered_searches as bigint) as answered_searches,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(searches_without_results as double) / nullif(searches, 0) as share_without_results,
        cast(manual_searches as bigint) as manual_searches,
        cast(automatic_searches as bigint) as automatic_searches,
        cast(refinement_searches as bigint) as refinement_searches,
        cast(unknown_searches as bigint) as unknown_searches,
        cast(blank_searches as bigint) as blank_searches,
        cast(queries as bigint) as queries,
        cast(timed_searches as bigint) as timed_searches,
        cast(coalesce(response_time_ms_sum, 0) as bigint) as response_time_ms_sum,
        cast(response_time_ms_sum as double)
        / nullif(timed_searches, 0) as average_response_time_ms,
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
        cast(unfiltered_ranked_clicks as bigint) as unfiltered_ranked_clicks,
        cast(coalesce(unfiltered_click_rank_sum, 0) as bigint) as unfiltered_click_rank_sum,
        cast(unfiltered_click_rank_sum as double)
        / nullif(unfiltered_ranked_clicks, 0) as unfiltered_average_click_rank,
        cast(unfiltered_searches_without_results as bigint) as unfiltered_searches_without_results

    from joined
    order by day, origin

)

select * from final
