-- The newest exports that were loaded: records in their files, rows by key, rows found in the
-- dataset after the load, rows that came after the same time was loaded before, rows that Coveo no
-- longer has, cells and records that did not fit, and when the rows were counted.
select
    window_start,
    window_end,
    {records} as records,
    {keys} as row_keys,
    {loaded} as loaded,
    {late} as late,
    {gone} as gone,
    {rejected} as rejected,
    {reconciled_at} as reconciled_at

from exports
order by window_start desc, window_end desc
limit 20
