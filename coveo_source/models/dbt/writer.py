"""Writes generated files into a folder without losing files of the user.

A list of their digests tells a later run which files it may replace or remove. The list may come
from anybody, so it has no say in anything outside of the folder, or in files of other kinds.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from ...exceptions import ProjectError

_LIST = ".coveo_source.json"

_CONNECTION = "profiles.yml"
"""The file that users may change; it is not overwritten then."""

_GENERATED = re.compile(
    r"dbt_project\.yml|profiles\.yml|\.gitignore"
    r"|(?:models|macros|seeds|tests/generic)/[a-z_]\w*\.(?:sql|yml|csv)",
    re.ASCII,
)
"""The names that generated files have, inside the folder."""


def write_folder(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes files into a folder that is new, empty or generated; returns the written paths.

    files: content by path inside the folder

    Raises:
        ProjectError: if the folder has other contents, or generated files were changed by hand;
            nothing is written then
    """
    listed = _read_list(folder)
    for name in {*files, *listed, _LIST}:
        _check_place(folder, name)
    changed = {
        name
        for name, digest in listed.items()
        if (folder / name).is_file() and _digest((folder / name).read_bytes()) != digest
    }
    unlisted = {name for name in files.keys() - listed.keys() if (folder / name).exists()}
    if endangered := sorted((changed - {_CONNECTION}) | unlisted):
        raise ProjectError(
            f"{', '.join(endangered)} in {folder} would be overwritten, but the content is not"
            " generated: it was changed or added by hand. Move it away (a model of your own can"
            " stay under another name), or write the project to another folder."
        )
    kept = changed & {_CONNECTION}
    for name in listed.keys() - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name in files.keys() - kept:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name].encode())
    digests = {name: _digest(content.encode()) for name, content in sorted(files.items())}
    (folder / _LIST).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
    return [folder / name for name in files if name not in kept]


def _read_list(folder: Path) -> dict[str, str]:
    """Returns the digest of each generated file of a folder, by path inside the folder."""
    if folder.exists() and not folder.is_dir():
        raise ProjectError(f"{folder} is a file. Name a folder for the dbt project.")
    if (folder / _LIST).is_file():
        try:
            return _checked_list(json.loads((folder / _LIST).read_text(encoding="utf-8")))
        except (ValueError, RecursionError) as error:
            raise ProjectError(
                f"{folder / _LIST}, the list of generated files, cannot be used: {error}. Nothing"
                " was changed. Write the project to a new folder, and move files of your own there."
            ) from None
    if folder.exists() and any(folder.iterdir()):
        raise ProjectError(
            f"The folder {folder} is not empty, and no dbt project was written to it before."
            " Name a new or an empty folder."
        )
    return {}


def _checked_list(content: object) -> dict[str, str]:
    """Returns what a list holds; raises a ValueError if no list of ours can hold it."""
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    for name, digest in content.items():
        if not _GENERATED.fullmatch(name):
            raise ValueError(f"it names {name!r}, which is not a generated file")
        if not isinstance(digest, str):
            raise ValueError(f"the digest of {name} is no text")
    return content


def _check_place(folder: Path, name: str) -> None:
    """Raises a ProjectError if a file of a folder would really be somewhere else."""
    path = folder / name
    if path.is_symlink() or folder.resolve() not in path.resolve().parents:
        raise ProjectError(
            f"{path} is, or lies behind, a link to another place. Nothing was changed. Replace the"
            " link by a folder or a file, or write the project to a new folder."
        )


def _digest(content: bytes) -> str:
    # git may have changed the line endings
    return sha256(content.replace(b"\r\n", b"\n")).hexdigest()
