"""Readers of the copy wait for nobody, and see whole runs only."""

import os
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject, refuse
from coveo_source.destination import publishing
from tests.support.assertions import FROM_DATE, assert_loaded, invoke, run_against
from tests.support.cli_user import (
    DATASET,
    PIPELINE,
    connection_settings,
    environment,
    load,
    query,
)
from tests.support.clock import Clock
from tests.support.person import NAME, PersonalTraffic
from tests.support.readers import asking

FILE = Path(f"{PIPELINE}.duckdb")
COPY = Path("readers") / FILE
COUNTS = "select (select count(*) from coveo_ua.clicks), (select count(*) from coveo_ua.keywords)"


@pytest.fixture
def published(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy that every command writes."""
    COPY.parent.mkdir()
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__PUBLISH", "readers")
    return COPY


def counts_in(file: Path) -> str:
    with asking(file, COUNTS) as reader:
        found = reader.stop()
    [seen] = found["seen"]
    return str(seen)


def test_a_reader_of_the_copy_never_waits_and_sees_whole_runs_only(
    demo: DemoServer, clock: Clock, published: Path
) -> None:
    first = run_against(demo, "--from", "2026-03-09")
    assert_in_summary(first.out)
    whole = {counts_in(published)}
    with asking(published, COUNTS) as reader:
        for _ in range(3):
            clock.advance(days=1)
            former = published.stat().st_ino
            # several windows, so that a run is half done for a while
            completed = invoke(
                PIPELINE,
                *("run", "--no-models", "--tables", "clicks", "keywords", "--window-days", "0.5"),
                env=environment(demo),
            )
            assert completed.code == 0, completed.err
            # whoever has the former file open keeps it
            assert published.stat().st_ino != former
            whole.add(counts_in(published))
        found = reader.stop()
    assert found["errors"] == []
    assert len(whole) == 4
    assert set(found["seen"]) <= whole
    assert len(found["seen"]) > 1
    assert counts_in(FILE) in whole


def assert_in_summary(out: str) -> None:
    """Checks that a run says where the copy is, and has it queried."""
    assert f"Copy:   {COPY}" in out
    assert out.rstrip().splitlines()[-1].count(str(COPY)) == 1


def test_a_run_that_fails_leaves_the_former_copy_and_the_next_one_replaces_it(
    demo: DemoServer, clock: Clock, published: Path
) -> None:
    assert_loaded(run_against(demo))
    before, former = published.read_bytes(), counts_in(published)
    clock.advance(days=1)
    inject(demo, Fault(at("create"), refuse(400, "Odd", "no"), times=None, skip=3))
    halves = ("--from", "2026-03-11", "--window-days", "0.5")
    assert run_against(demo, *halves, exports_ahead=0).code == 1
    assert counts_in(FILE) != former
    assert published.read_bytes() == before
    inject(demo)
    assert run_against(demo).code == 0
    assert counts_in(published) != former


def test_what_a_killed_run_left_of_a_copy_is_removed(demo: DemoServer, published: Path) -> None:
    left = published.with_name(f".{published.name}.new")
    left.write_bytes(b"half a copy")
    assert_loaded(run_against(demo))
    assert list(published.parent.iterdir()) == [published]


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_copy_has_the_mode_that_the_users_umask_says(
    demo: DemoServer, published: Path, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        assert_loaded(run_against(demo))
    finally:
        os.umask(before)
    assert published.stat().st_mode & 0o777 == mode


def test_the_models_alone_are_in_the_copy_too(demo: DemoServer, published: Path) -> None:
    load(demo, from_date=FROM_DATE)
    published.unlink()
    completed = invoke(PIPELINE, "models")
    assert completed.code == 0, completed.err
    with asking(published, "select count(*) > 0 from coveo_ua.all_events") as reader:
        assert set(reader.stop()["seen"]) == {"[(True,)]"}


def test_who_was_erased_is_not_in_the_copy(serve: Any, published: Path) -> None:
    load(serve(PersonalTraffic()), from_date=FROM_DATE, publish="readers")
    assert NAME.encode() in published.read_bytes()
    completed = invoke(PIPELINE, "erase", "--user-name", NAME, "--yes")
    assert completed.code == 0, completed.err
    assert NAME.encode() not in published.read_bytes()


def test_an_erasure_is_finished_only_when_the_copy_is_replaced(
    serve: Any, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(serve(PersonalTraffic()), from_date=FROM_DATE, publish="readers")
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_settled", no_space)
        refused = invoke(PIPELINE, "erase", "--user-name", NAME, "--yes")
    assert refused.code == 1
    assert "The copy for readers still holds them" in refused.message
    assert query("select count(*) from erasures where completed_at is null") != [(0,)]
    assert invoke(PIPELINE, "models").code == 0
    assert NAME.encode() not in published.read_bytes()
    assert query("select count(*) from erasures where completed_at is null") == [(0,)]


def no_space(file: Path) -> Any:
    raise OSError(28, "No space left on device")


def test_a_copy_that_cannot_be_written_fails_the_run_after_everything_is_loaded(
    demo: DemoServer, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_settled", no_space)
    failed = run_against(demo)
    assert failed.code == 1
    for text in ("Everything is loaded", str(published), "No space left", "un again"):
        assert text in failed.message
    assert query("select count(*) > 0 from clicks") == [(True,)]


def test_a_run_of_a_library_user_writes_the_copy_too(demo: DemoServer, own_folder: Path) -> None:
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name=DATASET)
    settings = {**connection_settings(demo), "tables": ["clicks", "keywords"]}
    pipeline.run(coveo_source(from_date=FROM_DATE, publish="for_readers.duckdb", **settings))
    assert counts_in(Path("for_readers.duckdb")) == counts_in(FILE)


@pytest.mark.parametrize(
    ("publish", "why"),
    [
        (str(FILE), "the database itself"),
        (".", "the database itself"),
        ("link.duckdb", "the database itself"),
        (f"{DATASET}.duckdb", "cannot tell a file"),
        ("nowhere/copy.duckdb", "no folder"),
        ("notes.txt", "something else"),
        ("other.duckdb", "something else"),
    ],
)
def test_a_place_where_the_copy_cannot_be_is_refused_before_anything_is_asked(
    demo: DemoServer, publish: str, why: str
) -> None:
    assert_loaded(run_against(demo))
    Path("link.duckdb").symlink_to(FILE)
    Path("notes.txt").write_text("mine")
    duckdb.connect("other.duckdb").close()
    requests = len(demo.requests)
    refused = run_against(demo, publish=publish)
    assert refused.code == 2
    assert "publish" in refused.message
    assert why in refused.message
    assert len(demo.requests) == requests
    assert Path("notes.txt").read_text() == "mine"


def test_another_destination_than_a_file_of_duckdbs_has_no_copy(demo: DemoServer) -> None:
    credentials = {"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://me:x@127.0.0.1:9/nobody"}
    words = (PIPELINE, "run", "--destination", "postgres")
    publish = {"SOURCES__COVEO_SOURCE__PUBLISH": "copy.duckdb"}
    refused = invoke(*words, env={**environment(demo), **credentials, **publish})
    assert refused.code == 2
    assert "The destination postgres is no file of DuckDB's" in refused.message
