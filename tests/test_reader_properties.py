from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.table import read

from .csv_files import (
    FORMATS,
    INSTANT,
    SEARCHES,
    TIME,
    WRITERS,
    csv_file,
    rejected_of,
    rows_of,
    without_newlines,
)

cells = (
    st.text(
        st.sampled_from([*'"\\,\r\n', "\ufeff", "\u2028", "😀", "é", "a", "0", " ", "#"]),
        max_size=8,
    )
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
    | st.sampled_from(["NULL", "null", "NA", "NaN", "\\N", "0012", "1e5", "true", '"', "\\", '"\\'])
)
names = st.lists(
    st.from_regex(r"c_[a-z]{1,6}", fullmatch=True), min_size=1, max_size=4, unique=True
)


@settings(deadline=None, max_examples=60)
@given(
    st.data(),
    names,
    st.integers(0, 6),
    st.sampled_from(list(WRITERS)),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_any_table_of_texts_comes_back_exactly_in_every_dialect(
    data: st.DataObject, custom: list[str], count: int, dialect: str, end: str, bom: bool
) -> None:
    header = data.draw(st.permutations(["id", "datetime", *custom]))
    prefixed = [f"searches.{name}" if data.draw(st.booleans()) else name for name in header]
    records = [
        {"id": f"id {n}", "datetime": TIME, **{name: data.draw(cells) for name in custom}}
        for n in range(count)
    ]
    if dialect == "no_newline":
        records = [{k: without_newlines(v) for k, v in record.items()} for record in records]
    rows = [prefixed, *([record[name] for name in header] for record in records)]
    with TemporaryDirectory() as folder:
        path = csv_file(Path(folder) / "x.csv", rows, dialect, end, bom)
        batches = list(read(path, SEARCHES, FORMATS[dialect]))
    expected = [
        {name: INSTANT if name == "datetime" else record[name] or None for name in header}
        for record in records
    ]
    assert rows_of(batches) == expected
    assert rejected_of(batches) == []
    assert batches[0].rows.column_names == header
    assert sum(batch.records for batch in batches) == count
