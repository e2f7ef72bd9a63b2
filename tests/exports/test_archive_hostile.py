"""Archives that are not Coveo's."""

import os
import stat
import zipfile
from pathlib import Path

import pytest

from coveo_source.exceptions import ArchiveError
from coveo_source.exports import archive as archive_module
from coveo_source.exports.archive import Archive
from tests.exports.archives import CSV, paths_below, unpacked, unpacking_error, zip_of


def test_an_archive_without_members_has_no_file_of_any_table(
    own_folder: Path, target: Path
) -> None:
    assert unpacked(Archive(zip_of(own_folder), ["searches"]), "searches", target) is None


def test_an_archive_of_other_files_is_refused_and_they_are_named(
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
    assert paths_below(target) == set()


@pytest.mark.parametrize(
    "name", ["../searches.csv", "/searches.csv", "../../../../searches.csv", "a/../../searches.csv"]
)
def test_a_member_is_unpacked_under_our_own_name_whatever_its_path(
    own_folder: Path, target: Path, name: str
) -> None:
    path = zip_of(own_folder, (zipfile.ZipInfo(name), CSV))
    before = paths_below(own_folder)
    written = unpacked(Archive(path, ["searches"]), "searches", target)
    assert written == target / "searches.csv"
    assert paths_below(own_folder) - before == {"deep/target/searches.csv"}


def test_a_member_with_backslashes_in_its_name_is_written_nowhere_else(
    own_folder: Path, target: Path
) -> None:
    name = zipfile.ZipInfo("..\\..\\searches.csv")
    path = zip_of(own_folder, (name, CSV), ("clicks.csv", CSV))
    before = paths_below(own_folder)
    unpacked(Archive(path, ["searches"]), "searches", target)
    assert paths_below(own_folder) - before <= {"deep/target/searches.csv"}


def test_a_member_that_unpacks_to_more_than_any_text_does_is_stopped_at_the_limit(
    own_folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "ALWAYS_ALLOWED", 100_000)
    monkeypatch.setattr(archive_module, "LARGEST_RATIO", 10)
    monkeypatch.setattr(archive_module, "READ_SIZE", 10_000)
    path = zip_of(own_folder, ("searches.csv", b"0" * 5_000_000))
    assert "unpacks to more than 100,000 bytes" in unpacking_error(path, target)
    assert sum(file.stat().st_size for file in target.iterdir()) <= 100_000


def test_the_limit_grows_with_the_compressed_size(
    own_folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "ALWAYS_ALLOWED", 10)
    text = os.urandom(20_000).hex().encode()
    path = zip_of(own_folder, ("searches.csv", text))
    written = unpacked(Archive(path, ["searches"]), "searches", target)
    assert written is not None
    assert written.read_bytes() == text
