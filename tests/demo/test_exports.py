import csv
from datetime import timedelta

import pytest
import requests

from coveo_source.demo import COLUMNS, DemoServer, Dialect, Traffic
from coveo_source.tables import TABLES
from tests.demo.calls import DAY, NOW, RANGE, Calls, Rows, wait_for


def expected(server: DemoServer, table: str) -> Rows:
    rows = server.traffic.rows(table, DAY, DAY + timedelta(days=1))
    return [list(COLUMNS[table]), *([value or "" for value in row] for row in rows)]


def test_a_new_export_is_pending_and_has_a_size_but_no_link(calls: Calls) -> None:
    export = calls.create(d="a tag", tables=["CLICKS", "searches"], f="(mobile=='true')")
    export_id, size = export.pop("id"), export.pop("size")
    assert len(export_id) == 36
    assert size > 0
    assert export == {
        "author": "demo@example.com",
        "startDate": int(NOW.timestamp() * 1000),
        "from": 1772496000000,
        "to": 1772582399999,
        "filters": {"f": "(mobile=='true')"},
        "description": "a tag",
        "status": "PENDING",
        "tables": ["searches", "clicks"],
        "downloadable": True,
        "dimensions": [],
        "replayable": False,
        "usingDisplayNames": False,
        "scheduleId": None,
    }


def test_an_export_becomes_available_with_a_link_and_its_real_size(calls: Calls) -> None:
    export = calls.finished_export()
    link = calls.link(export["id"])
    assert export["status"] == "AVAILABLE"
    assert export["downloadLink"].endswith(f"/rest/v15/exports/{export['id']}?redirect=true")
    assert len(requests.get(link, timeout=10).content) == export["size"]


def test_an_export_stays_pending_for_the_configured_time() -> None:
    with DemoServer(clock=lambda: NOW, export_seconds=60) as server:
        calls = Calls(server)
        export = calls.create()
        assert calls.if_finished(export["id"]) is None
        response = calls("GET", f"/exports/{export['id']}/downloadlink")
        assert response.json() == {"id": export["id"]}
        status, error = calls.error("GET", f"/exports/{export['id']}?redirect=true")
        assert (status, error["errorCode"]) == (400, "EXPORT_NOT_AVAILABLE")


def test_an_export_holds_the_rows_of_its_range(calls: Calls, server: DemoServer) -> None:
    tables = calls.tables()
    assert list(tables) == list(TABLES)
    for table, rows in tables.items():
        assert rows == expected(server, table)
        assert len(rows) > 10


def test_the_end_of_the_range_is_inclusive(calls: Calls, server: DemoServer) -> None:
    time = expected(server, "searches")[5][1]
    moment = time.replace(" ", "T") + "Z"
    tables = calls.tables(**{"from": moment, "to": moment})
    assert [row[1] for row in tables["searches"][1:]] == [time]


def test_an_export_contains_only_events_that_arrived_before_its_creation() -> None:
    now = DAY + timedelta(hours=10)
    traffic = Traffic(visits_per_day=60, late_share=0.2)
    with DemoServer(traffic, clock=lambda: now, export_seconds=0) as server:
        calls = Calls(server)
        early = calls("GET", "/exports/estimate", params=RANGE).json()["estimates"]
        morning = calls.tables()
        now = DAY + timedelta(days=3)
        evening = calls.tables()
    for table in TABLES:
        assert len(morning[table]) - 1 == early[table]
        assert len(morning[table]) < len(evening[table])
    assert max(row[1] for row in morning["searches"][1:]) <= "2026-03-03 10:00:00.000"


def test_a_json_body_and_query_parameters_give_the_same_export(calls: Calls) -> None:
    query = {
        "tables": ["CLICKS", "KEYWORDS"],
        "dimensions": ["searchId", "clickRank", "keyword"],
        "fs": ["(originLevel1=='InAppHelp')"],
        "d": "a tag",
        "useDisplayNames": "true",
        "format": "NO_NEWLINE",
    }
    body = {
        **RANGE,
        "tables": query["tables"],
        "dimensions": query["dimensions"],
        "searchesFilters": query["fs"],
        "commonFilters": [],
        "description": "a tag",
        "useDisplayNames": True,
        "exportFormat": "NO_NEWLINE",
    }
    by_query = calls.create(**query)
    by_body = calls("POST", "/exports/create", json=body).json()
    changing = ("id", "size", "status", "downloadLink")
    assert {k: v for k, v in by_query.items() if k not in changing} == {
        k: v for k, v in by_body.items() if k not in changing
    }
    assert by_body["usingDisplayNames"] is True


@pytest.mark.parametrize("dialect", ["rfc4180", "excel_backslash"])
def test_excel_files_are_written_in_the_dialect_of_the_server(dialect: Dialect) -> None:
    with DemoServer(clock=lambda: NOW, dialect=dialect, export_seconds=0) as server:
        text = Calls(server).archive(tables="CLICKS").read("clicks.csv").decode()
    assert text.startswith("\ufeff")
    assert ('"\\' in text.replace('""', "")) is (dialect == "excel_backslash")


def test_no_newline_files_have_one_line_per_row(calls: Calls, server: DemoServer) -> None:
    text = calls.archive(format="NO_NEWLINE", tables="SEARCHES").read("searches.csv").decode()
    lines = text.removeprefix("\ufeff").splitlines()
    assert len(lines) == len(expected(server, "searches"))
    rows = csv.reader(lines, escapechar="\\", doublequote=False)
    assert [row[0] for row in rows] == [row[0] for row in expected(server, "searches")]


def test_the_file_has_the_requested_name(calls: Calls) -> None:
    named, other = calls.finished_export(filename="my export"), calls.finished_export()
    assert "/my%20export.zip?" in calls.link(named["id"])
    assert f"/{other['id']}.zip?" in calls.link(other["id"])


def test_estimates_are_the_exact_counts_of_the_requested_tables(calls: Calls) -> None:
    parameters = {**RANGE, "tables": ["searches", "KEYWORDS"], "fs": "(withResults=='false')"}
    estimates = calls("GET", "/exports/estimate", params=parameters).json()["estimates"]
    tables = calls.tables(**parameters)
    assert estimates == {table: len(rows) - 1 for table, rows in tables.items()}
    assert estimates["searches"] > 0


def test_an_export_with_too_many_rows_fails() -> None:
    with DemoServer(clock=lambda: NOW, row_limit=100, export_seconds=0) as server:
        calls = Calls(server)
        export = calls.finished_export()
        assert (export["status"], export["downloadable"]) == ("FAILED", False)
        assert server.exports[0].reason == "The export has more than 100 rows."
        assert calls("GET", "/exports/rowLimit").json() == {"exportRowCountLimit": 100}


def test_an_export_with_exactly_the_maximum_number_of_rows_is_built(calls: Calls) -> None:
    estimates = calls("GET", "/exports/estimate", params=RANGE).json()["estimates"]
    limit = sum(estimates.values())
    with DemoServer(calls.server.traffic, clock=lambda: NOW, row_limit=limit) as server:
        assert Calls(server).finished_export()["status"] == "AVAILABLE"


def test_an_export_is_listed_until_it_is_deleted(calls: Calls, server: DemoServer) -> None:
    first, second = calls.finished_export(), calls.finished_export()
    assert calls("GET", "/exports").json() == [first, second]
    response = calls("DELETE", f"/exports/{first['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert [export.id for export in server.exports] == [second["id"]]
    assert calls("GET", f"/exports/{first['id']}").status_code == 404


def test_an_export_counts_against_the_quota_until_it_is_deleted(calls: Calls) -> None:
    ids = [calls.create()["id"] for _ in range(3)]
    status, error = calls.error("POST", "/exports", params=RANGE)
    assert (status, error["errorCode"]) == (400, "EXPORT_LIMIT_REACHED")
    assert "limit of 3 exports" in error["message"]
    calls("DELETE", f"/exports/{ids[0]}")
    calls.create()


def test_an_export_can_be_deleted_while_it_is_built() -> None:
    busy = Traffic(visits_per_day=20_000)
    with DemoServer(busy, clock=lambda: NOW, row_limit=10**9) as server:
        calls = Calls(server)
        export_id = calls.create()["id"]
        path = server.exports[0].path
        wait_for(path.exists)
        calls("DELETE", f"/exports/{export_id}")
        wait_for(lambda: not path.exists())


def test_the_service_reports_that_it_is_up(calls: Calls) -> None:
    assert calls("GET", "/exports/monitoring/health").json() == {"status": "up"}
    assert calls("GET", "/exports/status").json() == {"status": "online"}


def test_exports_of_the_same_range_are_identical_files(calls: Calls) -> None:
    ids = [calls.finished_export()["id"] for _ in range(2)]
    files = [requests.get(calls.link(export_id), timeout=10).content for export_id in ids]
    assert files[0] == files[1]
