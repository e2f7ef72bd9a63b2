"""Collects what does not fit: cells that cannot be cast, and records that cannot become rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ..exceptions import ValueRejected
from ..tables import column_type

WHOLE_RECORD = "*"
"""Takes the place of the column where a whole record is rejected."""

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


def rejected_records(
    records: Iterable[str],
    excluded: pa.ChunkedArray,
    required: Sequence[str],
    numbers: Sequence[int],
    keys: pa.ChunkedArray,
) -> Iterator[Rejection]:
    """Yields a rejection for each record without its time or a part of its key.

    records: these records, each as a JSON object
    excluded: for every record of the batch, whether it is one of them
    required: names of the columns that must have a value
    numbers: of all records of the batch, in the file
    keys: of all records of the batch, the text of the first column of the key
    """
    reason = f"needs {' and '.join(required)}, so the row is left out"
    for index, raw in zip(pc.indices_nonzero(excluded).to_pylist(), records, strict=True):
        yield Rejection(numbers[index], WHOLE_RECORD, raw, reason, keys[index].as_py())


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
        for number, raw, key in zip(numbers, kept.to_pylist(), keys.to_pylist(), strict=True):
            if raw is not None:
                yield Rejection(number, name, raw, f"is not a {column_type(name)}", key)
