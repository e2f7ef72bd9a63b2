-- Clicks on results by the source of the content, of the searches that people made in the period.
select
    coalesce(clicks.source_name, '') as source_name,
    cast(count(*) as bigint) as clicks

from all_events as clicks
inner join search_outcomes as searches on clicks.event_search_id = searches.search_id
where
    clicks.event_click_kind in ('opened', 'quick_viewed')
    and searches.is_person
    and searches.day >= {start}
    and searches.day < {end}
group by 1
order by 2 desc, 1
