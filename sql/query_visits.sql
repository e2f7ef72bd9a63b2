-- One row per visit and query that was asked in it: what was done about it, and with what success.

with

-- Searches that belong to a visit.
searches_of_visits as (

    select
        search_id,
        visit_id,
        datetime,
        day,
        week,
        hour,
        search_number,
        user_name,
        visitor_id,
        origin,
        device_category,
        country,
        language,
        query_pipeline,
        split_test_run_name,
        split_test_run_version,
        query,
        lower(action_cause) = 'didyoumeanautomatic' as is_correction,
        cause_kind,
        number_of_results,
        has_results,
        clicks,
        opened,
        quick_viewed,
        cited,
        attached,
        recommended,
        other_clicks,
        ranked_clicks,
        click_rank_sum,
        best_click_rank,
        first_click_at,
        has_answer,
        is_bot,
        is_internal,
        is_person
        /* each of model_dimensions: , {dimension} */

    from search_outcomes
    where visit_id is not null

),

-- Each search with the number of searches that the visitor had typed until then: those of one
-- number are one typed search and what followed it. No position is null; saying where nulls go
-- keeps the translation for other databases short.
numbered as (

    select
        *,
        sum(case when cause_kind = 'manual' then 1 else 0 end) over (
            partition by visit_id order by search_number nulls first rows unbounded preceding
        ) as question_number

    from searches_of_visits

),

-- The typed searches, each with the query of the next one.
questions as (

    select
        visit_id,
        question_number,
        query as asked_query,
        lead(query) over (partition by visit_id order by question_number) as next_query

    from numbered
    where cause_kind = 'manual'

),

-- What the page searched for instead, because it took a query for a misspelling.
corrections as (

    select
        visit_id,
        question_number,
        max(query) as corrected_query

    from numbered
    where is_correction
    group by visit_id, question_number

),

-- The searches by the query that the visitor was after: the typed one, its correction, and what
-- refined either. All others, such as half-typed ones, belong to no query.
asked as (

    select
        numbered.*,
        questions.asked_query,
        questions.next_query

    from numbered
    inner join questions
        on numbered.visit_id = questions.visit_id
        and numbered.question_number = questions.question_number
    left join corrections
        on numbered.visit_id = corrections.visit_id
        and numbered.question_number = corrections.question_number
    where numbered.query = questions.asked_query
        or numbered.query = corrections.corrected_query
        or coalesce(numbered.is_correction, false)

),

-- The totals of each query in each visit. The number of the first typed search and of the last one
-- of all tell where it began, and what was asked next. What a correction found is not what was
-- asked for.
summed as (

    select
        visit_id,
        asked_query,
        min(search_number) as first_search_number,
        max(question_number) as last_question_number,
        count(*) as searches,
        sum(case when cause_kind = 'manual' then 1 else 0 end) as manual_searches,
        sum(case when cause_kind = 'refinement' then 1 else 0 end) as refinements,
        sum(case when cause_kind = 'automatic' then 1 else 0 end) as automatic_searches,
        max(
            case
                when is_correction then null
                when has_results then 1
                when not has_results then 0
            end
        ) as results,
        sum(clicks) as clicks,
        sum(opened) as opened,
        sum(quick_viewed) as quick_viewed,
        sum(cited) as cited,
        sum(attached) as attached,
        sum(recommended) as recommended,
        sum(other_clicks) as other_clicks,
        sum(ranked_clicks) as ranked_clicks,
        sum(click_rank_sum) as click_rank_sum,
        min(best_click_rank) as best_click_rank,
        min(first_click_at) as first_click_at,
        max(case when has_answer then 1 else 0 end) as answers

    from asked
    group by visit_id, asked_query

),

-- Each query with its first search, and what was asked after it, if that was something else.
joined as (

    select
        summed.*,
        first_search.search_id,
        first_search.datetime,
        first_search.day,
        first_search.week,
        first_search.hour,
        first_search.user_name,
        first_search.visitor_id,
        first_search.origin,
        first_search.device_category,
        first_search.country,
        first_search.language,
        first_search.query_pipeline,
        first_search.split_test_run_name,
        first_search.split_test_run_version,
        first_search.number_of_results,
        first_search.is_bot,
        first_search.is_internal,
        first_search.is_person,
        /* each of model_dimensions: first_search.{dimension}, */
        case
            when questions.next_query <> questions.asked_query then questions.next_query
        end as next_query

    from summed
    inner join asked as first_search
        on summed.visit_id = first_search.visit_id
        and summed.first_search_number = first_search.search_number
    inner join questions
        on summed.visit_id = questions.visit_id
        and summed.last_question_number = questions.question_number

),

-- What became of each query. A click on a source of an answer is not a click on a result.
decided as (

    select
        *,
        case
            when clicks + attached + recommended + other_clicks > 0 then 'clicked'
            when answers > 0 then 'answered'
            when results = 0 then 'no_results'
            when next_query is not null then 'refined'
            else 'abandoned'
        end as outcome

    from joined

),

final as (

    select
        cast(visit_id as varchar) as visit_id,
        cast(asked_query as varchar) as query,
        cast(asked_query = '' as boolean) as is_blank_query,
        datetime as asked_at,
        cast(day as date) as day,
        cast(week as date) as week,
        cast(hour as bigint) as hour,
        cast(search_id as varchar) as first_search_id,
        cast(origin as varchar) as origin,
        cast(user_name as varchar) as user_name,
        cast(visitor_id as varchar) as visitor_id,
        cast(device_category as varchar) as device_category,
        cast(country as varchar) as country,
        cast(language as varchar) as language,
        cast(query_pipeline as varchar) as query_pipeline,
        cast(split_test_run_name as varchar) as split_test_run_name,
        cast(split_test_run_version as varchar) as split_test_run_version,
        cast(searches as bigint) as searches,
        cast(manual_searches as bigint) as manual_searches,
        cast(refinements as bigint) as refinements,
        cast(automatic_searches as bigint) as automatic_searches,
        cast(number_of_results as bigint) as number_of_results,
        cast(results > 0 as boolean) as has_results,
        cast(clicks as bigint) as clicks,
        cast(opened as bigint) as opened,
        cast(quick_viewed as bigint) as quick_viewed,
        cast(cited as bigint) as cited,
        cast(attached as bigint) as attached,
        cast(recommended as bigint) as recommended,
        cast(other_clicks as bigint) as other_clicks,
        cast(clicks > 0 as boolean) as has_click,
        cast(ranked_clicks as bigint) as ranked_clicks,
        cast(click_rank_sum as bigint) as click_rank_sum,
        cast(best_click_rank as bigint) as best_click_rank,
        first_click_at,
        cast(
            date_diff(
                'millisecond', datetime at time zone 'UTC', first_click_at at time zone 'UTC'
            ) as bigint
        ) as ms_to_first_click,
        cast(answers > 0 as boolean) as has_answer,
        cast(next_query as varchar) as next_query,
        cast(outcome as varchar) as outcome,
        cast(outcome in ('clicked', 'answered') as boolean) as is_successful,
        cast(is_bot as boolean) as is_bot,
        cast(is_internal as boolean) as is_internal,
        cast(is_person as boolean) as is_person
        /* each of model_dimensions: , cast({dimension} as varchar) as {dimension} */

    from decided

)

select * from final
