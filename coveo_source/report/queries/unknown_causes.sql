-- Causes of searches and clicks that no list knows, in the period, robots and internal traffic
-- included. Such searches do not count as typed, such clicks not as on results.
select
    c_event_type,
    coalesce(action_cause, click_cause, cause_v2, '') as cause,
    cast(count(*) as bigint) as events

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
group by 1, 2
order by 3 desc, 1, 2
limit 20
