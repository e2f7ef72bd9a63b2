"""The source as a library user runs it, and its promises on windows and cursors."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.helpers import pipeline_drop

from coveo_source import coveo_source
from coveo_source.demo import COLUMNS, DemoServer, Traffic
from coveo_source.tables import TABLES
from tests.support.cli_user import (
    PIPELINE,
    connection_settings,
    create_requests,
    load,
    open_pipeline,
    query,
    rows,
    tables,
)
from tests.support.clock import Clock

Serve = Callable[..., DemoServer]
MARCH = "2026-03-01"


def source(server: DemoServer, **settings: Any) -> Any:
    return coveo_source(**connection_settings(server), **settings)


def expected(server: DemoServer, table: str, start: datetime, end: datetime) -> set[Any]:
    """The keys that the traffic has in a range."""
    places = [COLUMNS[table].index(name) for name in TABLES[table].key]
    found = server.traffic.rows(table, start, end)
    return {tuple(row[place] for place in places) for row in found}


def keys(table: str) -> set[Any]:
    columns = {"searches": "id", "clicks": "click_id", "custom_events": "custom_event_id"}
    columns |= {"keywords": "search_id, keyword", "groups": "search_id, group_name"}
    return set(query(f"select {columns[table]} from {table}"))


def test_a_run_loads_every_row_of_the_range_and_no_other(demo: DemoServer, clock: Clock) -> None:
    open_pipeline().run(source(demo, from_date=MARCH))
    start, end = datetime(2026, 3, 1, tzinfo=timezone.utc), clock.now - timedelta(minutes=15)
    for table in TABLES:
        assert keys(table) == expected(demo, table, start, end)
        assert len(rows(table)) == len(keys(table))


def test_all_tables_share_one_export_and_it_is_deleted_after_the_load(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date=MARCH))
    assert [query["tables"] for query in create_requests(demo)] == [list(TABLES)]
    assert demo.exports == []


def test_keep_exports_leaves_them_on_the_server(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date=MARCH, keep_exports=True))
    assert len(demo.exports) == 1


def test_a_selected_resource_exports_only_its_table(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date=MARCH).with_resources("clicks"))
    assert [query["tables"] for query in create_requests(demo)] == [["clicks"]]
    assert rows("clicks")


@pytest.mark.slow
def test_one_source_object_can_be_run_again(demo: DemoServer, clock: Clock) -> None:
    both = source(demo, from_date=MARCH)
    open_pipeline().run(both)
    clock.advance(days=1)
    open_pipeline().run(both)
    start, end = datetime(2026, 3, 1, tzinfo=timezone.utc), clock.now - timedelta(minutes=15)
    assert keys("searches") == expected(demo, "searches", start, end)


def test_a_limited_resource_ends(demo: DemoServer) -> None:
    limited = source(demo, from_date=MARCH).with_resources("searches", "clicks")
    limited.searches.add_limit(1)
    open_pipeline().run(limited)
    assert rows("clicks")


def test_each_column_has_the_type_of_the_catalogue(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date=MARCH))
    kinds: dict[str, str] = dict(
        query(
            "select column_name, data_type from information_schema.columns"
            " where table_name in ('searches', 'clicks') and table_schema = 'coveo_ua'"
        )
    )
    assert kinds["datetime"] == "TIMESTAMP WITH TIME ZONE"
    assert kinds["with_clicks"] == kinds["mobile"] == "BOOLEAN"
    assert kinds["number_of_results"] == kinds["click_rank"] == "BIGINT"
    assert kinds["c_product"] == kinds["custom_datas"] == "VARCHAR"


@pytest.mark.slow
def test_a_second_run_exports_at_most_the_look_back_and_changes_no_row(demo: DemoServer) -> None:
    load(demo, from_date=MARCH)
    before = tables()
    load(demo)
    first, second = create_requests(demo)
    assert second["from"] == ["2026-03-10T11:45:00.000Z"]
    assert second["to"] == first["to"]
    assert tables() == before
    assert demo.exports == []


@pytest.mark.slow
def test_a_run_a_day_gives_the_same_tables_as_one_run_over_all_days(
    serve: Serve, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic = Traffic(seed=5, visits_per_day=25, late_share=0.3)
    daily = serve(traffic)
    clock.now = datetime(2026, 3, 2, 0, 15, tzinfo=timezone.utc)
    for day in range(4):
        load(daily, from_date=MARCH, with_models=day > 1)
        assert daily.exports == []
        clock.advance(days=1)
    clock.advance(days=-1)
    by_day = tables([*TABLES, "all_events"])
    assert len(create_requests(daily)) == 4

    # what happens on the last day arrives until a day later: give the one run the same view
    (tmp_path / "once").mkdir()
    monkeypatch.chdir(tmp_path / "once")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt-once"))
    once = serve(traffic)
    load(once, from_date=MARCH, with_models=True)
    assert by_day == tables([*TABLES, "all_events"])
    assert len(create_requests(once)) == 1


@pytest.mark.slow
def test_windows_are_exported_one_by_one_and_tile_the_range(demo: DemoServer) -> None:
    load(demo, from_date=MARCH, window_days=3)
    bounds = [(query["from"][0], query["to"][0]) for query in create_requests(demo)]
    assert bounds == [
        ("2026-03-01T00:00:00.000Z", "2026-03-03T23:59:59.999Z"),
        ("2026-03-04T00:00:00.000Z", "2026-03-06T23:59:59.999Z"),
        ("2026-03-07T00:00:00.000Z", "2026-03-09T23:59:59.999Z"),
        ("2026-03-10T00:00:00.000Z", "2026-03-11T11:44:59.999Z"),
    ]
    assert query("select count(*), count(distinct _dlt_load_id) from exports") == [(4, 4)]


@pytest.mark.slow
def test_a_window_above_the_row_limit_is_halved_before_anything_is_created(serve: Serve) -> None:
    server = serve(row_limit=2_000)
    load(server, from_date=MARCH)
    assert len(create_requests(server)) > 1
    start, end = (datetime(2026, 3, 1, tzinfo=timezone.utc), server.exports)
    assert end == []
    assert keys("clicks") == expected(
        server, "clicks", start, datetime(2026, 3, 11, 11, 45, tzinfo=timezone.utc)
    )


@pytest.mark.slow
def test_a_dropped_table_comes_back_complete_without_exporting_the_others_again(
    demo: DemoServer, clock: Clock
) -> None:
    load(demo, from_date="2026-02-01", to_date="2026-02-04")
    load(demo, from_date=MARCH)
    before = tables()
    drop("keywords")
    demo.requests.clear()
    load(demo)
    assert tables() == before
    asked = [(query["from"][0][:10], query["tables"]) for query in create_requests(demo)]
    assert asked == [
        ("2026-02-01", ["keywords"]),
        ("2026-03-01", ["keywords"]),
        ("2026-03-10", list(TABLES)),
    ]


def drop(*resources: str) -> None:
    pipeline_drop(dlt.attach(PIPELINE), resources)()


@pytest.mark.slow
def test_a_table_added_later_catches_up_on_its_own(demo: DemoServer) -> None:
    load(demo, from_date=MARCH, tables=["clicks"])
    load(demo, tables=["clicks", "groups"])
    assert [query["tables"] for query in create_requests(demo)] == [
        ["clicks"],
        ["groups"],
        ["clicks", "groups"],
    ]
    end = datetime(2026, 3, 11, 11, 45, tzinfo=timezone.utc)
    start = datetime(2026, 3, 1, tzinfo=timezone.utc)
    assert keys("groups") == expected(demo, "groups", start, end)


@pytest.mark.slow
def test_a_backfill_loads_its_range_and_leaves_the_cursors_alone(demo: DemoServer) -> None:
    load(demo, from_date=MARCH)
    before = dlt.attach(PIPELINE).state["sources"]["coveo_source"]["resources"]
    load(demo, from_date="2026-01-05", to_date="2026-01-07")
    assert dlt.attach(PIPELINE).state["sources"]["coveo_source"]["resources"] == before
    assert create_requests(demo)[1]["from"] == ["2026-01-05T00:00:00.000Z"]
    assert create_requests(demo)[1]["to"] == ["2026-01-06T23:59:59.999Z"]
    assert query("select count(*) from searches where datetime < '2026-01-07'")[0][0] > 0


def test_an_external_interval_is_loaded_like_a_backfill(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_INTERVAL_START", "2026-02-01T00:00:00Z")
    monkeypatch.setenv("DLT_INTERVAL_END", "2026-02-03T00:00:00Z")
    open_pipeline().run(source(demo))
    assert create_requests(demo)[0]["from"] == ["2026-02-01T00:00:00.000Z"]
    assert create_requests(demo)[0]["to"] == ["2026-02-02T23:59:59.999Z"]
    state = open_pipeline().state["sources"]["coveo_source"]
    cursors = [slots.get("incremental") for slots in state.get("resources", {}).values()]
    assert not any(cursors)


@pytest.mark.slow
def test_to_alone_ends_the_range_and_moves_the_cursors_there(demo: DemoServer) -> None:
    load(demo, from_date=None, to_date="2026-03-05")
    load(demo)
    assert create_requests(demo)[0]["to"] == ["2026-03-04T23:59:59.999Z"]
    assert create_requests(demo)[1]["from"] == ["2026-03-04T00:00:00.000Z"]


@pytest.mark.slow
def test_an_empty_table_moves_its_cursor_and_exists(serve: Serve) -> None:
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


@pytest.mark.slow
def test_the_audit_trail_says_what_each_export_held(demo: DemoServer) -> None:
    load(demo, from_date=MARCH, window_days=6)
    trail = query(
        "select tables, searches_records, searches_rows, file_bytes, window_start, window_end"
        " from exports order by window_start"
    )
    assert [row[0] for row in trail] == [",".join(TABLES)] * 2
    assert sum(row[1] for row in trail) == sum(row[2] for row in trail) == len(rows("searches"))
    assert all(row[3] > 1_000 for row in trail)
    assert trail[0][5] == trail[1][4]


def test_another_organization_is_refused_before_anything_is_created(
    demo: DemoServer, serve: Serve
) -> None:
    open_pipeline().run(source(demo, from_date=MARCH))
    other = serve(org="somebodyelse")
    with pytest.raises(PipelineStepFailed, match="holds the data of coveodemo"):
        open_pipeline().run(source(other))
    assert create_requests(other) == []


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["rfc4180", "excel_backslash"])
def test_both_readings_of_the_excel_dialect_give_the_same_tables(
    serve: Serve, dialect: str, clock: Clock
) -> None:
    server = serve(dialect=dialect)
    load(server, from_date="2026-03-08")
    titles = {
        row[COLUMNS["clicks"].index("documentTitle")]
        for row in server.traffic.rows(
            "clicks", datetime(2026, 3, 8, tzinfo=timezone.utc), clock.now - timedelta(minutes=15)
        )
    }
    assert {row[0] for row in query("select document_title from clicks")} == titles


def test_the_no_newline_format_can_be_asked_for(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-08", export_format="NO_NEWLINE")
    assert create_requests(demo)[0]["format"] == ["NO_NEWLINE"]
    assert query("select count(*) from searches where query_expression like e'%\\n%'") == [(0,)]


def test_filters_and_dimensions_reach_coveo(demo: DemoServer) -> None:
    load(
        demo,
        from_date="2026-03-08",
        filters="(deviceCategory=='PC')",
        dimensions=["deviceCategory", "queryExpression"],
    )
    assert create_requests(demo)[0]["f"] == ["(deviceCategory=='PC')"]
    assert query("select distinct device_category from searches") == [("PC",)]
    columns = query("select column_name from (describe searches)")
    assert ("country",) not in columns
    assert ("id",) in columns


def test_a_run_without_a_start_begins_thirty_days_back_and_says_so(
    demo: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    load(demo)
    assert create_requests(demo)[0]["from"] == ["2026-02-10T00:00:00.000Z"]
    assert "beginning 30 days back, at 2026-02-10" in capsys.readouterr().err
