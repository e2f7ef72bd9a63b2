-- Searches of people for which an answer was asked for, and what they did with it: searches with at
-- least one of each.
select
    cast(count(*) as bigint) as asked,
    cast(coalesce(sum(case when has_answer then 1 else 0 end), 0) as bigint) as given,
    cast(coalesce(sum(case when citation_clicks > 0 then 1 else 0 end), 0) as bigint) as opened_source,
    cast(coalesce(sum(case when citation_hovers > 0 then 1 else 0 end), 0) as bigint) as hovered_source,
    cast(coalesce(sum(case when copies > 0 then 1 else 0 end), 0) as bigint) as copied,
    cast(coalesce(sum(case when likes > 0 then 1 else 0 end), 0) as bigint) as liked,
    cast(coalesce(sum(case when dislikes > 0 then 1 else 0 end), 0) as bigint) as disliked,
    cast(coalesce(sum(case when feedbacks > 0 then 1 else 0 end), 0) as bigint) as with_feedback

from generated_answers
where is_person and day >= {start} and day < {end}
