"""Rejects without the values of excluded columns, and with hashes instead of those of others.

A cell has its column, and so has one of a record that was parsed. Of a text in which nobody can
tell the columns apart, nothing is kept but where it is. Nor is a text in which a private value of
its own row stands: somebody's name in the column of a number, for instance.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..reader import WHOLE_RECORD, Batch
from ..tables import Table

_TELLING = 4
"""Characters of a value from which on a text does not hold it by chance."""
_LONGEST = 100
"""Characters of a value by which it is looked for."""
_NOT_KEPT = "; its text is not kept, since it may hold what is excluded or hashed"


@dataclass(frozen=True)
class PrivateRejects:
    """What is kept of the rejects of a batch.

    excluded, hashed: API names of its columns that are not loaded, or of which hashes are
    hashed_text: returns the hash of a text
    """

    table: Table
    excluded: Collection[str]
    hashed: Collection[str]
    hashed_text: Callable[[str], str]

    def protected(self, batch: Batch) -> Batch:
        """Returns a batch with rejects, and with samples of them, as they may be kept and shown."""
        kept = list(self._kept(batch)) if batch.rejected.num_rows else []
        shown = [text for row in kept for text in self._plain_texts(row)]
        misfits = {
            column: found._replace(samples=tuple(_known(found.samples, shown)))
            for column, found in batch.misfits.items()
            if column not in self.excluded
        }
        records = batch.misfit_records
        if len(misfits) < len(batch.misfits):
            records = min(records, len({row["record"] for row in kept}))
        rejected = pa.Table.from_pylist(kept, batch.rejected.schema)
        return batch._replace(rejected=rejected, misfits=misfits, misfit_records=records)

    def _kept(self, batch: Batch) -> Iterator[dict[str, Any]]:
        own = self._values_by_key(batch)
        for row in batch.rejected.to_pylist():
            if row["column"] == WHOLE_RECORD:
                yield self._record(row, batch.rows.column_names)
            elif row["column"] in self.hashed:
                yield {**row, "raw": self.hashed_text(row["raw"])}
            elif row["column"] not in self.excluded:
                yield _without(row, own.get(row["key"], ()))

    def _record(self, row: dict[str, Any], header: Sequence[str]) -> dict[str, Any]:
        cells = _cells(row["raw"], header)
        if cells is None:
            return {**row, "raw": None, "reason": row["reason"] + _NOT_KEPT}
        own = [text for name in (*self.excluded, *self.hashed) if (text := cells[name])]
        left = {name: text for name, text in cells.items() if name not in self.excluded}
        for name in self.hashed:
            left[name] = self.hashed_text(text) if (text := left[name]) else None
        raw = json.dumps(left, ensure_ascii=False, separators=(",", ":"))
        return _without({**row, "raw": raw}, own)

    def _values_by_key(self, batch: Batch) -> dict[str, list[str]]:
        """Returns the private texts of the rows that something was rejected of."""
        keys = batch.rows[self.table.key[0]]
        rows = batch.rows.filter(pc.is_in(keys, value_set=pc.unique(batch.rejected["key"])))
        found: dict[str, list[str]] = {}
        for name in (*self.excluded, *self.hashed):
            if pa.types.is_string(rows.schema.field(name).type):
                cells = rows[self.table.key[0]].to_pylist(), rows[name].to_pylist()
                for key, text in zip(*cells, strict=True):
                    found.setdefault(key, []).extend([text] if text else [])
        return found

    def _plain_texts(self, row: Mapping[str, Any]) -> Iterable[str]:
        """Returns the texts of a reject, as it is kept, that are not hashes."""
        if row["raw"] is None or row["column"] in self.hashed:
            return ()
        if row["column"] != WHOLE_RECORD:
            return (row["raw"],)
        cells = json.loads(row["raw"])
        return [text for name, text in cells.items() if text and name not in self.hashed]


def _cells(raw: str | None, header: Sequence[str]) -> dict[str, str | None] | None:
    """Returns the cells of a record that was parsed; None if this is another text."""
    try:
        cells = json.loads(raw or "")
    except ValueError:
        return None
    return cells if isinstance(cells, dict) and list(cells) == list(header) else None


def _without(row: dict[str, Any], own: Collection[str]) -> dict[str, Any]:
    """Returns a reject, without its text if that holds one of the private values of its row."""
    held = {spelled for text in own for spelled in _spellings(text)}
    if _holds(row["reason"], held):
        return {**row, "raw": None, "reason": f"does not fit{_NOT_KEPT}"}
    if _holds(row["raw"], held):
        return {**row, "raw": None, "reason": row["reason"] + _NOT_KEPT}
    return row


def _spellings(value: str) -> Iterable[str]:
    """Returns a value as a reject may have it: plain, in JSON, or in a reason, cut off there."""
    start = value[:_LONGEST]
    return start, json.dumps(start, ensure_ascii=False)[1:-1], repr(start)[1:-1]


def _holds(text: str, values: Iterable[str]) -> bool:
    return any(text == value or (len(value) >= _TELLING and value in text) for value in values)


def _known(samples: Iterable[str], shown: Collection[str]) -> Iterator[str]:
    """Yields the samples, which may be cut off, of texts that may be shown."""
    for sample in samples:
        if any(text.startswith(sample) for text in shown):
            yield sample
