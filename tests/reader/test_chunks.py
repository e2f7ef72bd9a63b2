import tracemalloc
from io import BytesIO
from itertools import islice
from pathlib import Path
from stat import S_IMODE
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.reader import chunks as chunks_module
from coveo_source.reader.chunks import PlainFile, Rest, cut_chunks, read_chunks
from coveo_source.reader.csv_reader import read_csv
from tests.support.csv_builders import (
    CELL_WRITERS,
    FORMATS,
    SEARCHES,
    TIME,
    accepted_rows,
    csv_file,
    excel_backslash,
    raw_file,
    rejected_rows,
    without_newlines,
)

HEADER = ("id", "datetime", "c")

cell_texts = st.text(st.sampled_from([*'"\\,\r\n', "a", "é"]), max_size=6)
dialects = st.sampled_from(list(CELL_WRITERS))
line_ends = st.sampled_from(["\n", "\r\n"])


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of some 50 bytes."""
    monkeypatch.setattr(chunks_module, "CHUNK_BYTES", 50)
    monkeypatch.setattr(chunks_module, "BLOCK_BYTES", 16)


def intact_records(path: Path, export_format: str, width: int) -> int | None:
    """Returns the number of records in a file; None if one of them is damaged."""
    with path.open("rb") as file:
        counts = [chunk.records for chunk in cut_chunks(file, export_format, width)]
    # nothing is cut after damage
    assert None not in counts[:-1]
    return None if counts[-1] is None else sum(count or 0 for count in counts)


@settings(deadline=None, max_examples=150)
@given(st.lists(cell_texts, max_size=8), dialects, line_ends, st.integers(1, 30), st.booleans())
def test_records_are_counted_and_damage_is_noticed_at_any_block_size(
    cells: list[str], dialect: str, end: str, block: int, bom: bool
) -> None:
    rows = [(f"id{n}", "", without_newlines(cell)) for n, cell in enumerate(cells)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks_module, "BLOCK_BYTES", block)
        patch.setattr(chunks_module, "CHUNK_BYTES", 2 * block)
        path = csv_file(Path(folder) / "x.csv", [HEADER, *rows], dialect, end, bom)
        assert intact_records(path, FORMATS[dialect], 3) == len(rows) + 1
        assert intact_records(path, FORMATS[dialect], 2) is None
        path.write_bytes(path.read_bytes() + b'"')
        assert intact_records(path, FORMATS[dialect], 3) is None


@settings(deadline=None, max_examples=150)
@given(st.lists(cell_texts, max_size=12), dialects, line_ends, st.integers(1, 40))
def test_chunks_hold_whole_records_and_add_up_to_the_file(
    cells: list[str], dialect: str, end: str, size: int
) -> None:
    rows = [(f"id{n}", "", without_newlines(cell)) for n, cell in enumerate(cells)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks_module, "BLOCK_BYTES", 7)
        patch.setattr(chunks_module, "CHUNK_BYTES", size)
        path = csv_file(Path(folder) / "x.csv", [HEADER, *rows], dialect, end, bom=False)
        with path.open("rb") as file:
            chunks = list(cut_chunks(file, FORMATS[dialect], 3))
        assert b"".join(chunk.content for chunk in chunks) == path.read_bytes()
        for chunk in chunks:
            path.write_bytes(chunk.content)
            assert intact_records(path, FORMATS[dialect], 3) == chunk.records


def test_a_chunk_is_cut_soon_after_it_is_large_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "BLOCK_BYTES", 20)
    monkeypatch.setattr(chunks_module, "CHUNK_BYTES", 50)
    chunks = list(cut_chunks(BytesIO(b"0123456789,abc\n" * 100), "EXCEL", 2))
    assert {len(chunk.content) for chunk in chunks[:-1]} <= {60, 75}


def test_a_last_record_without_a_line_end_is_counted(own_folder: Path) -> None:
    assert intact_records(raw_file(own_folder, 'a,b\n1,"2"'), "EXCEL", 2) == 2
    assert intact_records(raw_file(own_folder, "a,b\n1,"), "EXCEL", 2) == 2
    assert intact_records(raw_file(own_folder, ""), "EXCEL", 2) == 0


def test_a_damaged_file_is_not_held_in_memory(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks_module, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr(chunks_module, "LONGEST_RECORD", 5_000)
    path = raw_file(own_folder, "damaged\n" + "a,b\n" * 500_000)
    tracemalloc.start()
    try:
        assert intact_records(path, "EXCEL", 2) is None
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("small_chunks")
def test_chunks_are_read_on_demand_and_leave_no_temporary_file(own_folder: Path) -> None:
    path = raw_file(own_folder, b"0123456789,abc\n" * 100)
    chunks = read_chunks(PlainFile(path, own_folder), "EXCEL", 2)
    first, second = islice(chunks, 2)
    chunks.close()
    assert not isinstance(first, Rest)
    assert not isinstance(second, Rest)
    assert path.read_bytes().startswith(first.content + second.content)
    assert list(own_folder.iterdir()) == [path]


@pytest.mark.usefixtures("small_chunks")
def test_a_damaged_record_and_everything_after_it_are_written_to_a_private_file(
    own_folder: Path,
) -> None:
    path = raw_file(own_folder, b"a,b\n" * 100 + b"damaged\n" + b"c,d\n" * 100)
    *_, rest = read_chunks(PlainFile(path, own_folder), "EXCEL", 2)
    assert isinstance(rest, Rest)
    assert rest.path.read_bytes() == b"damaged\n" + b"c,d\n" * 100
    assert S_IMODE(rest.path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("small_chunks")
def test_the_rest_of_a_damaged_file_is_deleted_once_it_is_read(own_folder: Path) -> None:
    path = raw_file(own_folder, f"id,datetime\n1,{TIME}\ndamaged\n2,{TIME}\n")
    assert sum(batch.records for batch in read_csv(path, SEARCHES, "EXCEL")) == 3
    assert list(own_folder.iterdir()) == [path]


@pytest.mark.usefixtures("small_chunks")
def test_no_record_is_lost_or_doubled_between_chunks(own_folder: Path) -> None:
    texts = [f'x "{n}"\n, \\ y' * (n % 9 + 1) for n in range(300)]
    lines = [f'"{n}",{TIME},{excel_backslash(text)}\n' for n, text in enumerate(texts)]
    path = raw_file(own_folder, "id,datetime,c\n" + "".join(lines))
    batches = list(read_csv(path, SEARCHES, "EXCEL"))
    expected = [(str(n), text) for n, text in enumerate(texts)]
    assert [(row["id"], row["c"]) for row in accepted_rows(batches)] == expected
    assert len(batches) > 20


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    "damage",
    [f'60,{TIME},"open'.encode(), f"60,{TIME}".encode(), f"60,{TIME},\xff".encode("latin-1")],
    ids=["open quote", "missing cell", "not UTF-8"],
)
def test_a_damaged_record_keeps_its_number_in_the_file(own_folder: Path, damage: bytes) -> None:
    lines = [f'{n},{TIME},"x\n{n}"'.encode() for n in range(100)]
    lines[60] = damage
    path = raw_file(own_folder, b"\n".join([b"id,datetime,c", *lines]) + b"\n")
    batches = list(read_csv(path, SEARCHES, "EXCEL"))
    assert [row["id"] for row in accepted_rows(batches)] == [str(n) for n in range(100) if n != 60]
    [rejection] = rejected_rows(batches)
    assert (rejection["record"], rejection["column"]) == (61, "*")
    assert sum(batch.records for batch in batches) == 100
