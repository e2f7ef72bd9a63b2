"""A package that cannot be loaded is named, and there is a way out that loses nothing."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from tests.load.datasets import (
    WINDOW,
    assert_all_loaded,
    change_description,
    execute,
    job_file,
    leave_package,
    load_first,
    no_longer_require_it,
    require_a_column,
    run_again,
)
from tests.support.assertions import (
    LOADED_TABLES,
    Completed,
    assert_failed_with,
    invoke,
    run_against,
)
from tests.support.cases import some_of
from tests.support.cli_user import (
    PIPELINE,
    connection_settings,
    create_requests,
    dlt_command,
    open_pipeline,
    query,
)
from tests.support.clock import Clock
from tests.support.once import load_once
from tests.support.processes import start_run, wait_for_exit

pytestmark = pytest.mark.slow

REFUSED = "NOT NULL constraint failed: clicks.checked"
DROP = f"`dlt pipeline {PIPELINE} run --drop-pending`"


def assert_refused(completed: Completed, reason: str = REFUSED) -> None:
    [load_id] = open_pipeline().list_normalized_load_packages()
    package = f"{load_id} ({WINDOW}: clicks, keywords)"
    assert_failed_with(completed, package, "clicks: ", reason, "Nothing was lost", DROP)


def test_a_refused_package_is_loaded_as_soon_as_the_cause_is_gone(
    demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    require_a_column()
    assert_refused(run_again(demo))
    requests = len(create_requests(demo))
    assert_refused(run_again(demo))
    assert_refused(invoke(PIPELINE, "models"))
    assert_refused(invoke(PIPELINE, "erase", "--user-name", "nobody", "--yes"))
    no_longer_require_it()
    assert_all_loaded(run_again(demo))
    # one for what is due by now, and none for the package
    assert len(create_requests(demo)) == requests + 1


def test_a_refused_package_can_be_dropped_and_its_export_is_used_again(
    demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    require_a_column()
    assert_refused(run_again(demo))
    no_longer_require_it()
    completed = run_again(demo, "--drop-pending")
    assert "is dropped, because that was asked for" in completed.err
    assert_all_loaded(completed)
    starts = [start for request in create_requests(demo) for start in request["from"]]
    assert starts.count("2026-03-10T11:45:00.000Z") == 1
    assert demo.exports == []


@pytest.mark.parametrize(
    ("change", "reason"),
    some_of(
        [
            pytest.param(
                "alter table clicks alter document_title type double using 0",
                "to DOUBLE",
                id="type",
            ),
            pytest.param(
                "alter table clicks rename to kept; create view clicks as from kept",
                "Can only delete from base table",
                id="view",
            ),
        ],
        "type",
    ),
)
def test_a_table_that_cannot_be_mended_may_be_dropped(
    change: str, reason: str, demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    execute(change)
    for _ in range(2):
        assert_refused(run_again(demo), reason)
    execute("drop view clicks" if "view" in change else "drop table clicks")
    completed = run_again(demo)
    assert "because clicks is gone" in completed.err
    assert_all_loaded(completed)


def cut_off(package: Path) -> None:
    file = job_file(package, "clicks")
    file.write_bytes(file.read_bytes()[:-20])


def empty(package: Path) -> None:
    job_file(package, "keywords").write_bytes(b"")


def delete_file(package: Path) -> None:
    job_file(package, "clicks").unlink()


def delete_audit_row(package: Path) -> None:
    job_file(package, "exports").unlink()


def break_state(package: Path) -> None:
    (package / "load_package_state.json").write_text('{"created_at": "20')


def break_schema(package: Path) -> None:
    (package / "schema.json").write_bytes(b"\0" * 100)


def delete_schema(package: Path) -> None:
    (package / "schema.json").unlink()


DAMAGES = [
    pytest.param(damage, normalized, id=f"{damage.__name__} {step}")
    for damage in (
        *(cut_off, empty, delete_file, delete_audit_row),
        *(break_state, break_schema, delete_schema),
    )
    for step, normalized in (("extracted", False), ("normalized", True))
]


@pytest.mark.parametrize(
    ("damage", "normalized"),
    some_of(
        DAMAGES,
        *("cut_off normalized", "break_schema extracted"),
    ),
)
def test_a_damaged_package_is_dropped_and_its_window_read_again(
    damage: Callable[[Path], None], normalized: bool, demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    package = leave_package(demo, normalized)
    damage(package)
    completed = run_again(demo)
    assert f"The load package {package.name}" in completed.err
    assert "is dropped, because its " in completed.err
    assert "Traceback" not in completed.err
    assert_all_loaded(completed)


@pytest.mark.thorough
def test_a_package_of_a_former_version_that_is_refused_is_made_anew(
    demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    package = leave_package(demo)
    file = job_file(package, "clicks")
    rows = pq.read_table(file)
    place = rows.column_names.index("datetime")
    text = pa.array(["not a time"] * rows.num_rows)
    pq.write_table(rows.set_column(place, "datetime", text), file)
    completed = run_again(demo)
    assert_failed_with(completed, package.name, "not a time", DROP)
    change_description(package, version="0.0.1")
    completed = run_again(demo)
    assert "It is dropped, and made anew." in completed.err
    assert_all_loaded(completed)


def test_a_range_that_is_dropped_has_to_be_asked_for_again(demo: DemoServer, clock: Clock) -> None:
    load_first(demo, clock)
    leave_package(demo, from_date="2026-03-08", to_date="2026-03-09")
    completed = run_again(demo, "--drop-pending")
    assert "asked for with both ends: ask for it again" in completed.err
    assert_all_loaded(completed)


@pytest.mark.thorough
def test_without_a_package_there_is_nothing_to_drop(demo: DemoServer, clock: Clock) -> None:
    load_first(demo, clock)
    completed = run_again(demo, "--drop-pending")
    assert "There is no load package to drop." in completed.err
    assert_all_loaded(completed)


KILLED_IN_THE_LOAD = """
import os, signal
from coveo_source.__main__ import main
from coveo_source.destination.jobs import MergeJob

MergeJob.run = lambda job: os.kill(os.getpid(), signal.SIGKILL)
main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_a_full_refresh_that_is_broken_off_and_dropped_loads_all_of_history(
    demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    with start_run(demo, "-c", KILLED_IN_THE_LOAD, words=("--full-refresh",)) as process:
        assert wait_for_exit(process).code == -signal.SIGKILL
    # the tables are dropped; what dlt's state says of them is from before
    assert query("select count(*) from clicks where datetime < '2026-03-11'") == [(0,)]
    completed = run_again(demo, "--drop-pending")
    assert "is dropped" in completed.err
    assert_all_loaded(completed)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a folder is moved as by a kill")
def test_a_library_user_s_run_goes_on_after_a_kill_at_the_end_of_a_load(
    demo: DemoServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__DELETE_COMPLETED_JOBS", "false")
    load_first(demo, clock)
    pipeline = open_pipeline()
    [load_id] = pipeline.list_completed_load_packages()
    folder = Path(pipeline.working_dir) / "load"
    (folder / "loaded" / load_id).rename(folder / "normalized" / load_id)
    source = coveo_source(tables=list(LOADED_TABLES), **connection_settings(demo))
    [new_id] = open_pipeline().run(source).loads_ids
    assert new_id != load_id
    assert_all_loaded(run_again(demo))


def test_a_package_of_models_that_is_refused_is_made_anew(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-10", with_models=True)
    before = query("select * exclude (_dlt_load_id) from visits order by all")
    execute("alter table visits alter visit_id type integer using 1")
    completed = invoke(PIPELINE, "models", "--full-refresh")
    assert "Traceback" not in completed.err
    execute("drop table visits")
    assert invoke(PIPELINE, "models").code == 0
    assert query("select * exclude (_dlt_load_id) from visits order by all") == before


@pytest.mark.thorough
def test_dlt_s_own_verb_drops_a_package_too(demo: DemoServer, clock: Clock) -> None:
    load_first(demo, clock)
    require_a_column()
    assert_refused(run_against(demo))
    assert dlt_command("-y", "pipeline", PIPELINE, "abort-packages").returncode == 0
    no_longer_require_it()
    assert_all_loaded(run_again(demo))
