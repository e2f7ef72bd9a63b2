"""A pipeline whose folder was moved goes on there; one whose folder is gone says so."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from tests.support.assertions import FROM_DATE, Completed, invoke
from tests.support.cli_user import PIPELINE, environment, load, query
from tests.support.clock import Clock

FILE = Path(f"{PIPELINE}.duckdb")
Enter = Callable[[str], None]


@pytest.fixture
def enter(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Changes into a folder beside the others."""

    def enter(name: str) -> None:
        (own_folder / name).mkdir(exist_ok=True)
        monkeypatch.chdir(own_folder / name)

    return enter


@pytest.fixture
def loaded(demo: DemoServer, enter: Enter) -> DemoServer:
    """A server whose clicks are loaded from the folder `first`."""
    enter("first")
    load(demo, from_date=FROM_DATE, tables=["clicks"])
    return demo


def run(demo: DemoServer, *words: str) -> Completed:
    words = (PIPELINE, "run", "--no-models", "--tables", "clicks", *words)
    return invoke(*words, env=environment(demo))


def clicks() -> int:
    [(count,)] = query("select count(*) from clicks")
    return int(count)


def test_a_pipeline_whose_folder_was_moved_goes_on_with_the_database_there(
    loaded: DemoServer, clock: Clock, own_folder: Path, enter: Enter
) -> None:
    before = clicks()
    (own_folder / "first").rename(own_folder / "moved")
    enter("moved")
    clock.advance(days=1)
    planned = invoke(PIPELINE, "plan", env=environment(loaded))
    assert planned.code == 0, planned.err
    first = run(loaded)
    assert first.code == 0, first.err
    for said in (planned.err, first.err):
        assert f"The folder {own_folder / 'first'} is gone: going on with {FILE.resolve()}" in said
    assert clicks() > before
    # from now on it is found from everywhere, and nothing is said any more
    enter("elsewhere")
    again = run(loaded)
    assert again.code == 0, again.err
    assert "is gone" not in again.err
    assert not FILE.exists()


@pytest.mark.parametrize("verb", ["run", "plan", "models", "report", "erase --visit-id x --yes"])
def test_every_verb_names_a_folder_that_is_gone_and_the_way_out(
    loaded: DemoServer, own_folder: Path, enter: Enter, verb: str
) -> None:
    shutil.rmtree(own_folder / "first")
    enter("elsewhere")
    refused = invoke(PIPELINE, *verb.split(), env=environment(loaded))
    assert refused.code == 1
    assert str(own_folder / "first") in refused.message
    assert f"dlt pipeline {PIPELINE} run --full-refresh" in refused.message
    assert list(Path().iterdir()) == []
    # it may have been a disk that was not mounted
    (own_folder / "first").mkdir()
    assert run(loaded).code == 0


def test_a_full_refresh_begins_anew_in_the_current_folder(
    loaded: DemoServer, own_folder: Path, enter: Enter
) -> None:
    before = clicks()
    shutil.rmtree(own_folder / "first")
    enter("elsewhere")
    anew = run(loaded, "--full-refresh", "--from", FROM_DATE)
    assert anew.code == 0, anew.err
    assert clicks() == before
    assert run(loaded).code == 0


def test_the_database_of_another_dataset_is_not_taken_for_the_one_that_is_gone(
    loaded: DemoServer, own_folder: Path, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("other")
    with monkeypatch.context() as patched:
        patched.setenv("DLT_DATA_DIR", str(own_folder / "other dlt"))
        load(loaded, from_date=FROM_DATE, tables=["clicks"])
    content = FILE.read_bytes()
    shutil.rmtree(own_folder / "first")
    refused = run(loaded, "--full-refresh")
    assert refused.code == 1
    assert str(own_folder / "first") in refused.message
    assert FILE.read_bytes() == content


def test_a_path_that_was_written_down_is_named_with_dlts_configuration(
    demo: DemoServer, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = own_folder / "gone" / "coveo.duckdb"
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", f"duckdb:///{file}")
    refused = run(demo)
    assert refused.code == 1
    assert str(file.parent) in refused.message
    assert "dlt's configuration" in refused.message


def test_a_dataset_that_is_restored_from_another_folder_stays_where_it_is(
    loaded: DemoServer, clock: Clock, enter: Enter, own_folder: Path
) -> None:
    """An older copy of the database has the pipeline's state restored from it."""
    older = FILE.read_bytes()
    clock.advance(days=1)
    assert run(loaded).code == 0
    FILE.write_bytes(older)
    enter("elsewhere")
    restored = run(loaded)
    assert restored.code == 0, restored.err
    assert "an older copy" in restored.err
    assert run(loaded).code == 0
    assert list(Path().iterdir()) == []
