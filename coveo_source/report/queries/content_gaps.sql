-- What people looked for and did not find, in the weeks that touch the period: `new` if it became
-- a gap in these weeks and still is one, `open` if it was one before, `closed` if it is none any
-- more.
with

gap_weeks as (

    select
        *,
        row_number() over (partition by query order by week desc) as place

    from content_gaps
    where week >= {first_week} and week < {end}

)

select
    query,
    max(case when place = 1 then coalesce(gap, former_gap) end) as gap,
    case
        when max(case when place = 1 and gap is null then 1 else 0 end) = 1 then 'closed'
        when max(case when opened then 1 else 0 end) = 1 then 'new'
        else 'open'
    end as status,
    cast(count(gap) as bigint) as weeks,
    cast(sum(visits) as bigint) as visits,
    cast(sum(visits_without_success) as bigint) as visits_without_success

from gap_weeks
group by query
having sum(visits) >= {least_visits}
order by visits_without_success desc, query
limit 50
