-- The facet values that people chose, in the weeks that touch the period, and whether a click on a
-- result or an answer followed.
select
    facet,
    value,
    cast(sum(selections) as bigint) as selections,
    cast(sum(visits) as bigint) as visits,
    cast(sum(searches_with_clicks) as bigint) as searches_with_clicks,
    cast(sum(searches_without_results) as bigint) as searches_without_results

from facet_usage
where week >= {first_week} and week < {end}
group by facet, value
having sum(visits) >= {least_visits}
order by selections desc, facet, value
limit 50
