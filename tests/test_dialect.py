import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coveo_source.dialect import BOM, blocks, mend, plain_blocks

relaxed = settings(deadline=None, max_examples=300)

tricky = st.sampled_from([*'"\\,\r\n', "\ufeff", "\u2028", "😀", "é", "a", " ", "#", "\x00"])
cells = (
    st.text(tricky, max_size=8)
    | st.text(max_size=6)
    | st.lists(st.sampled_from(['"', "\\", '"\\', ',"', '",', '\n"', '"\n', "a"]), max_size=6).map(
        "".join
    )
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    return draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6))


def plain(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def documented(cell: str) -> str:
    return '"' + cell.replace('"', '""').replace("\\", '"\\') + '"'


def written(rows: Sequence[Sequence[str]], end: str = "\n", last_end: bool = True) -> bytes:
    """Rows of cells that are quoted already, as a file."""
    text = end.join(",".join(row) for row in rows) + (end if last_end else "")
    return text.encode()


def mended_in_blocks(content: bytes, size: int) -> bytes:
    return b"".join(mend(block) for block in blocks(io.BytesIO(content), size))


def plain_content(content: bytes, size: int, export_format: str = "EXCEL") -> bytes:
    return b"".join(plain_blocks(io.BytesIO(content), export_format, size))


styles = st.sampled_from([plain, documented])
sizes = st.integers(1, 40)


@relaxed
@given(st.data(), tables(), sizes, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_any_mix_of_both_escapes_becomes_plain_at_any_block_size(
    data: st.DataObject,
    rows: list[list[str]],
    size: int,
    end: str,
    last_end: bool,
    with_bom: bool,
) -> None:
    wanted = written([[plain(cell) for cell in row] for row in rows], end, last_end)
    mixed = written([[data.draw(styles)(cell) for cell in row] for row in rows], end, last_end)
    content = BOM + mixed if with_bom else mixed
    assert mended_in_blocks(content, size) == wanted
    assert plain_content(content, size) == wanted


@relaxed
@given(tables(), sizes)
def test_a_documented_file_becomes_plain_and_a_plain_one_stays(
    rows: list[list[str]], size: int
) -> None:
    wanted = written([[plain(cell) for cell in row] for row in rows])
    assert mended_in_blocks(written([[documented(c) for c in row] for row in rows]), size) == wanted
    assert mended_in_blocks(wanted, size) == wanted


@relaxed
@given(tables(), sizes)
@example([['"', "\\"], [",", '"\\"']], 3)
def test_what_is_mended_is_read_back_by_a_plain_csv_reader(
    rows: list[list[str]], size: int
) -> None:
    text = mended_in_blocks(written([[documented(c) for c in row] for row in rows]), size).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (r'"a\b"', r"a\b"),
        (r'"a"\b"', r"a\b"),
        (r'"\\server"', r"\\server"),
        (r'""\"\server"', r"\\server"),
        (r'"""\"""', r'"\"'),
        (r'"""""\"""', r'"""\"'[1:]),
        (r'"x"""\y"', r'x"\y'),
        (r'"x""\y"', r'x"\y'),
        (r'"{""p"":""C:"\"\k""}"', r'{"p":"C:\\k"}'),
        (r'"{""p"":""C:\\k""}"', r'{"p":"C:\\k"}'),
        (r'","\y"', r",\y"),
        ('"\n"\\y"', "\n\\y"),
    ],
)
def test_a_cell_is_read_in_either_escape(cell: str, value: str) -> None:
    [[_, found, _]] = csv.reader(io.StringIO(mend(f'"a",{cell},"b"'.encode()).decode(), newline=""))
    assert found == value


@relaxed
@given(st.data(), tables(), sizes)
def test_blocks_hold_the_whole_file_and_are_cut_outside_of_quotes_only(
    data: st.DataObject, rows: list[list[str]], size: int
) -> None:
    content = written([[data.draw(styles)(cell) for cell in row] for row in rows])
    pieces = list(blocks(io.BytesIO(BOM + content), size))
    assert b"".join(pieces) == content
    # between pieces stands a separator, a line end or nothing: never a part of a cell
    outside = boundaries(content)
    position = 0
    for piece in pieces:
        assert position in outside
        position += len(piece)


def boundaries(content: bytes) -> set[int]:
    """The positions outside of quotes, by a reading of every byte."""
    found = {0}
    inside = False
    position = 0
    while position < len(content):
        byte = content[position : position + 1]
        if not inside:
            inside = byte == b'"'
        elif byte == b'"':
            if content[position + 1 : position + 2] in (b'"', b"\\"):
                position += 1
            else:
                inside = False
        position += 1
        if not inside:
            found.add(position)
    return found


def test_blocks_are_not_much_larger_than_asked_for() -> None:
    content = written([[plain("x" * 10), plain("y" * 20)] for _ in range(500)])
    longest = max(len(block) for block in blocks(io.BytesIO(content), 256))
    assert longest < 256 + 40


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_backslashes_that_escape_are_left_to_the_parser(size: int) -> None:
    content = BOM + rb'"a\"b","c\\"' + b"\n"
    assert plain_content(content, size, "NO_NEWLINE") == content.removeprefix(BOM)


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize("content", [b"", BOM])
def test_an_empty_file_stays_empty(content: bytes, export_format: str) -> None:
    assert plain_content(content, 1, export_format) == b""
