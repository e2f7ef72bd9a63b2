"""Writes generated files into a folder without losing files of the user.

A list of their digests tells a later run which files it may replace or remove. The list comes with
the folder, maybe from somebody else, so it is believed only about files inside the folder whose
content it knows; and nothing is read, written or removed through a link.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from ...exceptions import ProjectError

_LIST = ".coveo_source.json"

_GENERATED = re.compile(
    r"dbt_project\.yml|profiles\.yml|\.gitignore"
    r"|(?:models|macros|seeds|tests/generic)/[a-z_]\w*\.(?:sql|yml|csv)",
    re.ASCII,
)
"""The names that generated files have, inside the folder."""

_CONNECTION = "profiles.yml"
"""The file that users may change; it is not overwritten then."""


def write_folder(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes files into a folder that is new, empty or generated; returns the written paths.

    files: content by path inside the folder

    Raises:
        ProjectError: if the folder has other contents, generated files were changed by hand, or
            the list of them cannot be believed; nothing is written then. Or if a file cannot be
            written
    """
    try:
        return _write(folder, files)
    except OSError as error:
        raise ProjectError(
            f"The dbt project cannot be written to {folder}: {error.strerror or error}"
            f" ({error.filename or folder}). Write it again when the cause is gone, or name another"
            " folder."
        ) from error


def _write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    listed = _read_list(folder)
    places = {name: folder / name for name in {*listed, *files}}
    _refuse_links(folder, places.values())
    new = {name: _digest(content.encode()) for name, content in sorted(files.items())}
    found = {name: _digest(path.read_bytes()) for name, path in places.items() if path.exists()}
    # a run that was interrupted has written some of the new files, but not the list
    by_hand = {
        name for name, digest in found.items() if digest not in (listed.get(name), new.get(name))
    }
    kept = by_hand & listed.keys() & {_CONNECTION}
    if endangered := sorted(by_hand - kept):
        raise ProjectError(
            f"{', '.join(endangered)} in {folder} would be overwritten, but the content is not"
            " generated: it was changed or added by hand. Move it away (a model of your own can"
            " stay under another name), or write the project to another folder."
        )
    for name in found.keys() - files.keys():
        places[name].unlink()
    for name in files.keys() - kept:
        places[name].parent.mkdir(parents=True, exist_ok=True)
        places[name].write_bytes(files[name].encode())
    (folder / _LIST).write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")
    return [places[name] for name in files if name not in kept]


def _read_list(folder: Path) -> dict[str, str]:
    """Returns the digest of each generated file of a folder, by path inside the folder.

    Raises:
        ProjectError: if the folder has contents but no list, or the list is not one of ours
    """
    if folder.exists() and not folder.is_dir():
        raise ProjectError(f"{folder} is a file. Name a folder for the dbt project.")
    _refuse_links(folder, [folder / _LIST])
    if (folder / _LIST).exists():
        try:
            digests = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            raise _damaged(folder, "it is not JSON") from None
        if problem := next(_problems(digests), None):
            raise _damaged(folder, problem)
        return dict(digests)
    if folder.exists() and any(folder.iterdir()):
        raise ProjectError(
            f"The folder {folder} is not empty, and no dbt project was written to it before."
            " Name a new or an empty folder."
        )
    return {}


def _problems(digests: object) -> Iterator[str]:
    """Yields why a list cannot be one that was written here."""
    if not isinstance(digests, dict):
        yield "it is not a JSON object"
        return
    for name, digest in digests.items():
        if not isinstance(digest, str):
            yield f"what it says of {name[:200]!r} is not a text"
        if not _GENERATED.fullmatch(name):
            yield f"it names {name[:200]!r}, which no dbt project of coveo_source has"


def _damaged(folder: Path, problem: str) -> ProjectError:
    return ProjectError(
        f"{_LIST} in {folder} should list the files of the dbt project, but {problem}. Nothing was"
        " changed. Restore the list (from git, for example), or write the project to a new folder."
    )


def _refuse_links(folder: Path, paths: Iterable[Path]) -> None:
    """Raises a ProjectError if one of these paths leads through a link or a file.

    The folder itself may be a link: that is where the user wants the project.
    """
    for path in sorted(paths):
        inside = path.relative_to(folder)
        for part in [*reversed(inside.parents), inside][1:]:
            place = folder / part
            wanted = "a file" if part == inside else "a folder"
            is_right = place.is_file() if part == inside else place.is_dir()
            if os.path.lexists(place) and (place.is_symlink() or not is_right):
                kind = "a link" if place.is_symlink() else f"not {wanted}"
                raise ProjectError(
                    f"{part} in {folder} is {kind}, and the dbt project needs {wanted} there."
                    " Nothing was changed. Move it away, or write the project to another folder."
                )


def _digest(content: bytes) -> str:
    # git may have changed the line endings
    return sha256(content.replace(b"\r\n", b"\n")).hexdigest()
