-- One row per event: the searches, clicks and custom events of all visits on one timeline.
--
-- The columns of the three tables are left unchanged, so this equals the join that Coveo documents.
-- Most of the columns added here begin with `event_`. Rules that several models share are written
-- here, once: which queries are the same, which document was opened, what a search or a click was
-- caused by, which events show that an answer was given or which source of it was looked at, where
-- a day begins and ends, and which events count as made by a person.
--
-- What only `custom_datas` holds is found there by its name: it may be cut off, and then is no
-- JSON.

with

-- The kind of each cause of a search: started by a person, started by the page, or a refinement by
-- a person. Case is ignored, because Coveo's libraries differ in it.
search_kinds as (

    select lower(action_cause) as action_cause, min(kind) as kind
    from search_causes
    group by lower(action_cause)

),

-- The kind of each cause of a click.
click_kinds as (

    select lower(action_cause) as action_cause, min(kind) as kind
    from click_causes
    group by lower(action_cause)

),

-- Searches; `event_search_id` is their own id. Queries are compared in lower case, on one line, and
-- without leading or trailing spaces. A blank query becomes the empty string.
search_events as (

    select
        * exclude (_dlt_load_id),
        'Search' as c_event_type,
        id as event_id,
        id as event_search_id,
        username as event_user_name,
        coalesce(visitor_id, client_id) as event_visitor_id,
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
        ) as event_query,
        coalesce(number_of_results > 0, with_results) as event_has_results,
        1 as type_order

    from searches

),

-- Clicks; `event_search_id` is the search whose result was clicked. A document is identified by the
-- hash of its URI in the index, or else by its URL, or else by its title.
click_events as (

    select
        * exclude (_dlt_load_id),
        'Click' as c_event_type,
        click_id as event_id,
        search_id as event_search_id,
        username as event_user_name,
        coalesce(visitor_id, client_id) as event_visitor_id,
        coalesce(system_uri_hash, document_url, document_title, '') as event_document_id,
        2 as type_order

    from clicks

),

-- Custom events; `event_search_id` is the last search before them, if there was one. A generated
-- answer was given if its stream ended with a text; other clients leave out whether it was empty.
other_events as (

    select
        * exclude (_dlt_load_id),
        'Custom' as c_event_type,
        custom_event_id as event_id,
        last_search_id as event_search_id,
        coalesce(user_name, username) as event_user_name,
        coalesce(visitor_id, client_id) as event_visitor_id,
        coalesce(
            event_type = 'generatedAnswer'
            and event_value = 'generatedAnswerStreamEnd'
            and coalesce(
                regexp_extract(custom_datas, '(?i)"answerGenerated"\s*:\s*"?(true)', 1), ''
            ) <> ''
            and coalesce(
                regexp_extract(custom_datas, '(?i)"answerTextIsEmpty"\s*:\s*"?(true)', 1), ''
            ) = '',
            false
        ) as event_is_answer,
        3 as type_order

    from custom_events

),

-- All columns of all three tables; columns that a type of event does not have are null.
joined as (

    select * from search_events
    union all by name
    select * from click_events
    union all by name
    select * from other_events

),

-- All events with what their causes count as. A click without a cause opened a result.
caused as (

    select
        joined.*,
        case
            when joined.c_event_type = 'Search' then coalesce(search_kinds.kind, 'unknown')
        end as event_cause_kind,
        case
            when joined.c_event_type <> 'Click' then null
            when coalesce(joined.click_cause, joined.cause_v2) is null then 'opened'
            else coalesce(click_kinds.kind, 'other')
        end as event_click_kind

    from joined
    -- one comparison each: a condition on one side alone would keep DuckDB from hashing
    left join search_kinds
        on case when joined.c_event_type = 'Search' then lower(joined.action_cause) end
        = search_kinds.action_cause
    left join click_kinds
        on case
            when joined.c_event_type = 'Click'
                then lower(coalesce(joined.click_cause, joined.cause_v2))
        end = click_kinds.action_cause

),

-- All events, with a flag for those made by robots, the rank of a result that was opened, the
-- source of a generated answer that was opened or looked at, and the time by the clock of the
-- setting's time zone, whatever the time zone of the session. A rank below 1 means that the result
-- was not in the list. The source is empty if the event does not name it.
events as (

    select
        *,
        coalesce(device_category = 'Bot', false) as event_is_bot,
        case
            when event_click_kind in ('opened', 'quick_viewed') and click_rank >= 1 then click_rank
        end as event_result_rank,
        case
            when event_type = 'generatedAnswer'
                and event_value in (
                    'openGeneratedAnswerSource',
                    'generatedAnswerFollowupOpenSource',
                    'generatedAnswerSourceHover'
                )
                or event_click_kind = 'cited'
                and lower(coalesce(click_cause, cause_v2)) = 'generatedanswercitationclick'
                then cast(
                    coalesce(
                        nullif(
                            regexp_extract(
                                custom_datas, '(?i)"contentIDValue"\s*:\s*"([^"]+)"', 1
                            ),
                            ''
                        ),
                        nullif(
                            regexp_extract(
                                custom_datas, '(?i)"permanentId"\s*:\s*"([^"]+)"', 1
                            ),
                            ''
                        ),
                        ''
                    ) as varchar
                )
        end as event_cited_document_id,
        datetime at time zone 'UTC' /* setting: time_zone */ as event_local_time

    from caused

),

-- The columns that determine the order of events, and no others: the database has to sort these
-- rows once more, so they are kept narrow.
sort_keys as (

    select visit_id, datetime, 1 as type_order, id as event_id from searches
    union all
    select visit_id, datetime, 2 as type_order, click_id as event_id from clicks
    union all
    select visit_id, datetime, 3 as type_order, custom_event_id as event_id from custom_events

),

-- The position of each event within its visit. Events of one batch share their time; among these a
-- search comes before the events that it led to, and the id decides the rest. Events without a
-- visit have no position.
positions as (

    select
        type_order,
        event_id,
        row_number() over (
            partition by visit_id order by datetime, type_order, event_id
        ) as event_number,
        lag(datetime) over (
            partition by visit_id order by datetime, type_order, event_id
        ) as previous_datetime

    from sort_keys
    where visit_id is not null

),

-- The timeline. A week is the Monday on which it begins. Time differences are taken in UTC, because
-- in a zone with daylight saving time they can be an hour off.
final as (

    select
        events.* exclude (type_order, event_local_time),
        cast(events.event_local_time as date) as event_day,
        cast(date_trunc('week', cast(events.event_local_time as date)) as date) as event_week,
        cast(extract(hour from events.event_local_time) as bigint) as event_hour,
        not events.event_is_bot and not coalesce(events.is_internal, false) as event_is_person,
        cast(positions.event_number as bigint) as event_number,
        cast(
            date_diff(
                'millisecond',
                positions.previous_datetime at time zone 'UTC',
                events.datetime at time zone 'UTC'
            ) as bigint
        ) as ms_since_previous_event

    from events
    left join positions
        on events.type_order = positions.type_order
        and events.event_id = positions.event_id
    order by events.visit_id, events.datetime, events.type_order, events.event_id

)

select * from final
