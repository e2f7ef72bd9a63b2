from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.exceptions import ArchiveError, ServiceUnreachable
from coveo_source.exports import download as download_module
from coveo_source.exports.archive import Archive
from coveo_source.exports.download import download
from coveo_source.exports.export import Export, wait
from tests.exports.builders import WINDOW, Serve, client_of

pytestmark = pytest.mark.usefixtures("short_pauses", "small_reads")


@pytest.fixture
def small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "READ_SIZE", 1000)


def built_export(client: CoveoClient) -> Export:
    answer = client.create_export(WINDOW.wire)
    return wait(Export.parse(answer), client, timedelta(seconds=30))


def assert_downloads(
    server: DemoServer, folder: Path, on_bytes: Callable[[int], None] = lambda count: None
) -> Export:
    """Downloads a new export and compares it with the server's file; returns the export."""
    client = client_of(server)
    export = built_export(client)
    path = download(client, export.id, folder / "export", on_bytes)
    [kept] = [kept for kept in server.exports if kept.id == export.id]
    assert path.read_bytes() == kept.path.read_bytes()
    return export


def test_the_whole_file_is_written(serve: Serve, own_folder: Path) -> None:
    server = serve()
    sizes: list[int] = []
    export = assert_downloads(server, own_folder, sizes.append)
    assert sum(sizes) == export.size


def test_an_existing_file_is_replaced(serve: Serve, own_folder: Path) -> None:
    server = serve()
    (own_folder / "export").write_bytes(b"left by a process that was killed")
    assert_downloads(server, own_folder)
    assert "range" not in server.storage_requests[0].headers


class Faults:
    """Changes the first answers of the storage, each with one of these functions."""

    def __init__(self, *changes: Callable[[Response], Response]) -> None:
        self.changes = list(changes)
        self.server: DemoServer | None = None

    def __call__(self, request: Request) -> Response | None:
        if request.host == "api" or not self.changes:
            return None
        assert self.server
        return self.changes.pop(0)(self.server.answer(request))


def with_faults(serve: Serve, *changes: Callable[[Response], Response]) -> DemoServer:
    faults = Faults(*changes)
    server = serve(intercept=faults)
    faults.server = server
    return server


def content_of(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def half(response: Response) -> Response:
    """Sends the first half of an answer, then breaks the connection."""

    def pieces(content: bytes) -> Iterator[bytes]:
        yield content[: len(content) // 2]
        raise ConnectionError

    return Response(response.status, response.headers, pieces(content_of(response)))


def silence(_: Response) -> Response:
    raise ConnectionError


def refusing(status: int) -> Callable[[Response], Response]:
    return lambda _: Response(status, {"Content-Type": "application/xml"}, b"<Error/>")


def test_a_broken_download_resumes_where_it_broke(serve: Serve, own_folder: Path) -> None:
    server = with_faults(serve, half, half)
    sizes: list[int] = []
    export = assert_downloads(server, own_folder, sizes.append)
    ranges = [request.headers.get("range") for request in server.storage_requests]
    assert ranges[0] is None
    starts = [int((text or "").removeprefix("bytes=").removesuffix("-")) for text in ranges[1:]]
    assert len(starts) == 2
    assert export.size / 2 - 1000 <= starts[0] <= export.size / 2
    assert starts[0] < starts[1] < export.size
    assert sum(sizes) == export.size


def test_a_storage_without_ranges_sends_the_whole_file_again(
    serve: Serve, own_folder: Path
) -> None:
    server = serve()
    changes = [half]

    def without_range(request: Request) -> Response | None:
        if request.host == "api":
            return None
        headers = {name: value for name, value in request.headers.items() if name != "range"}
        changed = Request("storage", "GET", request.path, request.query, headers)
        answer = server.answer(changed)
        return changes.pop()(answer) if changes else answer

    server.intercept = without_range
    assert_downloads(server, own_folder)
    assert len(server.storage_requests) == 2


def test_a_response_shorter_than_its_content_length_is_not_the_whole_file(
    serve: Serve, own_folder: Path
) -> None:
    def short(response: Response) -> Response:
        return Response(response.status, response.headers, content_of(response)[:-10])

    server = with_faults(serve, short)
    assert_downloads(server, own_folder)


def test_a_range_that_cannot_be_served_restarts_the_download(
    serve: Serve, own_folder: Path
) -> None:
    server = with_faults(serve, half, refusing(416))
    assert_downloads(server, own_folder)
    with_range = ["range" in request.headers for request in server.storage_requests]
    assert with_range == [False, True, False]


def test_an_expired_address_is_replaced(serve: Serve, own_folder: Path) -> None:
    server = with_faults(serve, refusing(403))
    assert_downloads(server, own_folder)
    addresses = [request for request in server.requests if request.first("redirect") == "true"]
    assert len(addresses) == len(server.storage_requests) == 2


def test_an_address_that_expires_between_two_tries_is_replaced(
    serve: Serve, own_folder: Path
) -> None:
    server = serve(link_seconds=0)

    def extend_later(request: Request) -> Response | None:
        if request.host == "storage" and len(server.storage_requests) == 2:
            # addresses that are given out from now on last longer
            server._storage._link_seconds = 900
        return None

    server.intercept = extend_later
    assert_downloads(server, own_folder)
    assert len(server.storage_requests) == 3


@pytest.mark.parametrize("status", [403, 404])
def test_a_storage_that_keeps_refusing_ends_in_an_error_that_names_the_export(
    serve: Serve, own_folder: Path, status: int
) -> None:
    server = with_faults(serve, *[refusing(status)] * 50)
    client = client_of(server)
    export = built_export(client)
    with pytest.raises(ArchiveError) as error:
        download(client, export.id, own_folder / "export")
    assert export.id in str(error.value)
    assert "run again" in str(error.value)
    assert len(server.storage_requests) == download_module.DOWNLOAD_TRIES


def test_a_storage_that_never_answers_ends_in_an_error_that_names_its_host(
    serve: Serve, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_module, "DOWNLOAD_TRIES", 2)
    server = with_faults(serve, *[silence] * 50)
    client = client_of(server)
    export = built_export(client)
    with pytest.raises(ServiceUnreachable) as error:
        download(client, export.id, own_folder / "export")
    assert server.storage_url.removeprefix("http://") in str(error.value)
    # the address is signed, so that anybody who has it can download the file
    assert "Signature" not in str(error.value)


def test_the_token_is_never_sent_to_the_storage(
    serve: Serve, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = own_folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = with_faults(serve, half, refusing(403))
    client = client_of(server)
    export = built_export(client)
    download(client, export.id, own_folder / "export")
    assert len(server.storage_requests) == 3
    for request in server.storage_requests:
        assert "authorization" not in request.headers
        assert server.api_key not in f"{request}"
    for request in server.requests:
        assert request.headers["authorization"] == f"Bearer {server.api_key}"


def test_two_downloads_of_an_export_are_identical_and_open_as_its_tables(
    serve: Serve, own_folder: Path
) -> None:
    server = serve()
    client = client_of(server)
    export = built_export(client)
    target = own_folder / "tables"
    target.mkdir()
    first = download(client, export.id, own_folder / "one")
    second = download(client, export.id, own_folder / "two")
    assert first.read_bytes() == second.read_bytes()
    archive = Archive(first, export.tables)
    for table in export.tables:
        file = archive.file_of(table, target)
        assert file is not None
        with closing(file.open()) as opened:
            assert b"datetime" in opened.read(10_000)
