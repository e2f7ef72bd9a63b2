import csv
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.demo import Dialect, Member, csv_chunks, write_archive

VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ROWS = st.lists(st.lists(st.none() | VALUES, min_size=3, max_size=3), max_size=8)


def csv_text(rows: list[list[str | None]], dialect: Dialect) -> str:
    return b"".join(csv_chunks(Member("t.csv", ["a", "b", "c"], rows), dialect)).decode()


@pytest.mark.parametrize(
    ("dialect", "cell"),
    [
        ("rfc4180", '"a ""b"" \\ \r\n,"'),
        ("excel_backslash", '"a ""b"" "\\ \r\n,"'),
        ("no_newline", '"a \\"b\\" \\\\ ,"'),
    ],
)
def test_a_dialect_escapes_as_documented(dialect: Dialect, cell: str) -> None:
    text = csv_text([['a "b" \\ \r\n,', None, ""]], dialect)
    assert text == f'\ufeff"a","b","c"\n{cell},,""\n'


@given(ROWS)
def test_any_csv_reader_reads_rfc4180_files_back(rows: list[list[str | None]]) -> None:
    text = csv_text(rows, "rfc4180").removeprefix("\ufeff")
    lines = list(csv.reader(io.StringIO(text, newline="")))
    assert lines[1:] == [[value or "" for value in row] for row in rows]


@given(ROWS)
def test_no_newline_files_have_one_line_per_row(rows: list[list[str | None]]) -> None:
    lines = csv_text(rows, "no_newline").split("\n")
    assert len(lines) == len(rows) + 2
    assert not any("\r" in line for line in lines)
    reader = csv.reader(lines[1:-1], escapechar="\\", doublequote=False)
    expected = [[(v or "").replace("\n", "").replace("\r", "") for v in row] for row in rows]
    assert list(reader) == expected


def test_an_archive_is_written_in_constant_memory(tmp_path: Path) -> None:
    def rows() -> Iterator[list[str]]:
        for number in range(30_000):
            yield [str(number), "x" * 500]

    tracemalloc.start()
    write_archive(tmp_path / "a.zip", [Member("t.csv", ["a", "b"], rows())], "rfc4180")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert zipfile.ZipFile(tmp_path / "a.zip").getinfo("t.csv").file_size > 15_000_000
    assert peak < 4_000_000


def test_the_same_members_give_the_same_archive(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_archive(tmp_path / name, [Member("t.csv", ["a"], [["1"], [None]])], "rfc4180")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
