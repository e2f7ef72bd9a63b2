-- All exports that were loaded: how many, how many were counted after the load, and sums.
select
    cast(count(*) as bigint) as windows,
    cast(count({reconciled_at}) as bigint) as reconciled,
    min(window_start) as window_start,
    max(window_end) as window_end,
    cast(sum({records}) as bigint) as records,
    cast(sum({loaded}) as bigint) as loaded,
    cast(sum({late}) as bigint) as late,
    cast(sum({gone}) as bigint) as gone,
    cast(sum({rejected}) as bigint) as rejected

from exports
