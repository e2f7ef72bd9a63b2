"""Collects what does not fit: cells that cannot be cast, and records that cannot become rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ..exceptions import ValueRejected
from ..tables import column_type
from .values import ACCEPTED

WHOLE_RECORD = "*"
"""Takes the place of the column where a whole record is rejected."""

_SHOWN = 100
"""Characters of a text that a message shows."""
_SAMPLES = 3

REJECTED_SCHEMA = pa.schema(
    [
        pa.field("record", pa.int64(), nullable=False),
        pa.field("column", pa.string(), nullable=False),
        pa.field("raw", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("key", pa.string()),
    ]
)
"""One row per rejection, with the fields of `Rejection`."""


class Rejection(NamedTuple):
    """A cell or a whole record that does not fit.

    record: number of the record in the file; the first one after the header is 1
    column: API name, or WHOLE_RECORD
    raw: text of the cell; for a record without its key or time, all its cells as a JSON object;
        for a record that does not parse, its text in the file
    reason: why it does not fit
    key: text of the first column of the row's key; None if it is not known
    """

    record: int
    column: str
    raw: str
    reason: str
    key: str | None = None


def to_table(rejections: Iterable[Rejection]) -> pa.Table:
    """Returns rejections as a table of REJECTED_SCHEMA."""
    return pa.Table.from_pylist([each._asdict() for each in rejections], REJECTED_SCHEMA)


def raise_rejection(rejected: pa.Table, export: str, file: str) -> None:
    """Raises the first row of a table of REJECTED_SCHEMA as a ValueRejected."""
    first = rejected.slice(0, 1).drop_columns("key")
    raise ValueRejected(export, file, *first.to_pylist()[0].values())


class Doubt(NamedTuple):
    """A reason to leave out a whole record.

    column: API name of the column that it is about
    reason: says why, with `{name}` for the column and `{raw}` for its text
    """

    column: str
    reason: str

    def about(self, raw: str | None) -> str:
        """Returns why a record with this text in the column is left out, as a clause."""
        return self.reason.format(name=self.column, raw=(raw or "")[:_SHOWN])


class Misfits(NamedTuple):
    """What did not fit in one column, or as a whole record.

    cells: how many there are
    samples: the first of their texts, shortened
    """

    cells: int
    samples: tuple[str, ...]

    def and_more(self, other: "Misfits") -> "Misfits":
        """Returns these and the following ones."""
        return Misfits(self.cells + other.cells, (*self.samples, *other.samples)[:_SAMPLES])


def rejected_records(
    records: Iterable[str],
    doubts: Mapping[Doubt, pa.ChunkedArray],
    texts: pa.Table,
    numbers: Sequence[int],
    keys: pa.ChunkedArray,
) -> Iterator[Rejection]:
    """Yields a rejection for each record that is left out.

    records: these records, each as a JSON object
    doubts: for each reason, of which records of the batch it is true
    texts: the cells of the batch
    numbers: of all records of the batch, in the file
    keys: of all records of the batch, the text of the first column of the key
    """
    indices = pc.indices_nonzero(reduce(pc.or_, doubts.values()))
    columns = [
        (doubt, is_true.take(indices).to_pylist(), texts[doubt.column].take(indices).to_pylist())
        for doubt, is_true in doubts.items()
    ]
    for place, (index, raw) in enumerate(zip(indices.to_pylist(), records, strict=True)):
        reasons = [doubt.about(cells[place]) for doubt, is_true, cells in columns if is_true[place]]
        reason = f"{' and '.join(reasons)}, so the row is left out"
        yield Rejection(numbers[index], WHOLE_RECORD, raw, reason, keys[index].as_py())


def misfits_of(
    cells: Mapping[str, pa.ChunkedArray],
    doubts: Mapping[Doubt, pa.ChunkedArray],
    texts: pa.Table,
) -> dict[str, Misfits]:
    """Sums up what does not fit, by column.

    cells: for each column, the text of the cells that do not fit, and null for the others
    doubts, texts: as in `rejected_records`
    """
    about = {doubt.column for doubt in doubts}
    found = {name: misfit.drop_null() for name, misfit in cells.items() if name not in about}
    for name in about:
        is_true = reduce(pc.or_, [each for doubt, each in doubts.items() if doubt.column == name])
        found[name] = texts[name].filter(is_true)
    return {name: summed_up(misfit) for name, misfit in found.items() if len(misfit)}


def summed_up(texts: pa.ChunkedArray) -> Misfits:
    """Returns texts that do not fit, summed up."""
    return Misfits(
        len(texts), tuple((text or "")[:_SHOWN] for text in texts[:_SAMPLES].to_pylist())
    )


def rejected_cells(
    misfits: Mapping[str, pa.ChunkedArray],
    excluded: pa.ChunkedArray,
    numbers: Sequence[int],
    keys: pa.ChunkedArray,
) -> Iterator[Rejection]:
    """Yields a rejection for each cell that does not fit the type of its column.

    misfits: for each column, the text of the cells that do not fit, and null for the others
    excluded: for every record, whether it is rejected as a whole, its cells included
    numbers: of the records in the file
    keys: of the records, the text of the first column of the key
    """
    for name, texts in misfits.items():
        kept = pc.if_else(excluded, pa.scalar(None, pa.string()), texts)
        # rejected cells are rare: most columns need no loop in Python
        if kept.null_count == len(kept):
            continue
        reason = f"is not {ACCEPTED[column_type(name)]}"
        for number, raw, key in zip(numbers, kept.to_pylist(), keys.to_pylist(), strict=True):
            if raw is not None:
                yield Rejection(number, name, raw, reason, key)
