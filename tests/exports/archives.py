"""Archives to open, and a way to unpack them."""

import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from coveo_source.exceptions import ArchiveError
from coveo_source.exports import archive as archive_module
from coveo_source.exports.archive import Archive

CSV = b"id,datetime\na,2026-01-01 00:00:00\n"


def zip_of(folder: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    path = folder / "export"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return path


def unpacked(archive: Archive, table: str, folder: Path) -> Path | None:
    """Unpacks the file of a table and returns its path; None if there is none."""
    if not (file := archive.file_of(table, folder)):
        return None
    with closing(file.open()) as opened:
        path = folder / f"{table}.csv"
        with path.open("wb") as target:
            while content := opened.read(archive_module.READ_SIZE):
                target.write(content)
    return path


def paths_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def unpacking_error(path: Path, target: Path) -> str:
    """Returns the error while a file is read, which is the same when the archive is checked."""
    archive = Archive(path, ["clicks", "searches"])
    with pytest.raises(ArchiveError) as before:
        archive.check()
    assert paths_below(target) == set()
    with pytest.raises(ArchiveError) as error:
        unpacked(archive, "searches", target)
    assert str(before.value) == str(error.value)
    return str(error.value)
