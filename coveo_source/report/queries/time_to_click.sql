-- Milliseconds from asking something to the first click on a result, by people, and the 95 %
-- interval of the median by order statistics. Clicks that Coveo received before their search are
-- left out.
with

timed as (

    select
        case when day >= {start} then 'now' else 'before' end as period,
        ms_to_first_click

    from query_visits
    where is_person and ms_to_first_click >= 0 and day >= {former_start} and day < {end}

),

placed as (

    select
        period,
        ms_to_first_click,
        row_number() over (partition by period order by ms_to_first_click) as place,
        count(*) over (partition by period) as questions

    from timed

)

select
    period,
    cast(max(questions) as bigint) as questions,
    cast(
        avg(case when 2 * place between questions and questions + 2 then ms_to_first_click end)
        as double
    ) as median_ms,
    cast(
        max(
            case
                when place = 1 or place <= 0.5 * questions - 0.98 * sqrt(questions)
                    then ms_to_first_click
            end
        ) as double
    ) as low_ms,
    cast(
        min(
            case
                when place = questions or place >= 0.5 * questions + 0.98 * sqrt(questions) + 1
                    then ms_to_first_click
            end
        ) as double
    ) as high_ms

from placed
group by period
