import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.exceptions import TableError
from coveo_source.reader.arrow import BOM
from coveo_source.reader.csv_reader import read
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

cells = (
    st.text(
        st.sampled_from([*'"\\,\r\n', "\ufeff", "\u2028", "😀", "é", "a", "0", " ", "#", "\0"]),
        max_size=8,
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | st.sampled_from(["NULL", "null", "NA", "NaN", "\\N", "0012", "1e5", "true", '"', "\\", '"\\'])
)
names = st.lists(
    st.from_regex(r"c_[a-z]{1,6}", fullmatch=True), min_size=1, max_size=4, unique=True
)


@settings(deadline=None, max_examples=60)
@given(
    st.data(),
    names,
    st.integers(0, 6),
    st.sampled_from(list(CELL_WRITERS)),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_any_table_of_texts_comes_back_exactly_in_every_dialect(
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
        batches = list(read(path, SEARCHES, FORMATS[dialect]))
    expected = [
        {name: INSTANT if name == "datetime" else record[name] or None for name in header}
        for record in records
    ]
    assert accepted_rows(batches) == expected
    assert rejected_rows(batches) == []
    assert batches[0].rows.column_names == header
    assert sum(batch.records for batch in batches) == count


# --- damage ---

HEADER = ["id", "datetime", "c_a", "searches.c_b"]
TIME_SHAPE = re.compile(
    r"[1-9]\d{3}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,3})?|T\d\d:\d\d:\d\d(\.\d{1,3})?Z)", re.ASCII
)


def instant(cell: str) -> datetime | None:
    """The time in a cell, read by Python."""
    if not TIME_SHAPE.fullmatch(cell):
        return None
    text = cell.rstrip("Z").replace("T", " ")
    try:
        return datetime.fromisoformat(text[:19] + "+00:00") + timedelta(
            seconds=float(f"0{text[19:]}")
        )
    except ValueError:
        return None


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> tuple[bytes, int]:
    """The content with bytes deleted, inserted or replaced, or cut off; and where that begins."""
    first = len(content)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        byte = draw(st.sampled_from([bytes([each]) for each in b'"""\\,, \n\r\0\xff\xc3x7']))
        kind = draw(st.sampled_from(["delete", "insert", "replace", "cut"]))
        rest = {
            "delete": content[place + 1 :],
            "insert": byte + content[place:],
            "replace": byte + content[place + 1 :],
            "cut": b"",
        }[kind]
        content = content[:place] + rest
        first = min(first, place)
    return content, first


def strict_reading(content: bytes, export_format: str) -> list[list[str]] | None:
    """The records by the slow reading; None if they are not all sound."""
    try:
        records = parse(content.removeprefix(BOM).decode(), export_format)
    except (InvalidCsv, UnicodeDecodeError):
        return None
    return records if all(len(record) == len(records[0]) for record in records) else None


def is_header(record: Sequence[str]) -> bool:
    """Whether names are such as the reader accepts."""
    if any(ord(character) < 32 for name in record for character in name):
        return False
    names = [name.strip().removeprefix("searches.") for name in record]
    return {"id", "datetime"} <= {*names} and "" not in names and len({*names}) == len(names)


def wanted(strict: list[list[str]]) -> list[list[object]]:
    """The rows that records are, those included that lack their key or time."""
    time = [name.strip().removeprefix("searches.") for name in strict[0]].index("datetime")
    return [
        [instant(cell) if place == time else cell or None for place, cell in enumerate(record)]
        for record in strict[1:]
    ]


def stands_in(text: str, cell: str) -> bool:
    """Whether a file may hold a cell: as it is, or written in one of the dialects."""
    return cell in text or any(write(cell)[1:-1] in text for write in CELL_WRITERS.values())


@pytest.mark.slow
@settings(deadline=None, max_examples=400)
@given(
    st.data(),
    st.lists(st.tuples(cells, cells), max_size=5),
    st.sampled_from(list(CELL_WRITERS)),
    st.sampled_from(["\n", "\r\n"]),
)
def test_damage_of_any_kind_is_read_to_the_letter_or_kept_aside_or_refused(
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
        content, first = data.draw(damaged(path.read_bytes()))
        path.write_bytes(content)
        strict = strict_reading(content, FORMATS[dialect])
        try:
            batches = list(read(path, SEARCHES, FORMATS[dialect]))
        except TableError:
            begins_blank = content.removeprefix(BOM)[:1] in b"\r\n"
            assert first < ends[0]
            assert not strict or begins_blank or not is_header(strict[0])
            return
    found = [list(row.values()) for row in accepted_rows(batches)]
    left_out = [cell["record"] for cell in rejected_rows(batches) if cell["column"] == "*"]
    # every record is a row or shows
    assert sum(batch.records for batch in batches) == len(found) + len(left_out)
    if strict is None:
        assert left_out
    else:
        names = batches[0].rows.column_names
        required = names.index("id"), names.index("datetime")
        fits = [all(row[place] for place in required) for row in wanted(strict)]
        assert found == list(compress(wanted(strict), fits))
        assert left_out == [number for number, fit in enumerate(fits, 1) if not fit]
    # what stands before the damage is as it was
    sound = [row for row, size in zip(rows[1:], ends[1:], strict=True) if size <= first]
    assert found[: len(sound)] == [
        [row[0], INSTANT, *(cell or None for cell in row[2:])] for row in sound
    ]
    # no cell was made up
    text = content.decode(errors="backslashreplace")
    assert all(stands_in(text, cell) for row in found for cell in row if isinstance(cell, str))
