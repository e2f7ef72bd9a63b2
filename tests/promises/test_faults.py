"""Faults of the service: a run heals them, or ends with one message and the next run heals."""

import io
import socket
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from threading import Thread
from typing import Any, get_args

import pytest
import requests

from coveo_source.demo import DemoServer, Request
from coveo_source.demo.api import BASE_PATH
from coveo_source.demo.faults import (
    NAMED,
    Endpoint,
    Fault,
    Then,
    answer,
    at,
    bad_gateway,
    becomes,
    changed_file,
    cut_off,
    endpoint,
    expired_link,
    flipped,
    halved,
    hang_up,
    inject,
    is_deleted,
    lose_answer,
    refuse,
    reported,
    rewritten,
    server_error,
    slow,
    too_many_requests,
    unavailable,
)
from tests.support.archives import replace_files
from tests.support.assertions import (
    FROM_DATE,
    LOADED_TABLES,
    TRAFFIC,
    WINDOW,
    assert_failed_with,
    assert_loaded,
    clean_run_tables,
    run_against,
    speed_up_retries,
)
from tests.support.cli_user import create_requests, rows
from tests.support.clock import Clock
from tests.support.network import free_port

Serve = Callable[..., DemoServer]

SOON = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=1), usegmt=True)
PASSING: dict[str, Then] = {
    "429 with seconds": too_many_requests("0"),
    "429 with a date": too_many_requests(SOON),
    "429 without a time": too_many_requests(None),
    "500": server_error,
    "502 without a body": bad_gateway,
    "503 as a web page": unavailable,
    "line broken before": hang_up,
    "line broken after": lose_answer,
    "slow answer": slow(0.05),
}


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


# --- what passes ---


@pytest.mark.parametrize("fault", PASSING)
def test_each_kind_of_request_may_fail_once(demo: DemoServer, fault: str) -> None:
    faults = {name: Fault(at(name), PASSING[fault]) for name in get_args(Endpoint)}
    inject(demo, *faults.values())
    assert_loaded(run_against(demo))
    never = [name for name, fault in faults.items() if not fault.seen]
    # after a creation in doubt the export may be there before it is asked for
    assert set(never) - {"status"} == {"dimensions"}
    assert len(create_requests(demo)) == (1 if fault in ("line broken after", "slow answer") else 2)
    assert demo.exports == []


@pytest.mark.parametrize(
    "where",
    [
        "list",
        "row limit",
        "estimate",
        "status",
        "create",
        "file",
    ],
)
def test_an_answer_may_stop_half_way(demo: DemoServer, where: Endpoint) -> None:
    inject(demo, Fault(at(where), cut_off(0.5)))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1


def test_an_answer_that_takes_too_long_is_asked_for_again(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coveo_source.api.client.READ_SECONDS", 0.3)
    faults = [Fault(at(name), slow(0.6)) for name in ("list", "create", "file")]
    inject(demo, *faults)
    assert_loaded(run_against(demo))
    assert all(fault.seen for fault in faults)
    assert len(create_requests(demo)) == 1


def test_lines_may_be_refused_and_reset(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coveo_source.api.retries.RETRIES", 6)
    monkeypatch.setattr("coveo_source.api.retries.CONNECT_RETRIES", 4)
    with DemoServer() as account:
        port = free_port()
        starting = Thread(target=lambda: reset_once_then(port, lambda: serve(port=port)))
        starting.start()
        ended = run_against(account, base_url=f"http://127.0.0.1:{port}")
        starting.join()
    assert_loaded(ended)


def reset_once_then(port: int, start: Callable[[], object]) -> None:
    """Resets the first line to a port, refuses others for a moment, then lets a server start."""
    with socket.create_server(("127.0.0.1", port)) as door:
        line, _ = door.accept()
        line.recv(1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
    time.sleep(0.3)
    start()


def test_the_answer_to_a_creation_may_be_lost(demo: DemoServer) -> None:
    inject(demo, Fault(at("create"), lose_answer))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1


# --- downloads ---


def test_a_download_that_breaks_goes_on_where_it_broke(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), cut_off(0.5), times=2))
    sizes: list[int] = []
    inject_size(demo, sizes)
    assert_loaded(run_against(demo))
    half = sizes[0] // 2
    rest = half + (sizes[0] - half) // 2
    ranges = [request.headers.get("range") for request in demo.storage_requests]
    assert ranges == [None, f"bytes={half}-", f"bytes={rest}-"]


def inject_size(server: DemoServer, sizes: list[int]) -> None:
    """Notes the size of each file before it is fetched."""
    faults = server.intercept
    assert faults

    def intercept(request: Any) -> Any:
        if endpoint(request) == "file":
            sizes.append(server.exports[0].size)
        return faults(request)

    server.intercept = intercept


def test_a_download_may_break_more_often_than_there_are_tries_as_long_as_it_grows(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coveo_source.exports.archive.CHUNK", 1000)
    fault = Fault(at("file"), cut_off(0.3), times=8)
    inject(demo, fault)
    assert_loaded(run_against(demo))
    assert fault.seen == 9


def test_a_link_may_have_expired_before_it_is_used(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), expired_link))
    assert_loaded(run_against(demo))
    addresses = [request for request in demo.requests if endpoint(request) == "address"]
    assert len(addresses) == 2


def test_a_link_may_expire_in_the_middle_of_a_download(demo: DemoServer, clock: Clock) -> None:
    def later(server: DemoServer, request: Any) -> Any:
        half = cut_off(0.5)(server, request)
        clock.advance(minutes=20)
        return half

    fault = Fault(at("file"), later)
    inject(demo, fault)
    assert_loaded(run_against(demo, "--to", "2026-03-11T11:45:00Z"))
    signatures = {request.first("Signature") for request in demo.storage_requests}
    assert len(signatures) == fault.seen == 2


# --- exports ---


@pytest.mark.parametrize(
    ("where", "then"),
    [
        ("status", becomes("EXPIRED")),
        ("address", becomes("EXPIRED")),
        ("status", is_deleted),
        ("address", is_deleted),
        ("file", is_deleted),
    ],
    ids=[
        "expired while waited for",
        "expired before the download",
        "deleted while waited for",
        "deleted before the download",
        "deleted when the link was there",
    ],
)
def test_an_export_that_is_lost_is_made_again(
    demo: DemoServer, where: Endpoint, then: Then
) -> None:
    inject(demo, Fault(at(where), then))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 2
    assert demo.exports == []


@pytest.mark.parametrize(
    ("where", "then", "what"),
    [
        pytest.param("status", becomes("EXPIRED"), "EXPIRED", id="expired"),
        pytest.param("status", is_deleted, "deleted", id="deleted"),
    ],
)
def test_an_export_that_is_lost_again_and_again_is_made_again_once(
    demo: DemoServer, where: Endpoint, then: Then, what: str
) -> None:
    inject(demo, Fault(at(where), then, times=None))
    assert_failed_with(run_against(demo), what, WINDOW, "un again")
    assert len(create_requests(demo)) == 2
    inject(demo)
    assert_loaded(run_against(demo))


@pytest.mark.parametrize("lost", ["EXPIRED", "deleted"])
def test_an_export_that_a_former_run_left_may_be_lost(demo: DemoServer, lost: str) -> None:
    inject(demo, Fault(at("file"), answer(500), times=None))
    assert run_against(demo).code == 1
    assert len(demo.exports) == 1
    if lost == "EXPIRED":
        demo.exports[0].status = "EXPIRED"
    else:
        demo._ledger.delete(demo.exports[0].id)
    inject(demo)
    assert_loaded(run_against(demo))
    assert demo.exports == []


# --- files ---


def corrupted(content: bytes) -> bytes:
    """A wrong checksum in the middle of the archive's directory: only reading all tells."""
    position = content.rindex(b"PK\x01\x02") + 16
    return content[:position] + b"\0\0\0\0" + content[position + 4 :]


DAMAGED: dict[str, Then] = {
    "cut off": changed_file(halved),
    "a byte is wrong": changed_file(flipped),
    "a checksum is wrong": changed_file(corrupted),
    "empty": changed_file(lambda content: b""),
    "a web page": changed_file(lambda content: b"<!doctype html><html>Sorry</html>"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_fetched_again(demo: DemoServer, damage: str) -> None:
    inject(demo, Fault(at("file"), DAMAGED[damage]))
    assert_loaded(run_against(demo))
    assert len(demo.storage_requests) == 2
    assert len(create_requests(demo)) == 1


@pytest.mark.parametrize("damage", ["cut off", "a checksum is wrong"])
def test_a_file_that_stays_damaged_is_fetched_again_once(demo: DemoServer, damage: str) -> None:
    inject(demo, Fault(at("file"), DAMAGED[damage], times=None))
    assert_failed_with(run_against(demo), WINDOW, demo.exports[0].id, "un again")
    assert len(demo.storage_requests) == 2
    assert len(create_requests(demo)) == 1
    inject(demo)
    assert_loaded(run_against(demo))
    assert demo.exports == []


@pytest.mark.parametrize("there", [True, False], ids=["header alone", "no file"])
def test_a_table_may_be_empty(demo: DemoServer, there: bool) -> None:
    def without_clicks(members: dict[str, bytes]) -> dict[str, bytes]:
        header = {"clicks.csv": members.pop("clicks.csv").partition(b"\n")[0] + b"\n"}
        return {**members, **(header if there else {})}

    inject(demo, Fault(at("file"), replace_files(without_clicks)))
    assert_loaded(run_against(demo), {**clean_run_tables(), "clicks": []})


def test_all_tables_may_be_empty(demo: DemoServer) -> None:
    quiet = "2025-12-01", "2025-12-02"
    inject(demo, Fault(at("file"), replace_files(lambda members: {})))
    done = run_against(demo, "--from", quiet[0], "--to", quiet[1])
    assert done.code == 0, done.err
    assert all(rows(table) == [] for table in LOADED_TABLES)


def test_the_only_table_may_come_as_a_bare_csv(demo: DemoServer) -> None:
    def bare(content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read("clicks.csv")

    inject(demo, Fault(at("file"), changed_file(bare)))
    assert_loaded(run_against(demo, "--tables", "clicks"), {"clicks": clean_run_tables()["clicks"]})


# --- what stays ---

PAGE = answer(200, b"<html>Please log in</html>")
GARBAGE = answer(200, b"{not json", "application/json")


@pytest.mark.parametrize(
    ("where", "then", "what"),
    [
        pytest.param("list", server_error, "HTTP 500", id="500"),
        pytest.param("list", PAGE, "not JSON", id="web page"),
        pytest.param("estimate", GARBAGE, "not JSON", id="not json"),
        pytest.param("row limit", hang_up, "No answer from", id="line breaks"),
    ],
)
def test_a_fault_that_stays_before_anything_is_created_is_told(
    demo: DemoServer, where: Endpoint, then: Then, what: str
) -> None:
    inject(demo, Fault(at(where), then, times=None))
    assert_failed_with(run_against(demo), what, "un again")
    assert create_requests(demo) == []
    inject(demo)
    assert_loaded(run_against(demo))


REVOKED = refuse(401, "INVALID_TOKEN", "The access token is not valid.")
STAYING: dict[str, tuple[Endpoint, Then, tuple[str, ...]]] = {
    "create 500": ("create", server_error, ("HTTP 500", "un again")),
    "create web page": ("create", PAGE, ("not JSON", "un again")),
    "status 503": ("status", unavailable, ("HTTP 503", "un again")),
    "status not json": ("status", GARBAGE, ("not JSON", "un again")),
    "status never seen": ("status", reported("PAUSED"), ("'PAUSED'", "newer version")),
    "file line breaks": ("file", hang_up, ("No answer from", "un again")),
    "file refused": ("file", expired_link, ("storage", "un again")),
    "key revoked before the export": (
        "create",
        refuse(403, "ACCESS_DENIED", "Access denied."),
        ("HTTP 403", "api_key"),
    ),
    "key revoked while waiting": ("status", REVOKED, ("HTTP 401", "api_key")),
    "key revoked before the download": ("address", REVOKED, ("HTTP 401", "api_key")),
}


@pytest.mark.parametrize("fault", STAYING)
def test_a_fault_that_stays_is_told_and_the_next_run_goes_on(demo: DemoServer, fault: str) -> None:
    where, then, told = STAYING[fault]
    inject(demo, Fault(at(where), then, times=None))
    assert_failed_with(run_against(demo), WINDOW, *told)
    inject(demo)
    assert_loaded(run_against(demo))
    assert len({tuple(query["from"]) for query in create_requests(demo)}) == 1
    assert demo.exports == []


def test_what_was_loaded_before_a_fault_stays_loaded(demo: DemoServer) -> None:
    fault = Fault(at("create"), REVOKED, times=None, skip=1)
    inject(demo, fault)
    assert_failed_with(
        run_against(demo, "--window-days", "1", exports_ahead=0), "HTTP 401", "api_key"
    )
    kept = rows("clicks")
    assert 0 < len(kept) < len(clean_run_tables()["clicks"])
    assert fault.seen == 2
    inject(demo)
    assert_loaded(run_against(demo, "--window-days", "1", lookback_days=0))
    assert [query["from"] for query in create_requests(demo)].count(
        [f"{FROM_DATE}T00:00:00.000Z"]
    ) == 1


def test_an_export_that_takes_too_long_is_used_by_the_next_run(serve: Serve) -> None:
    server = serve(TRAFFIC, export_seconds=2)
    ended = run_against(server, poll_timeout_minutes=0.01)
    assert_failed_with(
        ended, "still being built", WINDOW, server.exports[0].id, "poll_timeout_minutes"
    )
    assert_loaded(run_against(server))
    assert len(create_requests(server)) == 1


def test_an_export_that_fails_for_good_is_told(demo: DemoServer) -> None:
    inject(demo, Fault(at("status"), becomes("FAILED"), times=None))
    # half an hour, so that it is not halved for long
    assert_failed_with(
        run_against(demo, "--from", "2026-03-11T11:15:00Z"), "FAILED", "2026-03-11 11:15"
    )
    inject(demo)
    assert_loaded(run_against(demo, lookback_days=0))
    assert demo.exports == []


@pytest.mark.parametrize("change", ["no status", "a list"])
def test_an_export_without_what_it_must_have_is_told(demo: DemoServer, change: str) -> None:
    changes: dict[str, Callable[[dict[str, Any]], Any]] = {
        "no status": lambda export: {name: export[name] for name in export if name != "status"},
        "a list": lambda export: [export],
    }
    inject(demo, Fault(at("status"), rewritten(changes[change]), times=None))
    assert_failed_with(run_against(demo), "un again")
    inject(demo)
    assert_loaded(run_against(demo))


# --- the demo's own door ---


@pytest.mark.parametrize("name", NAMED)
def test_every_fault_that_has_a_name_strikes(name: str) -> None:
    export = f"{BASE_PATH}/exports/1"
    asked = [
        Request("api", "GET", f"{BASE_PATH}/exports", {}, {}),
        Request("api", "POST", f"{BASE_PATH}/exports", {}, {}),
        Request("api", "GET", export, {}, {}),
        Request("api", "GET", export, {"redirect": ["true"]}, {}),
        Request("storage", "GET", "/exports/1/1.zip", {}, {}),
    ]
    struck = [fault.strikes(request) for fault in NAMED[name]() for request in asked * 5]
    assert any(struck)


def test_a_fault_can_be_given_to_the_demo_by_name() -> None:
    words = [sys.executable, "-m", "coveo_source.demo", "--port", "0", "--fault", "service-down"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout
            address = demo.stdout.readline().split()[-1]
            assert requests.get(f"{address}{BASE_PATH}/exports", timeout=5).status_code == 503
        finally:
            demo.terminate()
