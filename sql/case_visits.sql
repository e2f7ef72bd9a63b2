-- One row per visit in which somebody began to write to support: how far they came, and whether
-- they found an answer instead.

with

-- The events of visits.
visit_events as (

    select
        visit_id,
        event_number,
        c_event_type,
        datetime,
        event_day,
        event_week,
        event_hour,
        event_user_name,
        event_visitor_id,
        origin_level1,
        event_type,
        event_value,
        custom_datas,
        custom_event_custom_data,
        lower(coalesce(click_cause, cause_v2)) as click_cause,
        event_click_kind,
        event_is_answer,
        event_is_bot,
        is_internal

    from all_events
    where visit_id is not null

),

-- The custom events about cases, with what was done. Inferred: Coveo's service writes the action of
-- its Collect protocol into the event's data; another version may have it as the event's value. The
-- page library has names of its own.
case_events as (

    select
        visit_id,
        event_number,
        datetime,
        case
            when event_type = 'caseCreation' and event_value = 'inputChange'
                then 'ticket_field_update'
            when event_type = 'caseCreation' and event_value = 'submitButton' then 'ticket_create'
            when event_type = 'caseCreation' and event_value = 'cancelButton' then 'ticket_cancel'
            else coalesce(
                nullif(regexp_extract(custom_datas, '(?i)"svc_action"\s*:\s*"([^"]+)"', 1), ''),
                nullif(
                    regexp_extract(
                        custom_event_custom_data, '(?i)"svc_action"\s*:\s*"([^"]+)"', 1
                    ),
                    ''
                ),
                event_value
            )
        end as action,
        coalesce(
            nullif(regexp_extract(custom_datas, '(?i)"reason"\s*:\s*"([^"]+)"', 1), ''),
            nullif(regexp_extract(custom_event_custom_data, '(?i)"reason"\s*:\s*"([^"]+)"', 1), '')
        ) as reason

    from visit_events
    where event_type in ('svc', 'caseAssist', 'caseCreation')
        or substring(event_value, 1, 7) = 'ticket_'

),

-- The totals of each visit that began a case. Of the first event and the last cancellation only the
-- number is found here.
begun as (

    select
        visit_id,
        min(event_number) as first_number,
        max(case when action = 'ticket_cancel' then event_number end) as last_cancel_number,
        sum(case when action = 'ticket_field_update' then 1 else 0 end) as field_updates,
        sum(case when action = 'ticket_next_stage' then 1 else 0 end) as next_stages,
        sum(
            case when action = 'ticket_classification_click' then 1 else 0 end
        ) as classification_clicks,
        min(case when action = 'ticket_create' then datetime end) as submitted_at,
        max(case when action = 'ticket_create' then 1 else 0 end) as submits,
        max(case when action = 'ticket_cancel' then 1 else 0 end) as cancels

    from case_events
    where action in (
        'ticket_create_start',
        'ticket_field_update',
        'ticket_classification_click',
        'ticket_next_stage',
        'ticket_cancel',
        'ticket_create'
    )
    group by visit_id

),

-- The totals of all events of each visit.
summed as (

    select
        visit_id,
        max(datetime) as ended_at,
        sum(case when c_event_type = 'Search' then 1 else 0 end) as searches,
        sum(
            case when event_click_kind in ('opened', 'quick_viewed') then 1 else 0 end
        ) as clicks,
        sum(case when event_click_kind = 'attached' then 1 else 0 end) as attached,
        sum(
            case
                when click_cause in ('documentsuggestionclick', 'documentsuggestionquickview')
                    and c_event_type = 'Click' then 1
                else 0
            end
        ) as suggestion_clicks,
        sum(case when event_is_answer then 1 else 0 end) as answers,
        max(case when event_is_bot then 1 else 0 end) as bot_events,
        max(case when is_internal then 1 else 0 end) as internal_events

    from visit_events
    group by visit_id

),

-- Each visit with its first event about the case and the reason of its last cancellation.
joined as (

    select
        begun.*,
        first_event.datetime as started_at,
        first_event.event_day,
        first_event.event_week,
        first_event.event_hour,
        first_event.origin_level1,
        first_event.event_user_name,
        first_event.event_visitor_id,
        last_cancel.reason as cancel_reason,
        summed.ended_at,
        summed.searches,
        summed.clicks,
        summed.attached,
        summed.suggestion_clicks,
        summed.answers,
        summed.bot_events,
        summed.internal_events

    from begun
    inner join summed on begun.visit_id = summed.visit_id
    inner join visit_events as first_event
        on begun.visit_id = first_event.visit_id
        and begun.first_number = first_event.event_number
    left join case_events as last_cancel
        on begun.visit_id = last_cancel.visit_id
        and begun.last_cancel_number = last_cancel.event_number

),

final as (

    select
        cast(visit_id as varchar) as visit_id,
        started_at,
        ended_at,
        cast(event_day as date) as day,
        cast(event_week as date) as week,
        cast(event_hour as bigint) as hour,
        cast(coalesce(origin_level1, '') as varchar) as origin,
        cast(event_user_name as varchar) as user_name,
        cast(event_visitor_id as varchar) as visitor_id,
        cast(field_updates as bigint) as field_updates,
        cast(classification_clicks as bigint) as classification_clicks,
        cast(next_stages as bigint) as next_stages,
        cast(suggestion_clicks as bigint) as suggestion_clicks,
        cast(submits > 0 as boolean) as is_submitted,
        submitted_at,
        cast(cancels > 0 as boolean) as is_cancelled,
        cast(cancel_reason as varchar) as cancel_reason,
        cast(submits = 0 as boolean) as is_deflected,
        cast(
            case
                when submits > 0 then 'submitted'
                when lower(cancel_reason) = 'solved' then 'solved'
                when cancels > 0 then 'quit'
                else 'left'
            end as varchar
        ) as outcome,
        cast(searches as bigint) as searches,
        cast(clicks as bigint) as clicks,
        cast(attached as bigint) as attached,
        cast(answers > 0 as boolean) as has_answer,
        cast(bot_events > 0 as boolean) as is_bot,
        cast(internal_events > 0 as boolean) as is_internal,
        cast(bot_events = 0 and internal_events = 0 as boolean) as is_person

    from joined

)

select * from final
