"""The tables that models read and that are made from CSV files: what a cause counts as."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import pyarrow as pa

from ..model_settings import ModelSettings
from .files import Model, seed_rows
from .qualify import Schema
from .resources import rows_resource
from .state import BUILDS

_SCHEMA = pa.schema([("action_cause", pa.string()), ("kind", pa.string())])


class Seed(NamedTuple):
    """The rows of one of these tables, and their fingerprint."""

    name: str
    fingerprint: str
    rows: list[dict[str, str]]

    @property
    def columns(self) -> list[str]:
        """The names of its columns, all of text."""
        return list(_SCHEMA.names)

    def resource(self) -> Any:
        """Returns a resource that replaces the table."""
        table = pa.Table.from_pylist(self.rows, _SCHEMA)
        return dlt.resource([table], name=self.name, write_disposition="replace")

    def empty_resource(self) -> Any:
        """Returns a resource that creates the table if it does not exist, and changes no rows."""
        return dlt.resource([_SCHEMA.empty_table()], name=self.name, write_disposition="append")


class Seeds:
    """The seeds that some models read.

    fingerprints: a digest of the rows of each, by name
    """

    def __init__(
        self, models: Iterable[Model], folder: Path | None, settings: ModelSettings
    ) -> None:
        read = {table for model in models for table in model.reads}
        self._rows = seed_rows(folder, settings)
        self.fingerprints = {
            name: sha256(repr(rows).encode()).hexdigest()
            for name, rows in self._rows.items()
            if name in read
        }

    def due(self, schema: Schema, known: Mapping[str, str]) -> list[Seed]:
        """Returns those that are not loaded as they are now.

        known: the fingerprint that each was last loaded with
        """
        return [
            Seed(name, fingerprint, self._rows[name])
            for name, fingerprint in self.fingerprints.items()
            if name not in schema or known.get(name) != fingerprint
        ]

    def resources(self, schema: Schema, known: Mapping[str, str]) -> list[Any]:
        """Returns the resources for those that are due."""
        due = self.due(schema, known)
        built = [{"model": each.name, "fingerprint": each.fingerprint} for each in due]
        tables = [each.resource() for each in due]
        return [*tables, rows_resource(BUILDS, built, key="model")] if due else []
