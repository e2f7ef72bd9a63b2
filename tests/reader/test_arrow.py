import csv
import io
import sys
from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coveo_source.reader.arrow import PARSE_OPTIONS, parse_cells, unescape_backslashes

relaxed = settings(deadline=None, max_examples=300)

tricky_characters = st.sampled_from(
    [*'"\\,\r\n', "\ufeff", "\u2028", "😀", "é", "a", " ", "#", "\x00"]
)
cells = (
    st.text(tricky_characters, max_size=8)
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
    """Quotes a cell as in RFC 4180."""
    return '"' + cell.replace('"', '""') + '"'


def documented(cell: str) -> str:
    """Quotes a cell as Coveo documents it."""
    return '"' + cell.replace('"', '""').replace("\\", '"\\') + '"'


def to_csv(
    rows: Sequence[Sequence[str]],
    quote: Callable[[str], str],
    end: str = "\n",
    last_end: bool = True,
) -> bytes:
    text = end.join(",".join(map(quote, row)) for row in rows) + (end if last_end else "")
    return text.encode()


@relaxed
@given(st.data(), tables(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_mix_of_both_escapes_becomes_plain_csv(
    data: st.DataObject, rows: list[list[str]], end: str, last_end: bool
) -> None:
    styles = st.sampled_from([plain, documented])
    mixed = to_csv(rows, lambda cell: data.draw(styles)(cell), end, last_end)
    assert unescape_backslashes(mixed) == to_csv(rows, plain, end, last_end)
    [width] = {len(row) for row in rows}
    table = parse_cells(mixed, "EXCEL", [f"cell_{index}" for index in range(width)])
    if width > 1:
        assert [list(row.values()) for row in table.to_pylist()] == [
            [cell or None for cell in row] for row in rows
        ]


@relaxed
@given(tables())
def test_documented_escapes_become_plain_and_a_plain_file_is_unchanged(
    rows: list[list[str]],
) -> None:
    assert unescape_backslashes(to_csv(rows, documented)) == to_csv(rows, plain)
    assert unescape_backslashes(to_csv(rows, plain)) == to_csv(rows, plain)


@relaxed
@given(tables())
def test_an_unescaped_file_is_read_correctly_by_a_plain_csv_reader(rows: list[list[str]]) -> None:
    # before Python 3.11, its reader refuses a NUL
    assume(sys.version_info >= (3, 11) or not any("\0" in cell for row in rows for cell in row))
    text = unescape_backslashes(to_csv(rows, documented)).decode()
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
def test_a_cell_is_read_correctly_with_either_escape(cell: str, value: str) -> None:
    text = unescape_backslashes(f'"a",{cell},"b"'.encode()).decode()
    [[_, unescaped, _]] = csv.reader(io.StringIO(text, newline=""))
    assert unescaped == value


def test_content_without_escapes_is_not_copied() -> None:
    content = to_csv([['say "x"', r"a\b"]], plain)
    assert unescape_backslashes(content) is content
    assert unescape_backslashes(b"") == b""


@pytest.mark.parametrize("export_format", PARSE_OPTIONS)
def test_text_that_is_not_utf_8_is_refused(export_format: str) -> None:
    with pytest.raises(pa.ArrowInvalid):
        parse_cells(b"a,b\n1,\xff\n", export_format, ["x", "y"])


@pytest.mark.parametrize(("export_format", "quote"), [("EXCEL", '""'), ("NO_NEWLINE", r"\"")])
def test_quotes_and_separators_after_a_nul_are_seen_in_long_files(
    export_format: str, quote: str
) -> None:
    # after 32,768 cells that are long on average, Arrow searches blocks of eight bytes
    long = ["x" * 50, "y" * 50]
    odd = [["." * place + '\0"z', "\0"] for place in range(24)]
    rows = [*[long] * 20_000, *odd, long]
    cells = [[f'"{cell.replace(chr(34), quote)}"' for cell in row] for row in rows]
    content = "".join(",".join(row) + "\n" for row in cells).encode()
    table = parse_cells(content, export_format, ["a", "b"])
    assert list(map(list, zip(*table.to_pydict().values(), strict=True))) == rows


def test_content_in_which_nothing_can_stand_for_a_nul_is_refused() -> None:
    every = "".join(map(chr, range(0xFDD0, 0xFDF0)))
    almost = every[:-1]
    assert parse_cells(f"{almost}\0\n".encode(), "EXCEL", ["a"])["a"].to_pylist() == [f"{almost}\0"]
    with pytest.raises(pa.ArrowInvalid, match="stand for NUL"):
        parse_cells(f"{every}\0\n".encode(), "EXCEL", ["a"])
