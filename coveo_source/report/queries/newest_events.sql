-- When Coveo received the newest event of each type, and when the first.
select
    c_event_type,
    cast(count(*) as bigint) as events,
    min(datetime) as oldest,
    max(datetime) as newest

from all_events
group by c_event_type
order by c_event_type
