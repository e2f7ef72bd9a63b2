-- The newest load of the timeline; its id is the time of the load, in seconds since 1970, in UTC.
select max({load_id}) as load_id from all_events
