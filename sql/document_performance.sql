-- One row per document that was opened: how often, from which rank, and for which queries.

with

-- Clicks of people: robots and the organization's own people are left out. A document is known by
-- the hash of its address in the index, or else by what else the click says of it.
clicks as (

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
        coalesce(system_uri_hash, document_url, document_title, '') as document_id

    from all_events
    where c_event_type = 'Click'
        and not coalesce(device_category = 'Bot', false)
        and not coalesce(is_internal, false)

),

-- The query of every search, whenever and by whomever it was made.
searches as (

    select search_id, query from search_outcomes

),

-- Each click with the query that led to it, newest first.
queried as (

    select
        clicks.*,
        searches.search_id as known_search_id,
        searches.query,
        row_number() over (
            partition by clicks.document_id order by clicks.datetime desc, clicks.click_id desc
        ) as newest

    from clicks
    left join searches on clicks.search_id = searches.search_id

),

-- How often each query led to each document.
counted_queries as (

    select document_id, query, count(distinct click_id) as clicks
    from queried
    where query is not null
    group by document_id, query

),

-- The queries of a document, the one with most clicks first.
ranked_queries as (

    select
        document_id,
        query,
        clicks,
        row_number() over (partition by document_id order by clicks desc, query) as place,
        count(*) over (partition by document_id) as queries

    from counted_queries

),

-- The ten queries with most clicks as one JSON list a document.
query_lists as (

    select
        document_id,
        max(queries) as queries,
        max(case when place = 1 then query end) as top_query,
        max(case when place = 1 then clicks end) as top_query_clicks,
        '["' || string_agg(
            replace(replace(query, '\', '\\'), '"', '\"'), '","' order by place nulls first
        ) || '"]' as top_queries

    from ranked_queries
    where place <= 10
    group by document_id

),

-- Each document. Titles and addresses change; the newest click has the present ones.
summed as (

    select
        document_id,
        max(case when newest = 1 then document_title end) as document_title,
        max(case when newest = 1 then document_url end) as document_url,
        max(case when newest = 1 then document_author end) as document_author,
        max(case when newest = 1 then document_category end) as document_category,
        max(case when newest = 1 then source_name end) as source_name,
        max(case when newest = 1 then collection_name end) as collection_name,
        count(distinct click_id) as clicks,
        count(distinct visit_id) as visits,
        count(distinct user_name) as users,
        count(distinct search_id) as searches,
        sum(case when known_search_id is null then 1 else 0 end) as clicks_without_search,
        sum(case when click_cause = 'documentQuickview' then 1 else 0 end) as quickviews,
        avg(cast(click_rank as double)) as average_click_rank,
        min(click_rank) as best_click_rank,
        min(datetime) as first_clicked_at,
        max(datetime) as last_clicked_at

    from queried
    group by document_id

),

final as (

    select
        cast(summed.document_id as varchar) as document_id,
        cast(summed.document_title as varchar) as document_title,
        cast(summed.document_url as varchar) as document_url,
        cast(summed.document_author as varchar) as document_author,
        cast(summed.document_category as varchar) as document_category,
        cast(summed.source_name as varchar) as source_name,
        cast(summed.collection_name as varchar) as collection_name,
        cast(summed.clicks as bigint) as clicks,
        cast(summed.visits as bigint) as visits,
        cast(summed.users as bigint) as users,
        cast(summed.searches as bigint) as searches,
        cast(summed.clicks_without_search as bigint) as clicks_without_search,
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
    left join query_lists on summed.document_id = query_lists.document_id

)

select * from final
