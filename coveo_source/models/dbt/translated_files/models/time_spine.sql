-- One row per day, from the first event to the last one: MetricFlow joins what it measures to it.

with

span as (

    select
        min(event_day) as first_day,
        max(event_day) as last_day

    from {{ ref('all_events') }}

),

-- More than forty years of days.
numbers as (

    select row_number() over (order by generated_number) - 1 as days_later
    from ({{ dbt.generate_series(16384) }}) as series

),

days as (

    select
        cast({{ dbt.dateadd('day', 'days_later', 'first_day') }} as date) as date_day,
        last_day

    from span
    cross join numbers

),

final as (

    select date_day
    from days
    where date_day <= last_day

)

select * from final
