"""The source as a library user runs it: rows, windows and cursors."""

from datetime import datetime, timezone
from pathlib import Path

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.helpers import pipeline_drop

from coveo_source.demo import DemoServer, Traffic
from coveo_source.extract.state import PipelineState
from coveo_source.tables import TABLES
from tests.extract.sources import MARCH, Serve, expected_keys, loaded_keys, source
from tests.support.cli_user import (
    PIPELINE,
    create_requests,
    load,
    open_pipeline,
    query,
    rows,
    tables,
)
from tests.support.clock import Clock


def test_a_run_loads_every_row_of_the_range_and_no_other(demo: DemoServer, clock: Clock) -> None:
    open_pipeline().run(source(demo, from_date=MARCH))
    for table in TABLES:
        assert loaded_keys(table) == expected_keys(demo, table, clock)
        assert len(rows(table)) == len(loaded_keys(table))


@pytest.mark.slow
def test_a_source_object_can_be_run_twice(demo: DemoServer, clock: Clock) -> None:
    reused = source(demo, from_date=MARCH)
    open_pipeline().run(reused)
    clock.advance(days=1)
    open_pipeline().run(reused)
    assert loaded_keys("searches") == expected_keys(demo, "searches", clock)


def test_a_resource_with_a_limit_does_not_block_the_others(demo: DemoServer) -> None:
    limited = source(demo, from_date=MARCH).with_resources("searches", "clicks")
    limited.searches.add_limit(1)
    open_pipeline().run(limited)
    assert rows("clicks")


@pytest.mark.slow
def test_a_second_run_exports_only_the_look_back_and_changes_no_row(demo: DemoServer) -> None:
    load(demo, from_date=MARCH)
    before = tables()
    load(demo)
    first, second = create_requests(demo)
    assert second["from"] == ["2026-03-10T11:45:00.000Z"]
    assert second["to"] == first["to"]
    assert tables() == before
    assert demo.exports == []


@pytest.mark.slow
def test_daily_runs_give_the_same_tables_as_one_run_over_all_days(
    serve: Serve, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic = Traffic(seed=5, visits_per_day=25, late_share=0.3)
    daily = serve(traffic)
    clock.now = datetime(2026, 3, 2, 0, 15, tzinfo=timezone.utc)
    for day in range(3):
        load(daily, from_date=MARCH, with_models=day > 0)
        assert daily.exports == []
        clock.advance(days=1)
    clock.advance(days=-1)
    by_day = tables([*TABLES, "all_events"])
    assert len(create_requests(daily)) == 3

    # events of the last day arrive until a day later: the single run has to see the same ones
    (tmp_path / "once").mkdir()
    monkeypatch.chdir(tmp_path / "once")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt-once"))
    once = serve(traffic)
    load(once, from_date=MARCH, with_models=True)
    assert by_day == tables([*TABLES, "all_events"])
    assert len(create_requests(once)) == 1


@pytest.mark.slow
def test_a_dropped_table_is_loaded_again_without_exporting_the_others_again(
    demo: DemoServer,
) -> None:
    load(demo, from_date="2026-02-01", to_date="2026-02-04")
    load(demo, from_date=MARCH)
    before = tables()
    pipeline_drop(dlt.attach(PIPELINE), ["keywords"])()
    demo.requests.clear()
    load(demo)
    assert tables() == before
    exported = [(query["from"][0][:10], query["tables"]) for query in create_requests(demo)]
    assert exported == [
        ("2026-02-01", ["keywords"]),
        ("2026-03-01", ["keywords"]),
        ("2026-03-10", list(TABLES)),
    ]


@pytest.mark.slow
def test_a_table_added_later_catches_up_on_its_own(demo: DemoServer, clock: Clock) -> None:
    load(demo, from_date=MARCH, tables=["clicks"])
    load(demo, tables=["clicks", "groups"])
    assert [query["tables"] for query in create_requests(demo)] == [
        ["clicks"],
        ["groups"],
        ["clicks", "groups"],
    ]
    assert loaded_keys("groups") == expected_keys(demo, "groups", clock)


@pytest.mark.slow
def test_a_backfill_loads_its_range_and_leaves_the_cursors_alone(demo: DemoServer) -> None:
    load(demo, from_date=MARCH)
    before = dlt.attach(PIPELINE).state["sources"]["coveo_source"]["resources"]
    load(demo, from_date="2026-01-05", to_date="2026-01-07")
    assert dlt.attach(PIPELINE).state["sources"]["coveo_source"]["resources"] == before
    assert create_requests(demo)[1]["from"] == ["2026-01-05T00:00:00.000Z"]
    assert create_requests(demo)[1]["to"] == ["2026-01-06T23:59:59.999Z"]
    assert query("select count(*) from searches where datetime < '2026-01-07'")[0][0] > 0


def test_a_scheduler_s_interval_is_loaded_and_moves_the_cursors(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_INTERVAL_START", "2026-02-01T00:00:00Z")
    monkeypatch.setenv("DLT_INTERVAL_END", "2026-02-03T00:00:00Z")
    open_pipeline().run(source(demo))
    assert create_requests(demo)[0]["from"] == ["2026-02-01T00:00:00.000Z"]
    assert create_requests(demo)[0]["to"] == ["2026-02-02T23:59:59.999Z"]
    state = PipelineState.of_pipeline(open_pipeline().state)
    end = datetime(2026, 2, 3, tzinfo=timezone.utc)
    assert state.cursors(TABLES) == dict.fromkeys(TABLES, end)


@pytest.mark.slow
@pytest.mark.thorough
def test_an_end_without_a_start_ends_the_range_and_moves_the_cursors_there(
    demo: DemoServer,
) -> None:
    load(demo, from_date=None, to_date="2026-03-05")
    load(demo)
    assert create_requests(demo)[0]["to"] == ["2026-03-04T23:59:59.999Z"]
    assert create_requests(demo)[1]["from"] == ["2026-03-04T00:00:00.000Z"]


@pytest.mark.slow
def test_an_empty_table_exists_and_its_cursor_moves(serve: Serve) -> None:
    server = serve(
        Traffic(seed=1, visits_per_day=5, until=datetime(2026, 2, 1, tzinfo=timezone.utc))
    )
    load(server, from_date=MARCH)
    assert tables() == {name: [] for name in TABLES}
    load(server)
    assert create_requests(server)[1]["from"] == ["2026-03-10T11:45:00.000Z"]


@pytest.mark.slow
def test_a_full_refresh_loads_everything_anew(demo: DemoServer) -> None:
    load(demo, from_date=MARCH)
    before = tables()
    load(demo, full_refresh=True)
    assert create_requests(demo)[1]["from"] == ["2026-03-01T00:00:00.000Z"]
    assert tables() == before
    assert query("select count(distinct _dlt_load_id) from searches") == [(1,)]


def test_another_organization_is_refused_before_anything_is_created(
    demo: DemoServer, serve: Serve
) -> None:
    open_pipeline().run(source(demo, from_date=MARCH))
    other = serve(org="somebodyelse")
    with pytest.raises(PipelineStepFailed, match="holds the data of coveodemo"):
        open_pipeline().run(source(other))
    assert create_requests(other) == []


def test_a_run_without_a_start_begins_thirty_days_back_and_says_so(
    demo: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    load(demo)
    assert create_requests(demo)[0]["from"] == ["2026-02-10T00:00:00.000Z"]
    assert "beginning 30 days back, at 2026-02-10" in capsys.readouterr().err
