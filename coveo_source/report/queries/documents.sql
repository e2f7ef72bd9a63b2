-- The documents that people opened or viewed from the results of the searches that they made in the
-- period. Clicks without a rank do not count for the average.
select
    max(clicks.document_title) as document_title,
    max(clicks.source_name) as source_name,
    cast(count(*) as bigint) as clicks,
    cast(count(distinct clicks.visit_id) as bigint) as visits,
    cast(count(clicks.event_result_rank) as bigint) as ranked_clicks,
    cast(coalesce(sum(clicks.event_result_rank), 0) as bigint) as click_rank_sum

from all_events as clicks
inner join search_outcomes as searches on clicks.event_search_id = searches.search_id
where
    clicks.event_click_kind in ('opened', 'quick_viewed')
    and clicks.event_document_id <> ''
    and searches.is_person
    and searches.has_click
    and searches.day >= {start}
    and searches.day < {end}
group by clicks.event_document_id
having count(distinct clicks.visit_id) >= {least_visits}
order by clicks desc, clicks.event_document_id
limit 50
