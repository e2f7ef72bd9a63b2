"""Every operation of the API, and the clock of the server."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer, Response
from tests.api.calls import CALLS, DAY, Serve, answering, client_of, failure


def test_an_export_is_created_read_listed_and_deleted(
    client: CoveoClient, demo: DemoServer
) -> None:
    created = client.create_export({**DAY, "tables": ("clicks", "groups"), "d": "ours"})
    assert created["tables"] == ["clicks", "groups"]
    assert created["description"] == "ours"
    assert client.export(created["id"])["id"] == created["id"]
    assert [export["id"] for export in client.exports()] == [created["id"]]
    client.delete_export(created["id"])
    assert client.exports() == []


def test_query_and_body_create_the_same_export(client: CoveoClient, demo: DemoServer) -> None:
    client.create_export(
        {
            **DAY,
            "tables": ("searches", "clicks"),
            "f": ("(mobile=='true')", "(browser=='Chrome')"),
            "fs": ("(originLevel2=='All')",),
            "fc": ("(eventType=='x, y & z')",),
            "dimensions": ("id", "datetime", "clickId"),
            "d": "one & the same #1",
            "format": "NO_NEWLINE",
            "useDisplayNames": "false",
        }
    )
    client.create_export_from_body(
        {
            **DAY,
            "tables": ["SEARCHES", "CLICKS"],
            "commonFilters": ["(mobile=='true')", "(browser=='Chrome')"],
            "searchesFilters": ["(originLevel2=='All')"],
            "customEventsFilters": ["(eventType=='x, y & z')"],
            "dimensions": ["id", "datetime", "clickId"],
            "description": "one & the same #1",
            "exportFormat": "NO_NEWLINE",
            "useDisplayNames": False,
        }
    )
    by_query, by_body = (export.order for export in demo.exports)
    for name in ("start", "last", "tables", "filters", "dimensions", "description", "format"):
        assert getattr(by_query, name) == getattr(by_body, name), name
    assert json.loads(demo.requests[-1].body)["exportFormat"] == "NO_NEWLINE"


def test_row_limit_estimate_and_dimensions_are_read(serve: Serve) -> None:
    server = serve(row_limit=4321)
    client = client_of(server)
    assert client.row_limit() == 4321
    start = datetime(2026, 3, 3, tzinfo=timezone.utc)
    counts = server.traffic.counts(start, start + timedelta(days=1))
    assert client.estimate({**DAY, "tables": ("clicks", "searches")}) == {
        "searches": counts["searches"],
        "clicks": counts["clicks"],
    }
    assert {"returnName", "type"} <= set(client.exportable_dimensions()[0])


def test_a_missing_row_limit_is_none(serve: Serve) -> None:
    server = serve(intercept=answering(Response.json({})))
    assert client_of(server).row_limit() is None


def test_an_estimate_may_name_tables_in_upper_case(serve: Serve) -> None:
    server = serve(intercept=answering(Response.json({"estimates": {"CLICKS": 3}})))
    assert client_of(server).estimate(DAY) == {"clicks": 3}


def test_deleting_an_export_that_does_not_exist_is_no_error(client: CoveoClient) -> None:
    client.delete_export("never-was-there")


def test_an_export_id_is_escaped_in_the_path(client: CoveoClient, demo: DemoServer) -> None:
    failure(lambda client: client.export("../exports?x=1"), client)
    assert demo.requests[-1].path == "/rest/ua/v15/exports/..%2Fexports%3Fx%3D1"


def address_of_export(client: CoveoClient) -> str:
    """Creates an export and returns the address of its file."""
    export = client.create_export(DAY)
    while client.export(export["id"])["status"] == "PENDING":
        continue
    return client.download_address(export["id"])


def test_a_download_is_streamed_whole_or_from_an_offset(
    client: CoveoClient, demo: DemoServer
) -> None:
    address = address_of_export(client)
    assert address.startswith(demo.storage_url)
    with client.open_download(address) as response:
        assert response.status_code == 200
        whole = response.content
    with client.open_download(address, 100) as response:
        assert response.status_code == 206
        assert response.content == whole[100:]


def test_a_relative_download_address_is_resolved_against_the_api_host(serve: Serve) -> None:
    server = serve(intercept=answering(Response(303, {"Location": "/files/e1?sig=x"})))
    assert client_of(server).download_address("e1") == f"{server.base_url}/files/e1?sig=x"


def test_a_download_without_an_address_is_an_error(serve: Serve) -> None:
    server = serve(intercept=answering(Response.json({"id": "e1"})))
    error = failure(CALLS["download the export e1"], client_of(server))
    assert "names no address" in str(error)


def test_redirects_of_the_storage_are_not_followed(client: CoveoClient, demo: DemoServer) -> None:
    address = address_of_export(client)
    demo.intercept = answering(Response(302, {"Location": f"{demo.base_url}/steal"}))
    with client.open_download(address) as response:
        assert response.status_code == 302
    assert not [request for request in demo.requests if request.path == "/steal"]


def test_now_follows_the_clock_of_the_server(serve: Serve, clock: Any) -> None:
    server = serve()
    client = client_of(server)
    client.exports()
    # a Date header has whole seconds
    assert abs(client.now - clock()) < timedelta(seconds=30)
    clock.advance(days=3)
    client.row_limit()
    assert abs(client.now - clock()) < timedelta(seconds=30)
    assert client.now.tzinfo is timezone.utc
