"""A database to build models in, without Coveo."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import dlt
import duckdb

from coveo_source.destination.duckdb import TunedDuckDb
from coveo_source.destination.tuning import TABLES_AT_ONCE
from coveo_source.model_settings import DEFAULTS, ModelSettings
from coveo_source.models.files import seed_rows, selected
from coveo_source.models.qualify import qualify_query, sql_schema
from coveo_source.models.runner import build
from coveo_source.tables import TABLES
from tests.models.incremental.random_rows import EVENING, Rows


class Warehouse:
    """A database in a folder, and the pipeline that loads into it."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.path = str(self.folder / "coveo.duckdb")
        self.pipeline = self.pipeline_in("pipelines")

    def pipeline_in(self, working_folder: str) -> dlt.Pipeline:
        """Returns the pipeline with another working folder, as on another machine."""
        return dlt.pipeline(
            "coveo",
            pipelines_dir=str(self.folder / working_folder),
            destination=TunedDuckDb(self.path, max_parallel_load_jobs=TABLES_AT_ONCE),
            dataset_name="coveo_ua",
        )

    def build(self, *names: str, **options: Any) -> set[str]:
        """Brings models up to date; returns the names of those that it built."""
        return {name for name, *_ in build(self.pipeline, names, **options)}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Returns the rows of a query."""
        with duckdb.connect(self.path, read_only=True) as connection:
            connection.execute("use coveo_ua")
            connection.execute("set timezone = 'UTC'")
            return connection.execute(sql).fetchall()

    def assert_up_to_date(self, settings: ModelSettings = DEFAULTS) -> None:
        """Asserts that all models have the rows that a full refresh would give them."""
        actual = model_tables(self.path)
        expected = expected_tables(self.pipeline, self.path, settings)
        for name in expected:
            assert actual[name] == expected[name], name


def click(click_id: str, search: str, **cells: Any) -> Rows:
    """Returns a click on a document, as the only row of a load."""
    return [
        {
            "clickId": click_id,
            "searchId": search,
            "datetime": EVENING,
            "documentUrl": "d1",
            "clickRank": 1,
            **cells,
        }
    ]


def model_tables(database: str) -> dict[str, list[tuple[Any, ...]]]:
    """Returns the rows of each model, in a fixed order and without load ids."""
    with duckdb.connect(database, read_only=True) as connection:
        return {
            name: connection.execute(
                f"select * exclude (_dlt_load_id) from coveo_ua.{name} order by all"
            ).fetchall()
            for name in (model.name for model in selected(()))
        }


@cache
def _qualified(model: str, schema: str, settings: ModelSettings) -> tuple[str, set[str]]:
    """Returns a model's SQL over tables with a schema, given as JSON, and its columns."""
    [wanted] = selected((model,), settings=settings)
    query = qualify_query(wanted.query, json.loads(schema))
    return query.sql("duckdb"), set(query.named_selects)


def expected_tables(
    pipeline: dlt.Pipeline, database: str, settings: ModelSettings = DEFAULTS
) -> dict[str, list[tuple[Any, ...]]]:
    """Returns the rows that each model must hold: the result of its query over all the data."""
    schema = sql_schema(pipeline)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as stored (read_only)")
        for table in TABLES.keys() & schema.keys():
            connection.execute(f"create view {table} as from stored.coveo_ua.{table}")
        for seed in seed_rows():
            connection.execute(f"create view {seed} as from stored.coveo_ua.{seed}")
        results = {}
        for model in selected(()):
            name = model.name
            sql, columns = _qualified(name, json.dumps(schema), settings)
            stored = [name for name in schema[name] if name != "_dlt_load_id"]
            shown = ", ".join(n if n in columns else f"null as {n}" for n in stored)
            connection.execute(f"create table {name} as {sql}")
            results[name] = connection.execute(
                f"select {shown} from {name} order by all"
            ).fetchall()
        return results
