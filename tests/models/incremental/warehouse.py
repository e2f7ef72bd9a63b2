"""A database for models to be built in, without Coveo."""

from pathlib import Path
from typing import Any

import dlt
import duckdb

from coveo_source.destination.duckdb import TunedDuckDb
from coveo_source.models.runner import build
from tests.models.incremental.history import EVENING, Rows, reckoned, tables


class Warehouse:
    """A database of its own in a folder, and the pipeline that loads into it."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.path = str(self.folder / "coveo.duckdb")
        self.pipeline = self.pipeline_in("pipelines")

    def pipeline_in(self, working_folder: str) -> dlt.Pipeline:
        """The same pipeline as seen from one machine or another."""
        return dlt.pipeline(
            "coveo",
            pipelines_dir=str(self.folder / working_folder),
            destination=TunedDuckDb(self.path),
            dataset_name="coveo_ua",
        )

    def build(self, *names: str, **options: Any) -> set[str]:
        """Brings models up to date; returns the names of those that were built."""
        return {name for name, _ in build(self.pipeline, names, **options)}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.path, read_only=True) as connection:
            connection.execute("use coveo_ua")
            connection.execute("set timezone = 'UTC'")
            return connection.execute(sql).fetchall()

    def check(self) -> None:
        """All models are what a full refresh would make of the tables."""
        found, wanted = tables(self.path), reckoned(self.pipeline, self.path)
        for name in wanted:
            assert found[name] == wanted[name], name


def click(click_id: str, search: str, **cells: Any) -> Rows:
    """One click on a document."""
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
