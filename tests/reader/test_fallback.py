from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.reader import csv_reader as table_module
from coveo_source.reader.csv_reader import read
from tests.support.csv_builders import (
    SEARCHES,
    TIME,
    accepted_rows,
    csv_file,
    raw_file,
    rejected_rows,
)

DAMAGE = {
    "too few cells": (f"c,{TIME}".encode(), "has 2 cells where the header has 3"),
    "too many cells": (f"c,{TIME},x,y".encode(), "has 4 cells where the header has 3"),
    "quote left open": (f'c,{TIME},"x'.encode(), "has a quote that is not closed"),
    "text behind a quote": (f'c,{TIME},"x"y"'.encode(), "text beside a quote"),
    "not UTF-8": (f"c,{TIME},".encode() + b"\xff\xfe", "is not valid UTF-8"),
}


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize("kind", list(DAMAGE))
def test_a_record_that_does_not_parse_is_kept_aside_and_all_others_are_rows(
    own_folder: Path, kind: str, export_format: str
) -> None:
    broken, reason = DAMAGE[kind]
    sound = f"a,{TIME},x\nb,{TIME},x\n".encode()
    content = b"id,datetime,c\n" + sound + broken + f"\nd,{TIME},y\n".encode()
    batches = list(read(raw_file(own_folder, content), SEARCHES, export_format))
    assert [(row["id"], row["c"]) for row in accepted_rows(batches)] == [
        ("a", "x"),
        ("b", "x"),
        ("d", "y"),
    ]
    [kept] = rejected_rows(batches)
    assert (kept["record"], kept["column"]) == (3, "*")
    assert reason in kept["reason"]
    assert kept["raw"] == broken.decode(errors="backslashreplace")
    assert sum(batch.records for batch in batches) == 4


def test_a_cell_that_does_not_fit_is_found_behind_a_damaged_record(own_folder: Path) -> None:
    content = f"id,datetime,clickRank\na\nb,{TIME},1\nc,{TIME},first\n"
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [(row["id"], row["clickRank"]) for row in accepted_rows(batches)] == [
        ("b", 1),
        ("c", None),
    ]
    places = {(cell["record"], cell["column"], cell["raw"]) for cell in rejected_rows(batches)}
    assert places == {(1, "*", "a"), (3, "clickRank", "first")}


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_damage_is_passed_over_in_silence(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 30))
    place = data.draw(st.integers(0, count))
    lines = [f'"{number}","{TIME}","say ""x"", then\nmore"'.encode() for number in range(count)]
    lines.insert(place, data.draw(st.sampled_from([broken for broken, _ in DAMAGE.values()])))
    with TemporaryDirectory() as folder:
        path = raw_file(Path(folder), b"\n".join([b"id,datetime,c", *lines]) + b"\n")
        batches = list(read(path, SEARCHES, "EXCEL"))
    assert rejected_rows(batches)
    kept = "".join(str(cell["raw"]) for cell in rejected_rows(batches))
    missing = {str(number) for number in range(count)} - {
        row["id"] for row in accepted_rows(batches)
    }
    assert all(f'"{number}","{TIME}"' in kept for number in missing)


@pytest.mark.parametrize("damage", [b"", b",x,x", b",\xff"], ids=["short", "long", "not UTF-8"])
def test_damage_in_a_large_file_loses_and_doubles_no_sound_record(
    own_folder: Path, damage: bytes
) -> None:
    # larger than the first buffers that DuckDB reads, so that it stops between two batches
    count, broken = 120_000, {110_000, 110_001, 119_999}
    time = TIME.encode()
    sound = b",%b\n" % (b"x" * 600)
    lines = (
        b"%d,%b%b" % (number, time, damage + b"\n" if number in broken else sound)
        for number in range(count)
    )
    path = raw_file(own_folder, b"id,datetime,c\n" + b"".join(lines))
    batches = list(read(path, SEARCHES, "EXCEL"))
    found = [row for batch in batches for row in batch.rows["id"].to_pylist()]
    assert found == [str(number) for number in range(count) if number not in broken]
    kept = [(cell["record"], cell["raw"]) for cell in rejected_rows(batches)]
    assert kept == [
        (number + 1, f"{number},{TIME}{damage.decode(errors='backslashreplace')}")
        for number in sorted(broken)
    ]
    assert sum(batch.records for batch in batches) == count


@pytest.mark.parametrize("broken", [rb'b,"a"\b"', b'b,%b,"x"\\y\xff"' % TIME.encode()])
def test_the_raw_text_is_that_of_the_file_and_not_of_a_mended_copy(
    own_folder: Path, broken: bytes
) -> None:
    content = b'id,datetime,c\na,%b,"a"\\b"\n%b\n' % (TIME.encode(), broken)
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["c"] for row in accepted_rows(batches)] == [r"a\b"]
    assert [cell["raw"] for cell in rejected_rows(batches)] == [
        broken.decode(errors="backslashreplace")
    ]


def test_a_batch_is_bounded_in_bytes_as_well(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "BATCH_BYTES", 1000)
    lines = [f"{number},{TIME},{'x' * 200}" for number in range(20)]
    content = "\n".join(["id,datetime,c", "damaged", *lines])
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [batch.records for batch in batches] == [6, 5, 5, 5]
    assert [row["id"] for row in accepted_rows(batches)] == [str(number) for number in range(20)]
    assert [cell["record"] for cell in rejected_rows(batches)] == [1]


def test_the_reason_says_from_which_cell_on_a_record_does_not_parse(own_folder: Path) -> None:
    content = f'id,datetime,c\na,{TIME},x\n"b"?,{TIME},x\nc,"{TIME},x\n'
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    reasons = [cell["reason"].partition(" on:")[0] for cell in rejected_rows(batches)]
    assert reasons == ["does not parse from cell 1", "does not parse from cell 2"]


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_file_that_ends_too_early_loses_nothing_in_silence(own_folder: Path, cut: int) -> None:
    # a cut between records, or in a last cell where what is left is a cell too, cannot be seen
    # in a CSV file: the ZIP's check sum and the announced length of the file stand for those
    records = [("a", TIME, "one"), ("b", TIME, 'tw"o,\n')]
    rows = [("id", "datetime", "c_x"), *records]
    content = csv_file(own_folder / "whole.csv", rows).read_bytes()[:-cut]
    batches = list(read(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    found = [(row["id"], TIME, row["c_x"] or "") for row in accepted_rows(batches)]
    begun = content.count(TIME.encode())
    assert len(found) + bool(rejected_rows(batches)) >= begun
    for row, record in zip(found, records, strict=False):
        assert row[:2] == record[:2]
        assert record[2].startswith(row[2])
