-- Cells and records that did not fit, of all exports, by column and reason.
select
    table_name,
    column_name,
    reason,
    cast(count(*) as bigint) as entries

from rejected_rows
group by table_name, column_name, reason
order by entries desc, table_name, column_name, reason
limit 20
