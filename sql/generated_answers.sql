-- One row per search for which an answer was generated, or at least asked for: what it was, and
-- what the visitor did with it.

with

-- What people did with answers: custom events, and clicks on the sources that an answer names.
answer_events as (

    select
        event_id,
        event_search_id,
        datetime,
        c_event_type,
        event_value,
        event_cited_document_id,
        coalesce(
            nullif(
                regexp_extract(
                    custom_datas, '(?i)"generativeQuestionAnsweringId"\s*:\s*"([^"]+)"', 1
                ),
                ''
            ),
            nullif(regexp_extract(custom_datas, '(?i)"answerAPIStreamId"\s*:\s*"([^"]+)"', 1), '')
        ) as answer_id,
        cast(
            nullif(
                regexp_extract(custom_datas, '(?i)"citationHoverTimeMs"\s*:\s*"?([0-9]{1,9})', 1),
                ''
            ) as bigint
        ) as hover_ms

    from all_events
    where event_search_id is not null
        and (event_type = 'generatedAnswer' or event_cited_document_id is not null)

),

-- The first event of each search that names its answer.
named_events as (

    select
        event_search_id,
        answer_id,
        row_number() over (
            partition by event_search_id order by datetime, event_id
        ) as event_position

    from answer_events
    where answer_id is not null

),

-- The openings of each source of an answer: Coveo's library logs one of them as a click and as a
-- custom event.
opened_sources as (

    select
        event_search_id,
        event_cited_document_id,
        greatest(
            sum(case when c_event_type = 'Click' then 1 else 0 end),
            sum(case when c_event_type = 'Custom' then 1 else 0 end)
        ) as citations

    from answer_events
    where event_cited_document_id is not null
        and coalesce(event_value, '') <> 'generatedAnswerSourceHover'
    group by event_search_id, event_cited_document_id

),

-- The openings of all sources of an answer.
citations as (

    select
        event_search_id,
        sum(citations) as citations,
        count(*) as cited_documents

    from opened_sources
    group by event_search_id

),

-- The totals of each search.
summed as (

    select
        event_search_id,
        sum(case when event_value = 'generatedAnswerStreamEnd' then 1 else 0 end) as streams,
        sum(case when event_value = 'generatedAnswerSourceHover' then 1 else 0 end) as hovers,
        sum(
            case when event_value = 'generatedAnswerSourceHover' then hover_ms else 0 end
        ) as hover_ms,
        sum(case when event_value = 'likeGeneratedAnswer' then 1 else 0 end) as likes,
        sum(case when event_value = 'dislikeGeneratedAnswer' then 1 else 0 end) as dislikes,
        sum(case when event_value = 'generatedAnswerCopyToClipboard' then 1 else 0 end) as copies,
        sum(
            case when event_value like 'generatedAnswerFeedbackSubmit%' then 1 else 0 end
        ) as feedbacks,
        sum(
            case
                when event_value in ('generatedAnswerExpand', 'generatedAnswerShowAnswers') then 1
                else 0
            end
        ) as expansions,
        sum(
            case when event_value = 'generatedAnswerFollowupOpenSource' then 1 else 0 end
        ) as follow_ups,
        sum(
            case when event_value = 'generatedAnswerOpenInlineLink' then 1 else 0 end
        ) as inline_link_clicks

    from answer_events
    group by event_search_id

),

-- The searches, most of them without an answer.
searches_by_id as (

    select
        search_id,
        visit_id,
        datetime,
        day,
        week,
        hour,
        query,
        origin,
        user_name,
        visitor_id,
        query_pipeline,
        split_test_run_name,
        split_test_run_version,
        has_answer,
        clicks,
        has_click,
        outcome,
        is_bot,
        is_internal,
        is_person

    from search_outcomes

),

final as (

    select
        cast(searches_by_id.search_id as varchar) as search_id,
        cast(searches_by_id.visit_id as varchar) as visit_id,
        searches_by_id.datetime,
        cast(searches_by_id.day as date) as day,
        cast(searches_by_id.week as date) as week,
        cast(searches_by_id.hour as bigint) as hour,
        cast(searches_by_id.query as varchar) as query,
        cast(searches_by_id.origin as varchar) as origin,
        cast(searches_by_id.user_name as varchar) as user_name,
        cast(searches_by_id.visitor_id as varchar) as visitor_id,
        cast(searches_by_id.query_pipeline as varchar) as query_pipeline,
        cast(searches_by_id.split_test_run_name as varchar) as split_test_run_name,
        cast(searches_by_id.split_test_run_version as varchar) as split_test_run_version,
        cast(named_events.answer_id as varchar) as answer_id,
        cast(summed.streams as bigint) as streams,
        cast(searches_by_id.has_answer as boolean) as has_answer,
        cast(summed.streams > 0 and not searches_by_id.has_answer as boolean) as is_empty,
        cast(coalesce(citations.citations, 0) as bigint) as citation_clicks,
        cast(coalesce(citations.cited_documents, 0) as bigint) as cited_documents,
        cast(summed.hovers as bigint) as citation_hovers,
        cast(coalesce(summed.hover_ms, 0) as bigint) as citation_hover_ms,
        cast(summed.likes as bigint) as likes,
        cast(summed.dislikes as bigint) as dislikes,
        cast(summed.copies as bigint) as copies,
        cast(summed.feedbacks as bigint) as feedbacks,
        cast(summed.expansions as bigint) as expansions,
        cast(summed.follow_ups as bigint) as follow_ups,
        cast(summed.inline_link_clicks as bigint) as inline_link_clicks,
        cast(searches_by_id.clicks as bigint) as clicks,
        cast(searches_by_id.has_click as boolean) as has_click,
        cast(searches_by_id.outcome as varchar) as outcome,
        cast(searches_by_id.is_bot as boolean) as is_bot,
        cast(searches_by_id.is_internal as boolean) as is_internal,
        cast(searches_by_id.is_person as boolean) as is_person

    from summed
    inner join searches_by_id on summed.event_search_id = searches_by_id.search_id
    left join citations on summed.event_search_id = citations.event_search_id
    left join named_events
        on summed.event_search_id = named_events.event_search_id
        and named_events.event_position = 1

)

select * from final
