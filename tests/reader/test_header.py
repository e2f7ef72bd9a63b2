from pathlib import Path

import pytest

from coveo_source.exceptions import TableError
from coveo_source.reader.csv_reader import read_csv
from tests.support.csv_builders import INSTANT, SEARCHES, TIME, accepted_rows, raw_file, read_back


def refusal(folder: Path, content: str | bytes, export_format: str = "EXCEL") -> str:
    with pytest.raises(TableError) as error:
        list(read_csv(raw_file(folder, content), SEARCHES, export_format))
    return str(error.value)


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("datetime,mobile", "id"),
        ("id,mobile", "datetime"),
        ("Search Id,Date Time", "id, datetime"),
        ("id;datetime;mobile", "id, datetime"),
    ],
)
def test_a_header_without_key_or_time_is_refused_and_the_missing_columns_are_named(
    own_folder: Path, header: str, missing: str
) -> None:
    assert f"searches.csv is missing {missing};" in refusal(own_folder, f"{header}\n")


@pytest.mark.parametrize("content", ["", "\ufeff", "\n", "\ufeff\r\n\r\n"])
def test_a_file_without_any_text_is_an_empty_table(own_folder: Path, content: str) -> None:
    [batch] = read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL")
    assert (batch.records, batch.rows.column_names) == (0, list(SEARCHES.columns))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines_before_the_header_are_skipped(own_folder: Path, end: str) -> None:
    content = f"\ufeff{end}{end}id,datetime{end}{end}a,{TIME}{end}"
    batches = list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
    assert accepted_rows(batches) == [{"id": "a", "datetime": INSTANT}]


@pytest.mark.parametrize("content", [" ", " \n", '""', "<html></html>", "{}", "id\0,datetime"])
def test_a_file_that_begins_with_something_else_is_refused(own_folder: Path, content: str) -> None:
    assert "header of searches.csv" in refusal(own_folder, content)


@pytest.mark.parametrize("name", ["", " ", "searches."])
def test_a_column_without_a_name_is_loaded_too(own_folder: Path, name: str) -> None:
    [row] = accepted_rows(read_back(own_folder, [("id", name, "datetime"), ("a", "b", TIME)]))
    assert row == {"id": "a", "unnamed": "b", "datetime": INSTANT}


@pytest.mark.parametrize(
    "header",
    [
        "id,datetime,c_x,c_x",
        "id,datetime,c_x,searches.c_x",
        "id,datetime,id",
        "id,datetime,,unnamed",
    ],
)
@pytest.mark.parametrize("records", [0, 1])
def test_a_duplicate_column_is_refused_and_named(
    own_folder: Path, header: str, records: int
) -> None:
    line = ",".join(["a", TIME, "x", "y"][: header.count(",") + 1])
    text = refusal(own_folder, "\n".join([header, *[line] * records]) + "\n")
    assert repr(header.rpartition(",")[2].removeprefix("searches.")) in text
    assert "setting dimensions" in text
    assert "setting tables" in text


def test_a_custom_column_may_have_any_name(own_folder: Path) -> None:
    header = ["id", "datetime", "rejected datetime", 'c "x"', "cell_0", "select", "a, b", "é"]
    record = ["a", TIME, *header[2:]]
    [row] = accepted_rows(read_back(own_folder, [header, record]))
    assert [row[name] for name in header[2:]] == header[2:]


@pytest.mark.parametrize("export_format", ["EXCEL", "NO_NEWLINE"])
@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b'"id","datetime","c', "from cell 3 on"),
        (b'"id","datetime","c\n', "from cell 3 on"),
        (b'"id","datetime","c"d\n', "from cell 3 on"),
        (b'"id","dateti', "from cell 2 on"),
        (b"id,datetime,c\xff\n", "is not valid UTF-8"),
        ("id,datetime,é".encode()[:-1], "is not valid UTF-8"),
        (b'id,datetime,"c\rd"\n', "control character"),
        (b'id,datetime,"\rc"\n', "control character"),
        (b'id,datetime,"c\n"\n', "control character"),
        (b"id,datetime,c\0\n", "control character"),
        (b"id,datetime," + b"c" * (1 << 20), "longer than"),
    ],
)
@pytest.mark.parametrize("records", [0, 2])
def test_a_damaged_header_is_refused_whether_or_not_records_follow(
    own_folder: Path, header: bytes, problem: str, records: int, export_format: str
) -> None:
    content = header + b"a,%b,x\n" % TIME.encode() * records
    text = refusal(own_folder, content, export_format)
    assert "The header of searches.csv" in text
    assert problem in text
    assert len(text) < 2000


def test_column_names_are_case_sensitive(own_folder: Path) -> None:
    content = [("id", "datetime", "c_x", "C_X"), ("a", TIME, "1", "2")]
    [row] = accepted_rows(read_back(own_folder, content))
    assert (row["c_x"], row["C_X"]) == ("1", "2")


def test_columns_may_be_added_missing_or_in_another_order(own_folder: Path) -> None:
    header = ("searchFacetState", "searches.mobile", "datetime", "c_new", "searches.id")
    [row] = accepted_rows(read_back(own_folder, [header, ("s", "t", TIME, "n", "a")]))
    assert row == {
        "searchFacetState": "s",
        "mobile": True,
        "datetime": INSTANT,
        "c_new": "n",
        "id": "a",
    }
