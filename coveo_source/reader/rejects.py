"""What does not fit: cells that are not of their column's type, records that cannot be a row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..exceptions import ValueRejected
from ..tables import column_type

WHOLE_RECORD = "*"
"""Stands for the column where a whole record is rejected."""

REJECTED_SCHEMA = pa.schema(
    [
        pa.field("record", pa.int64(), nullable=False),
        pa.field("column", pa.string(), nullable=False),
        pa.field("raw", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""record: its number in the file; the first behind the header is 1
column: API name, or WHOLE_RECORD
raw: the text of the cell; of a record without its key or time all cells, as a JSON object; of one
    that does not parse its line
reason: what was expected"""

Rejection = dict[str, object]


def rejection(record: int, column: str, raw: str, reason: str) -> Rejection:
    """One row of REJECTED_SCHEMA."""
    return {"record": record, "column": column, "raw": raw, "reason": reason}


def as_table(rejections: Iterable[Rejection]) -> pa.Table:
    """Rejections as a table of REJECTED_SCHEMA."""
    return pa.Table.from_pylist(list(rejections), schema=REJECTED_SCHEMA)


def refuse(rejected: pa.Table, export: str, file: str) -> None:
    """Makes an error of the first rejection.

    Raises:
        ValueRejected: always
    """
    first = rejected.slice(0, 1).to_pylist()[0]
    raise ValueRejected(
        export, file, first["record"], first["column"], first["raw"], first["reason"]
    )


def rejected_records(
    records: Iterable[str],
    left_out: pa.ChunkedArray,
    required: Sequence[str],
    numbers: Sequence[int],
) -> Iterator[Rejection]:
    """The records that lack a part of their key, or their time.

    records: each as a JSON object
    left_out: which they are, of all that have a number
    numbers: of all records, in the file
    """
    reason = f"needs {' and '.join(required)}, so the row is left out"
    for place, raw in zip(pc.indices_nonzero(left_out).to_pylist(), records, strict=True):
        yield rejection(numbers[place], WHOLE_RECORD, raw, reason)


def rejected_cells(
    cells: Mapping[str, pa.ChunkedArray], left_out: pa.ChunkedArray, numbers: Sequence[int]
) -> Iterator[Rejection]:
    """The cells that do not fit the type of their column.

    cells: by column, the text where it does not fit and null where it does
    left_out: which records are rejected as a whole, and so hold these cells too
    """
    for name, texts in cells.items():
        alone = pc.if_else(left_out, pa.scalar(None, pa.string()), texts)
        for number, raw in present(alone, numbers):
            yield rejection(number, name, raw, f"is not a {column_type(name)}")


def present(texts: pa.ChunkedArray, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The texts that are there, each with the number of its record."""
    if texts.null_count < len(texts):
        for number, text in zip(numbers, texts.to_pylist(), strict=True):
            if text is not None:
                yield number, text
