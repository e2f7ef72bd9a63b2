-- One row per week and document that generated answers cite and that people opened or looked at
-- there.

with

-- The events of people about a source of an answer, each in its own week.
citing_events as (

    select
        event_id,
        event_search_id,
        event_week as week,
        visit_id,
        datetime,
        c_event_type,
        event_cited_document_id as document_id,
        coalesce(event_value, '') = 'generatedAnswerSourceHover' as is_hover,
        document_title,
        document_url,
        source_name,
        cast(
            nullif(
                regexp_extract(custom_datas, '(?i)"citationHoverTimeMs"\s*:\s*"?([0-9]{1,9})', 1),
                ''
            ) as bigint
        ) as hover_ms

    from all_events
    where event_cited_document_id is not null and event_is_person

),

-- The openings of each document from the answer to one search: Coveo's library logs one of them as
-- a click and as a custom event.
opened_sources as (

    select
        week,
        document_id,
        event_search_id,
        greatest(
            sum(case when c_event_type = 'Click' then 1 else 0 end),
            sum(case when c_event_type = 'Custom' then 1 else 0 end)
        ) as citations

    from citing_events
    where not is_hover
    group by week, document_id, event_search_id

),

-- The openings of each document.
opened_documents as (

    select
        week,
        document_id,
        sum(citations) as citations,
        count(event_search_id) as searches

    from opened_sources
    group by week, document_id

),

-- The totals of each document.
summed as (

    select
        week,
        document_id,
        count(distinct case when not is_hover then visit_id end) as visits,
        sum(case when is_hover then 1 else 0 end) as hovers,
        sum(case when is_hover then hover_ms else 0 end) as hover_ms,
        min(case when not is_hover then datetime end) as first_cited_at,
        max(case when not is_hover then datetime end) as last_cited_at

    from citing_events
    group by week, document_id

),

-- The clicks on each document, the newest first. Only clicks have its title and URL.
ranked_clicks as (

    select
        week,
        document_id,
        document_title,
        document_url,
        source_name,
        row_number() over (
            partition by week, document_id order by datetime desc, event_id desc
        ) as click_number

    from citing_events
    where c_event_type = 'Click'

),

final as (

    select
        cast(summed.week as date) as week,
        cast(summed.document_id as varchar) as document_id,
        cast(ranked_clicks.document_title as varchar) as document_title,
        cast(ranked_clicks.document_url as varchar) as document_url,
        cast(ranked_clicks.source_name as varchar) as source_name,
        cast(coalesce(opened_documents.citations, 0) as bigint) as citations,
        cast(coalesce(opened_documents.searches, 0) as bigint) as searches,
        cast(summed.visits as bigint) as visits,
        cast(summed.hovers as bigint) as citation_hovers,
        cast(coalesce(summed.hover_ms, 0) as bigint) as citation_hover_ms,
        summed.first_cited_at,
        summed.last_cited_at

    from summed
    left join opened_documents
        on summed.week = opened_documents.week
        and summed.document_id = opened_documents.document_id
    left join ranked_clicks
        on summed.week = ranked_clicks.week
        and summed.document_id = ranked_clicks.document_id
        and ranked_clicks.click_number = 1

)

select * from final
