-- One row per week and document that was clicked: how often, from which rank, and for which
-- queries.

with

-- Clicks by people; robots and internal traffic are left out.
counted_clicks as (

    select
        event_id as click_id,
        event_search_id as search_id,
        event_user_name as user_name,
        visit_id,
        datetime,
        event_week as week,
        event_click_kind,
        event_click_kind in ('opened', 'quick_viewed') as is_on_result,
        event_result_rank,
        document_title,
        document_url,
        document_author,
        document_category,
        source_name,
        collection_name,
        event_document_id as document_id

    from all_events
    where c_event_type = 'Click'
        and event_is_person

),

-- The query of each search of these weeks and of the weeks before, including those of robots and
-- internal traffic.
search_queries as (

    select search_id, week, query from search_outcomes

),

-- The number of clicks by week, document and search. These are far fewer rows to join than the
-- clicks, and each search occurs once, so that searches can be counted as rows.
clicked_searches as (

    select
        week,
        document_id,
        search_id,
        count(*) as clicks

    from counted_clicks
    group by week, document_id, search_id

),

-- Each of these with the query of the search; null if the search is missing, or was made neither in
-- the week of the click nor in the one before.
clicked_queries as (

    select
        clicked_searches.*,
        search_queries.query

    from clicked_searches
    left join search_queries
        on clicked_searches.search_id = search_queries.search_id
        and search_queries.week between
            cast(clicked_searches.week - interval '7 days' as date) and clicked_searches.week

),

-- The searches and clicks by document and query. Clicks whose search is missing have no query.
counted_queries as (

    select
        week,
        document_id,
        query,
        count(search_id) as searches,
        sum(clicks) as clicks

    from clicked_queries
    group by week, document_id, query

),

-- The searches that led to each document, and the clicks whose search is missing.
counted_searches as (

    select
        week,
        document_id,
        sum(searches) as searches,
        sum(case when query is null then clicks else 0 end) as clicks_without_search

    from counted_queries
    group by week, document_id

),

-- The queries of each document, ranked by clicks.
ranked_queries as (

    select
        week,
        document_id,
        query,
        clicks,
        row_number() over (
            partition by week, document_id order by clicks desc, query
        ) as query_rank,
        count(*) over (partition by week, document_id) as queries

    from counted_queries
    where query is not null

),

-- The ten most clicked queries of each document, as one JSON list.
query_lists as (

    select
        week,
        document_id,
        max(queries) as queries,
        max(case when query_rank = 1 then query end) as top_query,
        max(case when query_rank = 1 then clicks end) as top_query_clicks,
        '[' || string_agg(
            cast(to_json(query) as varchar), ',' order by query_rank nulls first
        ) || ']' as top_queries

    from ranked_queries
    where query_rank <= 10
    group by week, document_id

),

-- The totals of each document.
summed as (

    select
        week,
        document_id,
        sum(case when is_on_result then 1 else 0 end) as clicks,
        sum(case when event_click_kind = 'opened' then 1 else 0 end) as opened,
        sum(case when event_click_kind = 'quick_viewed' then 1 else 0 end) as quick_viewed,
        sum(case when event_click_kind = 'cited' then 1 else 0 end) as cited,
        sum(case when event_click_kind = 'attached' then 1 else 0 end) as attached,
        sum(case when event_click_kind = 'recommended' then 1 else 0 end) as recommended,
        sum(case when event_click_kind = 'other' then 1 else 0 end) as other_clicks,
        count(distinct visit_id) as visits,
        count(distinct user_name) as users,
        count(event_result_rank) as ranked_clicks,
        sum(event_result_rank) as click_rank_sum,
        min(event_result_rank) as best_click_rank,
        min(datetime) as first_clicked_at,
        max(datetime) as last_clicked_at

    from counted_clicks
    group by week, document_id

),

-- The clicks at the time of each document's latest click, numbered by id, because several clicks
-- can share that time.
latest_clicks as (

    select
        counted_clicks.*,
        row_number() over (
            partition by counted_clicks.week, counted_clicks.document_id
            order by counted_clicks.click_id desc
        ) as click_number

    from counted_clicks
    inner join summed
        on counted_clicks.week = summed.week
        and counted_clicks.document_id = summed.document_id
        and counted_clicks.datetime = summed.last_clicked_at

),

-- One latest click per document, which has the current title, URL and so on; these may change.
newest_clicks as (

    select * from latest_clicks where click_number = 1

),

final as (

    select
        cast(summed.week as date) as week,
        cast(summed.document_id as varchar) as document_id,
        cast(newest_clicks.document_title as varchar) as document_title,
        cast(newest_clicks.document_url as varchar) as document_url,
        cast(newest_clicks.document_author as varchar) as document_author,
        cast(newest_clicks.document_category as varchar) as document_category,
        cast(newest_clicks.source_name as varchar) as source_name,
        cast(newest_clicks.collection_name as varchar) as collection_name,
        cast(summed.clicks as bigint) as clicks,
        cast(summed.opened as bigint) as opened,
        cast(summed.quick_viewed as bigint) as quick_viewed,
        cast(summed.cited as bigint) as cited,
        cast(summed.attached as bigint) as attached,
        cast(summed.recommended as bigint) as recommended,
        cast(summed.other_clicks as bigint) as other_clicks,
        cast(summed.visits as bigint) as visits,
        cast(summed.users as bigint) as users,
        cast(counted_searches.searches as bigint) as searches,
        cast(counted_searches.clicks_without_search as bigint) as clicks_without_search,
        cast(summed.ranked_clicks as bigint) as ranked_clicks,
        cast(coalesce(summed.click_rank_sum, 0) as bigint) as click_rank_sum,
        cast(summed.click_rank_sum as double)
        / nullif(summed.ranked_clicks, 0) as average_click_rank,
        cast(summed.best_click_rank as bigint) as best_click_rank,
        cast(coalesce(query_lists.queries, 0) as bigint) as queries,
        cast(query_lists.top_query as varchar) as top_query,
        cast(coalesce(query_lists.top_query_clicks, 0) as bigint) as top_query_clicks,
        cast(
            case when query_lists.queries > 0 then query_lists.top_queries else '[]' end as varchar
        ) as top_queries,
        summed.first_clicked_at,
        summed.last_clicked_at

    from summed
    inner join counted_searches
        on summed.week = counted_searches.week
        and summed.document_id = counted_searches.document_id
    inner join newest_clicks
        on summed.week = newest_clicks.week and summed.document_id = newest_clicks.document_id
    left join query_lists
        on summed.week = query_lists.week and summed.document_id = query_lists.document_id

)

select * from final
