"""What the tables hold, and the settings that decide it."""

from datetime import datetime, timedelta, timezone

import pytest

from coveo_source.demo import COLUMNS, DemoServer
from coveo_source.tables import TABLES
from tests.extract.sources import MARCH, Serve, source
from tests.support.cli_user import (
    create_requests,
    load,
    open_pipeline,
    query,
    rows,
)
from tests.support.clock import Clock


def test_columns_have_their_types(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date=MARCH))
    types: dict[str, str] = dict(
        query(
            "select column_name, data_type from information_schema.columns"
            " where table_name in ('searches', 'clicks') and table_schema = 'coveo_ua'"
        )
    )
    assert types["datetime"] == "TIMESTAMP WITH TIME ZONE"
    assert types["with_clicks"] == types["mobile"] == "BOOLEAN"
    assert types["number_of_results"] == types["click_rank"] == "BIGINT"
    assert types["c_product"] == types["custom_datas"] == "VARCHAR"


@pytest.mark.slow
def test_the_audit_trail_records_what_each_export_holds(demo: DemoServer) -> None:
    load(demo, from_date=MARCH, window_days=6)
    audit_rows = query(
        "select tables, searches_records, searches_rows, file_bytes, window_start, window_end"
        " from exports order by window_start"
    )
    assert [row[0] for row in audit_rows] == [",".join(TABLES)] * 2
    assert (
        sum(row[1] for row in audit_rows)
        == sum(row[2] for row in audit_rows)
        == len(rows("searches"))
    )
    assert all(row[3] > 1_000 for row in audit_rows)
    assert audit_rows[0][5] == audit_rows[1][4]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["rfc4180", "excel_backslash"])
def test_both_variants_of_the_excel_format_give_the_same_tables(
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


def test_the_no_newline_format_can_be_requested(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-08", export_format="NO_NEWLINE")
    assert create_requests(demo)[0]["format"] == ["NO_NEWLINE"]
    assert query("select count(*) from searches where query_expression like e'%\\n%'") == [(0,)]


def test_filters_and_dimensions_are_sent_to_coveo(demo: DemoServer) -> None:
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
