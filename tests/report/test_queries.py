"""The queries of a report: what they say of themselves, and that other databases can read them."""

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot

from coveo_source.models import parse_sql, qualify_query, tables_of, translated
from coveo_source.report import Place
from coveo_source.report.period import Comparison, Period
from coveo_source.report.queries import Queries, names
from tests.report.pages import opened_database

DAYS = Comparison(
    Period(date(2026, 3, 9), date(2026, 3, 16)), Period(date(2026, 3, 2), date(2026, 3, 9))
)
LONG = Comparison(Period(date(2026, 1, 1), date(2026, 6, 1)), None)
DIALECTS = ("postgres", "snowflake", "bigquery", "redshift", "clickhouse", "databricks")
PACKAGE = Path(__file__).parents[2] / "coveo_source" / "report"


@pytest.fixture(scope="module")
def schema(folder: Path) -> dict[str, dict[str, str]]:
    """The types of the columns of all tables, as a pipeline knows them."""
    found: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(folder / "coveo.duckdb"), read_only=True) as connection:
        for table, column, kind in connection.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            " where schema_name = 'coveo_ua'"
        ).fetchall():
            named = {"TIMESTAMP WITH TIME ZONE": "timestamptz"}.get(kind, kind.lower())
            found.setdefault(table, {})[column] = named
    return found


def filled(folder: Path, name: str, days: Comparison = DAYS) -> str:
    with opened_database(folder) as place:
        return Queries(place, days).filled(name)


@pytest.mark.parametrize("name", names())
def test_a_query_begins_with_its_definition_in_whole_sentences(name: str) -> None:
    text = (PACKAGE / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    comments = [line for line in text.splitlines() if line.startswith("--")]
    definition = " ".join(line.removeprefix("-- ") for line in comments)
    assert re.match(r"[A-Z].*\.$", definition), definition
    assert text.startswith(comments[0])


def test_every_query_is_asked_and_every_one_that_is_asked_exists() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py"))
    quoted = set(re.findall(r'"([a-z_]+)"', code))
    assert set(names()) <= quoted
    asked = set(re.findall(r'\bask\("([a-z_]+)"', code))
    assert asked
    assert asked <= set(names())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", names())
def test_a_query_can_be_read_by_other_databases(
    folder: Path, schema: dict[str, dict[str, str]], name: str, dialect: str
) -> None:
    query = parse_sql(filled(folder, name))
    if {table.name for table in tables_of(query)} <= schema.keys():
        query = qualify_query(query, schema)
    text = translated(query, dialect)
    again = sqlglot.parse_one(text, read=dialect)
    assert again.named_selects == query.named_selects  # type: ignore[attr-defined]


def test_days_are_half_open_and_weeks_begin_on_the_monday_before(folder: Path) -> None:
    assert "day >= date '2026-03-02' and day < date '2026-03-16'" in filled(folder, "top_queries")
    assert "week >= date '2026-03-09' and week < date '2026-03-16'" in filled(folder, "facets")
    thursday = Comparison(Period(date(2026, 3, 12), date(2026, 3, 13)), None)
    assert "week >= date '2026-03-09'" in filled(folder, "facets", thursday)


def test_a_long_report_counts_by_week(folder: Path) -> None:
    assert "group by day" in filled(folder, "searches_by_day")
    assert "group by week" in filled(folder, "searches_by_day", LONG)


def test_full_names_are_put_in_only_where_a_table_is_read(folder: Path) -> None:
    with opened_database(folder) as place:
        answer = Queries(place, DAYS).ask("top_queries")
    assert answer.sql.count("coveo_ua.") == 1
    assert "from coveo_ua.query_visits" in answer.sql
    assert answer.tables == ("query_visits",)


def test_a_query_is_asked_once(folder: Path) -> None:
    with opened_database(folder) as place:
        queries = Queries(place, DAYS)
        assert queries.ask("questions") is queries.ask("questions")


def test_a_dataset_with_an_odd_name_can_be_pasted_from(folder: Path) -> None:
    with opened_database(folder) as place:
        place.dataset.execute('create schema "my data"')
        place.dataset.execute('create table "my data".visits as from coveo_ua.visits')
        with place.dataset.at("my data"):
            named = Queries(Place(place.dataset, "duckdb", {}), DAYS)
            answer = named.ask("visit_measures")
        place.dataset.execute('drop schema "my data" cascade')
    assert 'from "my data".visits' in answer.sql
    assert answer.rows
