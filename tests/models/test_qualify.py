"""The queries that the runner sends name every column, for any database."""

from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from coveo_source.models.dialects import translated
from coveo_source.models.files import SEEDS, Model, models, parse_sql, read_model
from coveo_source.models.properties import VISIT
from coveo_source.models.pushdown import Limits, Range, filtered, touched_units_query
from coveo_source.models.qualify import AmbiguousName, Schema, known_columns, qualify_query
from coveo_source.models.resources import UntypedColumn, column_hints
from coveo_source.models.state import UNITS
from coveo_source.models.touched import touched_by_loads
from coveo_source.tables import EVENT_TABLES, REMOVED, TABLES

DIALECTS = ("duckdb", "postgres", "snowflake", "bigquery", "databricks", "redshift", "clickhouse")
BASE: Schema = {name: known_columns(name) for name in (*TABLES, REMOVED)}


def full_schema() -> Schema:
    """Returns all tables and models, as a pipeline has them after a first build."""
    schema = {
        **{name: dict(types) for name, types in BASE.items()},
        **{seed: {"action_cause": "varchar", "kind": "varchar"} for seed in SEEDS},
        UNITS: {
            "unit": "varchar",
            "value": "varchar",
            "since": "timestamptz",
            "until": "timestamptz",
            "_dlt_load_id": "varchar",
        },
    }
    for model in models().values():
        query = qualify_query(model.query, schema)
        schema[model.name] = {
            select.alias_or_name: (select.type or exp.DataType()).sql("duckdb").lower()
            for select in query.selects
        }
        schema[model.name]["_dlt_load_id"] = "text"
    return schema


SCHEMA = full_schema()
TIMES = Range("timestamptz", "2026-03-01T00:00:00+00:00", "2026-03-02T00:00:00+00:00")
DAYS = Range("date", "2026-03-01", "2026-03-02")


def sent(model: Model, how: str) -> exp.Query:
    """Returns a model's query, in full or for its touched units."""
    if how == "in full":
        return qualify_query(model.query, SCHEMA)
    return touched_units_query(model, SCHEMA, Limits(TIMES, None if model.unit == VISIT else DAYS))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("how", ["in full", "by unit"])
@pytest.mark.parametrize("model", models().values(), ids=lambda model: model.name)
def test_a_query_names_all_columns_and_can_be_parsed_in_every_dialect(
    model: Model, how: str, dialect: str, caplog: pytest.LogCaptureFixture
) -> None:
    query = sent(model, how)
    text = translated(query, dialect)
    assert not caplog.records
    assert "BY NAME" not in text
    assert not list(query.find_all(exp.Star)) or "COUNT(*)" in text
    read = sqlglot.parse_one(text, read=dialect)
    assert isinstance(read, exp.Query)
    assert read.named_selects == query.named_selects


@pytest.mark.parametrize("missing", [(), (REMOVED,)])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_query_that_lists_touched_units_can_be_parsed_in_every_dialect(
    dialect: str, missing: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    schema = {name: types for name, types in SCHEMA.items() if name not in missing}
    query = qualify_query(parse_sql(touched_by_loads("'1.5'")), schema)
    read_tables = {table.name for table in query.find_all(exp.Table)}
    assert (REMOVED in read_tables) == (REMOVED in schema)
    read = sqlglot.parse_one(translated(query, dialect), read=dialect)
    assert not caplog.records
    assert isinstance(read, exp.Query)
    assert read.named_selects == ["unit", "value", "since", "until"]


@pytest.mark.parametrize("model", models().values(), ids=lambda model: model.name)
def test_every_model_has_a_unit_and_typed_columns(model: Model) -> None:
    columns = {*column_hints(qualify_query(model.query, SCHEMA)), "_dlt_load_id"}
    assert columns == set(SCHEMA[model.name])
    assert model.unit in SCHEMA[model.name]


def test_a_column_of_unknown_type_is_refused_by_name() -> None:
    query = qualify_query(parse_sql("select some_function(id) as riddle, id from searches"), SCHEMA)
    with pytest.raises(UntypedColumn, match="riddle"):
        column_hints(query)


def test_custom_dimensions_of_one_table_are_null_in_the_others() -> None:
    schema = {**SCHEMA, "clicks": {**SCHEMA["clicks"], "c_theme": "varchar"}}
    query = qualify_query(models()["all_events"].query, schema)
    assert "c_theme" in query.named_selects
    text = query.sql("postgres")
    assert text.count("CAST(NULL AS TEXT) AS c_theme") == 2


@pytest.mark.parametrize("missing", EVENT_TABLES)
def test_a_table_that_is_not_loaded_is_replaced_by_an_empty_one(missing: str) -> None:
    schema = {name: types for name, types in SCHEMA.items() if name != missing}
    query = qualify_query(models()["all_events"].query, schema)
    assert set(query.named_selects) >= set(known_columns("searches")) - {"_dlt_load_id"}
    assert missing not in {table.name for table in query.find_all(exp.Table)}


def test_a_cte_with_the_name_of_a_table_is_refused() -> None:
    query = parse_sql("with clicks as (select id from searches) select id from clicks")
    with pytest.raises(AmbiguousName, match="clicks"):
        qualify_query(query, SCHEMA)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from clicks",
        "select click_id from clicks order by click_id limit 3",
        "select visit_id, count(*) as n from clicks group by visit_id",
    ],
)
def test_a_condition_is_applied_to_the_result_of_the_query(sql: str) -> None:
    text = filtered(parse_sql(sql), "visit_id = 'v'").sql("duckdb")
    assert text.endswith("WHERE visit_id = 'v'")
    assert "(" in text or ("GROUP" not in text and "LIMIT" not in text)


def test_a_filtered_table_keeps_its_alias() -> None:
    query = qualify_query(
        parse_sql("select c.click_id from clicks as c join searches as s on c.search_id = s.id"),
        SCHEMA,
        lambda table: "visit_id = 'v'" if table == "clicks" else None,
    )
    assert query.sql("duckdb").endswith("AS c JOIN searches AS s ON c.search_id = s.id")


def test_texts_are_ordered_by_their_bytes_in_postgres() -> None:
    text = translated(qualify_query(models()["all_events"].query, SCHEMA), "postgres")
    assert "sort_keys.event_id COLLATE ucs_basic" in text
    assert "sort_keys.datetime COLLATE" not in text


def test_a_model_without_yaml_is_built_in_full(tmp_path: Any) -> None:
    path = tmp_path / "plain.sql"
    path.write_text("select id from searches", "utf-8")
    assert read_model(path).unit is None
