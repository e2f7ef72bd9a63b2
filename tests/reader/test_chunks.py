"""What is read through pieces is what is in the file."""

from itertools import islice
from pathlib import Path
from stat import S_IMODE

import pytest

from coveo_source.reader import grammar
from coveo_source.reader.chunks import OnDisk, Rest, cut
from coveo_source.reader.csv_reader import read
from coveo_source.tables import TABLES

SEARCHES = TABLES["searches"]
TIME = "2026-01-31 23:59:59.999"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of some 50 bytes."""
    monkeypatch.setattr(grammar, "PIECE", 50)
    monkeypatch.setattr(grammar, "BLOCK", 16)


def documented(cell: str) -> str:
    return '"' + cell.replace('"', '""').replace("\\", '"\\') + '"'


def test_pieces_are_made_one_by_one_and_leave_nothing_on_disk(own_folder: Path) -> None:
    path = own_folder / "file.csv"
    path.write_bytes(b"0123456789,abc\n" * 100)
    found = cut(OnDisk(path, own_folder), "EXCEL", 2)
    first, second = islice(found, 2)
    found.close()
    assert not isinstance(first, Rest)
    assert not isinstance(second, Rest)
    assert path.read_bytes().startswith(first.content + second.content)
    assert list(own_folder.iterdir()) == [path]


def test_what_does_not_fit_the_grammar_is_written_with_all_that_follows(own_folder: Path) -> None:
    path = own_folder / "file.csv"
    path.write_bytes(b"a,b\n" * 100 + b"damaged\n" + b"c,d\n" * 100)
    *_, rest = cut(OnDisk(path, own_folder), "EXCEL", 2)
    assert isinstance(rest, Rest)
    assert rest.path.read_bytes() == b"damaged\n" + b"c,d\n" * 100
    assert S_IMODE(rest.path.stat().st_mode) == 0o600


def test_the_rest_is_gone_when_it_is_read(own_folder: Path) -> None:
    path = own_folder / "file.csv"
    path.write_text(f"id,datetime\n1,{TIME}\ndamaged\n2,{TIME}\n")
    assert sum(batch.records for batch in read(path, SEARCHES, "EXCEL")) == 3
    assert list(own_folder.iterdir()) == [path]


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
