-- One row per day, from the first event to the last one: MetricFlow joins what it measures to it.

with

span as (

    select
        min(event_day) as first_day,
        max(event_day) as last_day

    from {{ ref('all_events') }}

),

final as (

    select cast(unnest(generate_series(first_day, last_day, interval '1 day')) as date) as date_day
    from span

)

select * from final
