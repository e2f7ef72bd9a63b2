"""Which exports the source asks Coveo for, and what becomes of them."""

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, fails, inject
from coveo_source.tables import TABLES
from tests.extract.sources import MARCH, Serve, expected_keys, loaded_keys, source
from tests.support.cli_user import create_requests, load, open_pipeline, query, rows
from tests.support.clock import Clock


def test_all_tables_share_one_export_which_is_deleted_after_the_load(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date=MARCH))
    assert [query["tables"] for query in create_requests(demo)] == [list(TABLES)]
    assert demo.exports == []


def test_with_keep_exports_the_exports_stay_on_the_server(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date=MARCH, keep_exports=True))
    assert len(demo.exports) == 1


def test_a_selected_resource_exports_only_its_table(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date=MARCH).with_resources("clicks"))
    assert [query["tables"] for query in create_requests(demo)] == [["clicks"]]
    assert rows("clicks")


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
def test_a_window_above_the_row_limit_is_halved_before_anything_is_created(
    serve: Serve, clock: Clock
) -> None:
    server = serve(row_limit=2_000)
    load(server, from_date=MARCH)
    assert len(create_requests(server)) > 1
    assert server.exports == []
    assert loaded_keys("clicks") == expected_keys(server, "clicks", clock)


@pytest.mark.slow
def test_a_window_whose_export_fails_is_loaded_in_two_halves_as_one_package(
    demo: DemoServer, clock: Clock
) -> None:
    inject(demo, Fault(at("status"), fails("Too many rows")))
    open_pipeline().run(source(demo, from_date=MARCH, window_days=4, exports_ahead=0))
    starts = [query["from"][0][:10] for query in create_requests(demo)]
    assert starts == ["2026-03-01", "2026-03-01", "2026-03-03", "2026-03-05", "2026-03-09"]
    assert query("select count(*), count(distinct _dlt_load_id) from exports") == [(4, 1)]
    assert loaded_keys("clicks") == expected_keys(demo, "clicks", clock)
    assert demo.exports == []
