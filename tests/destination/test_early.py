"""Rows that are inserted while their file is read: the same tables, and nothing if that fails."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.traffic import Row
from coveo_source.destination import early_rows, tuned_destination
from coveo_source.destination.early import EarlyRows, EarlyTable
from coveo_source.reader import chunks
from tests.support.cli_user import PIPELINE, Rows, load, query, tables
from tests.support.readers import holding

Serve = Callable[..., DemoServer]
Committed = list[tuple[str, bool]]

RANGE: dict[str, Any] = {"from_date": "2025-03-01", "to_date": "2025-03-04"}


@dataclass(frozen=True)
class OddTraffic(Traffic):
    """Traffic in which the last click of a file is odd, long after the first ones were read.

    is_doubled: whether it comes twice; if not, its rank is no number
    """

    seed: int = 3
    visits_per_day: int = 25
    is_doubled: bool = False

    def rows(self, table: str, *args: Any, **options: Any) -> Iterator[Row]:
        *rows, last = list(super().rows(table, *args, **options)) or [()]
        yield from rows
        if table == "clicks" and not self.is_doubled:
            rank = list(options["columns"]).index("clickRank")
            last = (*last[:rank], "first", *last[rank + 1 :])
        if last:
            yield last
        if table == "clicks" and self.is_doubled:
            yield last


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "BLOCK_BYTES", 1 << 12)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1 << 13)


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> Committed:
    """Whether what was inserted early into a table was committed, for each attempt."""
    found: Committed = []
    commit = EarlyTable.commit

    def noted(self: EarlyTable, *arguments: Any) -> bool:
        outcome = commit(self, *arguments)
        found.append((self._target.split(".")[1].strip('"'), outcome))
        return outcome

    monkeypatch.setattr(EarlyTable, "commit", noted)
    return found


def late_tables(server: DemoServer, folder: Path) -> dict[str, Rows]:
    """Returns the tables after a load that inserts nothing before all is read."""
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EarlyRows, "add", lambda *_: None)
        patch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        patch.chdir(folder)
        load(server, **RANGE, keep_exports=True)
        return tables()


@pytest.mark.slow
def test_the_tables_are_the_same_as_after_a_load_that_begins_when_all_is_read(
    demo: DemoServer, own_folder: Path, committed: Committed
) -> None:
    expected = late_tables(demo, own_folder / "late")
    assert not committed
    load(demo, **RANGE)
    assert dict(committed) == dict.fromkeys(expected, True)
    assert tables() == expected
    # rows of the same keys are there now
    load(demo, **RANGE)
    assert len(committed) == 2 * len(expected)
    assert all(outcome for _, outcome in committed)
    assert tables() == expected


def test_nothing_of_a_file_that_turns_out_to_be_wrong_is_left(
    serve: Serve, committed: Committed
) -> None:
    server = serve(OddTraffic())
    with pytest.raises(Exception, match="clickRank"):
        load(server, **RANGE, strict=True)
    assert not committed
    assert query("select count(*) from searches") == [(0,)]
    load(server, **RANGE)
    assert ("clicks", True) in committed
    assert query("select raw from rejected_rows") == [("first",)]


def test_a_table_with_a_key_twice_is_left_to_its_load_job(
    serve: Serve, own_folder: Path, committed: Committed
) -> None:
    server = serve(OddTraffic(is_doubled=True))
    expected = late_tables(server, own_folder / "late")
    load(server, **RANGE)
    assert ("searches", True) in committed
    assert "clicks" not in dict(committed)
    assert tables() == expected


def test_a_table_in_several_files_is_left_to_their_load_jobs(
    demo: DemoServer, own_folder: Path, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = late_tables(demo, own_folder / "late")
    # dlt begins another file after so many rows, so none of them has as many as were inserted
    monkeypatch.setenv("DATA_WRITER__FILE_MAX_ITEMS", "50")
    load(demo, **RANGE)
    assert ("searches", False) in committed
    assert ("searches", True) not in committed
    assert tables() == expected


def test_a_table_that_was_changed_meanwhile_is_loaded_from_its_file(
    demo: DemoServer, own_folder: Path, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = late_tables(demo, own_folder / "late")
    commit = EarlyTable.commit

    def too_late(self: EarlyTable, *arguments: Any) -> bool:
        if self._target.endswith('"searches"'):
            with duckdb.connect(f"{PIPELINE}.duckdb") as database:
                database.execute(f"alter table {self._target} add column note varchar")
        return commit(self, *arguments)

    monkeypatch.setattr(EarlyTable, "commit", too_late)
    load(demo, **RANGE)
    assert ("searches", False) in committed
    assert query("select count(*) from searches where note is null") == [
        (len(expected["searches"]),)
    ]
    assert {**tables(), "searches": []} == {**expected, "searches": []}


def test_a_database_that_another_process_has_open_is_left_alone(own_folder: Path) -> None:
    pipeline = dlt.pipeline(PIPELINE, destination=tuned_destination("duckdb"))
    duckdb.connect(f"{PIPELINE}.duckdb").close()
    rows = pa.table({"id": ["a"]})
    with holding(own_folder / f"{PIPELINE}.duckdb"), early_rows(pipeline) as early:
        assert early
        for _ in range(3):
            early.add("things", rows, dlt.Schema("any"))
        assert early.take("things") is None


def test_no_rows_are_inserted_early_in_little_memory(
    demo: DemoServer, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__MEMORY_LIMIT", "600MB")
    load(demo, **RANGE)
    assert not committed
    assert query("select count(*) > 0 from searches") == [(True,)]


def test_other_destinations_take_no_rows_early(own_folder: Path) -> None:
    pipeline = dlt.pipeline(PIPELINE, destination=dlt.destinations.filesystem("files"))
    with early_rows(pipeline) as early:
        assert early is None
