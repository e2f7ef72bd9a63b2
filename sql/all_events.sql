-- One row per event: the searches, clicks and custom events of all visits on one timeline.
--
-- The columns of the three tables are untouched, so this equals the join that Coveo documents. Our
-- own columns begin with `event_`. Rules that several models need are written here, once: when two
-- queries are the same, which document was opened, what a day is, and who counts as a person.

with

-- Searches; a search is its own search. Queries are compared in lower case, on one line and without
-- outer spaces. A blank query is an empty text, a query like any other.
search_events as (

    select
        * exclude (_dlt_load_id),
        'Search' as c_event_type,
        id as event_id,
        id as event_search_id,
        username as event_user_name,
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

-- Clicks belong to the search whose result was clicked. A document is known by the hash of its
-- address in the index, or else by what else the click says of it.
click_events as (

    select
        * exclude (_dlt_load_id),
        'Click' as c_event_type,
        click_id as event_id,
        search_id as event_search_id,
        username as event_user_name,
        coalesce(system_uri_hash, document_url, document_title, '') as event_document_id,
        2 as type_order

    from clicks

),

-- Custom events belong to the search before them, if there was one.
other_events as (

    select
        * exclude (_dlt_load_id),
        'Custom' as c_event_type,
        custom_event_id as event_id,
        last_search_id as event_search_id,
        user_name as event_user_name,
        3 as type_order

    from custom_events

),

-- All columns of all three; those that a type of event does not have are null.
joined as (

    select * from search_events
    union all by name
    select * from click_events
    union all by name
    select * from other_events

),

-- All events, with the robots among them.
events as (

    select
        *,
        coalesce(device_category = 'Bot', false) as event_is_bot

    from joined

),

-- What tells the place of an event: narrow rows, since the database has to sort them once more.
moments as (

    select visit_id, datetime, 1 as type_order, id as event_id from searches
    union all
    select visit_id, datetime, 2 as type_order, click_id as event_id from clicks
    union all
    select visit_id, datetime, 3 as type_order, custom_event_id as event_id from custom_events

),

-- Each event's place in its visit; an event without a visit has none. Events of one batch share
-- their time: a search comes before what it led to, and the id decides the rest.
places as (

    select
        type_order,
        event_id,
        row_number() over (
            partition by visit_id order by datetime, type_order, event_id
        ) as event_number,
        lag(datetime) over (
            partition by visit_id order by datetime, type_order, event_id
        ) as previous_datetime

    from moments
    where visit_id is not null

),

-- Days are days in UTC, wherever the reader is. Differences are taken in UTC too, because in a zone
-- with summer time one can be an hour off.
final as (

    select
        events.* exclude (type_order),
        cast(events.datetime at time zone 'UTC' as date) as event_day,
        not events.event_is_bot and not coalesce(events.is_internal, false) as event_is_person,
        cast(places.event_number as bigint) as event_number,
        cast(
            date_diff(
                'millisecond',
                places.previous_datetime at time zone 'UTC',
                events.datetime at time zone 'UTC'
            ) as bigint
        ) as ms_since_previous_event

    from events
    left join places
        on events.type_order = places.type_order
        and events.event_id = places.event_id
    order by events.visit_id, events.datetime, events.type_order, events.event_id

)

select * from final
