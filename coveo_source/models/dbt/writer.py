"""Writes generated files into a folder without losing what is not ours.

A list of the files and their digests stays in the folder. By it a folder of ours is told from
another's, files that are no longer needed are removed, and what somebody changed is noticed.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from ...exceptions import ProjectError

LIST = ".coveo_source.json"

CONNECTION = "profiles.yml"
"""Meant to be changed by hand, and then left alone."""


def write_folder(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes files into a folder that is empty, not there yet, or written by us; returns them.

    files: content by path inside of the folder

    Raises:
        ProjectError: if something else is in the folder, or files of ours were changed by hand;
            nothing is written then
    """
    written = written_before(folder)
    changed = {name for name, mark in written.items() if digest(folder / name) not in (mark, None)}
    if lost := sorted((changed - {CONNECTION}) | foreign(folder, files, written)):
        raise ProjectError(
            f"{', '.join(lost)} in {folder} would be overwritten, but was changed by hand or put"
            " there by somebody else. Move it away (a model of your own may stay under another"
            " name), or write the project to another folder."
        )
    kept = changed & {CONNECTION}
    for name in written.keys() - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name in files.keys() - kept:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name].encode())
    marks = {name: mark_of(content.encode()) for name, content in sorted(files.items())}
    (folder / LIST).write_text(json.dumps(marks, indent=1) + "\n", encoding="utf-8")
    return [folder / name for name in files if name not in kept]


def written_before(folder: Path) -> dict[str, str]:
    """The digest of each file that we wrote into a folder.

    Raises:
        ProjectError: if the folder is not ours
    """
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise ProjectError(f"{folder} is a file. Name a folder for the dbt project.")
    if (folder / LIST).is_file():
        marks: dict[str, str] = json.loads((folder / LIST).read_text(encoding="utf-8"))
        return marks
    if any(folder.iterdir()):
        raise ProjectError(
            f"The folder {folder} is not empty, and no dbt project that was written here before."
            " Name a new or an empty folder."
        )
    return {}


def foreign(folder: Path, files: Mapping[str, str], written: Mapping[str, str]) -> set[str]:
    """Files that stand where one of ours would be written for the first time."""
    return {name for name in files.keys() - written.keys() if (folder / name).exists()}


def digest(path: Path) -> str | None:
    """The digest of a file; None if there is none."""
    return mark_of(path.read_bytes()) if path.is_file() else None


def mark_of(content: bytes) -> str:
    """The digest of a file's content, whatever its line ends."""
    return sha256(content.replace(b"\r\n", b"\n")).hexdigest()
