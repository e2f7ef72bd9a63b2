-- Events of the period, and those that the measures leave out or cannot place.
select
    cast(coalesce(sum(events), 0) as bigint) as events,
    cast(coalesce(sum(bot_events), 0) as bigint) as bot_events,
    cast(coalesce(sum(internal_events), 0) as bigint) as internal_events,
    cast(coalesce(sum(events_without_visit), 0) as bigint) as events_without_visit,
    cast(coalesce(sum(clicks), 0) as bigint) as clicks,
    cast(coalesce(sum(clicks_without_search), 0) as bigint) as clicks_without_search

from daily_metrics
where day >= {start} and day < {end}
