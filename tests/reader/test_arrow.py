import csv
import io
import sys
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coveo_source.reader.arrow import PARSING, parse_cells, unescape_backslashes

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


styles = st.sampled_from([plain, documented])


@relaxed
@given(st.data(), tables(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_mix_of_both_escapes_becomes_plain(
    data: st.DataObject, rows: list[list[str]], end: str, last_end: bool
) -> None:
    wanted = written([[plain(cell) for cell in row] for row in rows], end, last_end)
    mixed = written([[data.draw(styles)(cell) for cell in row] for row in rows], end, last_end)
    assert unescape_backslashes(mixed) == wanted
    [width] = {len(row) for row in rows}
    table = parse_cells(mixed, "EXCEL", [f"cell_{place}" for place in range(width)])
    if width > 1:
        assert [list(row.values()) for row in table.to_pylist()] == [
            [cell or None for cell in row] for row in rows
        ]


@relaxed
@given(tables())
def test_a_documented_file_becomes_plain_and_a_plain_one_stays(rows: list[list[str]]) -> None:
    wanted = written([[plain(cell) for cell in row] for row in rows])
    assert unescape_backslashes(written([[documented(c) for c in row] for row in rows])) == wanted
    assert unescape_backslashes(wanted) == wanted


@relaxed
@given(tables())
def test_what_is_mended_is_read_back_by_a_plain_csv_reader(rows: list[list[str]]) -> None:
    # before Python 3.11, its reader refuses a NUL
    assume(sys.version_info >= (3, 11) or not any("\0" in cell for row in rows for cell in row))
    text = unescape_backslashes(written([[documented(c) for c in row] for row in rows])).decode()
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
    [[_, found, _]] = csv.reader(
        io.StringIO(unescape_backslashes(f'"a",{cell},"b"'.encode()).decode(), newline="")
    )
    assert found == value


def test_content_without_the_escape_stays_the_same_object() -> None:
    content = written([[plain('say "x"'), plain(r"a\b")]])
    assert unescape_backslashes(content) is content
    assert unescape_backslashes(b"") == b""


@pytest.mark.parametrize("export_format", PARSING)
def test_text_that_is_not_utf_8_is_refused(export_format: str) -> None:
    with pytest.raises(pa.ArrowInvalid):
        parse_cells(b"a,b\n1,\xff\n", export_format, ["x", "y"])
