-- Visits of people that began in each period, their visitors, and the visits with a click on a
-- result. The squares and products are sums over visitors, for the intervals.
with

by_visitor as (

    select
        case when day >= {start} then 'now' else 'before' end as period,
        coalesce(visitor_id, visit_id) as visitor,
        count(*) as visits,
        sum(case when has_click then 1 else 0 end) as visits_with_clicks

    from visits
    where is_person and day >= {former_start} and day < {end}
    group by 1, 2

)

select
    period,
    cast(count(*) as bigint) as visitors,
    cast(sum(visits) as bigint) as visits,
    cast(sum(visits_with_clicks) as bigint) as visits_with_clicks,
    cast(sum(visits_with_clicks) as double) / sum(visits) as visit_clickthrough,
    cast(sum(visits * visits) as bigint) as visits_squared,
    cast(sum(visits_with_clicks * visits_with_clicks) as bigint) as clicked_squared,
    cast(sum(visits * visits_with_clicks) as bigint) as visits_by_clicked

from by_visitor
group by period
