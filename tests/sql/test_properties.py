"""The YAML of each model is complete and matches the tables, and the SQL follows its rules."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from coveo_source.models.files import SEEDS, models, sql_folder
from coveo_source.tables import EVENT_TABLES, TABLES
from tests.sql.export_rows import demo_rows, edge_cases
from tests.sql.warehouse import (
    RENAMED,
    Rows,
    build_order,
    name_of,
    sql_of,
    tables_of,
    warehouse,
)

TYPES = {
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "double": "DOUBLE",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "varchar": "VARCHAR",
}
NAMES = (*build_order(), *SEEDS)
EMPTY: Rows = {name: [] for name in TABLES}


def properties(name: str) -> dict[str, Any]:
    """Returns the YAML of one model or of the seed."""
    text = (sql_folder() / f"{name}.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    [described] = document["seeds" if name in SEEDS else "models"]
    assert isinstance(described, dict)
    return described


def columns(name: str) -> dict[str, dict[str, Any]]:
    """Returns the described columns, by name."""
    listed = properties(name)["columns"]
    by_name = {column["name"]: column for column in listed}
    assert len(by_name) == len(listed)
    return by_name


@pytest.fixture(scope="module")
def demo() -> duckdb.DuckDBPyConnection:
    """A database with ten days of the demo's traffic."""
    return warehouse(demo_rows())


@cache
def database_of(rows: str) -> duckdb.DuckDBPyConnection:
    """Returns a database with the edge cases, or with no rows."""
    return warehouse(edge_cases() if rows == "edge cases" else EMPTY)


def types_of(database: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """Returns the type of each column of a table."""
    described = database.execute(f"describe {name}").fetchall()
    return {row[0]: row[1] for row in described}


@pytest.mark.parametrize("name", NAMES)
def test_every_column_has_a_description_and_its_type(
    name: str, demo: duckdb.DuckDBPyConnection
) -> None:
    types = {
        column: kind
        for column, kind in types_of(demo, name).items()
        if column == "c_event_type" or not column.startswith("c_")
        if column not in RENAMED.values()
    }
    assert {key: TYPES[column["data_type"]] for key, column in columns(name).items()} == types
    assert all(column["description"].strip().endswith(".") for column in columns(name).values())


@pytest.mark.parametrize("name", NAMES)
def test_the_first_sentence_names_the_grain(name: str) -> None:
    assert re.match(r"One row per .+?[.:]", properties(name)["description"])
    if name not in SEEDS:
        assert sql_of(name).startswith("-- One row per ")


def test_the_description_of_the_timeline_has_every_documented_column() -> None:
    tables = [TABLES[name] for name in EVENT_TABLES]
    documented = {name_of(column) for table in tables for column in table.columns + table.newer}
    added = {name for name in columns("all_events") if name.startswith("event_")} - documented
    assert columns("all_events").keys() == documented | added | {
        "c_event_type",
        "ms_since_previous_event",
    }


def data_tests(name: str) -> Iterator[tuple[str | None, Any]]:
    """Yields the data tests of a model: the column, or None, and the test as dbt reads it."""
    described = properties(name)
    for test in described.get("data_tests", ()):
        yield None, test
    for column in described["columns"]:
        for test in column.get("data_tests", ()):
            yield column["name"], test


def violations(name: str, column: str | None, test: Any) -> tuple[str, bool]:
    """Returns the query for the rows that fail a test, and whether it only warns."""
    kind, given = (test, {}) if isinstance(test, str) else next(iter(test.items()))
    config, arguments = given.get("config", {}), given.get("arguments", {})
    column, field = column or given.get("column_name"), arguments.get("field")
    where = {
        "not_null": f"{column} is null",
        "unique": f"{column} in (select {column} from {name} group by 1 having count(*) > 1)",
        "expression_is_true": f"not ({column or ''} {arguments.get('expression')})",
        "accepted_values": f"{column}::varchar not in {tuple(arguments.get('values', ('', '')))}",
        "relationships": f"{column} is not null and {column} not in (select {field}"
        f" from {str(arguments.get('to', ''))[5:-2]} where {field} is not null)",
    }[kind]
    only = config.get("where", "true")
    return f"from {name} where ({only}) and {where}", config.get("severity") == "warn"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", ["demo", "edge cases", "nothing"])
def test_the_data_tests_pass(name: str, rows: str, demo: duckdb.DuckDBPyConnection) -> None:
    database = demo if rows == "demo" else database_of(rows)
    tests = list(data_tests(name))
    assert tests
    for column, test in tests:
        sql, warns = violations(name, column, test)
        failing = database.execute(sql).fetchall()
        assert warns or not failing, sql


@pytest.mark.parametrize("name", build_order())
def test_tests_of_ids_that_web_pages_generate_only_warn(name: str) -> None:
    for column, test in data_tests(name):
        if column in ("event_id", "search_id", "event_search_id") and test != "not_null":
            assert violations(name, column, test)[1]


@pytest.mark.parametrize("name", build_order())
def test_the_unit_of_a_model_is_never_null_unless_it_is_the_visit(name: str) -> None:
    config = properties(name)["config"]
    assert config["materialized"] == "incremental"
    assert config["incremental_strategy"] == "delete+insert"
    unit = columns(name)[config["unique_key"]]
    assert unit["name"] == "visit_id" or "not_null" in unit["data_tests"]


UNITS = {"visit_id": "visit_id", "day": "event_day", "week": "event_week"}


def test_a_model_by_visit_has_a_time_in_every_row() -> None:
    # the rows to replace are looked for in the time of the touched visits
    times = {m.name: m.properties.time for m in models().values() if m.unit == "visit_id"}
    assert times == {
        "all_events": "datetime",
        "case_visits": "started_at",
        "generated_answers": "datetime",
        "query_visits": "asked_at",
        "search_outcomes": "datetime",
        "visits": "started_at",
    }


@pytest.mark.parametrize("name", build_order())
def test_a_model_is_rebuilt_by_visits_days_or_weeks_of_events(
    name: str, demo: duckdb.DuckDBPyConnection
) -> None:
    unit = properties(name)["config"]["unique_key"]
    sql = f"select {unit} from {name} except select {UNITS[unit]} from all_events"
    assert demo.execute(sql).fetchall() == []


@pytest.mark.parametrize("name", build_order())
def test_a_file_is_one_select_with_a_comment_before_each_cte(name: str) -> None:
    text = sql_of(name)
    assert text.endswith("\nselect * from final\n")
    assert ";" not in re.sub(r"--.*", "", text)
    ctes = re.findall(r"(.*)\n(\w+) as \(\n", text)
    assert len(ctes) > 1
    assert [cte for line, cte in ctes if not line.startswith("-- ")] in ([], ["final"])


@pytest.mark.parametrize(
    "rule",
    ["lower(replace", "device_category = 'Bot'", "coalesce(system_uri_hash", "with_results)"],
    ids=["form of a query", "robots", "document ids", "results"],
)
def test_a_rule_is_written_in_one_model_only(rule: str) -> None:
    texts = [re.sub(r"\b(searches|clicks)\.|\s+", "", sql_of(name)) for name in build_order()]
    assert sum(text.count(rule.replace(" ", "")) for text in texts) == 1


def test_the_rules_for_days_and_for_people_are_written_in_one_model_only() -> None:
    texts = [" ".join(re.sub(r"--.*", "", sql_of(name)).split()) for name in build_order()]
    for rule in (r"at time zone 'UTC' /\*", r"date_trunc\(", r"extract\(hour", r"not \S*is_bot"):
        assert sum(len(re.findall(rule, text)) for text in texts) == 1, rule


@pytest.mark.parametrize("name", build_order())
def test_no_cte_has_the_name_of_a_table(name: str) -> None:
    tables = {*TABLES, *build_order(), *SEEDS, "exports", "rejected_rows"}
    ctes = set(re.findall(r"^(\w+) as \($", sql_of(name), re.M))
    assert ctes
    assert not ctes & tables


def test_only_the_timeline_reads_the_event_tables() -> None:
    reads = {name: tables_of(sql_of(name)) for name in build_order()}
    assert {n for n, tables in reads.items() if tables & set(EVENT_TABLES)} == {"all_events"}
    assert {n for n, tables in reads.items() if tables & set(SEEDS)} == {"all_events"}
    labels = {"keywords", "groups"}
    assert {n for n, tables in reads.items() if tables & labels} == {"search_outcomes"}
    assert not any(tables & {"exports", "rejected_rows"} for tables in reads.values())


def test_every_sql_file_has_a_yaml_and_every_yaml_a_table() -> None:
    folder: Path = sql_folder()
    assert {path.stem for path in folder.glob("*.yml")} == {*build_order(), *SEEDS}
