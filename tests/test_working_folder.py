"""A working folder that a process left damaged when it was killed does not stop a pipeline."""

from pathlib import Path

import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from tests.load.datasets import assert_all_loaded, leave_package, load_first, run_again
from tests.support.assertions import LOADED_TABLES
from tests.support.cases import some_of
from tests.support.cli_user import connection_settings, open_pipeline
from tests.support.clock import Clock

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "file", some_of(["state.json", "schemas/coveo_source.schema.json"], "state.json")
)
def test_a_damaged_working_folder_is_restored_from_the_dataset(
    file: str, demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    package = leave_package(demo)
    (package.parents[2] / file).write_text('{"version": ')
    completed = run_again(demo)
    assert "Traceback" not in completed.err
    assert_all_loaded(completed)


def half_written_schema() -> Path:
    """Leaves what dlt leaves if it is killed before a new schema gets its name."""
    half = Path(open_pipeline().working_dir) / "schemas" / "f00dfacecafe0123"
    half.write_text('{"version": ')
    return half


def test_a_schema_that_was_half_written_is_not_taken_for_another_source_s(
    demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    leave_package(demo)
    half = half_written_schema()
    completed = run_again(demo)
    assert "Loading first what an earlier run had read" in completed.err
    assert_all_loaded(completed)
    assert not half.exists()


def test_a_schema_that_was_half_written_is_deleted_by_a_library_user_s_run_too(
    demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    half = half_written_schema()
    source = coveo_source(tables=list(LOADED_TABLES), **connection_settings(demo))
    open_pipeline().run(source)
    assert not half.exists()
    assert_all_loaded(run_again(demo))
    assert open_pipeline().state["schema_names"] == ["coveo_source"]
