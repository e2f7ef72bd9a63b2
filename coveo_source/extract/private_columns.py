"""Columns that are not loaded, or not as Coveo has them, before a row of theirs reaches dlt.

It goes by the file's own header: Coveo also writes columns that nobody has asked for.
"""

from collections.abc import Iterable

import pyarrow as pa

from ..keyed_hash import keyed_hash
from ..privacy_settings import same_name
from ..reader import Batch
from ..settings import Settings
from ..tables import COVEO_COLUMNS, Table
from .column_names import ColumnNames
from .dimensions import Dimension
from .private_rejects import PrivateRejects


class PrivateColumns:
    """What `exclude_dimensions` and `hash_dimensions` say of columns, by their API names."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def is_excluded(self, name: str) -> bool:
        """Returns True if a column is not loaded."""
        return any(same_name(name, each) for each in self._settings.exclude_dimensions)

    def loaded(self, names: Iterable[str]) -> list[str]:
        """Returns those of some columns that are loaded."""
        return [name for name in names if not self.is_excluded(name)]

    def listed(self, dimensions: Iterable[Dimension]) -> list[Dimension]:
        """Returns those of some dimensions that are loaded."""
        return [each for each in dimensions if not self.is_excluded(each.api_name)]

    def protected(self, table: Table, batch: Batch) -> Batch:
        """Returns a batch without excluded values, and with hashes instead of others.

        So are its rejects, and what is said of them in messages. A file without such columns has
        its batches returned as they are.
        """
        header = batch.rows.column_names
        excluded = [name for name in header if self.is_excluded(name)]
        hashed = [name for name in header if self._is_hashed(name)]
        if not excluded and not hashed:
            return batch
        rejects, rows = PrivateRejects(table, excluded, hashed, self._hash), batch.rows
        for name in hashed:
            place = rows.column_names.index(name)
            rows = rows.set_column(
                place, rows.field(name), hashed_texts(rows[name], self._settings.hash_key)
            )
        return rejects.protected(batch)._replace(rows=rows.drop_columns(excluded))

    def excluded_columns(self, names: ColumnNames) -> frozenset[str]:
        """Returns the columns of the dataset that hold what earlier runs loaded of the excluded."""
        known = {*COVEO_COLUMNS, *names.settled, *self._settings.exclude_dimensions}
        return frozenset(names.known(filter(self.is_excluded, known)).values())

    def _is_hashed(self, name: str) -> bool:
        return any(same_name(name, each) for each in self._settings.hash_dimensions)

    def _hash(self, value: str) -> str:
        return keyed_hash(self._settings.hash_key, value)


def hashed_texts(texts: pa.ChunkedArray, key: str) -> pa.ChunkedArray:
    """Returns the keyed hash of each text, and null for null; texts may be of any Arrow type."""
    # a text is hashed once in a batch, however many rows have it
    encoded = texts.cast(pa.large_string()).dictionary_encode().unify_dictionaries()
    if not encoded.num_chunks:
        return pa.chunked_array([], pa.string())
    values = encoded.chunk(0).dictionary.to_pylist()
    hashes = pa.array([keyed_hash(key, value) for value in values], pa.string())
    return pa.chunked_array([hashes.take(chunk.indices) for chunk in encoded.chunks], pa.string())
