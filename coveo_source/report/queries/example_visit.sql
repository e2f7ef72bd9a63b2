-- A visit to look at: of those with a question and a click on a result, whose questions others asked
-- too, the one with most events, up to twelve; the newest of several.
with

shared_queries as (

    select query
    from query_visits
    where day >= {start} and day < {end}
    group by query
    having count(*) >= {least_visits}

),

asked as (

    select
        questions.visit_id,
        count(*) as questions,
        count(shared_queries.query) as shared_questions

    from query_visits as questions
    left join shared_queries on questions.query = shared_queries.query
    where questions.day >= {start} and questions.day < {end}
    group by questions.visit_id

)

select visits.visit_id

from visits
inner join asked on visits.visit_id = asked.visit_id
where
    visits.is_person
    and visits.day >= {start}
    and visits.day < {end}
    and visits.events <= 12
    and visits.has_click
    and asked.questions = asked.shared_questions
order by visits.events desc, visits.started_at desc, visits.visit_id
limit 1
