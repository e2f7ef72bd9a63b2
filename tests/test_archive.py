import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from coveo_source import archive as archive_module
from coveo_source import patience
from coveo_source.archive import Archive, download, private_folder
from coveo_source.client import CoveoClient
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.exceptions import ArchiveError, ServiceUnreachable
from coveo_source.export import Export, wait
from coveo_source.pieces import write_whole

CSV = b"id,datetime\na,2026-01-01 00:00:00\n"
DAY = datetime(2026, 3, 3, tzinfo=timezone.utc)

Serve = Callable[..., DemoServer]


def zip_of(folder: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    path = folder / "export"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return path


def unpacked(archive: Archive, table: str, folder: Path) -> Path | None:
    file = archive.file_of(table, folder)
    return write_whole(file, "NO_NEWLINE") if file else None


def everything_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def target(own_folder: Path) -> Path:
    folder = own_folder / "deep" / "target"
    folder.mkdir(parents=True)
    return folder


# --- what an archive may look like ---


@pytest.mark.parametrize(
    "name",
    ["searches.csv", "folder/searches.csv", "a/b/Searches.CSV", "./searches.csv", "SEARCHES.csv"],
)
def test_a_member_is_found_in_folders_and_in_any_case(
    own_folder: Path, target: Path, name: str
) -> None:
    archive = Archive(zip_of(own_folder, ("read me.txt", b"x"), (name, CSV)), ["searches"])
    path = unpacked(archive, "searches", target)
    assert path == target / "whole.csv"
    assert path.read_bytes() == CSV


def test_only_the_table_that_is_asked_for_is_unpacked(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv", CSV), ("clicks.csv", CSV), ("evil.sh", b"x"))
    unpacked(Archive(path, ["searches", "clicks"]), "clicks", target)
    assert everything_below(target) == {"whole.csv"}


def test_a_table_without_a_member_has_no_file(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("mysearches.csv", CSV), ("searches.csv.bak", CSV), ("clicks/", b""))
    assert unpacked(Archive(path, ["searches"]), "searches", target) is None
    assert everything_below(target) == set()


def test_a_folder_named_like_a_member_is_none(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv/", b""), ("searches.csv/clicks.csv", CSV))
    archive = Archive(path, ["searches", "clicks"])
    assert unpacked(archive, "searches", target) is None
    assert unpacked(archive, "clicks", target) is not None


def test_a_bare_csv_is_accepted_where_one_table_was_asked_for(
    own_folder: Path, target: Path
) -> None:
    path = own_folder / "export"
    path.write_bytes(CSV)
    file = unpacked(Archive(path, ["keywords"]), "keywords", target)
    assert file is not None
    assert file.read_bytes() == CSV


@pytest.mark.parametrize(
    ("content", "tables"),
    [
        (CSV, ["searches", "clicks"]),
        (b"\0\1\2", ["searches"]),
        (b"<!doctype html>\n<HTML>", ["searches"]),
        (b"PK\3\4 and no more", ["searches"]),
    ],
    ids=["csv for two tables", "binary", "web page", "begin of a zip"],
)
def test_what_is_neither_a_zip_nor_the_csv_of_one_table_is_refused(
    own_folder: Path, content: bytes, tables: list[str]
) -> None:
    path = own_folder / "export"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"not a ZIP.*run again"):
        Archive(path, tables)


# --- damaged archives ---


@pytest.mark.parametrize("left", [4, 10, 100, 2000])
def test_a_zip_that_is_cut_off_is_refused(own_folder: Path, left: int) -> None:
    path = zip_of(own_folder, ("searches.csv", os.urandom(3000)))
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ArchiveError, match="only the beginning of one"):
        Archive(path, ["searches"])


def flipped(path: Path, position: int, count: int = 1) -> None:
    content = bytearray(path.read_bytes())
    for place in range(position, position + count):
        content[place] ^= 0xFF
    path.write_bytes(content)


def unpacking_fails(path: Path, target: Path) -> str:
    archive = Archive(path, ["clicks", "searches"])
    with pytest.raises(ArchiveError) as found:
        archive.check()
    # nothing was written for it
    assert everything_below(target) == set()
    with pytest.raises(ArchiveError) as error:
        unpacked(archive, "searches", target)
    assert str(found.value) == str(error.value)
    return str(error.value)


@pytest.mark.parametrize("position", [60, 500, 1500])
def test_a_damaged_member_is_refused_by_name(own_folder: Path, target: Path, position: int) -> None:
    path = zip_of(own_folder, ("searches.csv", os.urandom(3000)))
    flipped(path, position)
    assert "searches.csv in the archive is damaged" in unpacking_fails(path, target)


def test_a_damaged_local_header_is_refused(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv", CSV))
    flipped(path, 0, 4)
    assert "damaged" in unpacking_fails(path, target)


def test_a_damaged_directory_is_refused(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv", CSV))
    flipped(path, path.read_bytes().index(b"PK\x01\x02"), 4)
    with pytest.raises(ArchiveError):
        unpacked(Archive(path, ["searches"]), "searches", target)


def test_an_encrypted_member_is_refused(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv", CSV))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(signature) + offset
        [flags] = struct.unpack_from("<H", content, place)
        struct.pack_into("<H", content, place, flags | 1)
    path.write_bytes(content)
    assert "encrypted" in unpacking_fails(path, target)


def test_two_members_for_one_table_are_refused_with_both_names(
    own_folder: Path, target: Path
) -> None:
    path = zip_of(own_folder, ("a/searches.csv", CSV), ("b/searches.csv", CSV))
    text = unpacking_fails(path, target)
    assert "a/searches.csv" in text
    assert "b/searches.csv" in text


# --- hostile archives ---


def test_a_link_is_no_member(own_folder: Path, target: Path) -> None:
    link = zipfile.ZipInfo("searches.csv")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zip_of(own_folder, (link, b"/etc/passwd"))
    assert unpacked(Archive(path, ["searches"]), "searches", target) is None
    assert everything_below(target) == set()


@pytest.mark.parametrize(
    "name", ["../searches.csv", "/searches.csv", "../../../../searches.csv", "a/../../searches.csv"]
)
def test_a_member_is_written_under_our_own_name_wherever_it_points(
    own_folder: Path, target: Path, name: str
) -> None:
    path = zip_of(own_folder, (zipfile.ZipInfo(name), CSV))
    before = everything_below(own_folder)
    written = unpacked(Archive(path, ["searches"]), "searches", target)
    assert written == target / "whole.csv"
    assert everything_below(own_folder) - before == {"deep/target/whole.csv"}


def test_a_member_with_backslashes_in_its_name_writes_nowhere_else(
    own_folder: Path, target: Path
) -> None:
    path = zip_of(own_folder, (zipfile.ZipInfo("..\\..\\searches.csv"), CSV))
    before = everything_below(own_folder)
    unpacked(Archive(path, ["searches"]), "searches", target)
    assert everything_below(own_folder) - before <= {"deep/target/whole.csv"}


def test_a_member_that_unpacks_to_more_than_any_text_does_is_stopped_at_the_bound(
    own_folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "ALWAYS_ALLOWED", 100_000)
    monkeypatch.setattr(archive_module, "LARGEST_RATIO", 10)
    monkeypatch.setattr(archive_module, "CHUNK", 10_000)
    path = zip_of(own_folder, ("searches.csv", b"0" * 5_000_000))
    assert "unpacks to more than 100,000 bytes" in unpacking_fails(path, target)
    assert sum(file.stat().st_size for file in target.iterdir()) <= 100_000


def test_the_bound_grows_with_the_packed_size(
    own_folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "ALWAYS_ALLOWED", 10)
    text = os.urandom(20_000).hex().encode()
    path = zip_of(own_folder, ("searches.csv", text))
    written = unpacked(Archive(path, ["searches"]), "searches", target)
    assert written is not None
    assert written.read_bytes() == text


# --- the folder ---


def test_only_its_owner_may_read_the_folder(own_folder: Path) -> None:
    with private_folder(own_folder / "a" / "exports") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list(folder.iterdir()) == []


def test_the_folder_is_gone_afterwards(own_folder: Path) -> None:
    with private_folder(own_folder / "exports") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_bytes(CSV)
    assert not folder.exists()


def test_the_folder_is_gone_after_an_error(own_folder: Path) -> None:
    path = own_folder / "exports"

    def fail() -> None:
        with private_folder(path) as folder:
            (folder / "file").write_bytes(CSV)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not path.exists()


def test_what_a_killed_process_left_is_removed(own_folder: Path) -> None:
    path = own_folder / "exports"
    path.mkdir(mode=0o755)
    (path / "left").write_bytes(CSV)
    with private_folder(path) as folder:
        assert list(folder.iterdir()) == []
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


# --- the download ---


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
    monkeypatch.setattr("coveo_source.export.FIRST_WAIT", 0.02)
    monkeypatch.setattr(patience, "RETRIES", 1)
    monkeypatch.setattr(patience, "CONNECT_RETRIES", 0)
    monkeypatch.setattr(archive_module, "CHUNK", 1000)


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
    assert len(server.storage_requests) == archive_module.DOWNLOAD_TRIES


def test_a_storage_that_never_answers_ends_in_an_error_that_names_its_host(
    serve: Serve, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "DOWNLOAD_TRIES", 2)
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
    serve: Serve, own_folder: Path, target: Path
) -> None:
    server = serve()
    client = client_of(server)
    export = built_export(client)
    first = download(client, export.id, own_folder / "one")
    second = download(client, export.id, own_folder / "two")
    assert first.read_bytes() == second.read_bytes()
    archive = Archive(first, export.tables)
    for table in export.tables:
        path = unpacked(archive, table, target)
        assert path is not None
        assert b"datetime" in path.read_bytes()
