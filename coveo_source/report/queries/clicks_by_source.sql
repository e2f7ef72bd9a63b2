-- Clicks on results by the source of the content, of the searches that people made in the period.
with

sourced_clicks as (

    select coalesce(clicks.source_name, '') as source_name

    from all_events as clicks
    inner join search_outcomes as searches on clicks.event_search_id = searches.search_id
    where
        clicks.event_click_kind in ('opened', 'quick_viewed')
        and searches.is_person
        and searches.has_click
        and searches.day >= {start}
        and searches.day < {end}

)

select
    source_name,
    cast(count(*) as bigint) as clicks

from sourced_clicks
group by source_name
order by clicks desc, source_name
