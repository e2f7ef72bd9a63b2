from pathlib import Path

import pytest

from coveo_source.reader.chunks import LONGEST_RECORD
from coveo_source.reader.csv_reader import read_csv
from tests.support.csv_builders import (
    CELL_WRITERS,
    FORMATS,
    SEARCHES,
    TIME,
    accepted_rows,
    csv_file,
    raw_file,
    rejected_rows,
)

HEADER = ("id", "datetime", "c")

LENIENT = [
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
"""Damaged records that lenient parsers accept, by export format."""


@pytest.mark.parametrize(("export_format", "damaged"), LENIENT)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_record_that_lenient_parsers_accept_is_rejected_and_kept_verbatim(
    own_folder: Path, export_format: str, damaged: str, end: str
) -> None:
    lines = ["id,datetime,c", f"a,{TIME},x", damaged, f"d,{TIME},y", ""]
    batches = list(read_csv(raw_file(own_folder, end.join(lines)), SEARCHES, export_format))
    assert [(row["id"], row["c"]) for row in accepted_rows(batches)] == [("a", "x"), ("d", "y")]
    [rejection] = rejected_rows(batches)
    assert (rejection["record"], rejection["column"], rejection["raw"]) == (2, "*", damaged)


@pytest.mark.parametrize("ending", ['"x', '"x\\', '"x\\"', '"', '"x\\\\\\"'])
def test_a_record_cut_off_within_quotes_is_rejected(own_folder: Path, ending: str) -> None:
    content = f"id,datetime,c\na,{TIME},x\nb,{TIME},{ending}"
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "NO_NEWLINE"))
    assert [row["id"] for row in accepted_rows(batches)] == ["a"]
    [rejection] = rejected_rows(batches)
    assert (rejection["record"], rejection["raw"]) == (2, f"b,{TIME},{ending}")


def test_a_record_cut_off_within_a_character_is_rejected(own_folder: Path) -> None:
    content = f"id,datetime,c\na,{TIME},x\nb,{TIME},é".encode()[:-1]
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["id"] for row in accepted_rows(batches)] == ["a"]
    [rejection] = rejected_rows(batches)
    assert rejection["raw"] == f"b,{TIME},\\xc3"
    assert rejection["reason"] == "is not valid UTF-8"


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_any_line_end_and_blank_lines_are_accepted(
    own_folder: Path, export_format: str, quote: str
) -> None:
    ends = ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "\r\n\n\n", "\n", ""]
    records = [f"{quote}{n}{quote},{TIME},{quote}x{quote}{end}" for n, end in enumerate(ends)]
    content = "id,datetime,c\n" + "".join(records)
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, export_format))
    assert [row["id"] for row in accepted_rows(batches)] == [str(n) for n in range(len(ends))]
    assert rejected_rows(batches) == []
    assert sum(batch.records for batch in batches) == len(ends)


def test_a_space_after_a_lone_carriage_return_is_data(own_folder: Path) -> None:
    content = f'id,datetime,c\r\na,{TIME},"x"\r b,{TIME},y'
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["id"] for row in accepted_rows(batches)] == ["a", " b"]


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize("sound", [True, False])
def test_a_backslash_outside_quotes_is_data_in_a_sound_and_in_a_damaged_file(
    own_folder: Path, export_format: str, sound: bool
) -> None:
    content = f"id,datetime,c\n{'' if sound else 'damaged'}\na\\\\b,{TIME},\\N\n"
    [row] = accepted_rows(list(read_csv(raw_file(own_folder, content), SEARCHES, export_format)))
    assert (row["id"], row["c"]) == (r"a\\b", r"\N")


@pytest.mark.parametrize("dialect", list(CELL_WRITERS))
@pytest.mark.parametrize(
    "long_text", ['"' * 20_000, '"\\' * 20_000, "x" * LONGEST_RECORD, '"é\\' * 200_000]
)
def test_a_cell_may_have_any_length_and_any_number_of_escapes(
    own_folder: Path, dialect: str, long_text: str
) -> None:
    texts = {"a": "x", "b": long_text, "c": long_text + ".", "d": "y"}
    rows = [HEADER, *((id_, TIME, text) for id_, text in texts.items())]
    path = csv_file(own_folder / "x.csv", rows, dialect)
    batches = list(read_csv(path, SEARCHES, FORMATS[dialect]))
    assert rejected_rows(batches) == []
    assert {row["id"]: row["c"] for row in accepted_rows(batches)} == texts
