"""What is read through pieces is what is in the file."""

from itertools import islice
from pathlib import Path

import pytest

from coveo_source import grammar
from coveo_source.catalogue import TABLES
from coveo_source.pieces import OnDisk, written_pieces
from coveo_source.table import read

SEARCHES = TABLES["searches"]
TIME = "2026-01-31 23:59:59.999"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of some 50 bytes."""
    monkeypatch.setattr(grammar, "PIECE", 50)
    monkeypatch.setattr(grammar, "BLOCK", 16)


def documented(cell: str) -> str:
    return '"' + cell.replace('"', '""').replace("\\", '"\\') + '"'


def test_pieces_are_written_one_by_one_as_they_are_asked_for(own_folder: Path) -> None:
    path = own_folder / "file.csv"
    path.write_bytes(b"0123456789,abc\n" * 100)
    written = written_pieces(OnDisk(path, own_folder), "EXCEL", 2)
    first, second = islice(written, 2)
    written.close()
    assert set(own_folder.iterdir()) == {path, first.path, second.path}


def test_what_does_not_fit_the_grammar_is_written_with_all_that_follows(own_folder: Path) -> None:
    path = own_folder / "file.csv"
    path.write_bytes(b"a,b\n" * 100 + b"damaged\n" + b"c,d\n" * 100)
    *_, rest = written_pieces(OnDisk(path, own_folder), "EXCEL", 2)
    assert rest.records is None
    assert rest.path.read_bytes() == b"damaged\n" + b"c,d\n" * 100


def test_no_record_is_lost_or_doubled_between_pieces(own_folder: Path) -> None:
    texts = [f'x "{n}"\n, \\ y' * (n % 9 + 1) for n in range(300)]
    lines = [f'"{n}",{TIME},{documented(text)}\n' for n, text in enumerate(texts)]
    path = own_folder / "file.csv"
    path.write_text("id,datetime,c\n" + "".join(lines))
    batches = list(read(path, SEARCHES, "EXCEL"))
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    assert [(row["id"], row["c"]) for row in rows] == [(str(n), t) for n, t in enumerate(texts)]
    assert len(batches) > 20


@pytest.mark.parametrize(
    "damage",
    [f'60,{TIME},"open'.encode(), f"60,{TIME}".encode(), f"60,{TIME},\xff".encode("latin-1")],
    ids=["quote", "cell", "text"],
)
def test_damage_is_numbered_as_in_the_file(own_folder: Path, damage: bytes) -> None:
    lines = [f'{n},{TIME},"x\n{n}"'.encode() for n in range(100)]
    lines[60] = damage
    path = own_folder / "file.csv"
    path.write_bytes(b"\n".join([b"id,datetime,c", *lines]) + b"\n")
    batches = list(read(path, SEARCHES, "EXCEL"))
    ids = [row["id"] for batch in batches for row in batch.rows.to_pylist()]
    assert ids == [str(n) for n in range(100) if n != 60]
    [kept] = [row for batch in batches for row in batch.rejected.to_pylist()]
    assert (kept["record"], kept["column"]) == (61, "*")
    assert sum(batch.records for batch in batches) == 100
