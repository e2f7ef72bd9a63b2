"""Writes generated files into a folder without losing files of the user.

The folder holds a list of the generated files and their digests. From it a later run knows that the
folder is its own, which files are no longer needed, and which the user has changed.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from ...exceptions import ProjectError

_LIST = ".coveo_source.json"

_CONNECTION = "profiles.yml"
"""The file that users may change; it is not overwritten then."""


def write_folder(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes files into a folder that is new, empty or generated; returns the written paths.

    files: content by path inside the folder

    Raises:
        ProjectError: if the folder has other contents, or generated files were changed by hand;
            nothing is written then
    """
    listed = _read_list(folder)
    changed = {
        name for name, digest in listed.items() if _file_digest(folder / name) not in (digest, None)
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
    """Returns the digest of each generated file of a folder, by path inside the folder.

    Raises:
        ProjectError: if the folder has contents, but no list
    """
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise ProjectError(f"{folder} is a file. Name a folder for the dbt project.")
    if (folder / _LIST).is_file():
        digests: dict[str, str] = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        return digests
    if any(folder.iterdir()):
        raise ProjectError(
            f"The folder {folder} is not empty, and no dbt project was written to it before."
            " Name a new or an empty folder."
        )
    return {}


def _file_digest(path: Path) -> str | None:
    """Returns the digest of a file; None if it does not exist."""
    return _digest(path.read_bytes()) if path.is_file() else None


def _digest(content: bytes) -> str:
    """Returns the digest of a file's content, whatever its line endings."""
    return sha256(content.replace(b"\r\n", b"\n")).hexdigest()
