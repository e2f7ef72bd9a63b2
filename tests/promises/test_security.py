"""What a hostile or careless service could do: to the disk, the token, what others may read."""

import contextlib
import io
import logging
import os
import re
import resource
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import (
    Fault,
    Then,
    answer,
    at,
    becomes,
    changed_file,
    content_of,
    cut_off,
    halved,
    hang_up,
    inject,
    redirect,
    refuse,
    reported,
    server_error,
)
from coveo_source.demo.wire import Listener
from tests.support.archives import Members, replace_members
from tests.support.assertions import (
    FROM_DATE,
    WINDOW,
    assert_failed_with,
    assert_loaded,
    run_against,
    run_arguments,
    speed_up_retries,
)
from tests.support.cli_user import PIPELINE, create_requests, dlt_command, environment, export_files
from tests.support.clock import NOW, Clock

Serve = Callable[..., DemoServer]

TOKEN = "xx5ecre7-0000-4000-8000-70ken0000000"


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch, retries=0)


# --- archives ---


def linked(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    """A symbolic link."""
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member, target.encode()


def also(*names: str) -> Callable[[Members], Members]:
    """The true members after some of these names."""
    return lambda members: [*((zipfile.ZipInfo(name), b"stolen") for name in names), *members]


def everything(folder: Path) -> set[Path]:
    """All files below a folder but those that a run has to leave."""
    kept = ("dlt/", "work/coveo.duckdb")
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path for path in paths if not str(path).startswith(kept)}


@pytest.mark.parametrize(
    "edit",
    [
        also("../evil.csv", "../../evil.csv", "a/../../../evil.csv"),
        also("/coveo-evil.csv", "//evil.csv"),
        also("C:\\evil.csv", "..\\..\\evil.csv", "\\\\host\\share\\evil.csv"),
        also(*(f"{number}.csv" for number in range(5_000))),
        lambda members: [linked("evil", "/etc/passwd"), linked("a/b", ".."), *members],
        lambda members: [(zipfile.ZipInfo(f"../../{m.filename}"), text) for m, text in members],
    ],
    ids=["parents", "absolute", "drives", "thousands", "links", "true names elsewhere"],
)
def test_members_that_do_not_belong_there_are_left_in_the_archive(
    demo: DemoServer, tmp_path: Path, edit: Callable[[Members], Members]
) -> None:
    inject(demo, Fault(at("file"), replace_members(edit), times=None))
    assert_loaded(run_against(demo))
    assert everything(tmp_path) == set()
    assert not Path("/coveo-evil.csv").exists()
    assert not Path("/evil.csv").exists()


def only_link(members: Members) -> Members:
    """A link in the place of a table's file."""
    return [linked("clicks.csv", "/etc/passwd"), *members[1:]]


def nested(members: Members) -> Members:
    """All of it in an archive inside of the archive."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for member, text in members:
            archive.writestr(member.filename, text)
    return [(zipfile.ZipInfo("export.zip"), inner.getvalue())]


def encrypted(content: bytes) -> bytes:
    """The flag for encryption at every member."""
    for signature, position in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            flags = content[start + position] | 1
            at_flags = start + position
            content = content[:at_flags] + bytes([flags]) + content[at_flags + 1 :]
            start = content.find(signature, start + 4)
    return content


@pytest.mark.parametrize(
    "then",
    [
        replace_members(only_link),
        replace_members(nested),
        changed_file(encrypted),
    ],
    ids=["link for a table", "nested", "encrypted"],
)
def test_an_archive_that_cannot_be_read_is_told_and_loads_nothing(
    demo: DemoServer, tmp_path: Path, then: Then
) -> None:
    inject(demo, Fault(at("file"), then, times=None))
    assert_failed_with(run_against(demo), "archive", "again")
    assert everything(tmp_path) == set()
    inject(demo)
    assert_loaded(run_against(demo))


def bomb(blocks: int) -> bytes:
    """A ZIP whose clicks.csv unpacks to so many times 64 MiB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(64 << 20)
    first = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    data = first * blocks + b"\x03\x00"
    size, name = len(zeros) * blocks, b"clicks.csv"
    sizes = struct.pack("<HHIIIHH", 0, 0x21, 0, len(data), min(size, 2**32 - 2), len(name), 0)
    local = b"PK\x03\x04" + struct.pack("<HHH", 20, 0, 8) + sizes + name
    central = b"PK\x01\x02" + struct.pack("<HHHH", 20, 20, 0, 8) + sizes
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    return local + data + central + b"PK\x05\x06" + end


def test_a_bomb_is_stopped_before_it_fills_the_disk(demo: DemoServer, tmp_path: Path) -> None:
    gigabyte = bomb(16)
    inject(demo, Fault(at("file"), changed_file(lambda content: gigabyte), times=None))
    with disk_of(300 << 20):
        ended = run_against(demo)
    assert_failed_with(ended, "clicks.csv", "unpacks to more than")
    assert everything(tmp_path) == set()
    inject(demo)
    assert_loaded(run_against(demo))


@contextlib.contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Lets no file of this process grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# --- redirects ---


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[Request]]]:
    """The address of another host, and what it was asked."""
    asked: list[Request] = []

    def app(request: Request) -> Response:
        asked.append(request)
        return Response(404, {}, b"nothing here")

    listener = Listener("storage", 0, app, lambda: NOW)
    listener.start()
    yield f"127.0.0.1:{listener.port}", asked
    listener.close()


def test_a_redirect_to_another_host_carries_no_token(
    demo: DemoServer, elsewhere: tuple[str, list[Request]]
) -> None:
    host, asked = elsewhere
    inject(demo, Fault(at("address"), redirect(f"http://{host}/take"), times=None))
    assert_failed_with(run_against(demo), "storage")
    assert asked
    for request in asked:
        assert "authorization" not in request.headers
        assert demo.api_key not in str(request)


@pytest.mark.parametrize("where", ["list", "create", "status", "estimate", "delete", "file"])
def test_a_redirect_where_none_belongs_is_not_followed(
    demo: DemoServer, elsewhere: tuple[str, list[Request]], where: Any
) -> None:
    host, asked = elsewhere
    fault = Fault(at(where), redirect(f"http://{host}/take", 307), times=None)
    inject(demo, fault)
    ended = run_against(demo)
    assert ended.code == (0 if where == "delete" else 1)
    assert "Traceback" not in ended.err
    assert fault.seen
    # the storage's own redirects may be followed: they carry no token
    assert where == "file" or asked == []
    assert all("authorization" not in request.headers for request in asked)


def test_a_file_is_not_fetched_in_clear_from_another_machine(demo: DemoServer) -> None:
    # 0.0.0.0 leads to the demo's storage, but is no name of this machine that we accept
    other = demo.storage_url.replace("127.0.0.1", "0.0.0.0")

    def then(server: DemoServer, request: Request) -> Response:
        location = server.answer(request).headers["Location"]
        return Response(303, {"Location": location.replace(demo.storage_url, other)})

    inject(demo, Fault(at("address"), then, times=None))
    assert_failed_with(run_against(demo), "http", "0.0.0.0")
    assert demo.storage_requests == []
    inject(demo)
    assert_loaded(run_against(demo))


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x"])
def test_an_address_of_another_kind_is_refused(demo: DemoServer, scheme: str) -> None:
    inject(demo, Fault(at("address"), redirect(scheme), times=None))
    assert_failed_with(run_against(demo), "was not fetched", WINDOW)
    assert demo.storage_requests == []


@pytest.mark.parametrize("where", ["list", "address", "file"])
def test_redirects_in_circles_have_an_end(demo: DemoServer, where: Any) -> None:
    host = demo.storage_url if where == "file" else demo.base_url
    inject(demo, Fault(at(where), redirect(host + "{self}?redirect=true"), times=None))
    assert_failed_with(run_against(demo), "" if where != "list" else "HTTP 302")
    assert len(demo.requests) + len(demo.storage_requests) < 60
    inject(demo)
    assert_loaded(run_against(demo))


# --- without TLS ---


def in_clear(server: DemoServer) -> str:
    """The demo's address by a name that does not say that it is this machine."""
    return server.base_url.replace("127.0.0.1", "0.0.0.0")


def test_an_api_without_tls_is_refused(demo: DemoServer) -> None:
    ended = run_against(demo, base_url=in_clear(demo))
    assert ended.code == 2
    assert "base_url" in ended.message
    assert "https" in ended.message
    assert demo.requests == []


def test_an_api_without_tls_may_be_allowed(demo: DemoServer) -> None:
    refused = run_against(demo, base_url=in_clear(demo))
    assert "allow_http" in refused.message
    assert_loaded(run_against(demo, base_url=in_clear(demo), allow_http="true"))


# --- the token ---


def echo(request: Request) -> str:
    """The token as the service got it."""
    return request.headers["authorization"].partition(" ")[2]


def echoing_refusal(server: DemoServer, request: Request) -> Response:
    """A refusal that repeats the token."""
    return refuse(401, "INVALID_TOKEN", f"The token {echo(request)} is not valid.")(server, request)


def echoing_page(server: DemoServer, request: Request) -> Response:
    """A web page instead of an answer; its type repeats the token."""
    return Response(200, {"Content-Type": f"text/html; for={echo(request)}"}, b"<html></html>")


def echoing_reason(server: DemoServer, request: Request) -> Response:
    """A status that repeats the token."""
    return reported(echo(request))(server, request)


def echoing_address(server: DemoServer, request: Request) -> Response:
    """A file's address on a host that does not answer, with the token in its path."""
    return Response(303, {"Location": f"http://127.0.0.1:9/{echo(request)}?key={echo(request)}"})


FAILING = [
    pytest.param(Fault(at(), refuse(401, "INVALID_TOKEN", "Not valid."), None), id="401"),
    pytest.param(Fault(at("create"), server_error, None), id="500"),
    pytest.param(Fault(at("status"), answer(200, b"<html>"), None), id="web page"),
    pytest.param(Fault(at("status"), hang_up, None), id="line breaks"),
    pytest.param(Fault(at("status"), becomes("EXPIRED"), None), id="expired"),
    pytest.param(Fault(at("file"), hang_up, None), id="storage breaks"),
    pytest.param(Fault(at("file"), changed_file(halved), None), id="damaged file"),
    pytest.param(Fault(at("create"), echoing_refusal, None), id="401 repeats it"),
    pytest.param(Fault(at("status"), echoing_page, None), id="page repeats it"),
    pytest.param(Fault(at("status"), echoing_reason, None), id="status repeats it"),
    pytest.param(
        Fault(at("address"), echoing_address, None),
        id="address repeats it",
    ),
]


@pytest.mark.parametrize("fault", FAILING)
def test_no_failure_reveals_the_token(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    server = serve(api_key=TOKEN)
    inject(server, fault)
    caplog.set_level(logging.DEBUG)
    with logged_by_dlt(caplog.handler):
        ended = run_against(server)
    assert ended.code == 1
    assert fault.seen
    assert_nowhere(TOKEN, tmp_path, ended.out, ended.err, caplog.text)
    assert all("authorization" not in request.headers for request in server.storage_requests)


@contextlib.contextmanager
def logged_by_dlt(handler: logging.Handler) -> Iterator[None]:
    """All that dlt logs, too; it keeps its log to itself."""
    logger = logging.getLogger("dlt")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def assert_nowhere(secret: str, folder: Path, *texts: str) -> None:
    """A secret is in none of these texts, nor in any file below a folder."""
    for text in texts:
        assert secret.lower() not in text.lower()
    for path in folder.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_no_failure_reveals_a_signed_address(demo: DemoServer, tmp_path: Path) -> None:
    inject(demo, Fault(at("file"), hang_up, None))
    ended = run_against(demo)
    assert ended.code == 1
    for request in demo.storage_requests:
        assert_nowhere(request.first("Signature") or "", tmp_path, ended.out, ended.err)


def test_the_trace_of_a_failure_does_not_reveal_the_token(serve: Serve, tmp_path: Path) -> None:
    server = serve(api_key=TOKEN)
    inject(server, Fault(at("address"), refuse(403, "ACCESS_DENIED", "Access denied."), None))
    env = {**environment(server), "RUNTIME__LOG_LEVEL": "DEBUG"}
    done = dlt_command("--debug", "pipeline", PIPELINE, "run", "--from", FROM_DATE, env=env)
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert_nowhere(TOKEN, tmp_path, done.stdout, done.stderr)


# --- files ---

NOTE_MODES = """
import os, stat, sys

def note(event, args):
    if event not in ("open", "os.mkdir", "os.remove") or "coveo_exports" not in str(args[0]):
        return
    top = str(args[0]).partition("coveo_exports")[0] + "coveo_exports"
    for folder, _, names in os.walk(top):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            seen.add((os.path.relpath(path, top), oct(stat.S_IMODE(os.stat(path).st_mode))))

seen = set()
os.umask(0o022)
sys.addaudithook(note)
from coveo_source.__main__ import main
try:
    main()
finally:
    for path, mode in sorted(seen):
        print("MODE", path, mode)
"""


def test_only_their_owner_may_read_what_is_written_for_a_while(
    demo: DemoServer, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOTE_MODES, *run_arguments()],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modes = dict(re.findall(r"^MODE (\S+) (\S+)$", done.stdout, re.M))
    assert modes.pop("export") == "0o600"
    assert {".", "clicks"} <= {*modes}
    assert {*modes.values()} == {"0o700"}
    assert export_files(tmp_path) == []


def killed_at_the_download(server: DemoServer) -> None:
    """A run that is killed when half of its file is there."""
    reached = threading.Event()

    def half_then_wait(server: DemoServer, request: Request) -> Response:
        true = cut_off(0.5)(server, request)

        def pieces() -> Iterator[bytes]:
            yield content_of(true)
            reached.set()
            time.sleep(30)

        return Response(true.status, true.headers, pieces())

    inject(server, Fault(at("file"), half_then_wait))
    command = [sys.executable, "-m", "coveo_source", *run_arguments()]
    with subprocess.Popen(command, env={**os.environ, **environment(server)}) as process:
        assert reached.wait(30)
        process.send_signal(signal.SIGKILL)
    inject(server)


def test_what_a_killed_run_left_is_gone_after_the_next(demo: DemoServer, tmp_path: Path) -> None:
    killed_at_the_download(demo)
    assert export_files(tmp_path)
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1
    assert export_files(tmp_path) == []


def test_what_a_killed_run_left_is_gone_even_when_nothing_is_due(
    demo: DemoServer, clock: Clock, tmp_path: Path
) -> None:
    assert_loaded(run_against(demo))
    clock.advance(hours=3)
    killed_at_the_download(demo)
    assert export_files(tmp_path)
    clock.advance(hours=-3)
    ended = run_against(demo, lookback_days=0)
    assert ended.code == 0, ended.err
    assert len(create_requests(demo)) == 2
    assert export_files(tmp_path) == []
