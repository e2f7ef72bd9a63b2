-- One row per event: the searches, clicks and custom events of all visits on one timeline.
--
-- The columns of the three tables are untouched, so this equals the join that Coveo documents.

with

-- Searches; a search is its own search.
search_events as (

    select
        * exclude (_dlt_load_id),
        'Search' as c_event_type,
        id as event_id,
        id as event_search_id,
        username as event_user_name,
        1 as type_order

    from searches

),

-- Clicks belong to the search whose result was clicked.
click_events as (

    select
        * exclude (_dlt_load_id),
        'Click' as c_event_type,
        click_id as event_id,
        search_id as event_search_id,
        username as event_user_name,
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
events as (

    select * from search_events
    union all by name
    select * from click_events
    union all by name
    select * from other_events

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

-- Both times are taken in UTC, because in a zone with summer time a difference can be an hour off.
final as (

    select
        events.* exclude (type_order),
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
