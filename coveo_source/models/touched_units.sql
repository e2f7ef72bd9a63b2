-- One row per unit that some loads touch, as it was before anything is rebuilt: what the loads add
-- to the table `touched_units`. Its columns are the unit's column and its value. One more row has no
-- unit; it has the time span in which all rows lie that have to be read.
--
-- A load touches the visits of its rows, the visits that the same events belonged to before, and
-- the visits of the searches that its events, keywords and groups refer to.
--
-- {loads}: the loads, as literals or a query
-- {unit_columns}: what else the models need of the timeline to tell their units
-- {former_units}: the units other than visits, as selects that begin with `union`

with

-- The events that came with the loads.
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

-- The events that these rows name: themselves and their searches.
named_events as (

    select event_id from new_events
    union
    select search_id from new_events
    union
    select search_id from keywords where _dlt_load_id in ({loads})
    union
    select search_id from groups where _dlt_load_id in ({loads})

),

-- The same events on the timeline as it was before: they may have been in other visits.
former_events as (

    select distinct event_id, event_search_id, visit_id
    from all_events
    where event_id in (select event_id from named_events)

),

-- The searches that these events referred to before, and no longer do.
left_searches as (

    select event_search_id as event_id
    from former_events
    where event_id in (select event_id from new_events)
    except
    select event_id from named_events

),

-- The visits of all of these. Events without a visit are one unit, the empty text.
touched_visits as (

    select coalesce(cast(visit_id as varchar), '') as value from new_events
    union
    select coalesce(cast(visit_id as varchar), '') from former_events
    union
    select coalesce(cast(visit_id as varchar), '')
    from all_events
    where event_id in (select event_id from left_searches)

),

-- The searches of these visits.
touched_searches as (

    select event_id
    from all_events
    where coalesce(visit_id, '') in (select value from touched_visits)
    union
    select event_id from new_events

),

-- The events of these visits, and the events of other visits that refer to their searches.
touched_events as (

    select {unit_columns}
    from all_events
    where coalesce(visit_id, '') in (select value from touched_visits)
        or event_search_id in (select event_id from touched_searches)

),

moments as (

    select datetime from new_events
    union all
    select datetime from touched_events

),

-- Each unit once.
found_units as (

    select 'visit_id' as unit, value from touched_visits
    {former_units}

),

listed as (

    select unit, value, cast(null as timestamptz) as since, cast(null as timestamptz) as until
    from found_units
    union all
    select '', '', min(datetime), max(datetime) from moments

)

select
    cast(unit as varchar) as unit,
    cast(value as varchar) as value,
    since,
    until
from listed
