-- Clicks on results by their rank, of the searches that people made in the period. 11 stands for
-- all ranks beyond the tenth.
select
    case when clicks.event_result_rank > 10 then 11 else clicks.event_result_rank end as click_rank,
    cast(count(*) as bigint) as clicks

from all_events as clicks
inner join search_outcomes as searches on clicks.event_search_id = searches.search_id
where
    clicks.event_result_rank is not null
    and searches.is_person
    and searches.has_click
    and searches.day >= {start}
    and searches.day < {end}
group by 1
order by 1
