-- The versions of each A/B test, in the weeks that touch the period. Visitors who saw several
-- versions in a week are left out. The squares and products are sums over visitors, for the
-- intervals.
select
    test,
    pipeline,
    version,
    cast(sum(visitors) as bigint) as visitors,
    cast(sum(searches) as bigint) as searches,
    cast(sum(searches_with_clicks) as bigint) as searches_with_clicks,
    cast(sum(ranked_clicks) as bigint) as ranked_clicks,
    cast(sum(click_rank_sum) as bigint) as click_rank_sum,
    cast(sum(searches_squared) as bigint) as searches_squared,
    cast(sum(clicked_squared) as bigint) as clicked_squared,
    cast(sum(searches_by_clicked) as bigint) as searches_by_clicked,
    cast(sum(ranked_squared) as bigint) as ranked_squared,
    cast(sum(rank_sum_squared) as bigint) as rank_sum_squared,
    cast(sum(ranked_by_rank_sum) as bigint) as ranked_by_rank_sum,
    cast(sum(mixed_visitors) as bigint) as mixed_visitors

from ab_tests
where week >= {first_week} and week < {end}
group by test, pipeline, version
order by test, pipeline, version
