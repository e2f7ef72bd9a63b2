"""Deduplicated rows are merged directly from their file, with the result of dlt's own merge."""

from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest

from coveo_source.demo import DemoServer
from coveo_source.destination import tuned_destination
from coveo_source.destination.jobs import DEDUPLICATED, MergeJob, merge_statements
from coveo_source.destination.tuning import LOADING_THREADS
from coveo_source.extract.resources import MERGE
from coveo_source.machine import cores
from tests.support.cli_user import PIPELINE, load, query, rows
from tests.support.clock import Clock
from tests.support.once import load_once

Row = tuple[str, str, int]

LOADS: list[list[Row]] = [
    [("a", "x", 1), ("a", "y", 2), ("b", "x", 3)],
    [("a", "y", 20), ("c", "x", 4)],
    [],
    [("a", "x", 100), ("b", "x", 300), ("b", "y", 5)],
]


def resource_of(rows: list[Row], deduplicated: bool | None = True) -> Any:
    """Returns a resource of rows with a key of two columns, with or without the hint."""
    names = ["one", "other", "value"]
    types = [pa.string(), pa.string(), pa.int64()]
    columns = zip(*rows, strict=True) if rows else ((),) * 3
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    hints = dlt.mark.make_hints(additional_table_hints={DEDUPLICATED: deduplicated})

    def items() -> Any:
        yield dlt.mark.with_hints(pa.table(arrays, names), hints)

    return dlt.resource(items, name="things", primary_key=["one", "other"], write_disposition=MERGE)


def pipeline_to(destination: Any, name: str = PIPELINE) -> Any:
    return dlt.pipeline(name, destination=destination, dataset_name="coveo_ua")


def things(pipeline: Any) -> list[Row]:
    """Returns the rows that a pipeline has loaded, in order."""
    with pipeline.sql_client() as client:
        rows = client.execute_sql("select one, other, value from things order by all")
    return list(rows or ())


def schemas(database: Path) -> set[str]:
    with duckdb.connect(str(database)) as connection:
        return {
            name
            for (name,) in connection.execute(
                "select schema_name from information_schema.schemata"
                " where schema_name like 'coveo%'"
            ).fetchall()
        }


@pytest.mark.slow
def test_each_load_gives_the_same_rows_as_dlts_own_merge(own_folder: Path) -> None:
    ours, theirs = pipeline_to(tuned_destination("duckdb")), pipeline_to("duckdb", "theirs")
    for batch in LOADS:
        ours.run(resource_of(batch))
        theirs.run(resource_of(batch))
        assert things(ours) == things(theirs)
    assert schemas(own_folder / f"{PIPELINE}.duckdb") == {"coveo_ua"}
    assert schemas(own_folder / "theirs.duckdb") == {"coveo_ua", "coveo_ua_staging"}


@pytest.mark.parametrize(("set_by_user", "before_the_delete"), [(None, True), (3, False)])
def test_the_delete_uses_all_cores_unless_the_user_set_threads(
    own_folder: Path, set_by_user: int | None, before_the_delete: bool
) -> None:
    pipeline = pipeline_to(tuned_destination("duckdb"))
    pipeline.run(resource_of(LOADS[0]))
    table = pipeline.default_schema.get_table("things")
    threads = set_by_user or LOADING_THREADS
    with pipeline.sql_client() as client:
        statements = list(merge_statements(table, "things.parquet", client, threads))
    assert (statements[0] == f"set threads = {cores()}") is before_the_delete
    assert statements[-2] == f"set threads = {threads}"


def test_rows_that_may_have_the_same_key_take_dlts_way(own_folder: Path) -> None:
    pipeline = pipeline_to(tuned_destination("duckdb"))
    pipeline.run(resource_of([("a", "x", 1), ("b", "x", 2)]))
    pipeline.run(resource_of([("a", "x", 3), ("a", "x", 3)], deduplicated=False))
    assert things(pipeline) == [("a", "x", 3), ("b", "x", 2)]
    pipeline.run(resource_of([("b", "x", 4)]))
    assert things(pipeline) == [("a", "x", 3), ("b", "x", 4)]


def test_a_completed_job_can_run_again(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = MergeJob.run

    def run_twice(job: MergeJob) -> None:
        run(job)
        run(job)

    monkeypatch.setattr(MergeJob, "run", run_twice)
    pipeline = pipeline_to(tuned_destination("duckdb"))
    for batch in LOADS:
        pipeline.run(resource_of(batch))
    assert len(things(pipeline)) == len({row[:2] for batch in LOADS for row in batch})


def test_a_merge_that_fails_does_not_change_the_table(own_folder: Path) -> None:
    pipeline = pipeline_to(tuned_destination("duckdb"))
    pipeline.run(resource_of(LOADS[0]))
    before = things(pipeline)
    with pipeline.sql_client() as client:
        client.execute_sql("alter table things rename column value to renamed")
    with pytest.raises(Exception, match="value"):
        pipeline.run(resource_of(LOADS[1]))
    pipeline.abort_packages()
    with pipeline.sql_client() as client:
        client.execute_sql("alter table things rename column renamed to value")
    assert things(pipeline) == before


def test_the_working_folder_can_have_any_name(own_folder: Path) -> None:
    folder = own_folder / "we[i]rd 'd*r"
    pipeline = dlt.pipeline(
        PIPELINE,
        destination=tuned_destination("duckdb"),
        dataset_name="coveo_ua",
        pipelines_dir=str(folder),
    )
    pipeline.run(resource_of(LOADS[0]))
    assert things(pipeline) == LOADS[0]


@pytest.mark.slow
def test_a_run_needs_no_staging_table_and_replaces_rows_with_the_same_key(
    demo: DemoServer, clock: Clock, own_folder: Path
) -> None:
    load_once(demo, from_date="2026-03-07")
    first = len(rows("searches"))
    clock.advance(days=1)
    load(demo)
    assert schemas(own_folder / f"{PIPELINE}.duckdb") == {"coveo_ua"}
    assert query("select count(distinct _dlt_load_id) from searches") == [(2,)]
    assert len(rows("searches")) > first
    assert query(
        "select count(*) from (select id from searches group by 1 having count(*) > 1)"
    ) == [(0,)]
