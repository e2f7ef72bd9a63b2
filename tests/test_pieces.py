import csv
import io
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source import pieces as module
from coveo_source.catalogue import TABLES
from coveo_source.pieces import NotInPieces, OnDisk, pieces, write_whole, written_pieces
from coveo_source.table import read

SEARCHES = TABLES["searches"]
TIME = "2026-01-31 23:59:59.999"

relaxed = settings(deadline=None, max_examples=200)
cells = st.text(st.sampled_from([*'"\\,\r\na é']), max_size=6)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of some 50 bytes."""
    monkeypatch.setattr(module, "PIECE", 50)
    monkeypatch.setattr(module, "LONGEST_PIECE", 5_000)
    monkeypatch.setattr(module, "BLOCK", 16)


def escaped(cell: str) -> str:
    return '"' + cell.replace('"', '""').replace("\\", '"\\') + '"'


def records(piece: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(piece.decode(), newline=""), strict=True))


@relaxed
@given(
    st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=20),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.integers(1, 40),
)
def test_every_piece_holds_whole_records_and_together_they_are_the_file(
    rows: list[list[str]], end: str, last_end: bool, size: int
) -> None:
    text = end.join(",".join(map(escaped, row)) for row in rows) + end * last_end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", size)
        patch.setattr(module, "BLOCK", 7)
        cut = list(pieces(io.BytesIO(text.encode()), "EXCEL"))
    assert [row for piece in cut for row in records(piece)] == rows


@pytest.mark.usefixtures("small")
def test_a_file_is_cut_about_where_it_should_be() -> None:
    content = b"0123456789,abc\n" * 100
    for export_format in ("EXCEL", "NO_NEWLINE"):
        cut = list(pieces(io.BytesIO(content), export_format))
        assert b"".join(cut) == content
        assert {len(piece) for piece in cut[:-1]} <= {45, 60}


@pytest.mark.usefixtures("small")
def test_a_record_longer_than_a_piece_is_in_one() -> None:
    long = b'a,"' + b"x,\n" * 100 + b'"\n'
    cut = list(pieces(io.BytesIO(b"id,c\n" + long + b"b,c\n"), "EXCEL"))
    assert any(long in piece for piece in cut)


@pytest.mark.usefixtures("small")
def test_a_file_in_which_no_record_ends_is_not_held_in_memory() -> None:
    with pytest.raises(NotInPieces):
        list(pieces(io.BytesIO(b'"' + b"x\n" * 5_000), "EXCEL"))


def test_an_empty_file_is_one_empty_piece() -> None:
    assert list(pieces(io.BytesIO(b""), "EXCEL")) == [b""]


@pytest.mark.usefixtures("small")
def test_pieces_are_written_one_by_one_as_they_are_asked_for(own_folder: Path) -> None:
    path = own_folder / "file.csv"
    path.write_bytes(b"0123456789,abc\n" * 100)
    written = written_pieces(OnDisk(path, own_folder), "EXCEL")
    first, second = islice(written, 2)
    written.close()
    assert set(own_folder.iterdir()) == {path, first, second}


def test_a_whole_file_is_written_with_its_escapes_mended(own_folder: Path) -> None:
    path = own_folder / "file.csv"
    path.write_bytes('\ufeff"a"\\b"\n'.encode())
    assert write_whole(OnDisk(path, own_folder), "EXCEL").read_bytes() == b'"a\\b"\n'


# --- what is read through pieces is what is in the file ---


def found(path: Path, export_format: str = "EXCEL") -> list[tuple[str, str]]:
    batches = read(path, SEARCHES, export_format)
    return [(row["id"], row["c"]) for batch in batches for row in batch.rows.to_pylist()]


@pytest.mark.usefixtures("small")
def test_no_record_is_lost_or_doubled_between_pieces(own_folder: Path) -> None:
    rows = [(str(n), f'x "{n}"\n, \\ y' * (n % 9 + 1)) for n in range(500)]
    text = "".join(f'"{n}",{TIME},{escaped(text)}\n' for n, text in rows)
    path = own_folder / "file.csv"
    path.write_text("id,datetime,c\n" + text)
    assert found(path) == rows
    assert list(own_folder.iterdir()) == [path]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("export_format", "cell", "value"),
    [
        # a quote inside of a cell without quotes makes every later count of quotes odd
        ("EXCEL", '5" disk', '5" disk'),
        ("NO_NEWLINE", '"one\ntwo"', "one\ntwo"),
    ],
)
def test_a_file_that_cannot_be_cut_where_it_seems_is_read_as_a_whole(
    own_folder: Path, export_format: str, cell: str, value: str
) -> None:
    lines = [f'{n},{TIME},"a,{n}"' for n in range(50)]
    lines[20] = f"20,{TIME},{cell}"
    path = own_folder / "file.csv"
    path.write_text("\n".join(["id,datetime,c", *lines]) + "\n")
    texts = {n: f"a,{n}" for n in range(50)} | {20: value}
    assert found(path, export_format) == [(str(n), texts[n]) for n in range(50)]


@pytest.mark.usefixtures("small")
def test_damage_is_numbered_as_in_the_file(own_folder: Path) -> None:
    lines = [f'{n},{TIME},"x\n{n}"' for n in range(100)]
    lines[60] = f'60,{TIME},"open'
    path = own_folder / "file.csv"
    path.write_text("\n".join(["id,datetime,c", *lines]) + "\n")
    batches = list(read(path, SEARCHES, "EXCEL"))
    ids = [row["id"] for batch in batches for row in batch.rows.to_pylist()]
    assert ids == [str(n) for n in range(100) if n != 60]
    [kept] = [row for batch in batches for row in batch.rejected.to_pylist()]
    assert kept["record"] == 61
    assert sum(batch.records for batch in batches) == 100
