"""A working folder that a process left damaged when it was killed does not stop a pipeline."""

from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from tests.load.datasets import assert_all_loaded, leave_package, load_first, run_again
from tests.support.assertions import LOADED_TABLES
from tests.support.cases import some_of
from tests.support.cli_user import load, open_pipeline
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


@pytest.mark.parametrize("is_library", [False, True], ids=["command", "library"])
def test_a_schema_that_was_half_written_when_the_process_was_killed_is_deleted(
    is_library: bool, demo: DemoServer, clock: Clock
) -> None:
    """dlt writes it under another name first, and would take it for another source's."""
    load_first(demo, clock)
    half = Path(open_pipeline().working_dir) / "schemas" / "f00dfacecafe0123"
    half.write_text('{"version": ')
    if is_library:
        load(demo, tables=LOADED_TABLES)
    assert half.exists() is not is_library
    assert_all_loaded(run_again(demo))
    assert not half.exists()
