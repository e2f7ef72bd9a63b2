import tracemalloc
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.exceptions import TableError
from coveo_source.reader import grammar
from coveo_source.reader.csv_reader import read
from coveo_source.reader.grammar import LONGEST_RECORD, pieces
from tests.support.csv_builders import (
    CELL_WRITERS,
    FORMATS,
    SEARCHES,
    TIME,
    accepted_rows,
    csv_file,
    raw_file,
    rejected_rows,
    without_newlines,
)

HEADER = ("id", "datetime", "c")

# --- what DuckDB would pass over ---

FORGIVEN = [
    ("EXCEL", f"b,{TIME},x,"),
    ("EXCEL", f"b,{TIME},x,,"),
    ("EXCEL", f'b,{TIME},x,""'),
    ("EXCEL", f"b,{TIME},,x,"),
    ("EXCEL", f'b,{TIME}, "x"'),
    ("EXCEL", f'b,{TIME},"x" '),
    ("EXCEL", f'"b" ,{TIME},x'),
    ("EXCEL", f' "b",{TIME},x'),
    ("EXCEL", f'b,{TIME},"x" "y"'),
    ("EXCEL", f'b,{TIME},"x" ""'),
    ("EXCEL", f'b,{TIME},x"y'),
    ("NO_NEWLINE", f"b,{TIME},x,"),
    ("NO_NEWLINE", f'b,{TIME}, "x"'),
    ("NO_NEWLINE", f'b,{TIME},"\\N"'),
    ("NO_NEWLINE", f'b,{TIME},"C:\\temp"'),
    ("NO_NEWLINE", f'b,{TIME},"say ""x"""'),
]


@pytest.mark.parametrize(("export_format", "broken"), FORGIVEN)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_a_forgiving_parser_would_drop_is_kept_aside_to_the_letter(
    own_folder: Path, export_format: str, broken: str, end: str
) -> None:
    lines = ["id,datetime,c", f"a,{TIME},x", broken, f"d,{TIME},y", ""]
    batches = list(read(raw_file(own_folder, end.join(lines)), SEARCHES, export_format))
    assert [(row["id"], row["c"]) for row in accepted_rows(batches)] == [("a", "x"), ("d", "y")]
    [kept] = rejected_rows(batches)
    assert (kept["record"], kept["column"], kept["raw"]) == (2, "*", broken)


@pytest.mark.parametrize("ending", ['"x', '"x\\', '"x\\"', '"', '"x\\\\\\"'])
def test_a_file_that_ends_inside_of_quotes_shows_it(own_folder: Path, ending: str) -> None:
    content = f"id,datetime,c\na,{TIME},x\nb,{TIME},{ending}"
    batches = list(read(raw_file(own_folder, content), SEARCHES, "NO_NEWLINE"))
    assert [row["id"] for row in accepted_rows(batches)] == ["a"]
    [kept] = rejected_rows(batches)
    assert (kept["record"], kept["raw"]) == (2, f"b,{TIME},{ending}")


def test_a_file_that_ends_inside_of_a_character_shows_it(own_folder: Path) -> None:
    content = f"id,datetime,c\na,{TIME},x\nb,{TIME},é".encode()[:-1]
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["id"] for row in accepted_rows(batches)] == ["a"]
    [kept] = rejected_rows(batches)
    assert (kept["raw"], kept["reason"]) == (f"b,{TIME},\\xc3", "is not valid UTF-8")


# --- what is unusual, and sound ---


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_lines_may_end_in_any_way_and_be_blank(
    own_folder: Path, export_format: str, quote: str
) -> None:
    ends = ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "\r\n\n\n", "\n", ""]
    records = [f"{quote}{n}{quote},{TIME},{quote}x{quote}{end}" for n, end in enumerate(ends)]
    content = "id,datetime,c\n" + "".join(records)
    batches = list(read(raw_file(own_folder, content), SEARCHES, export_format))
    assert [row["id"] for row in accepted_rows(batches)] == [str(n) for n in range(len(ends))]
    assert rejected_rows(batches) == []
    assert sum(batch.records for batch in batches) == len(ends)


def test_a_blank_behind_a_lone_carriage_return_is_data(own_folder: Path) -> None:
    content = f'id,datetime,c\r\na,{TIME},"x"\r b,{TIME},y'
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["id"] for row in accepted_rows(batches)] == ["a", " b"]


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize("sound", [True, False])
def test_a_backslash_outside_of_quotes_is_data_whoever_reads(
    own_folder: Path, export_format: str, sound: bool
) -> None:
    content = f"id,datetime,c\n{'' if sound else 'damaged'}\na\\\\b,{TIME},\\N\n"
    [row] = accepted_rows(list(read(raw_file(own_folder, content), SEARCHES, export_format)))
    assert (row["id"], row["c"]) == (r"a\\b", r"\N")


@pytest.mark.parametrize("dialect", list(CELL_WRITERS))
@pytest.mark.parametrize(
    "long", ['"' * 20_000, '"\\' * 20_000, "x" * LONGEST_RECORD, '"é\\' * 200_000]
)
def test_a_cell_of_any_length_is_read_with_as_many_escapes_as_it_has(
    own_folder: Path, dialect: str, long: str
) -> None:
    rows = [HEADER, ("a", TIME, "x"), ("b", TIME, long), ("c", TIME, long + "."), ("d", TIME, "y")]
    path = csv_file(own_folder / "x.csv", rows, dialect)
    batches = list(read(path, SEARCHES, FORMATS[dialect]))
    assert rejected_rows(batches) == []
    found = {row["id"]: row["c"] for row in accepted_rows(batches)}
    assert found == {row[0]: row[2] for row in rows[1:]}


# --- the count, and the pieces ---


def intact_records(path: Path, export_format: str, width: int) -> int | None:
    """How many records a file has; None if one of them is damaged."""
    with path.open("rb") as file:
        counts = [piece.records for piece in pieces(file, export_format, width)]
    # behind damage there is no more
    assert None not in counts[:-1]
    return None if counts[-1] is None else sum(count or 0 for count in counts)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.text(st.sampled_from([*'"\\,\r\n', "a", "é"]), max_size=6), max_size=8),
    st.sampled_from(list(CELL_WRITERS)),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 30),
    st.booleans(),
)
def test_records_are_counted_at_any_block_size_and_damage_is_seen(
    cells: list[str], dialect: str, end: str, block: int, bom: bool
) -> None:
    rows = [(f"id{n}", "", without_newlines(cell)) for n, cell in enumerate(cells)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(grammar, "BLOCK", block)
        patch.setattr(grammar, "PIECE", 2 * block)
        path = csv_file(Path(folder) / "x.csv", [HEADER, *rows], dialect, end, bom)
        assert intact_records(path, FORMATS[dialect], 3) == len(rows) + 1
        assert intact_records(path, FORMATS[dialect], 2) is None
        path.write_bytes(path.read_bytes() + b'"')
        assert intact_records(path, FORMATS[dialect], 3) is None


def test_a_file_without_a_line_end_at_its_end_is_counted_whole(own_folder: Path) -> None:
    assert intact_records(raw_file(own_folder, 'a,b\n1,"2"'), "EXCEL", 2) == 2
    assert intact_records(raw_file(own_folder, "a,b\n1,"), "EXCEL", 2) == 2
    assert intact_records(raw_file(own_folder, ""), "EXCEL", 2) == 0


def test_a_damaged_file_is_not_held_in_memory(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar, "BLOCK", 1_000)
    monkeypatch.setattr(grammar, "LONGEST_RECORD", 5_000)
    path = raw_file(own_folder, "damaged\n" + "a,b\n" * 500_000)
    tracemalloc.start()
    try:
        assert intact_records(path, "EXCEL", 2) is None
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_a_record_that_the_parser_loses_is_missed_in_the_count(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no such record is known: a grammar that takes too much stands for a parser that loses some
    monkeypatch.setitem(grammar.QUOTED_CELL, "EXCEL", rb'"[^"\n]*')
    content = f'id,datetime,c\na,{TIME},"open\nb,{TIME},"x\n'
    with pytest.raises(TableError, match=r"holds 2 records, but 1 were read"):
        list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.text(st.sampled_from([*'"\\,\r\n', "a", "é"]), max_size=6), max_size=12),
    st.sampled_from(list(CELL_WRITERS)),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 40),
)
def test_every_piece_begins_and_ends_with_a_record_and_all_are_the_file(
    cells: list[str], dialect: str, end: str, size: int
) -> None:
    rows = [(f"id{n}", "", without_newlines(cell)) for n, cell in enumerate(cells)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(grammar, "BLOCK", 7)
        patch.setattr(grammar, "PIECE", size)
        path = csv_file(Path(folder) / "x.csv", [HEADER, *rows], dialect, end, bom=False)
        with path.open("rb") as file:
            found = list(pieces(file, FORMATS[dialect], 3))
        assert b"".join(piece.content for piece in found) == path.read_bytes()
        for piece in found:
            path.write_bytes(piece.content)
            assert intact_records(path, FORMATS[dialect], 3) == piece.records


def test_a_file_is_cut_about_where_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "BLOCK", 20)
    monkeypatch.setattr(grammar, "PIECE", 50)
    found = list(pieces(BytesIO(b"0123456789,abc\n" * 100), "EXCEL", 2))
    assert {len(piece.content) for piece in found[:-1]} <= {60, 75}
