"""A warehouse keeps the rows of a table in an order that suits queries; others do not change."""

from typing import Any

import dlt
import pytest
from dlt.common.schema import Schema
from dlt.common.schema.utils import new_column
from dlt.extract import DltResource

from coveo_source.destination import Layout, lay_out, lay_out_table

EVENTS = Layout("datetime", is_day=False, key=("search_id", "keyword"))
VISITS = Layout("day", is_day=True, key=("visit_id",))
COLUMNS: Any = {
    **{name: new_column(name, "text") for name in ("visit_id", "search_id", "keyword")},
    "datetime": new_column("datetime", "timestamp"),
    "day": new_column("day", "date"),
}


def table(key: tuple[str, ...] = ()) -> DltResource:
    resource = dlt.resource([], name="events", columns=COLUMNS, write_disposition="merge")
    return resource.apply_hints(primary_key=key or None)


def statement(
    destination: str, layout: Layout, generate_alter: bool = False, key: tuple[str, ...] = ()
) -> str:
    """What dlt sends to create the table, or to add its columns to an existing one."""
    settings: Any = {"project_id": "p", "private_key": "", "client_email": ""}
    if destination in ("snowflake", "clickhouse"):
        settings = f"{destination}://user:secret@account/database"
    if destination == "databricks":
        settings = {"server_hostname": "h", "http_path": "p", "access_token": "t", "catalog": "c"}
    kind: Any = getattr(dlt.destinations, destination)(credentials=settings)
    dialect = kind.capabilities().sqlglot_dialect
    schema = Schema("coveo")
    schema.update_table(lay_out(table(key), layout, dialect).compute_table_schema())
    config = kind.spec()._bind_dataset_name(dataset_name="ua")
    config.credentials = kind.configuration(config, accept_partial=True).credentials
    client = kind.client(schema, config)
    new = list(schema.get_table_columns("events").values())
    return "\n".join(client._get_table_update_sql("events", new, generate_alter))


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "redshift", "tsql", None])
def test_a_table_elsewhere_is_left_as_it_is(dialect: str | None) -> None:
    before = table().compute_table_schema()
    assert lay_out(table(), VISITS, dialect).compute_table_schema() == before


@pytest.mark.parametrize(
    ("layout", "clauses"),
    [
        (
            EVENTS,
            "PARTITION BY TIMESTAMP_TRUNC(`datetime`, MONTH)\nCLUSTER BY `search_id`, `keyword`",
        ),
        (VISITS, "PARTITION BY DATE_TRUNC(`day`, MONTH)\nCLUSTER BY `day`, `visit_id`"),
        (Layout("day", is_day=True), "PARTITION BY DATE_TRUNC(`day`, MONTH)\nCLUSTER BY `day`"),
    ],
)
def test_bigquery_partitions_by_month_and_clusters(layout: Layout, clauses: str) -> None:
    pytest.importorskip("google.cloud.bigquery")
    assert statement("bigquery", layout).replace(")PART", ")\nPART").endswith(clauses)
    assert " BY " not in statement("bigquery", layout, generate_alter=True)


def test_snowflake_clusters_by_time() -> None:
    pytest.importorskip("snowflake.connector")
    assert statement("snowflake", VISITS).endswith('CLUSTER BY ("DAY")')
    assert statement("snowflake", EVENTS).endswith('CLUSTER BY ("DATETIME")')


@pytest.mark.parametrize(
    ("layout", "key", "clauses"),
    [
        (
            EVENTS,
            ("search_id", "keyword"),
            "PRIMARY KEY (`search_id`, `keyword`)\nORDER BY (search_id, keyword, datetime)"
            "\nPARTITION BY toYYYYMM(datetime)",
        ),
        (
            VISITS,
            (),
            "PRIMARY KEY (`visit_id`)\nORDER BY (visit_id, day)\nPARTITION BY toYYYYMM(day)",
        ),
        (
            Layout("day", is_day=True),
            (),
            "PRIMARY KEY (`day`)\nORDER BY (day)\nPARTITION BY toYYYYMM(day)",
        ),
    ],
)
def test_clickhouse_finds_rows_by_their_key_or_visit_in_partitions_of_a_month(
    layout: Layout, key: tuple[str, ...], clauses: str
) -> None:
    pytest.importorskip("clickhouse_driver")
    created = statement("clickhouse", layout, key=key)
    assert created.endswith(f"{clauses}\nSETTINGS allow_nullable_key = true")
    assert "`visit_id` Nullable(String)" in created
    assert " BY " not in statement("clickhouse", layout, generate_alter=True, key=key)


def test_databricks_clusters_by_time_and_key() -> None:
    pytest.importorskip("databricks.sql")
    created = statement("databricks", VISITS)
    # in the order of the table, which means nothing to Databricks
    assert "CLUSTER BY (`visit_id`,`day`)" in created
    assert "'delta.dataSkippingStatsColumns'='day,visit_id'" in created.replace(" ", "")


@pytest.mark.parametrize("dialect", ["bigquery", "clickhouse", "databricks", "snowflake"])
def test_a_layout_of_your_own_stays(dialect: str) -> None:
    own = lay_out(table(), VISITS, dialect)
    chosen = own.compute_table_schema()
    assert chosen != table().compute_table_schema()
    assert lay_out(own, EVENTS, dialect).compute_table_schema() == chosen


@pytest.mark.parametrize("dialect", ["bigquery", "clickhouse", "databricks", "snowflake", "duckdb"])
def test_a_table_of_a_schema_is_laid_out_like_that_of_a_resource(dialect: str) -> None:
    schema, expected = Schema("coveo"), Schema("coveo")
    schema.update_table(table().compute_table_schema())
    lay_out_table(schema, "events", EVENTS, dialect)
    expected.update_table(lay_out(table(), EVENTS, dialect).compute_table_schema())
    assert schema.tables["events"] == expected.tables["events"]
