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

-- Each event's place in its visit. Events of one batch share their time: a search comes before
-- what it led to, and the id decides the rest.
numbered as (

    select
        *,
        row_number() over (
            partition by visit_id order by datetime, type_order, event_id
        ) as event_number,
        lag(datetime) over (
            partition by visit_id order by datetime, type_order, event_id
        ) as previous_datetime

    from events

),

-- An event without a visit has no place in one. Both times are taken in UTC, because in a zone
-- with summer time a difference can be an hour off.
final as (

    select
        * exclude (type_order, event_number, previous_datetime),
        cast(
            case when visit_id is not null then event_number end as bigint
        ) as event_number,
        cast(
            case
                when visit_id is not null and event_number > 1
                    then date_diff(
                        'millisecond',
                        previous_datetime at time zone 'UTC',
                        datetime at time zone 'UTC'
                    )
            end as bigint
        ) as ms_since_previous_event

    from numbered
    order by visit_id, datetime, type_order, event_id

)

select * from final
