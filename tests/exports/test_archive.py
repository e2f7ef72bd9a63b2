"""What an archive may look like, and how it may be damaged."""

import gzip
import os
import struct
from pathlib import Path

import pytest

from coveo_source.exceptions import ArchiveDamaged, ArchiveError
from coveo_source.exports.archive import Archive
from tests.exports.archives import CSV, paths_below, unpacked, unpacking_error, zip_of


@pytest.mark.parametrize(
    "name",
    ["searches.csv", "folder/searches.csv", "a/b/Searches.CSV", "./searches.csv", "SEARCHES.csv"],
)
def test_a_member_is_found_in_any_folder_and_in_any_case(
    own_folder: Path, target: Path, name: str
) -> None:
    archive = Archive(zip_of(own_folder, ("read me.txt", b"x"), (name, CSV)), ["searches"])
    path = unpacked(archive, "searches", target)
    assert path == target / "searches.csv"
    assert path.read_bytes() == CSV


def test_only_the_requested_table_is_unpacked(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv", CSV), ("clicks.csv", CSV), ("evil.sh", b"x"))
    unpacked(Archive(path, ["searches", "clicks"]), "clicks", target)
    assert paths_below(target) == {"clicks.csv"}


def test_a_table_without_a_member_has_no_file(own_folder: Path, target: Path) -> None:
    others = [("mysearches.csv", CSV), ("searches.csv.bak", CSV), ("clicks/", b"")]
    path = zip_of(own_folder, *others, ("clicks.csv", CSV))
    assert unpacked(Archive(path, ["searches"]), "searches", target) is None
    assert paths_below(target) == set()


def test_a_folder_named_like_a_table_is_ignored(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv/", b""), ("searches.csv/clicks.csv", CSV))
    archive = Archive(path, ["searches", "clicks"])
    assert unpacked(archive, "searches", target) is None
    assert unpacked(archive, "clicks", target) is not None


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize(
    "header", [b"searches.id,datetime", b'"datetime","x\\"y","id"', b"id,datetime,c_a"]
)
def test_a_bare_csv_is_accepted_if_one_table_was_requested(
    own_folder: Path, target: Path, start: bytes, header: bytes
) -> None:
    path, content = own_folder / "export", start + header + b"\n"
    path.write_bytes(content)
    file = unpacked(Archive(path, ["searches"]), "searches", target)
    assert file is not None
    assert file.read_bytes() == content


NO_EXPORTS: dict[str, tuple[bytes, list[str]]] = {
    "csv for two tables": (CSV, ["searches", "clicks"]),
    "csv of another table": (CSV, ["keywords"]),
    "rows without a header": (b"a,2026-01-01 00:00:00\n", ["searches"]),
    "display names": (b"Search Id,Date and Time\n", ["searches"]),
    "binary": (b"\0\1\2", ["searches"]),
    "empty": (b"", ["searches"]),
    "BOM": (b"\xef\xbb\xbf", ["searches"]),
    "blank": (b"\n\n  \n", ["searches"]),
    "web page": (b"<!doctype html>\n<HTML>", ["searches"]),
    "XML": (b"<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>", ["searches"]),
    "JSON": (b'{"message": "Please wait"}', ["searches"]),
    "JSON list": (b"[]", ["searches"]),
    "text": (b"upstream connect error", ["searches"]),
    "UTF-16": ("id,datetime\n".encode("utf-16"), ["searches"]),
    "gzip": (gzip.compress(CSV), ["searches"]),
    "beginning of a zip": (b"PK\3\4 and no more", ["searches"]),
}


@pytest.mark.parametrize("kind", NO_EXPORTS)
def test_a_file_that_is_neither_a_zip_nor_the_csv_of_one_table_is_refused(
    own_folder: Path, kind: str
) -> None:
    content, tables = NO_EXPORTS[kind]
    path = own_folder / "export"
    path.write_bytes(content)
    with pytest.raises(ArchiveDamaged, match=r"not a ZIP.*run again"):
        Archive(path, tables)


@pytest.mark.parametrize(
    ("content", "shown", "hidden"),
    [
        (b"<Error>\n <Code>SlowDown</Code></Error>", "'<Error> <Code>SlowDown</Code></Error>'", ""),
        (b"<a href='https://s3/x?Signature=abcdef0123'>", "<a href='…'>", "abcdef0123"),
        (b"<Id>/exports/e1.zip?X-Amz-Signature=ab%2F</Id>", "<Id>…</Id>", "Signature"),
        (b'{"token": "xx12345678-0000-4000"}', '{"token": "…"}', "12345678"),
        (b"id,datetime\nann.lee,2026-01-01\n", "'id,datetime'", "ann.lee"),
        (b"<p>" + b"a " * 500, "<p>a a", "a " * 60),
    ],
)
def test_the_beginning_of_another_file_is_shown_without_secrets(
    own_folder: Path, content: bytes, shown: str, hidden: str
) -> None:
    path = own_folder / "export"
    path.write_bytes(content)
    with pytest.raises(ArchiveDamaged) as error:
        Archive(path, ["clicks"])
    assert shown in str(error.value)
    assert not hidden or hidden not in str(error.value)


@pytest.mark.parametrize("left", [4, 10, 100, 2000])
def test_a_truncated_zip_is_refused(own_folder: Path, left: int) -> None:
    path = zip_of(own_folder, ("searches.csv", os.urandom(3000)))
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ArchiveError, match="only the beginning of one"):
        Archive(path, ["searches"])


def flip_bytes(path: Path, position: int, count: int = 1) -> None:
    content = bytearray(path.read_bytes())
    for place in range(position, position + count):
        content[place] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("position", [60, 500, 1500])
def test_a_damaged_member_is_refused_and_named(
    own_folder: Path, target: Path, position: int
) -> None:
    path = zip_of(own_folder, ("searches.csv", os.urandom(3000)))
    flip_bytes(path, position)
    assert "searches.csv in the archive is damaged" in unpacking_error(path, target)


def test_a_damaged_local_header_is_refused(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv", CSV))
    flip_bytes(path, 0, 4)
    assert "damaged" in unpacking_error(path, target)


def test_a_damaged_directory_is_refused(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("searches.csv", CSV))
    flip_bytes(path, path.read_bytes().index(b"PK\x01\x02"), 4)
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
    assert "encrypted" in unpacking_error(path, target)


def test_two_members_for_one_table_are_refused_and_named(own_folder: Path, target: Path) -> None:
    path = zip_of(own_folder, ("a/searches.csv", CSV), ("b/searches.csv", CSV))
    text = unpacking_error(path, target)
    assert "a/searches.csv" in text
    assert "b/searches.csv" in text
