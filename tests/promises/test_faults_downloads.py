"""Downloads that break, links that expire, files that are damaged, empty or not archives."""

import io
import zipfile

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import (
    Fault,
    Then,
    answer,
    at,
    changed_file,
    cut_off,
    endpoint,
    expired_link,
    flipped,
    halved,
    inject,
)
from tests.support.archives import replace_files
from tests.support.assertions import (
    LOADED_TABLES,
    RUN_AGAIN,
    WINDOW,
    assert_failed_with,
    assert_loaded,
    clean_run_tables,
    run_against,
)
from tests.support.cases import some_of
from tests.support.cli_user import create_requests, rows
from tests.support.clock import Clock


def test_a_broken_download_resumes_where_it_stopped(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), cut_off(0.5), times=2))
    sizes = record_file_sizes(demo)
    assert_loaded(run_against(demo))
    half = sizes[0] // 2
    rest = half + (sizes[0] - half) // 2
    ranges = [request.headers.get("range") for request in demo.storage_requests]
    assert ranges == [None, f"bytes={half}-", f"bytes={rest}-"]


def record_file_sizes(server: DemoServer) -> list[int]:
    """Returns a list that gets the size of the file at each download."""
    sizes: list[int] = []
    faults = server.intercept
    assert faults

    def intercept(request: Request) -> Response | None:
        if endpoint(request) == "file":
            sizes.append(server.exports[0].size)
        return faults(request)

    server.intercept = intercept
    return sizes


def test_a_growing_download_may_break_more_often_than_there_are_retries(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coveo_source.exports.download.READ_SIZE", 1000)
    fault = Fault(at("file"), cut_off(0.3), times=8)
    inject(demo, fault)
    assert_loaded(run_against(demo))
    assert fault.seen == 9


def test_a_link_that_expired_before_the_download_is_replaced(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), expired_link))
    assert_loaded(run_against(demo))
    addresses = [request for request in demo.requests if endpoint(request) == "address"]
    assert len(addresses) == 2


def test_a_link_that_expires_during_the_download_is_replaced(
    demo: DemoServer, clock: Clock
) -> None:
    def cut_off_and_expire(server: DemoServer, request: Request) -> Response:
        response = cut_off(0.5)(server, request)
        clock.advance(minutes=20)
        return response

    fault = Fault(at("file"), cut_off_and_expire)
    inject(demo, fault)
    assert_loaded(run_against(demo, "--to", "2026-03-11T11:45:00Z"))
    signatures = {request.first("Signature") for request in demo.storage_requests}
    assert len(signatures) == fault.seen == 2


def with_wrong_checksum(content: bytes) -> bytes:
    """Changes a checksum in the archive's directory, which only reading the members reveals."""
    position = content.rindex(b"PK\x01\x02") + 16
    return content[:position] + b"\0\0\0\0" + content[position + 4 :]


DAMAGES: dict[str, Then] = {
    "cut off": changed_file(halved),
    "a byte is wrong": changed_file(flipped),
    "a checksum is wrong": changed_file(with_wrong_checksum),
    "empty": changed_file(lambda content: b""),
    "a web page": changed_file(lambda content: b"<!doctype html><html>Sorry</html>"),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_downloaded_again(demo: DemoServer, damage: str) -> None:
    inject(demo, Fault(at("file"), DAMAGES[damage]))
    assert_loaded(run_against(demo))
    assert len(demo.storage_requests) == 2
    assert len(create_requests(demo)) == 1


@pytest.mark.parametrize("damage", ["cut off", "a checksum is wrong"])
def test_a_file_that_is_damaged_twice_fails_the_run(demo: DemoServer, damage: str) -> None:
    inject(demo, Fault(at("file"), DAMAGES[damage], times=None))
    assert_failed_with(run_against(demo), WINDOW, demo.exports[0].id, RUN_AGAIN)
    assert len(demo.storage_requests) == 2
    assert len(create_requests(demo)) == 1
    inject(demo)
    assert_loaded(run_against(demo))
    assert demo.exports == []


SIGNED = "https://bucket.s3.example.com/e1.zip?X-Amz-Signature=0123456789abcdef0123"
NO_FILES = {
    "XML": f"<Error><Code>SlowDown</Code><Resource>{SIGNED}</Resource></Error>".encode(),
    "JSON": f'{{"message": "Please wait", "link": "{SIGNED}"}}'.encode(),
    "web page": f"<!doctype html><html><a href='{SIGNED}'>Sorry</a></html>".encode(),
    "text": b"upstream connect error",
    "nothing": b"",
    "BOM": b"\xef\xbb\xbf",
    "another table": b"id,datetime\n1,2026-03-10 00:00:00\n",
}


@pytest.mark.parametrize("kind", some_of(NO_FILES, "XML", "nothing"))
def test_what_comes_in_place_of_the_file_of_one_table_is_downloaded_again(
    demo: DemoServer, kind: str
) -> None:
    inject(demo, Fault(at("file"), answer(200, NO_FILES[kind])))
    clicks = clean_run_tables()["clicks"]
    assert_loaded(run_against(demo, "--tables", "clicks"), {"clicks": clicks})
    assert len(demo.storage_requests) == 2
    assert len(create_requests(demo)) == 1


@pytest.mark.parametrize("kind", some_of(NO_FILES, "XML"))
def test_what_always_comes_in_place_of_a_file_is_shown(demo: DemoServer, kind: str) -> None:
    inject(demo, Fault(at("file"), answer(200, NO_FILES[kind]), times=None))
    completed = run_against(demo, "--tables", "clicks")
    beginning = NO_FILES[kind].decode("utf-8-sig")[:7]
    assert_failed_with(completed, WINDOW, demo.exports[0].id, beginning, "not a ZIP", RUN_AGAIN)
    assert "0123456789abcdef" not in completed.err
    inject(demo)
    clicks = clean_run_tables()["clicks"]
    assert_loaded(run_against(demo, "--tables", "clicks"), {"clicks": clicks})


@pytest.mark.parametrize("has_file", [True, False], ids=["only a header", "no file"])
def test_a_table_may_be_empty(demo: DemoServer, has_file: bool) -> None:
    def empty_clicks(files: dict[str, bytes]) -> dict[str, bytes]:
        header = files.pop("clicks.csv").partition(b"\n")[0] + b"\n"
        return {**files, "clicks.csv": header} if has_file else files

    inject(demo, Fault(at("file"), replace_files(empty_clicks)))
    assert_loaded(run_against(demo), {**clean_run_tables(), "clicks": []})


def test_all_tables_may_be_empty(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), replace_files(lambda files: {})))
    completed = run_against(demo, "--from", "2025-12-01", "--to", "2025-12-02")
    assert completed.code == 0, completed.err
    assert all(rows(table) == [] for table in LOADED_TABLES)


def test_a_single_table_may_come_as_a_bare_csv(demo: DemoServer) -> None:
    def extract_clicks(content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read("clicks.csv")

    inject(demo, Fault(at("file"), changed_file(extract_clicks)))
    clicks = clean_run_tables()["clicks"]
    assert_loaded(run_against(demo, "--tables", "clicks"), {"clicks": clicks})
