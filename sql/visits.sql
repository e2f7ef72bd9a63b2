-- One row per visit: who came, from where, what they did, and whether they opened a result.

with

-- The events that belong to a visit. Only searches have a query. Events without a visit are in
-- `all_events` only; `daily_metrics` counts them.
events as (

    select
        visit_id,
        event_id,
        event_search_id,
        event_user_name,
        event_number,
        c_event_type,
        datetime,
        user_id,
        event_visitor_id,
        device_category,
        mobile,
        browser,
        operating_system_with_version,
        country,
        region,
        city,
        language,
        origin_context,
        origin_level1,
        origin_level2,
        origin_level3,
        is_internal,
        event_day,
        event_week,
        event_hour,
        event_is_bot,
        event_has_results,
        event_is_answer,
        event_cause_kind,
        event_click_kind,
        event_click_kind in ('opened', 'quick_viewed') as is_on_result,
        event_result_rank,
        document_title,
        document_url,
        event_type,
        case c_event_type
            when 'Search' then action_cause
            when 'Click' then click_cause
            else event_type
        end as action,
        event_query as query
        /* each of model_dimensions: , {dimension} */

    from all_events
    where visit_id is not null

),

-- The searches of each visit, to find clicks whose search is missing or in another visit.
visit_searches as (

    select distinct visit_id, event_id as search_id
    from events
    where c_event_type = 'Search'

),

-- The number of distinct searches on whose results each visit clicked.
clicked_searches as (

    select visit_id, count(*) as searches_with_clicks
    from (
        select distinct visit_id, event_search_id
        from events
        where is_on_result and event_search_id is not null
    ) as pairs
    group by visit_id

),

-- The number of distinct queries of each visit, blank ones left out.
distinct_queries as (

    select visit_id, count(*) as queries
    from (
        select distinct visit_id, query
        from events
        where query <> ''
    ) as pairs
    group by visit_id

),

-- Each event with the id of its search, if that search is in the same visit.
matched_events as (

    select events.*, visit_searches.search_id
    from events
    left join visit_searches
        on events.visit_id = visit_searches.visit_id
        and events.event_search_id = visit_searches.search_id

),

-- The totals of each visit. Rows can be counted, because an id occurs once per type of event. For
-- texts such as the first query, only the number of the event that has it is found here, and the
-- text is joined later: aggregates of texts, and distinct counts, would keep their values in memory
-- for all visits at once.
summed as (

    select
        visit_id,
        min(datetime) as started_at,
        max(datetime) as ended_at,
        max(event_number) as last_event_number,
        min(case when event_user_name is not null then event_number end) as first_user_number,
        min(case when query <> '' then event_number end) as first_query_number,
        max(case when query <> '' then event_number end) as last_query_number,
        /* each of model_dimensions:
        min(case when {dimension} is not null then event_number end) as first_{dimension}_number, */
        count(*) as events,
        sum(case when c_event_type = 'Search' then 1 else 0 end) as searches,
        sum(case when event_cause_kind = 'manual' then 1 else 0 end) as manual_searches,
        sum(case when is_on_result then 1 else 0 end) as clicks,
        sum(case when event_click_kind = 'opened' then 1 else 0 end) as opened,
        sum(case when event_click_kind = 'quick_viewed' then 1 else 0 end) as quick_viewed,
        sum(case when event_click_kind = 'cited' then 1 else 0 end) as cited,
        sum(case when event_click_kind = 'attached' then 1 else 0 end) as attached,
        sum(case when event_click_kind = 'recommended' then 1 else 0 end) as recommended,
        sum(case when event_click_kind = 'other' then 1 else 0 end) as other_clicks,
        sum(case when c_event_type = 'Custom' then 1 else 0 end) as custom_events,
        sum(case when event_is_answer then 1 else 0 end) as answers,
        sum(
            case when c_event_type = 'Click' and search_id is null then 1 else 0 end
        ) as clicks_on_other_searches,
        sum(case when query = '' then 1 else 0 end) as blank_searches,
        sum(case when not event_has_results then 1 else 0 end) as searches_without_results,
        sum(
            case when event_type = 'getMoreResults' then 1 else 0 end
        ) as more_results_requests,
        min(case when is_on_result then datetime end) as first_click_at,
        count(event_result_rank) as ranked_clicks,
        sum(event_result_rank) as click_rank_sum,
        min(event_result_rank) as best_click_rank,
        max(case when event_is_bot then 1 else 0 end) as bot_events,
        max(case when is_internal then 1 else 0 end) as internal_events

    from matched_events
    group by visit_id

),

final as (

    select
        cast(summed.visit_id as varchar) as visit_id,
        summed.started_at,
        summed.ended_at,
        cast(first_event.event_day as date) as day,
        cast(first_event.event_week as date) as week,
        cast(first_event.event_hour as bigint) as hour,
        cast(
            date_diff(
                'millisecond',
                summed.started_at at time zone 'UTC',
                summed.ended_at at time zone 'UTC'
            ) as bigint
        ) as duration_ms,
        cast(summed.events as bigint) as events,
        cast(summed.searches as bigint) as searches,
        cast(summed.manual_searches as bigint) as manual_searches,
        cast(summed.clicks as bigint) as clicks,
        cast(summed.opened as bigint) as opened,
        cast(summed.quick_viewed as bigint) as quick_viewed,
        cast(summed.cited as bigint) as cited,
        cast(summed.attached as bigint) as attached,
        cast(summed.recommended as bigint) as recommended,
        cast(summed.other_clicks as bigint) as other_clicks,
        cast(summed.custom_events as bigint) as custom_events,
        cast(summed.answers as bigint) as answers,
        cast(summed.clicks > 0 as boolean) as has_click,
        cast(coalesce(clicked_searches.searches_with_clicks, 0) as bigint) as searches_with_clicks,
        cast(coalesce(clicked_searches.searches_with_clicks, 0) as double)
            / nullif(summed.searches, 0) as search_clickthrough,
        cast(summed.clicks_on_other_searches as bigint) as clicks_on_other_searches,
        cast(summed.searches_without_results as bigint) as searches_without_results,
        cast(summed.blank_searches as bigint) as blank_searches,
        cast(coalesce(distinct_queries.queries, 0) as bigint) as queries,
        cast(first_query_event.query as varchar) as first_query,
        cast(last_query_event.query as varchar) as last_query,
        cast(summed.best_click_rank as bigint) as best_click_rank,
        cast(summed.ranked_clicks as bigint) as ranked_clicks,
        cast(coalesce(summed.click_rank_sum, 0) as bigint) as click_rank_sum,
        cast(summed.click_rank_sum as double)
            / nullif(summed.ranked_clicks, 0) as average_click_rank,
        cast(
            date_diff(
                'millisecond',
                summed.started_at at time zone 'UTC',
                summed.first_click_at at time zone 'UTC'
            ) as bigint
        ) as ms_to_first_click,
        cast(summed.more_results_requests as bigint) as more_results_requests,
        cast(first_event.c_event_type as varchar) as entry_event_type,
        cast(first_event.action as varchar) as entry_action,
        cast(last_event.c_event_type as varchar) as exit_event_type,
        cast(last_event.action as varchar) as exit_action,
        cast(last_event.document_title as varchar) as exit_document_title,
        cast(last_event.document_url as varchar) as exit_document_url,
        cast(first_user_event.event_user_name as varchar) as user_name,
        cast(first_event.user_id as varchar) as user_id,
        cast(first_event.event_visitor_id as varchar) as visitor_id,
        cast(first_event.device_category as varchar) as device_category,
        cast(coalesce(first_event.mobile, false) as boolean) as is_mobile,
        cast(first_event.browser as varchar) as browser,
        cast(first_event.operating_system_with_version as varchar) as operating_system,
        cast(first_event.country as varchar) as country,
        cast(first_event.region as varchar) as region,
        cast(first_event.city as varchar) as city,
        cast(first_event.language as varchar) as language,
        cast(first_event.origin_context as varchar) as origin_context,
        cast(coalesce(first_event.origin_level1, '') as varchar) as origin,
        cast(first_event.origin_level2 as varchar) as origin_level2,
        cast(first_event.origin_level3 as varchar) as origin_level3,
        cast(summed.bot_events > 0 as boolean) as is_bot,
        cast(summed.internal_events > 0 as boolean) as is_internal,
        cast(summed.bot_events = 0 and summed.internal_events = 0 as boolean) as is_person
        /* each of model_dimensions:
        , cast(first_{dimension}_event.{dimension} as varchar) as {dimension} */

    from summed
    left join clicked_searches on summed.visit_id = clicked_searches.visit_id
    left join distinct_queries on summed.visit_id = distinct_queries.visit_id
    inner join events as first_event
        on summed.visit_id = first_event.visit_id and first_event.event_number = 1
    inner join events as last_event
        on summed.visit_id = last_event.visit_id
        and summed.last_event_number = last_event.event_number
    left join events as first_user_event
        on summed.visit_id = first_user_event.visit_id
        and summed.first_user_number = first_user_event.event_number
    left join events as first_query_event
        on summed.visit_id = first_query_event.visit_id
        and summed.first_query_number = first_query_event.event_number
    left join events as last_query_event
        on summed.visit_id = last_query_event.visit_id
        and summed.last_query_number = last_query_event.event_number
    /* each of model_dimensions:
    left join events as first_{dimension}_event
        on summed.visit_id = first_{dimension}_event.visit_id
        and summed.first_{dimension}_number = first_{dimension}_event.event_number */

)

select * from final
