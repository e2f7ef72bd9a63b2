-- One row per query that people search for without finding what they want.

with

-- Searches that people started themselves. Left out are robots, internal traffic, searches that the
-- page started, and refinements of results that were already shown.
counted_searches as (

    select
        visit_id,
        datetime,
        query,
        is_blank_query,
        has_results,
        has_click,
        is_refined,
        is_abandoned,
        clicks,
        ranked_clicks,
        click_rank_sum

    from search_outcomes
    where is_person
        and cause_kind in ('manual', 'unknown')

),

-- One row per query and visit: whether any of its searches had no results, or no click.
queries_by_visit as (

    select
        query,
        visit_id,
        max(case when not has_results then 1 else 0 end) as without_results,
        max(case when not has_click then 1 else 0 end) as without_clicks

    from counted_searches
    where visit_id is not null
    group by query, visit_id

),

-- The number of visits of each query. They are counted as rows, because a distinct count would keep
-- all visit ids in memory.
visit_counts as (

    select
        query,
        count(*) as visits,
        sum(without_results) as visits_without_results,
        sum(without_clicks) as visits_without_clicks

    from queries_by_visit
    group by query

),

-- The totals of each query over all time, including searches without a visit.
summed as (

    select
        query,
        is_blank_query,
        count(*) as searches,
        sum(case when not has_results then 1 else 0 end) as searches_without_results,
        sum(case when not has_click then 1 else 0 end) as searches_without_clicks,
        sum(case when is_refined then 1 else 0 end) as refined_searches,
        sum(case when is_abandoned then 1 else 0 end) as abandoned_searches,
        sum(clicks) as clicks,
        sum(ranked_clicks) as ranked_clicks,
        sum(click_rank_sum) as click_rank_sum,
        min(datetime) as first_searched_at,
        max(datetime) as last_searched_at

    from counted_searches
    group by query, is_blank_query

),

-- The reason why a query is a gap, the most obvious one first: at least half of its searches had no
-- results; or nobody opened a result; or the opened results are, on average, beyond the ten of a
-- usual first page.
classified as (

    select
        summed.*,
        coalesce(visit_counts.visits, 0) as visits,
        coalesce(visit_counts.visits_without_results, 0) as visits_without_results,
        coalesce(visit_counts.visits_without_clicks, 0) as visits_without_clicks,
        case
            when searches_without_results * 2 >= searches then 'no results'
            when clicks = 0 then 'no clicks'
            when click_rank_sum > ranked_clicks * 10 then 'low ranks'
        end as gap

    from summed
    left join visit_counts on summed.query = visit_counts.query

),

final as (

    select
        cast(query as varchar) as query,
        cast(is_blank_query as boolean) as is_blank_query,
        cast(gap as varchar) as gap,
        cast(visits as bigint) as visits,
        cast(searches as bigint) as searches,
        cast(visits_without_results as bigint) as visits_without_results,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(searches_without_results as double) / nullif(searches, 0) as share_without_results,
        cast(visits_without_clicks as bigint) as visits_without_clicks,
        cast(searches_without_clicks as bigint) as searches_without_clicks,
        cast(searches - searches_without_clicks as double)
        / nullif(searches, 0) as search_clickthrough,
        cast(clicks as bigint) as clicks,
        cast(click_rank_sum as double) / nullif(ranked_clicks, 0) as average_click_rank,
        cast(refined_searches as bigint) as refined_searches,
        cast(abandoned_searches as bigint) as abandoned_searches,
        first_searched_at,
        last_searched_at

    from classified
    where gap is not null
    order by visits desc, query

)

select * from final
