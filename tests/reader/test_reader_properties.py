from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.exceptions import TableError
from coveo_source.reader.csv_reader import read_csv
from coveo_source.reader.grammar import BOM
from coveo_source.reader.values import time_of
from tests.support.csv_builders import (
    CELL_WRITERS,
    FORMATS,
    INSTANT,
    SEARCHES,
    TIME,
    accepted_rows,
    csv_file,
    rejected_rows,
    without_newlines,
)
from tests.support.reference_parser import InvalidCsv, parse

HEADER = ["id", "datetime", "c_a", "searches.c_b"]
cells = (
    st.text(
        st.sampled_from([*'"\\,\r\n', "\ufeff", "\u2028", "😀", "é", "a", "0", " ", "#", "\0"]),
        max_size=8,
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | st.sampled_from(["NULL", "null", "NA", "NaN", "\\N", "0012", "1e5", "true", '"', "\\", '"\\'])
)
custom_names = st.lists(
    st.from_regex(r"c_[a-z]{1,6}", fullmatch=True), min_size=1, max_size=4, unique=True
)


@settings(deadline=None, max_examples=60)
@given(
    st.data(),
    custom_names,
    st.integers(0, 6),
    st.sampled_from(list(CELL_WRITERS)),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_any_texts_are_read_back_exactly_in_every_dialect(
    data: st.DataObject, custom: list[str], count: int, dialect: str, end: str, bom: bool
) -> None:
    header = data.draw(st.permutations(["id", "datetime", *custom]))
    prefixed = [f"searches.{name}" if data.draw(st.booleans()) else name for name in header]
    records = [
        {"id": f"id {n}", "datetime": TIME, **{name: data.draw(cells) for name in custom}}
        for n in range(count)
    ]
    if dialect == "no_newline":
        records = [{k: without_newlines(v) for k, v in record.items()} for record in records]
    rows = [prefixed, *([record[name] for name in header] for record in records)]
    with TemporaryDirectory() as folder:
        path = csv_file(Path(folder) / "x.csv", rows, dialect, end, bom)
        batches = list(read_csv(path, SEARCHES, FORMATS[dialect]))
    expected = [
        {name: INSTANT if name == "datetime" else record[name] or None for name in header}
        for record in records
    ]
    assert accepted_rows(batches) == expected
    assert rejected_rows(batches) == []
    assert batches[0].rows.column_names == header
    assert sum(batch.records for batch in batches) == count


@pytest.mark.slow
@settings(deadline=None, max_examples=400)
@given(
    st.data(),
    st.lists(st.tuples(cells, cells), max_size=5),
    st.sampled_from(list(CELL_WRITERS)),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_damaged_file_is_read_exactly_or_rejected_or_refused(
    data: st.DataObject, pairs: list[tuple[str, str]], dialect: str, end: str
) -> None:
    rows = [HEADER, *([f"id{n}", TIME, *pair] for n, pair in enumerate(pairs))]
    if dialect == "no_newline":
        rows = [[without_newlines(cell) for cell in row] for row in rows]
    with TemporaryDirectory() as folder:
        ends = [
            csv_file(Path(folder) / "x.csv", rows[:n], dialect, end).stat().st_size
            for n in range(1, len(rows) + 1)
        ]
        path = csv_file(Path(folder) / "x.csv", rows, dialect, end)
        content, damage_start = data.draw(damaged(path.read_bytes()))
        path.write_bytes(content)
        reference = reference_records(content, FORMATS[dialect])
        try:
            batches = list(read_csv(path, SEARCHES, FORMATS[dialect]))
        except TableError:
            assert damage_start < ends[0]
            assert not reference or not is_header(reference[0])
            return
    rows_read = [list(row.values()) for row in accepted_rows(batches)]
    rejected = [cell["record"] for cell in rejected_rows(batches) if cell["column"] == "*"]
    # every record is a row or rejected
    assert sum(batch.records for batch in batches) == len(rows_read) + len(rejected)
    if not reference:
        assert rejected or reference == rows_read == []
    else:
        names = batches[0].rows.column_names
        required = names.index("id"), names.index("datetime")
        expected = expected_rows(reference)
        fits = [all(row[index] for index in required) for row in expected]
        assert rows_read == list(compress(expected, fits))
        assert rejected == [number for number, fit in enumerate(fits, 1) if not fit]
    # records before the damage are unchanged
    sound = [row for row, size in zip(rows[1:], ends[1:], strict=True) if size <= damage_start]
    assert rows_read[: len(sound)] == [
        [row[0], INSTANT, *(cell or None for cell in row[2:])] for row in sound
    ]
    # no cell is made up
    text = content.decode(errors="backslashreplace")
    texts_read = [cell for row in rows_read for cell in row if isinstance(cell, str)]
    assert all(occurs_in(text, cell) for cell in texts_read)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> tuple[bytes, int]:
    """Deletes, inserts or replaces bytes, or cuts them off; returns also where that begins."""
    damage_start = len(content)
    for _ in range(draw(st.integers(1, 3))):
        position = draw(st.integers(0, max(0, len(content) - 1)))
        byte = draw(st.sampled_from([bytes([code]) for code in b'"""\\,, \n\r\0\xff\xc3x7']))
        kind = draw(st.sampled_from(["delete", "insert", "replace", "cut"]))
        rest = {
            "delete": content[position + 1 :],
            "insert": byte + content[position:],
            "replace": byte + content[position + 1 :],
            "cut": b"",
        }[kind]
        content = content[:position] + rest
        damage_start = min(damage_start, position)
    return content, damage_start


def reference_records(content: bytes, export_format: str) -> list[list[str]] | None:
    """Returns the records as read by the reference parser; None if not all of them are sound."""
    try:
        records = parse(content.removeprefix(BOM).decode(), export_format)
    except (InvalidCsv, UnicodeDecodeError):
        return None
    return records if all(len(record) == len(records[0]) for record in records) else None


def is_header(record: Sequence[str]) -> bool:
    """Returns True if the reader should accept the record as a header."""
    if any(ord(character) < 32 for name in record for character in name):
        return False
    names = [api_name(name) for name in record]
    return {"id", "datetime"} <= {*names} and "" not in names and len({*names}) == len(names)


def expected_rows(records: list[list[str]]) -> list[list[object]]:
    """Returns the rows that records should become, even if their key or time is missing."""
    time = [api_name(name) for name in records[0]].index("datetime")
    return [
        [instant(cell) if index == time else cell or None for index, cell in enumerate(record)]
        for record in records[1:]
    ]


def api_name(name: str) -> str:
    return name.strip().removeprefix("searches.")


def instant(cell: str) -> datetime | None:
    """Returns the time in a cell."""
    moment = time_of(cell)
    return moment and moment.replace(tzinfo=timezone.utc)


def occurs_in(text: str, cell: str) -> bool:
    """Returns True if a file has the cell, either verbatim or escaped in one of the dialects."""
    return cell in text or any(write(cell)[1:-1] in text for write in CELL_WRITERS.values())
