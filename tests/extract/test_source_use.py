"""dlt's habits with the source: parts of it, limits, threads, hints and loops."""

from collections.abc import Callable
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from coveo_source.demo import DemoServer, Response
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.exceptions import SourceMisused
from coveo_source.tables import EXPORTS, REJECTED, REMOVED, TABLES
from tests.extract.sources import MARCH, expected_keys, loaded_keys, source
from tests.support.cli_user import create_requests, load, open_pipeline, query, rows
from tests.support.clock import Clock

AUDIT = {EXPORTS, REJECTED, REMOVED}


def table_names() -> set[str]:
    sql = "select table_name from information_schema.tables where table_schema = 'coveo_ua'"
    return {name for (name,) in query(sql)}


def test_one_table_by_itself_comes_with_its_audit_trail(demo: DemoServer, clock: Clock) -> None:
    open_pipeline().run(source(demo, from_date=MARCH).with_resources("clicks"))
    assert loaded_keys("clicks") == expected_keys(demo, "clicks", clock)
    assert query("select tables from exports") == [("clicks",)]
    assert table_names() & (AUDIT | set(TABLES)) == {*AUDIT, "clicks"}
    assert [request["tables"] for request in create_requests(demo)] == [["clicks"]]


def test_selecting_tables_changes_no_other_source_object(demo: DemoServer) -> None:
    whole = source(demo)
    part = whole.with_resources("clicks")
    assert set(part.selected_resources) == {*AUDIT, "clicks"}
    assert {*TABLES, *AUDIT} <= set(whole.selected_resources)
    assert set(part.clone().selected_resources) == set(part.selected_resources)


@pytest.mark.slow
def test_a_limit_leaves_the_cursor_where_it_was(serve: Any, clock: Clock) -> None:
    server = serve()
    limited = source(server, from_date=MARCH, window_days=3)
    limited.add_limit(1)
    open_pipeline().run(limited)
    some = len(rows("searches"))
    assert 0 < some < len(expected_keys(server, "searches", clock))
    assert rows("exports") == []
    open_pipeline().run(source(server, from_date=MARCH))
    for table in TABLES:
        assert loaded_keys(table) == expected_keys(server, table, clock)
    assert query("select distinct tables from exports") == [(",".join(TABLES),)]


@pytest.mark.slow
def test_a_limit_on_one_table_leaves_only_its_cursor_where_it_was(
    demo: DemoServer, clock: Clock
) -> None:
    limited = source(demo, from_date=MARCH, window_days=3)
    limited.searches.add_limit(1)
    open_pipeline().run(limited)
    assert loaded_keys("clicks") == expected_keys(demo, "clicks", clock)
    assert all(
        "searches" not in tables.split(",") for (tables,) in query("select tables from exports")
    )
    demo.requests.clear()
    load(demo, from_date=MARCH)
    assert loaded_keys("searches") == expected_keys(demo, "searches", clock)


def test_resources_may_run_in_threads(demo: DemoServer, clock: Clock) -> None:
    threaded = source(demo, from_date=MARCH, window_days=3)
    for resource in threaded.resources.values():
        resource.parallelize()
    open_pipeline().run(threaded)
    for table in TABLES:
        assert loaded_keys(table) == expected_keys(demo, table, clock)
    assert demo.exports == []


def test_an_error_in_threads_is_told_and_leaves_the_next_run_free(
    demo: DemoServer, clock: Clock
) -> None:
    inject(demo, Fault(at("file"), gone, times=None))
    threaded = source(demo, from_date=MARCH)
    for resource in threaded.resources.values():
        resource.parallelize()
    with pytest.raises(PipelineStepFailed, match="export"):
        open_pipeline().run(threaded)
    inject(demo)
    open_pipeline().drop_pending_packages()
    open_pipeline().run(source(demo, from_date=MARCH))
    assert loaded_keys("clicks") == expected_keys(demo, "clicks", clock)


def gone(*_: object) -> Response:
    return Response.json({"errorCode": "GONE", "message": "Gone."}, 410)


def run_by_itself(whole: Any) -> None:
    open_pipeline().run(whole.clicks)


def run_several(whole: Any) -> None:
    open_pipeline().run([whole.clicks, whole.searches])


def run_without_its_audit_trail(whole: Any) -> None:
    whole.resources.select("clicks")
    open_pipeline().run(whole)


@pytest.mark.parametrize("misuse", [run_by_itself, run_several, run_without_its_audit_trail])
def test_tables_without_their_audit_trail_are_refused_with_the_way_to_load_them(
    demo: DemoServer, misuse: Callable[[Any], None]
) -> None:
    with pytest.raises(PipelineStepFailed, match=r'with_resources\("clicks"\)'):
        misuse(source(demo, from_date=MARCH))
    assert create_requests(demo) == []
    # the pipeline is as good as new
    load(demo, from_date="2026-03-10", tables=["clicks"])


@pytest.mark.parametrize(
    "misuse",
    [
        lambda whole: whole.clicks.apply_hints(incremental=dlt.sources.incremental("datetime")),
        lambda whole: whole.clicks.apply_hints(incremental=dlt.sources.incremental.EMPTY),
        lambda whole: whole.clicks(cursor=dlt.sources.incremental.EMPTY),
        lambda whole: whole.clicks(),
    ],
)
def test_a_cursor_of_one_s_own_is_refused_with_the_settings_to_use(
    demo: DemoServer, misuse: Callable[[Any], object]
) -> None:
    with pytest.raises(SourceMisused, match=r"coveo_source\(from_date=…, to_date=…"):
        misuse(source(demo))


@pytest.mark.parametrize("read", [lambda whole: list(whole), lambda whole: list(whole.clicks)])
def test_rows_cannot_be_read_in_a_loop(demo: DemoServer, read: Callable[[Any], object]) -> None:
    with pytest.raises(SourceMisused, match=r"dlt\.pipeline\("):
        read(source(demo))


def test_other_hints_still_apply(demo: DemoServer) -> None:
    described = source(demo, from_date="2026-03-10", tables=["clicks"])
    described.clicks.apply_hints(columns={"click_id": {"x-owner": "web"}})
    pipeline = open_pipeline()
    pipeline.run(described)
    columns = pipeline.default_schema.tables["clicks"]["columns"]
    assert columns["click_id"]["x-owner"] == "web"  # type: ignore[typeddict-item]


@pytest.mark.slow
def test_a_number_of_windows_bounds_a_run_of_a_script(demo: DemoServer, clock: Clock) -> None:
    for expected in (1, 2, 3):
        open_pipeline().run(
            source(demo, from_date=MARCH, window_days=4, max_windows=1, lookback_days=0)
        )
        assert len(rows("exports")) == expected
    assert loaded_keys("clicks") == expected_keys(demo, "clicks", clock)


def test_a_range_of_a_script_has_no_number_of_windows(demo: DemoServer) -> None:
    bounded = source(demo, from_date=MARCH, to_date="2026-03-05", max_windows=1)
    with pytest.raises(PipelineStepFailed, match=r"max_windows .* the verb run"):
        open_pipeline().run(bounded)
    assert create_requests(demo) == []
