-- One row per visit or day that some loads touch, before anything is rebuilt: the rows to add to the
-- table `touched_units`. `unit` is `visit_id` or `day`, and `value` is one visit or day. One more row
-- has an empty unit; its `since` and `until` are the time span of all rows that have to be read.
--
-- A load touches the visits of its rows, the visits that the same events belonged to before, and
-- the visits of the searches that its events, keywords and groups refer to. It touches the same for
-- the rows that it removed. These are known by their id alone: where they were, and what they
-- referred to, is on the timeline until it is rebuilt.
--
-- {loads}: the ids of the loads, as literals or a query

with

-- The events of these loads.
new_events as (

    select id as event_id, id as search_id, visit_id, datetime
    from searches
    where _dlt_load_id in ({loads})
    union all
    select click_id, search_id, visit_id, datetime
    from clicks
    where _dlt_load_id in ({loads})
    union all
    select custom_event_id, last_search_id, visit_id, datetime
    from custom_events
    where _dlt_load_id in ({loads})

),

-- The ids of these events and of those that the loads removed. For a keyword or group that they
-- removed it is the id of its search, whose row changes with it.
changed_events as (

    select event_id from new_events
    union
    select row_key from removed_rows where _dlt_load_id in ({loads})

),

-- The ids that the loads refer to: the changed events themselves and their searches.
referenced_events as (

    select event_id from changed_events
    union
    select search_id from new_events
    union
    select search_id from keywords where _dlt_load_id in ({loads})
    union
    select search_id from groups where _dlt_load_id in ({loads})

),

-- These events on the timeline before the rebuild, where they may belong to other visits.
former_events as (

    select distinct event_id, event_search_id, visit_id
    from all_events
    where event_id in (select event_id from referenced_events where event_id is not null)

),

-- The searches that the changed events referred to before, and no longer do.
former_searches as (

    select event_search_id as event_id
    from former_events
    where event_id in (select event_id from changed_events)
    except
    select event_id from referenced_events

),

-- The visits of all of these. The events without a visit are one unit, the empty string.
touched_visits as (

    select coalesce(cast(visit_id as varchar), '') as value from new_events
    union
    select coalesce(cast(visit_id as varchar), '') from former_events
    union
    select coalesce(cast(visit_id as varchar), '')
    from all_events
    where event_id in (select event_id from former_searches)

),

-- The events of these visits. They are few, and distinct so that a database keeps them instead of
-- looking for them twice.
events_of_visits as (

    select distinct event_id, event_search_id, datetime, event_day
    from all_events
    where coalesce(visit_id, '') in (select value from touched_visits where value is not null)

),

-- The searches of these visits.
touched_searches as (

    select event_id from events_of_visits where event_id = event_search_id
    union
    select event_id from new_events

),

-- The events of these visits, and the events of other visits that refer to their searches.
touched_events as (

    select datetime, event_day from events_of_visits
    union all
    -- not with `or`: a database could not use an index on either column
    select datetime, event_day
    from all_events
    where event_search_id in (select event_id from touched_searches)

),

-- The times of all rows that have to be read.
event_times as (

    select datetime from new_events
    union all
    select datetime from touched_events

),

-- The rows for `touched_units`: the visits, their days, and one row with the time span.
listed as (

    select
        'visit_id' as unit,
        value,
        cast(null as timestamptz) as since,
        cast(null as timestamptz) as until
    from touched_visits
    union all
    select distinct
        'day',
        cast(event_day as varchar),
        cast(null as timestamptz),
        cast(null as timestamptz)
    from touched_events
    union all
    select '', '', min(datetime), max(datetime) from event_times

)

select
    cast(unit as varchar) as unit,
    cast(value as varchar) as value,
    since,
    until
from listed
