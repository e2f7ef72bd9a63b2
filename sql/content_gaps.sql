-- One row per query and week in which people looked for something and did not find it, or began to.

with

-- What people asked. Robots and internal traffic are left out, and so are blank queries. The week
-- is the one in which they asked.
counted_queries as (

    select
        week,
        query,
        asked_at,
        searches,
        outcome,
        is_successful,
        clicks,
        ranked_clicks,
        click_rank_sum

    from query_visits
    where is_person and not is_blank_query

),

-- The totals of each query and week, where they are enough to say something.
summed as (

    select
        week,
        query,
        count(*) as visits,
        sum(searches) as searches,
        sum(case when outcome = 'no_results' then 1 else 0 end) as visits_without_results,
        sum(case when not is_successful then 1 else 0 end) as visits_without_success,
        sum(clicks) as clicks,
        sum(ranked_clicks) as ranked_clicks,
        sum(click_rank_sum) as click_rank_sum,
        min(asked_at) as first_asked_at,
        max(asked_at) as last_asked_at

    from counted_queries
    group by week, query
    having count(*) >= 3 /* setting: gap_visits */

),

-- The reason why a query is a gap, the most obvious one first: at least half of the visits saw no
-- results, and nothing else that helped; or at least four of five neither opened a result nor got
-- an answer; or the opened results are, on average, beyond the ten of a usual first page.
classified as (

    select
        *,
        cast(visits_without_success as double) / visits as share_without_success,
        case
            when visits_without_results * 2 >= visits then 'no results'
            when visits_without_success * 5 >= visits * 4 then 'no success'
            when click_rank_sum > ranked_clicks * 10 then 'low ranks'
        end as gap

    from summed

),

-- Each with the week before in which the query was asked often enough.
compared as (

    select
        *,
        lag(week) over (partition by query order by week) as former_week,
        lag(gap) over (partition by query order by week) as gap_of_former_week

    from classified

),

-- What it was before, unless that is more than four weeks ago; and Wilson's interval of the share,
-- for a confidence of 95 %.
followed as (

    select
        *,
        case
            when former_week >= cast(week - interval '28 days' as date) then gap_of_former_week
        end as former_gap,
        (share_without_success + 1.9208 / visits) / (1 + 3.8416 / visits) as interval_center,
        1.96 * sqrt(
            (share_without_success * (1 - share_without_success) + 0.9604 / visits) / visits
        )
        / (1 + 3.8416 / visits) as interval_half

    from compared

),

final as (

    select
        cast(week as date) as week,
        cast(query as varchar) as query,
        cast(gap as varchar) as gap,
        cast(gap is not null and former_gap is null as boolean) as opened,
        cast(gap is null and former_gap is not null as boolean) as closed,
        cast(former_gap as varchar) as former_gap,
        cast(visits as bigint) as visits,
        cast(searches as bigint) as searches,
        cast(visits_without_results as bigint) as visits_without_results,
        cast(visits_without_results as double) / visits as share_without_results,
        cast(visits_without_success as bigint) as visits_without_success,
        cast(share_without_success as double) as share_without_success,
        cast(
            case
                when interval_center - interval_half > share_without_success
                    then share_without_success
                else interval_center - interval_half
            end as double
        ) as share_without_success_low,
        cast(
            case
                when interval_center + interval_half < share_without_success
                    then share_without_success
                else interval_center + interval_half
            end as double
        ) as share_without_success_high,
        cast(clicks as bigint) as clicks,
        cast(ranked_clicks as bigint) as ranked_clicks,
        cast(click_rank_sum as bigint) as click_rank_sum,
        cast(click_rank_sum as double) / nullif(ranked_clicks, 0) as average_click_rank,
        first_asked_at,
        last_asked_at

    from followed
    where gap is not null or former_gap is not null

)

select * from final
