"""What sqlglot alone translates into something that the other database refuses."""

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from coveo_source.models.dialects import translated

LIST = "select string_agg(word, '-' order by place nulls first) as words from t group by id"


def parsed(sql: str) -> exp.Query:
    query = sqlglot.parse_one(sql, read="duckdb")
    assert isinstance(query, exp.Query)
    return query


def to(dialect: str, sql: str) -> str:
    return translated(parsed(sql), dialect)


def test_a_difference_of_times_in_bigquery_may_be_in_milliseconds() -> None:
    sql = to("bigquery", "select date_diff('millisecond', a, b) as ms from t")
    assert sql == "SELECT TIMESTAMP_DIFF(b, a, MILLISECOND) AS ms FROM t"


def test_an_ordered_list_in_redshift_is_within_a_group() -> None:
    assert to("redshift", LIST) == (
        "SELECT LISTAGG(word, '-') WITHIN GROUP (ORDER BY place NULLS FIRST) AS words"
        " FROM t GROUP BY id"
    )


def test_an_ordered_list_in_clickhouse_is_a_sorted_array() -> None:
    assert to("clickhouse", LIST) == (
        "SELECT arrayStringConcat(arrayMap(pair -> tupleElement(pair, 2),"
        " arraySort(groupArray(tuple(place, word)))), '-') AS words FROM t GROUP BY id"
    )


def test_lower_case_in_clickhouse_knows_all_letters() -> None:
    assert to("clickhouse", "select lower(x) as x from t") == "SELECT lowerUTF8(x) AS x FROM t"


def test_an_ordered_list_in_duckdb_is_a_sorted_list_with_the_same_words() -> None:
    rows = "(values (1, 'b', 2), (1, 'a', 3), (1, null, 1), (1, '', 4), (2, null, 1))"
    source = f"select * from {rows} as words(id, word, place)"
    sql = LIST.replace("select", "select id,").replace("from t", f"from ({source}) as t")
    query = to("duckdb", sql)
    assert "LIST_SORT" in query
    found = [duckdb.sql(f"{each} order by id").fetchall() for each in (query, sql)]
    assert found[0] == found[1] == [(1, "b-a-"), (2, None)]


def test_a_list_of_texts_in_duckdb_is_sorted_when_it_is_complete() -> None:
    rows = "(1, 'b\n'), (1, 'é'), (1, null), (1, ''), (1, 'B,a'), (1, 'a'), (2, null), (3, '')"
    lists = "string_agg(upper(word) || '.', ',' order by word nulls first)"
    sql = f"select id, {lists} as words from (values {rows}) as words(id, word) group by id"
    query = to("duckdb", sql)
    assert "LIST(" not in query
    assert "STR_SPLIT(" in query
    found = [duckdb.sql(f"{each} order by id").fetchall() for each in (query, sql)]
    assert found[0] == found[1] == [(1, ".,B,A.,A.,B\n.,É."), (2, None), (3, ".")]


def test_a_part_that_only_reads_a_table_is_not_kept_in_duckdb() -> None:
    sql = (
        "with a as (select x from t where x > 1), b as (select max(x) as x from a) select x from b"
    )
    assert to("duckdb", sql) == (
        "WITH a AS NOT MATERIALIZED (SELECT x FROM t WHERE x > 1),"
        " b AS (SELECT MAX(x) AS x FROM a) SELECT x FROM b"
    )


def test_a_part_that_picks_rows_by_a_list_is_not_kept_either_but_one_that_picks_by_more_is() -> (
    None
):
    listed = "x in (select x from l union select y from l)"
    query = to("duckdb", f"with a as (select x from t where y and {listed}) select x from a")
    assert query.startswith("WITH a AS NOT MATERIALIZED")
    query = to("duckdb", f"with a as (select x from t where y or {listed}) select x from a")
    assert query.startswith("WITH a AS (")


@pytest.mark.parametrize("dialect", ["postgres", "snowflake", "databricks"])
def test_other_dialects_are_as_sqlglot_writes_them(dialect: str) -> None:
    assert to(dialect, LIST) == sqlglot.transpile(LIST, read="duckdb", write=dialect)[0]


def test_the_query_itself_stays_as_it_is() -> None:
    query = parsed(LIST)
    translated(query, "clickhouse")
    assert query == parsed(LIST)
