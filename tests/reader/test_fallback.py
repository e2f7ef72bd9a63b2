from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.reader import csv_reader
from coveo_source.reader.csv_reader import read_csv
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
    "open quote": (f'c,{TIME},"x'.encode(), "has a quote that is not closed"),
    "text after a quote": (f'c,{TIME},"x"y"'.encode(), "text beside a quote"),
    "not UTF-8": (f"c,{TIME},".encode() + b"\xff\xfe", "is not valid UTF-8"),
}
"""A damaged record, and the reason given for rejecting it, for each kind of damage."""


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize("kind", list(DAMAGE))
def test_a_record_that_does_not_parse_is_rejected_and_all_others_become_rows(
    own_folder: Path, kind: str, export_format: str
) -> None:
    damaged, reason = DAMAGE[kind]
    sound = f"a,{TIME},x\nb,{TIME},x\n".encode()
    content = b"id,datetime,c\n" + sound + damaged + f"\nd,{TIME},y\n".encode()
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, export_format))
    assert [(row["id"], row["c"]) for row in accepted_rows(batches)] == [
        ("a", "x"),
        ("b", "x"),
        ("d", "y"),
    ]
    [rejection] = rejected_rows(batches)
    assert (rejection["record"], rejection["column"]) == (3, "*")
    assert reason in rejection["reason"]
    assert rejection["raw"] == damaged.decode(errors="backslashreplace")
    assert sum(batch.records for batch in batches) == 4


def test_a_cell_of_the_wrong_type_is_rejected_after_a_damaged_record_too(own_folder: Path) -> None:
    content = f"id,datetime,clickRank\na\nb,{TIME},1\nc,{TIME},first\n"
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    ranks = [(row["id"], row["clickRank"]) for row in accepted_rows(batches)]
    assert ranks == [("b", 1), ("c", None)]
    rejections = {(cell["record"], cell["column"], cell["raw"]) for cell in rejected_rows(batches)}
    assert rejections == {(1, "*", "a"), (3, "clickRank", "first")}


def test_a_damaged_record_that_begins_with_a_byte_order_mark_keeps_it(own_folder: Path) -> None:
    # only the file's own mark, before the header, is left out
    content = f"\ufeffid,datetime,c\n\ufeffa,{TIME}\nb,{TIME},x\n"
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["id"] for row in accepted_rows(batches)] == ["b"]
    [rejection] = rejected_rows(batches)
    assert rejection["raw"] == f"\ufeffa,{TIME}"


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damage_never_goes_unreported(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 30))
    index = data.draw(st.integers(0, count))
    lines = [f'"{number}","{TIME}","say ""x"", then\nmore"'.encode() for number in range(count)]
    lines.insert(index, data.draw(st.sampled_from([damaged for damaged, _ in DAMAGE.values()])))
    with TemporaryDirectory() as folder:
        path = raw_file(Path(folder), b"\n".join([b"id,datetime,c", *lines]) + b"\n")
        batches = list(read_csv(path, SEARCHES, "EXCEL"))
    assert rejected_rows(batches)
    kept = "".join(str(rejection["raw"]) for rejection in rejected_rows(batches))
    accepted = {row["id"] for row in accepted_rows(batches)}
    missing = {str(number) for number in range(count)} - accepted
    assert all(f'"{number}","{TIME}"' in kept for number in missing)


@pytest.mark.parametrize("damage", [b"", b",x,x", b",\xff"], ids=["short", "long", "not UTF-8"])
def test_damage_in_a_large_file_neither_loses_nor_doubles_a_sound_record(
    own_folder: Path, damage: bytes
) -> None:
    # large enough for many chunks before the damage
    count, damaged = 120_000, {110_000, 110_001, 119_999}
    time = TIME.encode()
    sound = b",%b\n" % (b"x" * 600)
    lines = (
        b"%d,%b%b" % (number, time, damage + b"\n" if number in damaged else sound)
        for number in range(count)
    )
    path = raw_file(own_folder, b"id,datetime,c\n" + b"".join(lines))
    batches = list(read_csv(path, SEARCHES, "EXCEL"))
    ids = [value for batch in batches for value in batch.rows["id"].to_pylist()]
    assert ids == [str(number) for number in range(count) if number not in damaged]
    rejections = [(rejection["record"], rejection["raw"]) for rejection in rejected_rows(batches)]
    assert rejections == [
        (number + 1, f"{number},{TIME}{damage.decode(errors='backslashreplace')}")
        for number in sorted(damaged)
    ]
    assert sum(batch.records for batch in batches) == count


@pytest.mark.parametrize("damaged", [rb'b,"a"\b"', b'b,%b,"x"\\y\xff"' % TIME.encode()])
def test_a_rejected_record_keeps_its_original_text_escapes_included(
    own_folder: Path, damaged: bytes
) -> None:
    content = b'id,datetime,c\na,%b,"a"\\b"\n%b\n' % (TIME.encode(), damaged)
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [row["c"] for row in accepted_rows(batches)] == [r"a\b"]
    assert [rejection["raw"] for rejection in rejected_rows(batches)] == [
        damaged.decode(errors="backslashreplace")
    ]


def test_batches_are_limited_in_bytes(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "BATCH_BYTES", 1000)
    lines = [f"{number},{TIME},{'x' * 200}" for number in range(20)]
    content = "\n".join(["id,datetime,c", "damaged", *lines])
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert [batch.records for batch in batches] == [6, 5, 5, 5]
    assert [row["id"] for row in accepted_rows(batches)] == [str(number) for number in range(20)]
    assert [rejection["record"] for rejection in rejected_rows(batches)] == [1]


def test_the_reason_names_the_cell_from_which_a_record_does_not_parse(own_folder: Path) -> None:
    content = f'id,datetime,c\na,{TIME},x\n"b"?,{TIME},x\nc,"{TIME},x\n'
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    reasons = [rejection["reason"].partition(" on:")[0] for rejection in rejected_rows(batches)]
    assert reasons == ["does not parse from cell 1", "does not parse from cell 2"]


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_truncated_file_never_loses_a_record_silently(own_folder: Path, cut: int) -> None:
    # a cut between records, or within a last cell so that a valid cell is left, cannot be seen in
    # a CSV file: the checksum in the ZIP and the announced length of the file guard against those
    records = [("a", TIME, "one"), ("b", TIME, 'tw"o,\n')]
    rows = [("id", "datetime", "c_x"), *records]
    content = csv_file(own_folder / "whole.csv", rows).read_bytes()[:-cut]
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    rows_read = [(row["id"], TIME, row["c_x"] or "") for row in accepted_rows(batches)]
    records_begun = content.count(TIME.encode())
    assert len(rows_read) + bool(rejected_rows(batches)) >= records_begun
    for row, record in zip(rows_read, records, strict=False):
        assert row[:2] == record[:2]
        assert record[2].startswith(row[2])
