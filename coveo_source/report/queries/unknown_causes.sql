-- Causes of searches and clicks that no list knows, in the period by UTC, robots and internal
-- traffic included. Such searches do not count as typed, such clicks not as on results.
with

unknown_events as (

    select
        c_event_type,
        coalesce(action_cause, click_cause, cause_v2, '') as cause

    from all_events
    where
        event_day >= {start}
        and event_day < {end}
        and (
            event_cause_kind = 'unknown'
            or event_click_kind = 'other'
            and lower(coalesce(click_cause, cause_v2)) not in (
                select lower(action_cause) from click_causes
            )
        )

)

select
    c_event_type,
    cause,
    cast(count(*) as bigint) as events

from unknown_events
group by c_event_type, cause
order by events desc, c_event_type, cause
limit 20
