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
    export = calls.finished()
    link = calls.link(export["id"])
    assert export["status"] == "AVAILABLE"
    assert export["downloadLink"].endswith(f"/rest/v15/exports/{export['id']}?redirect=true")
    assert len(requests.get(link, timeout=10).content) == export["size"]


def test_an_export_stays_pending_for_the_time_asked_for() -> None:
    with DemoServer(clock=lambda: NOW, export_seconds=60) as server:
        calls = Calls(server)
        export = calls.create()
        assert calls.done(export["id"]) is None
        answer = calls("GET", f"/exports/{export['id']}/downloadlink")
        assert answer.json() == {"id": export["id"]}
        status, error = calls.refusal("GET", f"/exports/{export['id']}?redirect=true")
        assert (status, error["errorCode"]) == (400, "EXPORT_NOT_AVAILABLE")


def test_an_export_holds_the_rows_of_its_range(calls: Calls, server: DemoServer) -> None:
    tables = calls.tables()
    assert list(tables) == list(TABLES)
    for table, rows in tables.items():
        assert rows == expected(server, table)
        assert len(rows) > 10


def test_the_end_of_the_range_is_inclusive(calls: Calls, server: DemoServer) -> None:
    time = expected(server, "searches")[5][1].replace(" ", "T") + "Z"
    tables = calls.tables(**{"from": time, "to": time})
    assert [row[1] for row in tables["searches"][1:]] == [time.replace("T", " ")[:-1]]


def test_only_what_has_arrived_when_it_is_created_is_exported() -> None:
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


def test_a_body_orders_the_same_as_a_query(calls: Calls) -> None:
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


def test_dimensions_restrict_the_columns(calls: Calls) -> None:
    wanted = ["searchId", "SEARCHES.ID", "clicks.datetime", "c_loading_time", "queryexpression"]
    tables = calls.tables(dimensions=wanted)
    assert {table: rows[0] for table, rows in tables.items()} == {
        "searches": ["id", "queryExpression"],
        "clicks": ["searchId", "datetime"],
        "custom_events": ["c_loading_time"],
        "keywords": ["searchId"],
        "groups": ["searchId"],
    }


def test_display_names_head_the_columns(calls: Calls) -> None:
    tables = calls.tables(useDisplayNames="true")
    assert {"Query Expression", "Product", "With Clicks"} <= set(tables["searches"][0])
    for table, rows in tables.items():
        assert len(set(rows[0])) == len(COLUMNS[table])


@pytest.mark.parametrize("dialect", ["rfc4180", "excel_backslash"])
def test_the_server_chooses_how_excel_files_are_written(dialect: Dialect) -> None:
    with DemoServer(clock=lambda: NOW, dialect=dialect, export_seconds=0) as server:
        text = Calls(server).archive(tables="CLICKS").read("clicks.csv").decode()
    assert text.startswith("\ufeff")
    assert ('"\\' in text.replace('""', "")) is (dialect == "excel_backslash")


def test_no_newline_files_have_one_line_a_row(calls: Calls, server: DemoServer) -> None:
    text = calls.archive(format="NO_NEWLINE", tables="SEARCHES").read("searches.csv").decode()
    lines = text.removeprefix("\ufeff").splitlines()
    assert len(lines) == len(expected(server, "searches"))
    read = list(csv.reader(lines, escapechar="\\", doublequote=False))
    assert [row[0] for row in read] == [row[0] for row in expected(server, "searches")]


def test_the_file_has_the_name_asked_for(calls: Calls) -> None:
    named, other = calls.finished(filename="my export"), calls.finished()
    assert "/my%20export.zip?" in calls.link(named["id"])
    assert f"/{other['id']}.zip?" in calls.link(other["id"])


def test_estimates_are_the_true_counts_of_the_tables_asked_for(calls: Calls) -> None:
    parameters = {**RANGE, "tables": ["searches", "KEYWORDS"], "fs": "(withResults=='false')"}
    estimates = calls("GET", "/exports/estimate", params=parameters).json()["estimates"]
    tables = calls.tables(**parameters)
    assert estimates == {table: len(rows) - 1 for table, rows in tables.items()}
    assert estimates["searches"] > 0


def test_an_export_with_too_many_rows_fails() -> None:
    with DemoServer(clock=lambda: NOW, row_limit=100, export_seconds=0) as server:
        calls = Calls(server)
        export = calls.finished()
        assert (export["status"], export["downloadable"]) == ("FAILED", False)
        assert server.exports[0].reason == "The export has more than 100 rows."
        assert calls("GET", "/exports/rowLimit").json() == {"exportRowCountLimit": 100}


def test_an_export_with_as_many_rows_as_allowed_is_built(calls: Calls) -> None:
    estimates = calls("GET", "/exports/estimate", params=RANGE).json()["estimates"]
    limit = sum(estimates.values())
    with DemoServer(calls.server.traffic, clock=lambda: NOW, row_limit=limit) as server:
        assert Calls(server).finished()["status"] == "AVAILABLE"


def test_the_list_holds_every_export_until_it_is_deleted(calls: Calls, server: DemoServer) -> None:
    first, second = calls.finished(), calls.finished()
    assert calls("GET", "/exports").json() == [first, second]
    answer = calls("DELETE", f"/exports/{first['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert [export.id for export in server.exports] == [second["id"]]
    assert calls("GET", f"/exports/{first['id']}").status_code == 404


def test_kept_exports_count_against_the_quota(calls: Calls) -> None:
    kept = [calls.create()["id"] for _ in range(3)]
    status, error = calls.refusal("POST", "/exports", params=RANGE)
    assert (status, error["errorCode"]) == (400, "EXPORT_LIMIT_REACHED")
    assert "limit of 3 exports" in error["message"]
    calls("DELETE", f"/exports/{kept[0]}")
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


def test_exportables_describe_every_column(calls: Calls) -> None:
    dimensions = calls("GET", "/dimensions/exportables").json()
    described = {
        (table, dimension["returnName"].split(".")[-1])
        for dimension in dimensions
        for table in dimension["eventTypes"]
    }
    assert described == {(table, column) for table in TABLES for column in COLUMNS[table]}
    by_name = {dimension["returnName"]: dimension for dimension in dimensions}
    assert by_name["custom_events.c_loading_time"] == {
        "type": "NUMBER",
        "displayName": "Loading Time",
        "apiNames": ["CUSTOM_EVENTS.C_LOADING_TIME"],
        "returnName": "custom_events.c_loading_time",
        "custom": True,
        "availableInVisit": True,
        "eventTypes": ["custom_events"],
        "path": ["loading_time"],
        "status": "AVAILABLE",
    }
    assert by_name["withClicks"]["type"] == "BOOLEAN"


def test_custom_dimensions_can_be_left_out(calls: Calls) -> None:
    answer = calls("GET", "/dimensions/exportables", params={"includeCustom": "false"})
    assert not any(dimension["custom"] for dimension in answer.json())


def test_the_service_says_that_it_is_well(calls: Calls) -> None:
    assert calls("GET", "/exports/monitoring/health").json() == {"status": "up"}
    assert calls("GET", "/exports/status").json() == {"status": "online"}
