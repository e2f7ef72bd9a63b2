"""Each model can be translated for the databases that dlt can load into."""

import pytest
import sqlglot
import yaml
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from coveo_source.models.dialects import translated
from coveo_source.models.files import SEEDS, sql_folder
from tests.sql.warehouse import build_order, sql_of

DIALECTS = ("postgres", "snowflake", "bigquery", "databricks", "redshift", "clickhouse")
BUILT_ON_TIMELINE = [name for name in build_order() if name != "all_events"]


def translation(model: str, dialect: str, caplog: pytest.LogCaptureFixture) -> str:
    """Returns a model in another dialect; sqlglot must not warn of an unsupported construct."""
    query = sqlglot.parse_one(sql_of(model), read="duckdb")
    assert isinstance(query, exp.Query)
    text = translated(query, dialect)
    assert not caplog.records
    return text


def described(name: str) -> dict[str, str]:
    """Returns the type of each column in the YAML of a model or of the seed."""
    document = yaml.safe_load((sql_folder() / f"{name}.yml").read_text(encoding="utf-8"))
    [properties] = document.get("models") or document["seeds"]
    return {column["name"]: column["data_type"] for column in properties["columns"]}


def duckdb_type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect="duckdb")


SCHEMA: dict[str, object] = {
    **{name: described(name) for name in (*build_order(), *SEEDS)},
    "keywords": {"search_id": "varchar", "keyword": "varchar"},
    "groups": {"search_id": "varchar", "group_name": "varchar"},
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("model", BUILT_ON_TIMELINE)
def test_a_translated_model_has_the_same_columns_and_names_those_that_it_reads(
    model: str, dialect: str, caplog: pytest.LogCaptureFixture
) -> None:
    query = sqlglot.parse_one(translation(model, dialect, caplog), read=dialect)
    [final] = (cte.this for cte in query.find_all(exp.CTE) if cte.alias == "final")
    assert final.named_selects == list(described(model))
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    for select in query.find_all(exp.Select):
        has_star = any(isinstance(column, exp.Star) for column in select.expressions)
        source = select.args["from_"].this if "from_" in select.args else None
        assert not has_star or (source is not None and source.name in ctes)


@pytest.mark.parametrize("model", BUILT_ON_TIMELINE)
def test_the_type_of_every_column_can_be_derived_from_the_sql_alone(model: str) -> None:
    query = qualify(sqlglot.parse_one(sql_of(model), read="duckdb"), schema=SCHEMA)
    typed_query = annotate_types(query, schema=SCHEMA, dialect="duckdb")
    assert isinstance(typed_query, exp.Query)
    types = {select.alias_or_name: select.type for select in typed_query.selects}
    assert types == {name: duckdb_type(kind) for name, kind in described(model).items()}
