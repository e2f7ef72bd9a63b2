from pathlib import Path

import pytest

from coveo_source.reader.chunks import LONGEST_RECORD
from coveo_source.reader.csv_reader import read
from tests.support.csv_builders import (
    FORMATS,
    SEARCHES,
    TIME,
    WRITERS,
    csv_file,
    raw_file,
    rejected_of,
    rows_of,
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
    assert [(row["id"], row["c"]) for row in rows_of(batches)] == [("a", "x"), ("d", "y")]
    [kept] = rejected_of(batches)
    assert (kept["record"], kept["column"], kept["raw"]) == (2, "*", broken)


@pytest.mark.parametrize("ending", ['"x', '"x\\', '"x\\"', '"', '"x\\\\\\"'])
def test_a_file_that_ends_inside_of_quotes_shows_it(own_folder: Path, ending: str) -> None:
    content = f"id,datetime,c\na,{TIME},x\nb,{TIME},{ending}"
    batches = list(read(raw_file(own_folder, content), SEARCHES, "NO_NEWLINE"))
    assert [row["id"] for row in rows_of(batches)] == ["a"]
    [kept] = rejected_of(batches)
    assert (kept["record"], kept["raw"]) == (2, f"b,{TIME},{ending}")


def test_a_file_that_ends_inside_of_a_character_shows_it(own_folder: Path) -> None:
    content = f"id,datetime,c\na,{TIME},x\nb,{TIME},é".encode()[:-1]
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["id"] for row in rows_of(batches)] == ["a"]
    [kept] = rejected_of(batches)
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
    assert [row["id"] for row in rows_of(batches)] == [str(n) for n in range(len(ends))]
    assert rejected_of(batches) == []
    assert sum(batch.records for batch in batches) == len(ends)


def test_a_blank_behind_a_lone_carriage_return_is_data(own_folder: Path) -> None:
    content = f'id,datetime,c\r\na,{TIME},"x"\r b,{TIME},y'
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["id"] for row in rows_of(batches)] == ["a", " b"]


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize("sound", [True, False])
def test_a_backslash_outside_of_quotes_is_data_whoever_reads(
    own_folder: Path, export_format: str, sound: bool
) -> None:
    content = f"id,datetime,c\n{'' if sound else 'damaged'}\na\\\\b,{TIME},\\N\n"
    [row] = rows_of(list(read(raw_file(own_folder, content), SEARCHES, export_format)))
    assert (row["id"], row["c"]) == (r"a\\b", r"\N")


@pytest.mark.parametrize("dialect", list(WRITERS))
@pytest.mark.parametrize(
    "long", ['"' * 20_000, '"\\' * 20_000, "x" * LONGEST_RECORD, '"é\\' * 200_000]
)
def test_a_cell_of_any_length_is_read_with_as_many_escapes_as_it_has(
    own_folder: Path, dialect: str, long: str
) -> None:
    rows = [HEADER, ("a", TIME, "x"), ("b", TIME, long), ("c", TIME, long + "."), ("d", TIME, "y")]
    path = csv_file(own_folder / "x.csv", rows, dialect)
    batches = list(read(path, SEARCHES, FORMATS[dialect]))
    assert rejected_of(batches) == []
    found = {row["id"]: row["c"] for row in rows_of(batches)}
    assert found == {row[0]: row[2] for row in rows[1:]}
