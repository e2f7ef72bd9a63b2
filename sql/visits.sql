-- One row per visit: who came, from where, what they did and whether they opened a result.

with

-- The events that belong to a visit, in their order. Events without a visit are in `all_events`,
-- and `daily_metrics` counts them.
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
        visitor_id,
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
        action_cause,
        number_of_results,
        with_results,
        click_cause,
        click_rank,
        document_title,
        document_url,
        event_type,
        trim(
            lower(
                replace(
                    replace(
                        replace(coalesce(query_expression, ''), chr(9), ' '), chr(10), ' '
                    ),
                    chr(13),
                    ' '
                )
            )
        ) as query

    from all_events
    where visit_id is not null

),

-- The searches of each visit, to tell the clicks whose search is missing or of another visit.
searches as (

    select distinct visit_id, event_id as search_id
    from events
    where c_event_type = 'Search'

),

-- The places in each visit that matter: its last event, the first event with a name, and the first
-- and the last search with a query.
places as (

    select
        visit_id,
        max(event_number) as last_number,
        min(case when event_user_name is not null then event_number end) as first_named_number,
        min(
            case when c_event_type = 'Search' and query <> '' then event_number end
        ) as first_query_number,
        max(
            case when c_event_type = 'Search' and query <> '' then event_number end
        ) as last_query_number

    from events
    group by visit_id

),

-- Each event with these places, and with its search if that is one of the same visit.
placed as (

    select
        events.*,
        places.last_number,
        places.first_named_number,
        places.first_query_number,
        places.last_query_number,
        searches.search_id,
        case c_event_type
            when 'Search' then action_cause
            when 'Click' then click_cause
            else event_type
        end as action

    from events
    inner join places on events.visit_id = places.visit_id
    left join searches
        on events.visit_id = searches.visit_id
        and events.event_search_id = searches.search_id

),

-- The visit as a whole. What hardly changes within a visit is taken from its first event.
summed as (

    select
        visit_id,
        min(datetime) as started_at,
        max(datetime) as ended_at,
        count(*) as events,
        count(distinct case when c_event_type = 'Search' then event_id end) as searches,
        count(distinct case when c_event_type = 'Click' then event_id end) as clicks,
        count(distinct case when c_event_type = 'Custom' then event_id end) as custom_events,
        count(
            distinct case when c_event_type = 'Click' then event_search_id end
        ) as searches_with_clicks,
        sum(
            case when c_event_type = 'Click' and search_id is null then 1 else 0 end
        ) as clicks_on_other_searches,
        sum(
            case when c_event_type = 'Search' and query = '' then 1 else 0 end
        ) as blank_searches,
        sum(
            case
                when c_event_type = 'Search'
                    and not coalesce(number_of_results > 0, with_results)
                    then 1
                else 0
            end
        ) as searches_without_results,
        count(
            distinct case when c_event_type = 'Search' and query <> '' then query end
        ) as queries,
        sum(
            case when event_type = 'getMoreResults' then 1 else 0 end
        ) as more_results_requests,
        min(case when c_event_type = 'Click' then datetime end) as first_click_at,
        min(case when c_event_type = 'Click' then click_rank end) as best_click_rank,
        avg(
            cast(case when c_event_type = 'Click' then click_rank end as double)
        ) as average_click_rank,
        max(case when event_number = first_query_number then query end) as first_query,
        max(case when event_number = last_query_number then query end) as last_query,
        max(case when event_number = 1 then c_event_type end) as entry_event_type,
        max(case when event_number = 1 then action end) as entry_action,
        max(case when event_number = last_number then c_event_type end) as exit_event_type,
        max(case when event_number = last_number then action end) as exit_action,
        max(case when event_number = last_number then document_title end) as exit_document_title,
        max(case when event_number = last_number then document_url end) as exit_document_url,
        max(case when event_number = first_named_number then event_user_name end) as user_name,
        max(case when event_number = 1 then user_id end) as user_id,
        max(case when event_number = 1 then visitor_id end) as visitor_id,
        max(case when event_number = 1 then device_category end) as device_category,
        max(case when event_number = 1 and mobile then 1 else 0 end) as mobile_events,
        max(case when event_number = 1 then browser end) as browser,
        max(
            case when event_number = 1 then operating_system_with_version end
        ) as operating_system,
        max(case when event_number = 1 then country end) as country,
        max(case when event_number = 1 then region end) as region,
        max(case when event_number = 1 then city end) as city,
        max(case when event_number = 1 then language end) as language,
        max(case when event_number = 1 then origin_context end) as origin_context,
        max(case when event_number = 1 then origin_level1 end) as origin,
        max(case when event_number = 1 then origin_level2 end) as origin_level2,
        max(case when event_number = 1 then origin_level3 end) as origin_level3,
        max(case when device_category = 'Bot' then 1 else 0 end) as bot_events,
        max(case when is_internal then 1 else 0 end) as internal_events

    from placed
    group by visit_id

),

final as (

    select
        cast(visit_id as varchar) as visit_id,
        started_at,
        ended_at,
        cast(started_at at time zone 'UTC' as date) as day,
        cast(
            date_diff(
                'millisecond', started_at at time zone 'UTC', ended_at at time zone 'UTC'
            ) as bigint
        ) as duration_ms,
        cast(events as bigint) as events,
        cast(searches as bigint) as searches,
        cast(clicks as bigint) as clicks,
        cast(custom_events as bigint) as custom_events,
        cast(clicks > 0 as boolean) as has_click,
        cast(searches_with_clicks as bigint) as searches_with_clicks,
        cast(searches_with_clicks as double) / nullif(searches, 0) as search_clickthrough,
        cast(clicks_on_other_searches as bigint) as clicks_on_other_searches,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(blank_searches as bigint) as blank_searches,
        cast(queries as bigint) as queries,
        cast(first_query as varchar) as first_query,
        cast(last_query as varchar) as last_query,
        cast(best_click_rank as bigint) as best_click_rank,
        cast(average_click_rank as double) as average_click_rank,
        cast(
            date_diff(
                'millisecond', started_at at time zone 'UTC', first_click_at at time zone 'UTC'
            ) as bigint
        ) as ms_to_first_click,
        cast(more_results_requests as bigint) as more_results_requests,
        cast(entry_event_type as varchar) as entry_event_type,
        cast(entry_action as varchar) as entry_action,
        cast(exit_event_type as varchar) as exit_event_type,
        cast(exit_action as varchar) as exit_action,
        cast(exit_document_title as varchar) as exit_document_title,
        cast(exit_document_url as varchar) as exit_document_url,
        cast(user_name as varchar) as user_name,
        cast(user_id as varchar) as user_id,
        cast(visitor_id as varchar) as visitor_id,
        cast(device_category as varchar) as device_category,
        cast(mobile_events > 0 as boolean) as is_mobile,
        cast(browser as varchar) as browser,
        cast(operating_system as varchar) as operating_system,
        cast(country as varchar) as country,
        cast(region as varchar) as region,
        cast(city as varchar) as city,
        cast(language as varchar) as language,
        cast(origin_context as varchar) as origin_context,
        cast(coalesce(origin, '') as varchar) as origin,
        cast(origin_level2 as varchar) as origin_level2,
        cast(origin_level3 as varchar) as origin_level3,
        cast(bot_events > 0 as boolean) as is_bot,
        cast(internal_events > 0 as boolean) as is_internal

    from summed

)

select * from final
