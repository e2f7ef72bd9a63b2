-- One row per event: the searches, clicks and custom events of all visits on one timeline.
--
-- The columns of the three tables are left unchanged, so this equals the join that Coveo documents.
-- Most of the columns added here begin with `event_`. Rules that several models share are written
-- here, once: which queries are the same, which document was opened, where a day begins and ends,
-- and which events count as made by a person.

with

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

-- Custom events; `event_search_id` is the last search before them, if there was one.
other_events as (

    select
        * exclude (_dlt_load_id),
        'Custom' as c_event_type,
        custom_event_id as event_id,
        last_search_id as event_search_id,
        coalesce(user_name, username) as event_user_name,
        coalesce(visitor_id, client_id) as event_visitor_id,
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

-- All events, with a flag for those made by robots.
events as (

    select
        *,
        coalesce(device_category = 'Bot', false) as event_is_bot

    from joined

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

-- The timeline. Days are UTC days, whatever the time zone of the session. Time differences are
-- taken in UTC too, because in a zone with daylight saving time they can be an hour off.
final as (

    select
        events.* exclude (type_order),
        cast(events.datetime at time zone 'UTC' as date) as event_day,
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
