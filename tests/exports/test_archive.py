import os
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from coveo_source.exceptions import ArchiveError
from coveo_source.exports import archive as archive_module
from coveo_source.exports.archive import Archive
from coveo_source.private_files import private_folder

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
    """Where the file of a table is written, as a whole; None if there is none."""
    if not (file := archive.file_of(table, folder)):
        return None
    with closing(file.open()) as opened:
        path = folder / f"{table}.csv"
        with path.open("wb") as target:
            while piece := opened.read(archive_module.READ_SIZE):
                target.write(piece)
    return path


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
    assert path == target / "searches.csv"
    assert path.read_bytes() == CSV


def test_only_the_table_that_is_asked_for_is_unpacked(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv", CSV), ("clicks.csv", CSV), ("evil.sh", b"x"))
    unpacked(Archive(path, ["searches", "clicks"]), "clicks", target)
    assert everything_below(target) == {"clicks.csv"}


def test_a_table_without_a_member_has_no_file(own_folder: Path, target: Path) -> None:
    others = [("mysearches.csv", CSV), ("searches.csv.bak", CSV), ("clicks/", b"")]
    path = zip_of(own_folder, *others, ("clicks.csv", CSV))
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
    """What is said of it while it is read, and already before."""
    archive = Archive(path, ["clicks", "searches"])
    with pytest.raises(ArchiveError) as before:
        archive.check()
    assert everything_below(target) == set()
    with pytest.raises(ArchiveError) as error:
        unpacked(archive, "searches", target)
    assert str(before.value) == str(error.value)
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


def test_an_archive_without_members_is_one_without_rows(own_folder: Path, target: Path) -> None:
    assert unpacked(Archive(zip_of(own_folder), ["searches"]), "searches", target) is None


def test_an_archive_of_something_else_is_refused_by_the_names_in_it(
    own_folder: Path, target: Path
) -> None:
    path = zip_of(own_folder, ("export.zip", b"PK"), ("readme.txt", b"-"))
    with pytest.raises(ArchiveError, match=r"no file of any table, only export\.zip, readme\.txt"):
        unpacked(Archive(path, ["searches"]), "searches", target)


def test_a_link_is_refused(own_folder: Path, target: Path) -> None:
    link = zipfile.ZipInfo("searches.csv")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zip_of(own_folder, (link, b"/etc/passwd"))
    with pytest.raises(ArchiveError, match=r"searches\.csv in the archive is a link"):
        unpacked(Archive(path, ["searches"]), "searches", target)
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
    assert written == target / "searches.csv"
    assert everything_below(own_folder) - before == {"deep/target/searches.csv"}


def test_a_member_with_backslashes_in_its_name_writes_nowhere_else(
    own_folder: Path, target: Path
) -> None:
    name = zipfile.ZipInfo("..\\..\\searches.csv")
    path = zip_of(own_folder, (name, CSV), ("clicks.csv", CSV))
    before = everything_below(own_folder)
    unpacked(Archive(path, ["searches"]), "searches", target)
    assert everything_below(own_folder) - before <= {"deep/target/searches.csv"}


def test_a_member_that_unpacks_to_more_than_any_text_does_is_stopped_at_the_bound(
    own_folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "ALWAYS_ALLOWED", 100_000)
    monkeypatch.setattr(archive_module, "LARGEST_RATIO", 10)
    monkeypatch.setattr(archive_module, "READ_SIZE", 10_000)
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
