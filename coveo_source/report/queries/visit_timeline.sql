-- The events of one visit in their order. `visits` says in how many visits of all the same was
-- asked, opened or logged.
with

steps as (

    select
        visit_id,
        event_number,
        datetime,
        ms_since_previous_event,
        c_event_type,
        coalesce(action_cause, click_cause, event_type) as cause,
        coalesce(event_query, document_title, event_value) as what,
        number_of_results,
        event_result_rank,
        source_name,
        event_user_name,
        event_visitor_id

    from all_events

),

counted as (

    select
        what,
        count(distinct visit_id) as visits

    from steps
    where what in (select what from steps where visit_id = {visit})
    group by what

)

select
    steps.event_number,
    steps.datetime,
    steps.ms_since_previous_event,
    steps.c_event_type,
    steps.cause,
    steps.what,
    steps.number_of_results,
    steps.event_result_rank,
    steps.source_name,
    steps.event_user_name,
    steps.event_visitor_id,
    cast(coalesce(counted.visits, 0) as bigint) as visits

from steps
left join counted on steps.what = counted.what
where steps.visit_id = {visit}
order by steps.event_number
limit 500
