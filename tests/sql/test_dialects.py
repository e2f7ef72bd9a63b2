"""Each model is understood by the databases that dlt can load into."""

import pytest
import sqlglot
import yaml
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from coveo_source.models.dialects import translated
from coveo_source.models.files import sql_folder
from tests.sql.warehouse import build_order, sql_of

DIALECTS = ("postgres", "snowflake", "bigquery", "databricks", "redshift", "clickhouse")
UPPER = [name for name in build_order() if name != "all_events"]


def written(model: str, dialect: str, caplog: pytest.LogCaptureFixture) -> str:
    """A model in another dialect; sqlglot warns of a construct that it does not have."""
    query = sqlglot.parse_one(sql_of(model), read="duckdb")
    assert isinstance(query, exp.Query)
    text = translated(query, dialect)
    assert not caplog.records
    return text


def described(name: str) -> dict[str, str]:
    """The columns and types that the YAML of a model or of the seed gives."""
    document = yaml.safe_load((sql_folder() / f"{name}.yml").read_text(encoding="utf-8"))
    [properties] = document.get("models") or document["seeds"]
    return {column["name"]: column["data_type"] for column in properties["columns"]}


def typed(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect="duckdb")


SCHEMA: dict[str, object] = {
    **{name: described(name) for name in (*build_order(), "search_causes")},
    "keywords": {"search_id": "varchar", "keyword": "varchar"},
    "groups": {"search_id": "varchar", "group_name": "varchar"},
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("model", UPPER)
def test_a_model_is_written_in_another_dialect_and_reads_back_with_its_columns(
    model: str, dialect: str, caplog: pytest.LogCaptureFixture
) -> None:
    read = sqlglot.parse_one(written(model, dialect, caplog), read=dialect)
    [final] = (cte.this for cte in read.find_all(exp.CTE) if cte.alias == "final")
    assert final.named_selects == list(described(model))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("model", UPPER)
def test_only_the_timeline_has_columns_that_depend_on_the_organization(
    model: str, dialect: str, caplog: pytest.LogCaptureFixture
) -> None:
    query = sqlglot.parse_one(written(model, dialect, caplog), read=dialect)
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    for select in query.find_all(exp.Select):
        open_ended = any(isinstance(each, exp.Star) for each in select.expressions)
        source = select.args["from_"].this if "from_" in select.args else None
        assert not open_ended or (source is not None and source.name in ctes)


@pytest.mark.parametrize("model", UPPER)
def test_the_type_of_every_column_is_known_from_the_text_alone(model: str) -> None:
    query = qualify(sqlglot.parse_one(sql_of(model), read="duckdb"), schema=SCHEMA)
    typed_query = annotate_types(query, schema=SCHEMA, dialect="duckdb")
    assert isinstance(typed_query, exp.Query)
    found = {select.alias_or_name: select.type for select in typed_query.selects}
    assert found == {name: typed(kind) for name, kind in described(model).items()}
