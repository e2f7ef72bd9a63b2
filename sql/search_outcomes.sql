-- One row per search: the query, what it found, and what the visitor did next.

with

-- The searches, and the clicks and custom events that refer to them.
events as (

    select
        event_id,
        event_search_id,
        event_user_name,
        c_event_type,
        visit_id,
        event_visitor_id,
        datetime,
        query_expression,
        event_query as query,
        action_cause,
        event_cause_kind,
        number_of_results,
        event_has_results,
        response_time_ms,
        query_pipeline,
        split_test_run_name,
        split_test_run_version,
        origin_level1,
        origin_level2,
        origin_level3,
        device_category,
        country,
        language,
        is_internal,
        event_day,
        event_week,
        event_hour,
        event_is_bot,
        event_is_person,
        event_is_answer,
        event_document_id,
        event_click_kind,
        event_click_kind in ('opened', 'quick_viewed') as is_on_result,
        event_result_rank,
        event_type
        /* each of model_dimensions: , {dimension} */

    from all_events

),

-- The distinct keywords of each search.
search_keywords as (

    select distinct search_id, keyword from keywords

),

-- The distinct user groups of each search.
search_groups as (

    select distinct search_id, group_name from groups

),

-- The searches among these events.
search_events as (

    select * from events where c_event_type = 'Search'

),

-- The position of each search among the searches of its visit, and the search after it. Both are
-- unknown for a search without a visit.
positions as (

    select
        event_id,
        row_number() over (partition by visit_id order by datetime, event_id) as search_number,
        lead(event_id) over (partition by visit_id order by datetime, event_id) as next_search_id

    from search_events
    where visit_id is not null

),

-- The clicks of each search by kind, including clicks from other visits. Only those on results
-- count for clickthrough and rank.
search_clicks as (

    select
        event_search_id,
        count(*) as all_clicks,
        sum(case when is_on_result then 1 else 0 end) as clicks,
        sum(case when event_click_kind = 'opened' then 1 else 0 end) as opened,
        sum(case when event_click_kind = 'quick_viewed' then 1 else 0 end) as quick_viewed,
        sum(case when event_click_kind = 'cited' then 1 else 0 end) as cited,
        sum(case when event_click_kind = 'attached' then 1 else 0 end) as attached,
        sum(case when event_click_kind = 'recommended' then 1 else 0 end) as recommended,
        sum(case when event_click_kind = 'other' then 1 else 0 end) as other_clicks,
        count(distinct case when is_on_result then event_document_id end) as clicked_documents,
        count(event_result_rank) as ranked_clicks,
        sum(event_result_rank) as click_rank_sum,
        min(event_result_rank) as best_click_rank,
        min(case when is_on_result then datetime end) as first_click_at

    from events
    where c_event_type = 'Click' and event_search_id is not null
    group by event_search_id

),

-- The custom events that followed each search. Coveo logs paging as `getMoreResults`.
search_custom_events as (

    select
        event_search_id,
        count(*) as custom_events,
        sum(case when event_type = 'getMoreResults' then 1 else 0 end) as more_results_requests,
        sum(case when event_is_answer then 1 else 0 end) as answers

    from events
    where c_event_type = 'Custom' and event_search_id is not null
    group by event_search_id

),

-- The keywords of each search as one JSON list, so that each search stays one row.
keyword_lists as (

    select
        search_id,
        count(*) as keyword_count,
        '[' || string_agg(
            cast(to_json(keyword) as varchar), ',' order by keyword nulls first
        ) || ']' as keyword_list

    from search_keywords
    group by search_id

),

-- The user groups of each search as one JSON list.
group_lists as (

    select
        search_id,
        count(*) as group_count,
        '[' || string_agg(
            cast(to_json(group_name) as varchar), ',' order by group_name nulls first
        ) || ']' as group_list

    from search_groups
    group by search_id

),

-- Each search with its clicks, custom events, keywords and groups. An answer whose source was
-- clicked was given, even if nobody logged its end.
joined as (

    select
        search_events.*,
        positions.search_number,
        positions.next_search_id,
        coalesce(search_clicks.all_clicks, 0) as all_clicks,
        coalesce(search_clicks.clicks, 0) as clicks,
        coalesce(search_clicks.opened, 0) as opened,
        coalesce(search_clicks.quick_viewed, 0) as quick_viewed,
        coalesce(search_clicks.cited, 0) as cited,
        coalesce(search_clicks.attached, 0) as attached,
        coalesce(search_clicks.recommended, 0) as recommended,
        coalesce(search_clicks.other_clicks, 0) as other_clicks,
        search_clicks.clicked_documents,
        search_clicks.ranked_clicks,
        search_clicks.click_rank_sum,
        search_clicks.best_click_rank,
        case when search_clicks.clicks > 0 then search_clicks.first_click_at end as first_click_at,
        search_custom_events.custom_events,
        search_custom_events.more_results_requests,
        coalesce(search_custom_events.answers, 0) > 0
        or coalesce(search_clicks.cited, 0) > 0 as has_answer,
        keyword_lists.keyword_count,
        keyword_lists.keyword_list,
        group_lists.group_count,
        group_lists.group_list

    from search_events
    left join positions on search_events.event_id = positions.event_id
    left join search_clicks on search_events.event_id = search_clicks.event_search_id
    left join search_custom_events on search_events.event_id = search_custom_events.event_search_id
    left join keyword_lists on search_events.event_id = keyword_lists.search_id
    left join group_lists on search_events.event_id = group_lists.search_id

),

-- What became of each search. Whoever read an answer may have found what they wanted without
-- opening anything.
decided as (

    select
        *,
        case
            when all_clicks > cited then 'clicked'
            when has_answer then 'answered'
            when visit_id is null then 'unknown'
            when next_search_id is not null then 'refined'
            else 'abandoned'
        end as outcome

    from joined

),

final as (

    select
        cast(event_id as varchar) as search_id,
        cast(visit_id as varchar) as visit_id,
        datetime,
        cast(event_day as date) as day,
        cast(event_week as date) as week,
        cast(event_hour as bigint) as hour,
        cast(search_number as bigint) as search_number,
        cast(event_user_name as varchar) as user_name,
        cast(event_visitor_id as varchar) as visitor_id,
        cast(coalesce(origin_level1, '') as varchar) as origin,
        cast(origin_level2 as varchar) as origin_level2,
        cast(origin_level3 as varchar) as origin_level3,
        cast(device_category as varchar) as device_category,
        cast(country as varchar) as country,
        cast(language as varchar) as language,
        cast(query_pipeline as varchar) as query_pipeline,
        cast(split_test_run_name as varchar) as split_test_run_name,
        cast(split_test_run_version as varchar) as split_test_run_version,
        cast(query_expression as varchar) as query_expression,
        cast(query as varchar) as query,
        cast(query = '' as boolean) as is_blank_query,
        cast(action_cause as varchar) as action_cause,
        cast(event_cause_kind as varchar) as cause_kind,
        cast(number_of_results as bigint) as number_of_results,
        cast(event_has_results as boolean) as has_results,
        cast(response_time_ms as bigint) as response_time_ms,
        cast(clicks as bigint) as clicks,
        cast(opened as bigint) as opened,
        cast(quick_viewed as bigint) as quick_viewed,
        cast(cited as bigint) as cited,
        cast(attached as bigint) as attached,
        cast(recommended as bigint) as recommended,
        cast(other_clicks as bigint) as other_clicks,
        cast(clicks > 0 as boolean) as has_click,
        cast(coalesce(clicked_documents, 0) as bigint) as clicked_documents,
        cast(best_click_rank as bigint) as best_click_rank,
        cast(coalesce(ranked_clicks, 0) as bigint) as ranked_clicks,
        cast(coalesce(click_rank_sum, 0) as bigint) as click_rank_sum,
        first_click_at,
        cast(
            date_diff(
                'millisecond', datetime at time zone 'UTC', first_click_at at time zone 'UTC'
            ) as bigint
        ) as ms_to_first_click,
        cast(coalesce(custom_events, 0) as bigint) as custom_events,
        cast(coalesce(more_results_requests, 0) as bigint) as more_results_requests,
        cast(has_answer as boolean) as has_answer,
        cast(next_search_id as varchar) as next_search_id,
        cast(outcome as varchar) as outcome,
        cast(outcome in ('clicked', 'answered') as boolean) as is_successful,
        cast(outcome = 'refined' as boolean) as is_refined,
        cast(outcome = 'abandoned' as boolean) as is_abandoned,
        cast(
            case when keyword_count > 0 then keyword_list else '[]' end as varchar
        ) as keyword_list,
        cast(coalesce(keyword_count, 0) as bigint) as keyword_count,
        cast(case when group_count > 0 then group_list else '[]' end as varchar) as group_list,
        cast(coalesce(group_count, 0) as bigint) as group_count,
        cast(event_is_bot as boolean) as is_bot,
        cast(coalesce(is_internal, false) as boolean) as is_internal,
        cast(event_is_person as boolean) as is_person
        /* each of model_dimensions: , cast({dimension} as varchar) as {dimension} */

    from decided

)

select * from final
