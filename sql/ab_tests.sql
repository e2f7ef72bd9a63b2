-- One row per week, A/B test, query pipeline and version: how well visitors found things with it.

with

-- The searches of people in a test, each with its visitor as far as one is known.
tested_searches as (

    select
        week,
        split_test_run_name as test,
        coalesce(query_pipeline, '') as pipeline,
        coalesce(split_test_run_version, '') as version,
        coalesce(visitor_id, visit_id, search_id) as visitor,
        visit_id,
        has_click,
        has_results,
        is_successful,
        clicks,
        ranked_clicks,
        click_rank_sum

    from search_outcomes
    where is_person and split_test_run_name is not null

),

-- The visitors of each test who saw more than one version in the week, so that nobody knows which
-- one made them click.
mixed_visitors as (

    select week, test, visitor
    from tested_searches
    group by week, test, visitor
    having min(version) <> max(version)

),

-- The searches, with a mark for those of these visitors.
marked as (

    select
        tested_searches.*,
        mixed_visitors.visitor is not null as is_mixed

    from tested_searches
    left join mixed_visitors
        on tested_searches.week = mixed_visitors.week
        and tested_searches.test = mixed_visitors.test
        and tested_searches.visitor = mixed_visitors.visitor

),

-- The visits of each version; one may have searches of several visitors.
counted_visits as (

    select
        week,
        test,
        pipeline,
        version,
        count(distinct visit_id) as visits

    from marked
    where not is_mixed
    group by week, test, pipeline, version

),

-- What each visitor did with each version.
by_visitor as (

    select
        week,
        test,
        pipeline,
        version,
        visitor,
        is_mixed,
        count(*) as searches,
        sum(case when has_click then 1 else 0 end) as searches_with_clicks,
        sum(case when not has_results then 1 else 0 end) as searches_without_results,
        sum(case when is_successful then 1 else 0 end) as successful_searches,
        sum(clicks) as clicks,
        sum(ranked_clicks) as ranked_clicks,
        sum(click_rank_sum) as click_rank_sum

    from marked
    group by week, test, pipeline, version, visitor, is_mixed

),

-- The totals of each version. Squares and products are what an interval is made of: the searches of
-- one visitor are alike, so what varies is the visitor.
summed as (

    select
        week,
        test,
        pipeline,
        version,
        sum(case when is_mixed then 0 else 1 end) as visitors,
        sum(case when is_mixed then 0 else searches end) as searches,
        sum(case when is_mixed then 0 else searches_with_clicks end) as searches_with_clicks,
        sum(
            case when is_mixed then 0 else searches_without_results end
        ) as searches_without_results,
        sum(case when is_mixed then 0 else successful_searches end) as successful_searches,
        sum(case when is_mixed then 0 else clicks end) as clicks,
        sum(case when is_mixed then 0 else ranked_clicks end) as ranked_clicks,
        sum(case when is_mixed then 0 else click_rank_sum end) as click_rank_sum,
        sum(case when is_mixed then 0 else searches * searches end) as searches_squared,
        sum(
            case when is_mixed then 0 else searches_with_clicks * searches_with_clicks end
        ) as clicked_squared,
        sum(
            case when is_mixed then 0 else searches * searches_with_clicks end
        ) as searches_by_clicked,
        sum(case when is_mixed then 0 else ranked_clicks * ranked_clicks end) as ranked_squared,
        sum(case when is_mixed then 0 else click_rank_sum * click_rank_sum end) as rank_sum_squared,
        sum(
            case when is_mixed then 0 else ranked_clicks * click_rank_sum end
        ) as ranked_by_rank_sum,
        sum(case when is_mixed then 1 else 0 end) as mixed_visitors,
        sum(case when is_mixed then searches else 0 end) as mixed_searches,
        sum(
            case when is_mixed then searches_with_clicks else 0 end
        ) as mixed_searches_with_clicks

    from by_visitor
    group by week, test, pipeline, version

),

-- Clickthrough and rank as quotients of sums over visitors.
divided as (

    select
        summed.*,
        coalesce(counted_visits.visits, 0) as visits,
        cast(summed.searches_with_clicks as double)
        / nullif(summed.searches, 0) as clickthrough,
        cast(summed.click_rank_sum as double) / nullif(summed.ranked_clicks, 0) as average_rank,
        case
            when summed.visitors > 1 then cast(summed.visitors as double) / (summed.visitors - 1)
        end as correction

    from summed
    left join counted_visits
        on summed.week = counted_visits.week
        and summed.test = counted_visits.test
        and summed.pipeline = counted_visits.pipeline
        and summed.version = counted_visits.version

),

-- The standard errors of these quotients. A variance that rounding has made negative is none.
estimated as (

    select
        *,
        sqrt(
            correction
            * greatest(
                clicked_squared
                - 2 * clickthrough * searches_by_clicked
                + clickthrough * clickthrough * searches_squared,
                0
            )
        )
        / nullif(searches, 0) as clickthrough_error,
        sqrt(
            correction
            * greatest(
                rank_sum_squared
                - 2 * average_rank * ranked_by_rank_sum
                + average_rank * average_rank * ranked_squared,
                0
            )
        )
        / nullif(ranked_clicks, 0) as rank_error

    from divided

),

final as (

    select
        cast(week as date) as week,
        cast(test as varchar) as test,
        cast(pipeline as varchar) as pipeline,
        cast(version as varchar) as version,
        cast(visitors as bigint) as visitors,
        cast(visits as bigint) as visits,
        cast(searches as bigint) as searches,
        cast(searches_with_clicks as bigint) as searches_with_clicks,
        cast(clickthrough as double) as search_clickthrough,
        cast(
            case
                when clickthrough - 1.96 * clickthrough_error < 0 then 0
                else clickthrough - 1.96 * clickthrough_error
            end as double
        ) as clickthrough_low,
        cast(
            case
                when clickthrough + 1.96 * clickthrough_error > 1 then 1
                else clickthrough + 1.96 * clickthrough_error
            end as double
        ) as clickthrough_high,
        cast(clicks as bigint) as clicks,
        cast(ranked_clicks as bigint) as ranked_clicks,
        cast(click_rank_sum as bigint) as click_rank_sum,
        cast(average_rank as double) as average_click_rank,
        cast(
            case
                when average_rank - 1.96 * rank_error < 1 then 1
                else average_rank - 1.96 * rank_error
            end as double
        ) as rank_low,
        cast(average_rank + 1.96 * rank_error as double) as rank_high,
        cast(searches_without_results as bigint) as searches_without_results,
        cast(successful_searches as bigint) as successful_searches,
        cast(searches_squared as bigint) as searches_squared,
        cast(clicked_squared as bigint) as clicked_squared,
        cast(searches_by_clicked as bigint) as searches_by_clicked,
        cast(ranked_squared as bigint) as ranked_squared,
        cast(rank_sum_squared as bigint) as rank_sum_squared,
        cast(ranked_by_rank_sum as bigint) as ranked_by_rank_sum,
        cast(mixed_visitors as bigint) as mixed_visitors,
        cast(mixed_searches as bigint) as mixed_searches,
        cast(mixed_searches_with_clicks as bigint) as mixed_searches_with_clicks

    from estimated

)

select * from final
