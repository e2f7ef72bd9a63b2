"""The rewrites for databases that would refuse what sqlglot alone makes of the SQL."""

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from coveo_source.models.dialects import translated

LIST = "select string_agg(word, '-' order by place nulls first) as words from t group by id"


def parsed(sql: str) -> exp.Query:
    """Parses a DuckDB query."""
    query = sqlglot.parse_one(sql, read="duckdb")
    assert isinstance(query, exp.Query)
    return query


def to(dialect: str, sql: str) -> str:
    """Translates a DuckDB query into another dialect."""
    return translated(parsed(sql), dialect)


def test_a_time_difference_in_milliseconds_is_a_timestamp_diff_in_bigquery() -> None:
    sql = to("bigquery", "select date_diff('millisecond', a, b) as ms from t")
    assert sql == "SELECT TIMESTAMP_DIFF(b, a, MILLISECOND) AS ms FROM t"


def test_an_ordered_list_is_a_listagg_within_group_in_redshift() -> None:
    assert to("redshift", LIST) == (
        "SELECT LISTAGG(word, '-') WITHIN GROUP (ORDER BY place NULLS FIRST) AS words"
        " FROM t GROUP BY id"
    )


def test_an_ordered_list_is_a_sorted_array_of_pairs_in_databricks_for_spark_3_too() -> None:
    assert to("databricks", LIST) == (
        "SELECT CASE WHEN COUNT(word) > 0 THEN ARRAY_JOIN(TRANSFORM(ARRAY_SORT("
        "COLLECT_LIST(STRUCT(place AS key, word AS value))), pair -> pair.value), '-') END AS words"
        " FROM t GROUP BY id"
    )


def test_an_ordered_list_is_a_sorted_array_in_clickhouse() -> None:
    assert to("clickhouse", LIST) == (
        "SELECT arrayStringConcat(arrayMap(pair -> tupleElement(pair, 2),"
        " arraySort(groupArray(tuple(place, word)))), '-') AS words FROM t GROUP BY id"
    )


def test_lower_works_for_all_letters_in_clickhouse() -> None:
    assert to("clickhouse", "select lower(x) as x from t") == "SELECT lowerUTF8(x) AS x FROM t"


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
def test_times_keep_their_microseconds_in_clickhouse(kind: str) -> None:
    assert to("clickhouse", f"select cast(x as {kind}) as x, cast(y as date) as y from t") == (
        "SELECT CAST(x AS Nullable(DateTime64(6, 'UTC'))) AS x, CAST(y AS Nullable(DATE)) AS y"
        " FROM t"
    )


def test_an_ordered_list_is_sorted_by_function_in_duckdb_with_the_same_result() -> None:
    rows = "(values (1, 'b', 2), (1, 'a', 3), (1, null, 1), (1, '', 4), (2, null, 1))"
    source = f"select * from {rows} as words(id, word, place)"
    sql = LIST.replace("select", "select id,").replace("from t", f"from ({source}) as t")
    query = to("duckdb", sql)
    assert "LIST_SORT" in query
    results = [duckdb.sql(f"{text} order by id").fetchall() for text in (query, sql)]
    assert results[0] == results[1] == [(1, "b-a-"), (2, None)]


def test_a_list_of_its_own_sort_keys_is_collected_as_one_text_in_duckdb() -> None:
    rows = "(1, 'b\n'), (1, 'é'), (1, null), (1, ''), (1, 'B,a'), (1, 'a'), (2, null), (3, '')"
    lists = "string_agg(upper(word) || '.', ',' order by word nulls first)"
    sql = f"select id, {lists} as words from (values {rows}) as words(id, word) group by id"
    query = to("duckdb", sql)
    assert "LIST(" not in query
    assert "STR_SPLIT(" in query
    results = [duckdb.sql(f"{text} order by id").fetchall() for text in (query, sql)]
    assert results[0] == results[1] == [(1, ".,B,A.,A.,B\n.,É."), (2, None), (3, ".")]


def test_a_cte_that_only_reads_a_table_is_not_materialized_in_duckdb() -> None:
    sql = (
        "with a as (select x from t where x > 1), b as (select max(x) as x from a) select x from b"
    )
    assert to("duckdb", sql) == (
        "WITH a AS NOT MATERIALIZED (SELECT x FROM t WHERE x > 1),"
        " b AS (SELECT MAX(x) AS x FROM a) SELECT x FROM b"
    )


def test_a_cte_that_filters_by_a_subquery_is_materialized_in_duckdb_only_below_an_or() -> None:
    listed = "x in (select x from l union select y from l)"
    query = to("duckdb", f"with a as (select x from t where y and {listed}) select x from a")
    assert query.startswith("WITH a AS NOT MATERIALIZED")
    query = to("duckdb", f"with a as (select x from t where y or {listed}) select x from a")
    assert query.startswith("WITH a AS (")


@pytest.mark.parametrize("dialect", ["postgres", "snowflake"])
def test_other_dialects_are_left_to_sqlglot(dialect: str) -> None:
    assert to(dialect, LIST) == sqlglot.transpile(LIST, read="duckdb", write=dialect)[0]


def test_the_translated_query_is_not_changed() -> None:
    query = parsed(LIST)
    translated(query, "clickhouse")
    assert query == parsed(LIST)
