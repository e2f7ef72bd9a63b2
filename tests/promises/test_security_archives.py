"""Hostile archives: nothing is written outside of the run's folder, and the disk does not fill."""

import contextlib
import io
import resource
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, Then, at, changed_file, inject
from tests.support.archives import Members, replace_members
from tests.support.assertions import assert_failed_with, assert_loaded, run_against

pytestmark = pytest.mark.usefixtures("no_retries")


def symlink(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    """Returns a member that is a symbolic link."""
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member, target.encode()


def add_members(*names: str) -> Callable[[Members], Members]:
    """Puts members with these names before the real ones."""
    return lambda members: [*((zipfile.ZipInfo(name), b"stolen") for name in names), *members]


def unexpected_files(folder: Path) -> set[Path]:
    """Returns all files below a folder, except the database and dlt's own."""
    expected = ("dlt/", "work/coveo.duckdb")
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path for path in paths if not str(path).startswith(expected)}


@pytest.mark.parametrize(
    "edit",
    [
        add_members("../evil.csv", "../../evil.csv", "a/../../../evil.csv"),
        add_members("/coveo-evil.csv", "//evil.csv"),
        add_members("C:\\evil.csv", "..\\..\\evil.csv", "\\\\host\\share\\evil.csv"),
        add_members(*(f"{number}.csv" for number in range(5_000))),
        lambda members: [symlink("evil", "/etc/passwd"), symlink("a/b", ".."), *members],
        lambda members: [(zipfile.ZipInfo(f"../../{m.filename}"), data) for m, data in members],
    ],
    ids=["parents", "absolute", "drives", "thousands", "links", "real files elsewhere"],
)
def test_unexpected_members_are_not_extracted(
    demo: DemoServer, tmp_path: Path, edit: Callable[[Members], Members]
) -> None:
    inject(demo, Fault(at("file"), replace_members(edit), times=None))
    assert_loaded(run_against(demo))
    assert unexpected_files(tmp_path) == set()
    assert not Path("/coveo-evil.csv").exists()
    assert not Path("/evil.csv").exists()


def link_for_a_table(members: Members) -> Members:
    """Replaces a table's file by a link."""
    return [symlink("clicks.csv", "/etc/passwd"), *members[1:]]


def nest(members: Members) -> Members:
    """Puts all members into an archive inside the archive."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for member, data in members:
            archive.writestr(member.filename, data)
    return [(zipfile.ZipInfo("export.zip"), inner.getvalue())]


def flag_as_encrypted(content: bytes) -> bytes:
    """Sets the flag for encryption at every member."""
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            at_flags = start + offset
            flags = content[at_flags] | 1
            content = content[:at_flags] + bytes([flags]) + content[at_flags + 1 :]
            start = content.find(signature, start + 4)
    return content


@pytest.mark.parametrize(
    "then",
    [
        replace_members(link_for_a_table),
        replace_members(nest),
        changed_file(flag_as_encrypted),
    ],
    ids=["link for a table", "nested", "encrypted"],
)
def test_an_unreadable_archive_fails_the_run_and_loads_nothing(
    demo: DemoServer, tmp_path: Path, then: Then
) -> None:
    inject(demo, Fault(at("file"), then, times=None))
    assert_failed_with(run_against(demo), "archive", "again")
    assert unexpected_files(tmp_path) == set()
    inject(demo)
    assert_loaded(run_against(demo))


def zip_bomb(blocks: int) -> bytes:
    """Returns a ZIP whose clicks.csv unpacks to so many times 64 MiB of zeros."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(64 << 20)
    block = compressor.compress(zeros) + compressor.flush(zlib.Z_FULL_FLUSH)
    data = block * blocks + b"\x03\x00"
    size, name = len(zeros) * blocks, b"clicks.csv"
    sizes = struct.pack("<HHIIIHH", 0, 0x21, 0, len(data), min(size, 2**32 - 2), len(name), 0)
    local = b"PK\x03\x04" + struct.pack("<HHH", 20, 0, 8) + sizes + name
    central = b"PK\x01\x02" + struct.pack("<HHHH", 20, 20, 0, 8) + sizes
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    return local + data + central + b"PK\x05\x06" + end


def test_a_zip_bomb_is_stopped_before_it_fills_the_disk(demo: DemoServer, tmp_path: Path) -> None:
    gigabyte = zip_bomb(16)
    inject(demo, Fault(at("file"), changed_file(lambda content: gigabyte), times=None))
    with max_file_size(300 << 20):
        completed = run_against(demo)
    assert_failed_with(completed, "clicks.csv", "unpacks to more than")
    assert unexpected_files(tmp_path) == set()
    inject(demo)
    assert_loaded(run_against(demo))


@contextlib.contextmanager
def max_file_size(size: int) -> Iterator[None]:
    """Lets no file of this process grow beyond so many bytes."""
    previous = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, previous[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, previous)
