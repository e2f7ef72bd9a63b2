-- One row per document that was opened: how often, from which rank, and for which queries.

with

-- Clicks by people; robots and internal traffic are left out.
counted_clicks as (

    select
        event_id as click_id,
        event_search_id as search_id,
        event_user_name as user_name,
        visit_id,
        datetime,
        click_rank,
        click_cause,
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

-- The query of every search, including those of robots and internal traffic.
search_queries as (

    select search_id, query from search_outcomes

),

-- The number of clicks by document and search. These are far fewer rows to join than the clicks,
-- and each search occurs once, so that searches can be counted as rows.
clicked_searches as (

    select
        document_id,
        search_id,
        count(*) as clicks

    from counted_clicks
    group by document_id, search_id

),

-- Each of these pairs with the query of the search; null if the search is missing.
clicked_queries as (

    select
        clicked_searches.*,
        search_queries.query

    from clicked_searches
    left join search_queries on clicked_searches.search_id = search_queries.search_id

),

-- The searches and clicks by document and query. Clicks whose search is missing have no query.
counted_queries as (

    select
        document_id,
        query,
        count(search_id) as searches,
        sum(clicks) as clicks

    from clicked_queries
    group by document_id, query

),

-- The searches that led to each document, and the clicks whose search is missing.
counted_searches as (

    select
        document_id,
        sum(searches) as searches,
        sum(case when query is null then clicks else 0 end) as clicks_without_search

    from counted_queries
    group by document_id

),

-- The queries of each document, ranked by clicks.
ranked_queries as (

    select
        document_id,
        query,
        clicks,
        row_number() over (partition by document_id order by clicks desc, query) as query_rank,
        count(*) over (partition by document_id) as queries

    from counted_queries
    where query is not null

),

-- The ten most clicked queries of each document, as one JSON list.
query_lists as (

    select
        document_id,
        max(queries) as queries,
        max(case when query_rank = 1 then query end) as top_query,
        max(case when query_rank = 1 then clicks end) as top_query_clicks,
        '[' || string_agg(
            cast(to_json(query) as varchar), ',' order by query_rank nulls first
        ) || ']' as top_queries

    from ranked_queries
    where query_rank <= 10
    group by document_id

),

-- The totals of each document.
summed as (

    select
        document_id,
        count(*) as clicks,
        count(distinct visit_id) as visits,
        count(distinct user_name) as users,
        sum(case when click_cause = 'documentQuickview' then 1 else 0 end) as quickviews,
        avg(cast(click_rank as double)) as average_click_rank,
        min(click_rank) as best_click_rank,
        min(datetime) as first_clicked_at,
        max(datetime) as last_clicked_at

    from counted_clicks
    group by document_id

),

-- The clicks at the time of each document's latest click, numbered by id, because several clicks
-- can share that time.
latest_clicks as (

    select
        counted_clicks.*,
        row_number() over (
            partition by counted_clicks.document_id order by counted_clicks.click_id desc
        ) as click_number

    from counted_clicks
    inner join summed
        on counted_clicks.document_id = summed.document_id
        and counted_clicks.datetime = summed.last_clicked_at

),

-- One latest click per document, which has the current title, URL and so on; these may change.
newest_clicks as (

    select * from latest_clicks where click_number = 1

),

final as (

    select
        cast(summed.document_id as varchar) as document_id,
        cast(newest_clicks.document_title as varchar) as document_title,
        cast(newest_clicks.document_url as varchar) as document_url,
        cast(newest_clicks.document_author as varchar) as document_author,
        cast(newest_clicks.document_category as varchar) as document_category,
        cast(newest_clicks.source_name as varchar) as source_name,
        cast(newest_clicks.collection_name as varchar) as collection_name,
        cast(summed.clicks as bigint) as clicks,
        cast(summed.visits as bigint) as visits,
        cast(summed.users as bigint) as users,
        cast(counted_searches.searches as bigint) as searches,
        cast(counted_searches.clicks_without_search as bigint) as clicks_without_search,
        cast(summed.quickviews as bigint) as quickviews,
        cast(summed.average_click_rank as double) as average_click_rank,
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
    inner join counted_searches on summed.document_id = counted_searches.document_id
    inner join newest_clicks on summed.document_id = newest_clicks.document_id
    left join query_lists on summed.document_id = query_lists.document_id

)

select * from final
