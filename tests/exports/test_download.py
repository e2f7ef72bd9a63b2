from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from coveo_source.api import retries
from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.exceptions import ArchiveError, ServiceUnreachable
from coveo_source.exports import download as download_module
from coveo_source.exports.archive import Archive
from coveo_source.exports.download import download
from coveo_source.exports.export import Export
from coveo_source.exports.polling import wait

DAY = datetime(2026, 3, 3, tzinfo=timezone.utc)

Serve = Callable[..., DemoServer]


def client_of(server: DemoServer) -> CoveoClient:
    return CoveoClient(server.base_url, server.org, server.api_key)


def built_export(client: CoveoClient) -> Export:
    answer = client.create_export(
        {"from": "2026-03-03T00:00:00.000Z", "to": "2026-03-03T23:59:59.999Z"}
    )
    return wait(Export.parse(answer), client, timedelta(seconds=30))


def file_of(server: DemoServer, export: Export) -> bytes:
    [kept] = [kept for kept in server.exports if kept.id == export.id]
    return kept.path.read_bytes()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coveo_source.exports.polling.FIRST_WAIT", 0.02)
    monkeypatch.setattr(retries, "RETRIES", 1)
    monkeypatch.setattr(retries, "CONNECT_RETRIES", 0)
    monkeypatch.setattr(download_module, "READ_SIZE", 1000)


def test_the_whole_file_is_written(serve: Serve, own_folder: Path) -> None:
    server = serve()
    client = client_of(server)
    export = built_export(client)
    seen: list[int] = []
    path = download(client, export.id, own_folder / "export", seen.append)
    assert path.read_bytes() == file_of(server, export)
    assert sum(seen) == export.size


def test_what_lies_at_the_target_is_replaced(serve: Serve, own_folder: Path) -> None:
    server = serve()
    client = client_of(server)
    export = built_export(client)
    (own_folder / "export").write_bytes(b"left by a process that was killed")
    path = download(client, export.id, own_folder / "export")
    assert path.read_bytes() == file_of(server, export)
    assert "range" not in server.storage_requests[0].headers


class Faults:
    """Answers the first requests to the storage in its own way, then leaves it alone."""

    def __init__(self, *answers: Callable[[Response], Response]) -> None:
        self.answers = list(answers)
        self.server: DemoServer | None = None

    def __call__(self, request: Request) -> Response | None:
        if request.host == "api" or not self.answers:
            return None
        assert self.server
        return self.answers.pop(0)(self.server.answer(request))


def with_faults(serve: Serve, *answers: Callable[[Response], Response]) -> DemoServer:
    faults = Faults(*answers)
    server = serve(intercept=faults)
    faults.server = server
    return server


def content_of(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def half(response: Response) -> Response:
    """The first half of an answer; then the line breaks."""

    def pieces(content: bytes) -> Iterator[bytes]:
        yield content[: len(content) // 2]
        raise ConnectionError

    return Response(response.status, response.headers, pieces(content_of(response)))


def silence(_: Response) -> Response:
    raise ConnectionError


def refusing(status: int) -> Callable[[Response], Response]:
    return lambda _: Response(status, {"Content-Type": "application/xml"}, b"<Error/>")


def test_a_broken_download_goes_on_where_it_broke(serve: Serve, own_folder: Path) -> None:
    server = with_faults(serve, half, half)
    client = client_of(server)
    export = built_export(client)
    seen: list[int] = []
    path = download(client, export.id, own_folder / "export", seen.append)
    assert path.read_bytes() == file_of(server, export)
    ranges = [request.headers.get("range") for request in server.storage_requests]
    assert ranges[0] is None
    starts = [int((text or "").removeprefix("bytes=").removesuffix("-")) for text in ranges[1:]]
    assert len(starts) == 2
    assert export.size / 2 - 1000 <= starts[0] <= export.size / 2
    assert starts[0] < starts[1] < export.size
    assert sum(seen) == export.size


def test_a_storage_without_ranges_is_asked_for_the_whole_file(
    serve: Serve, own_folder: Path
) -> None:
    server = serve()
    faults = [half]

    def whole(request: Request) -> Response | None:
        if request.host == "api":
            return None
        headers = {name: value for name, value in request.headers.items() if name != "range"}
        plain = Request("storage", "GET", request.path, request.query, headers)
        answer = server.answer(plain)
        return faults.pop()(answer) if faults else answer

    server.intercept = whole
    client = client_of(server)
    export = built_export(client)
    path = download(client, export.id, own_folder / "export")
    assert path.read_bytes() == file_of(server, export)
    assert len(server.storage_requests) == 2


def test_an_answer_shorter_than_announced_is_not_taken_for_the_file(
    serve: Serve, own_folder: Path
) -> None:
    def short(response: Response) -> Response:
        return Response(response.status, response.headers, content_of(response)[:-10])

    server = with_faults(serve, short)
    client = client_of(server)
    export = built_export(client)
    path = download(client, export.id, own_folder / "export")
    assert path.read_bytes() == file_of(server, export)


def test_a_range_that_cannot_be_served_begins_again(serve: Serve, own_folder: Path) -> None:
    server = with_faults(serve, half, refusing(416))
    client = client_of(server)
    export = built_export(client)
    path = download(client, export.id, own_folder / "export")
    assert path.read_bytes() == file_of(server, export)
    assert [("range" in r.headers) for r in server.storage_requests] == [False, True, False]


def test_a_fresh_address_is_asked_for_when_one_has_expired(serve: Serve, own_folder: Path) -> None:
    server = with_faults(serve, refusing(403))
    client = client_of(server)
    export = built_export(client)
    path = download(client, export.id, own_folder / "export")
    assert path.read_bytes() == file_of(server, export)
    asked = [request for request in server.requests if request.first("redirect") == "true"]
    assert len(asked) == len(server.storage_requests) == 2


def test_a_link_that_expires_between_two_tries_is_replaced(serve: Serve, own_folder: Path) -> None:
    server = serve(link_seconds=0)

    def later(request: Request) -> Response | None:
        if request.host == "storage" and len(server.storage_requests) == 2:
            # by now the links that are given out last longer
            server._storage._link_seconds = 900
        return None

    server.intercept = later
    client = client_of(server)
    export = built_export(client)
    path = download(client, export.id, own_folder / "export")
    assert path.read_bytes() == file_of(server, export)
    assert len(server.storage_requests) == 3


@pytest.mark.parametrize("status", [403, 404])
def test_a_storage_that_refuses_for_ever_ends_in_an_error_that_names_the_export(
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
    # the address is signed: who has it has the file
    assert "Signature" not in str(error.value)


def test_the_token_never_reaches_the_storage(
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


def test_two_downloads_of_an_export_are_the_same_bytes_and_open_as_its_tables(
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
