"""The YAML beside each model: complete, and true of the tables."""

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from coveo_source.demo import Traffic
from coveo_source.models.files import sql_folder
from coveo_source.tables import EVENT_TABLES, TABLES
from tests.sql.cases import hard_cases
from tests.sql.warehouse import SEED, Rows, build_order, name_of, sql_of, tables_of, warehouse

TYPES = {
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "double": "DOUBLE",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "varchar": "VARCHAR",
}
NAMES = (*build_order(), SEED)
EMPTY: Rows = {name: [] for name in TABLES}


def properties(name: str) -> dict[str, Any]:
    """What the YAML says of one model or of the seed."""
    text = (sql_folder() / f"{name}.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    [described] = document["seeds" if name == SEED else "models"]
    assert isinstance(described, dict)
    return described


def columns(name: str) -> dict[str, dict[str, Any]]:
    """The described columns by name."""
    listed = properties(name)["columns"]
    found = {column["name"]: column for column in listed}
    assert len(found) == len(listed)
    return found


@pytest.fixture(scope="module")
def demo() -> duckdb.DuckDBPyConnection:
    start, end = (datetime(2026, 3, day, tzinfo=timezone.utc) for day in (1, 11))
    traffic = Traffic(seed=3, visits_per_day=60)
    return warehouse({name: list(traffic.records(name, start, end)) for name in TABLES})


@cache
def made(rows: str) -> duckdb.DuckDBPyConnection:
    """A database with rows that no demo has."""
    return warehouse(hard_cases() if rows == "hard cases" else EMPTY)


def arrived(database: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """Columns and types of a table."""
    described = database.execute(f"describe {name}").fetchall()
    return {row[0]: row[1] for row in described}


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_described_in_words_and_with_its_type(
    name: str, demo: duckdb.DuckDBPyConnection
) -> None:
    found = {key: kind for key, kind in arrived(demo, name).items() if not key.startswith("c_js")}
    found = {k: v for k, v in found.items() if k == "c_event_type" or not k.startswith("c_")}
    assert {key: TYPES[column["data_type"]] for key, column in columns(name).items()} == found
    assert all(column["description"].strip().endswith(".") for column in columns(name).values())


@pytest.mark.parametrize("name", NAMES)
def test_the_first_sentence_names_the_grain(name: str) -> None:
    assert re.match(r"One row per .+?[.:]", properties(name)["description"])
    if name != SEED:
        assert sql_of(name).startswith("-- One row per ")


def test_the_timeline_s_description_has_every_column_of_the_catalogue() -> None:
    known = {name_of(column) for name in EVENT_TABLES for column in TABLES[name].columns}
    own = {name for name in columns("all_events") if name.startswith("event_")} - known
    assert columns("all_events").keys() == known | own | {
        "c_event_type",
        "ms_since_previous_event",
    }


def data_tests(name: str) -> Iterator[tuple[str | None, Any]]:
    """The tests of a model: the column, if it has one, and what dbt reads."""
    described = properties(name)
    for test in described.get("data_tests", ()):
        yield None, test
    for column in described["columns"]:
        for test in column.get("data_tests", ()):
            yield column["name"], test


def violations(name: str, column: str | None, test: Any) -> tuple[str, bool]:
    """The query for rows that fail a test, and whether it only warns."""
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
@pytest.mark.parametrize("rows", ["demo", "hard cases", "nothing"])
def test_the_data_tests_hold(name: str, rows: str, demo: duckdb.DuckDBPyConnection) -> None:
    database = demo if rows == "demo" else made(rows)
    tests = list(data_tests(name))
    assert tests
    for column, test in tests:
        sql, warns = violations(name, column, test)
        complaints = database.execute(sql).fetchall()
        assert warns or not complaints, sql


@pytest.mark.parametrize("name", build_order())
def test_ids_that_pages_make_only_warn(name: str) -> None:
    for column, test in data_tests(name):
        if column in ("event_id", "search_id", "event_search_id") and test != "not_null":
            assert violations(name, column, test)[1]


@pytest.mark.parametrize("name", build_order())
def test_the_unit_of_rebuilding_is_a_column_that_is_never_null_but_for_visits(name: str) -> None:
    config = properties(name)["config"]
    assert config["materialized"] == "incremental"
    assert config["incremental_strategy"] == "delete+insert"
    unit = columns(name)[config["unique_key"]]
    assert "not_null" in unit["data_tests"] or unit["name"] == "visit_id"


@pytest.mark.parametrize("name", ["daily_metrics", "document_performance"])
def test_the_unit_of_an_event_is_the_expression_that_the_yaml_gives(
    name: str, demo: duckdb.DuckDBPyConnection
) -> None:
    config = properties(name)["config"]
    unit, expression = config["unique_key"], config["meta"]["unit_from"]["all_events"]
    counted = "c_event_type = 'Click' and not is_internal and device_category <> 'Bot'"
    only = "true" if name == "daily_metrics" else counted
    told = f"select distinct {expression} from all_events where {only} order by 1"
    kept = f"select distinct {unit} from {name} order by 1"
    assert demo.execute(told).fetchall() == demo.execute(kept).fetchall()


@pytest.mark.parametrize("name", build_order())
def test_a_file_is_one_select_with_a_sentence_before_each_step(name: str) -> None:
    text = sql_of(name)
    assert text.endswith("\nselect * from final\n")
    assert ";" not in re.sub(r"--.*", "", text)
    steps = re.findall(r"(.*)\n(\w+) as \(\n", text)
    assert len(steps) > 1
    assert [step for line, step in steps if not line.startswith("-- ")] in ([], ["final"])


@pytest.mark.parametrize(
    "rule",
    ["lower(replace", "device_category = 'Bot'", "coalesce(system_uri_hash", "with_results)"],
    ids=["the form of a query", "a robot", "a document", "results"],
)
def test_a_rule_is_written_once(rule: str) -> None:
    texts = [re.sub(r"\s+", "", sql_of(name)) for name in build_order()]
    assert sum(text.count(rule.replace(" ", "")) for text in texts) == 1


def test_a_moment_is_turned_into_a_day_once_and_a_person_is_told_once() -> None:
    texts = [" ".join(re.sub(r"--.*", "", sql_of(name)).split()) for name in build_order()]
    assert sum(len(re.findall(r"at time zone 'UTC' as date", text)) for text in texts) == 1
    assert sum(len(re.findall(r"not \S*is_bot", text)) for text in texts) == 1


@pytest.mark.parametrize("name", build_order())
def test_no_step_is_named_like_a_table(name: str) -> None:
    tables = {*TABLES, *build_order(), SEED, "exports", "rejected_rows"}
    steps = set(re.findall(r"^(\w+) as \($", sql_of(name), re.M))
    assert steps
    assert not steps & tables


def test_only_the_timeline_reads_the_tables_of_events() -> None:
    reads = {name: tables_of(sql_of(name)) for name in build_order()}
    assert {n for n, tables in reads.items() if tables & set(EVENT_TABLES)} == {"all_events"}
    labels = {"keywords", "groups", SEED}
    assert {n for n, tables in reads.items() if tables & labels} == {"search_outcomes"}
    assert not any(tables & {"exports", "rejected_rows"} for tables in reads.values())


def test_there_is_a_yaml_for_every_file_and_none_without() -> None:
    folder: Path = sql_folder()
    assert {path.stem for path in folder.glob("*.yml")} == {*build_order(), SEED}
