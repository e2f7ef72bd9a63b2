"""The tables that models read and that are made from CSV files: what a cause counts as."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa

from ..model_settings import ModelSettings
from .files import Model, seed_rows
from .qualify import Schema
from .resources import rows_resource
from .state import BUILDS

_SCHEMA = pa.schema([("action_cause", pa.string()), ("kind", pa.string())])


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

    def resources(self, schema: Schema, known: Mapping[str, str]) -> list[Any]:
        """Returns the resources for those that are not loaded as they are now.

        known: the fingerprint that each was last loaded with
        """
        due = [
            {"model": name, "fingerprint": fingerprint}
            for name, fingerprint in self.fingerprints.items()
            if name not in schema or known.get(name) != fingerprint
        ]
        tables = [
            dlt.resource(
                [pa.Table.from_pylist(self._rows[each["model"]], _SCHEMA)],
                name=each["model"],
                write_disposition="replace",
            )
            for each in due
        ]
        return [*tables, rows_resource(BUILDS, due, key="model")] if due else []
