"""Hostile and damaged folders: nothing outside of them, or not generated, is lost."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from coveo_source.exceptions import ProjectError
from coveo_source.models.dbt.writer import write_folder

FILES = {
    "dbt_project.yml": "name: one\n",
    "profiles.yml": "connection\n",
    "models/visits.sql": "select 1\n",
    "macros/rebuild.sql": "rebuild\n",
    "seeds/causes.csv": "cause\n",
}
LIST = ".coveo_source.json"
MINE = b"mine\n"
DIGEST = sha256(MINE).hexdigest()
"""Whoever wrote the list may know what the user's files hold."""

PROJECT = Path("project")
OUTSIDE = Path("outside")


def named(*names: str, digest: Any = DIGEST) -> Callable[[dict[str, Any]], Any]:
    """Returns a change of a list: names these files too."""
    return lambda listed: {**listed, **dict.fromkeys(names, digest)}


def absolute(name: str) -> str:
    return str((OUTSIDE / name).resolve())


LISTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "absolute": lambda listed: named(absolute("mine.sql"))(listed),
    "absolute, twice the slash": lambda listed: named(f"/{absolute('mine.sql')}")(listed),
    "above": named("../outside/mine.sql"),
    "above, after a folder": named("models/../../outside/mine.sql"),
    "above, after no folder": named("none/../../outside/mine.sql"),
    "above, dots": named("./../outside/mine.sql"),
    "above and back": named("../project/dbt_project.yml"),
    "above, twice the slash": named("..//outside//mine.sql"),
    "above, with blanks": named(".. /outside/mine.sql"),
    "the folder": named("."),
    "the folder above": named(".."),
    "no name": named(""),
    "a blank": named(" "),
    "a slash": named("/"),
    "a folder": named("models/"),
    "drive": named("C:\\outside\\mine.sql"),
    "drive, slashes": named("C:/outside/mine.sql"),
    "drive, relative": named("C:mine.sql"),
    "share": named("\\\\host\\outside\\mine.sql"),
    "backslashes": named("..\\outside\\mine.sql"),
    "backslashes and slashes": named("models\\..\\../outside/mine.sql"),
    "home": named("~/outside/mine.sql"),
    "variable": named("$HOME/mine.sql"),
    "address": named("file:///outside/mine.sql"),
    "zero byte": named("mine.sql\0.yml"),
    "line break": named("mine.sql\n"),
    "dots that look like dots": named("\u2024\u2024/outside/mine.sql"),
    "a file of the user's": named("notes.txt"),
    "a folder of the user's": named("models/mine/a.sql"),
    "repository": named(".git/HEAD"),
    "secrets": named(".dlt/secrets.toml"),
    "hidden": named(".env"),
    "itself": named(LIST),
    "Windows' other names": named("models/mine.sql."),
    "very long": named("x/" * 3_000 + "mine.sql"),
    "no text": named("models/visits.sql", digest=1),
    "null": named("models/visits.sql", digest=None),
    "nested": named("models/visits.sql", digest={"sha256": DIGEST}),
    "a list": lambda listed: [*listed],
    "a text": lambda listed: "models/visits.sql",
    "a number": lambda listed: 1,
    "nothing": lambda listed: None,
}

CONTENTS = {
    "empty": b"",
    "no JSON": b"models/visits.sql\n",
    "half": b'{"models/visits.sql": "0',
    "merge conflict": b'<<<<<<< HEAD\n{"a": "b"}\n=======\n{"a": "c"}\n>>>>>>> theirs\n',
    "no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": "b"}'.encode("utf-16"),
    "zero bytes": bytes(100),
    "deep": b"[" * 100_000,
}


def contents(*folders: Path) -> dict[str, bytes]:
    """Returns all files below some folders."""
    paths = [path for folder in folders for path in folder.rglob("*")]
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture(autouse=True)
def folders() -> None:
    """A project, and files of the user's beside and in it, whose content others may know."""
    write_folder(PROJECT, FILES)
    mine = ("outside/mine.sql", "project/.git/HEAD", "project/.dlt/secrets.toml", "project/.env")
    for name in (*mine, "project/notes.txt", "project/models/mine/a.sql", "mine.sql"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(MINE)


@pytest.mark.parametrize("name", [*LISTS, *CONTENTS])
def test_a_hostile_or_damaged_list_is_refused_and_removes_nothing(name: str) -> None:
    listed = json.loads((PROJECT / LIST).read_bytes())
    content = json.dumps(LISTS[name](listed)).encode() if name in LISTS else CONTENTS[name]
    (PROJECT / LIST).write_bytes(content)
    before = contents(Path())
    with pytest.raises(ProjectError) as refused:
        write_folder(PROJECT, FILES)
    for text in (LIST, "Nothing was changed", "to a new folder"):
        assert text in str(refused.value)
    assert len(str(refused.value)) < 800
    assert contents(Path()) == before
    (PROJECT / LIST).write_text(json.dumps(listed))
    write_folder(PROJECT, FILES)


def linked(name: str, target: Path) -> Callable[[], None]:
    """Returns what replaces a file or folder of the project by a link; its content moves there."""

    def replace() -> None:
        path = PROJECT / name
        if path.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        path.symlink_to(target.resolve())

    return replace


def instead(name: str) -> Callable[[], None]:
    """Returns what replaces a folder of the project by a file, or a file by a folder."""

    def replace() -> None:
        path = PROJECT / name
        is_folder = path.is_dir()
        path.rename(OUTSIDE / path.name)
        if is_folder:
            path.write_bytes(MINE)
        else:
            path.mkdir()

    return replace


PLACES: dict[str, Callable[[], None]] = {
    "a folder that is a link": linked("models", OUTSIDE / "models"),
    "a folder that is a link inside": linked("macros", PROJECT / "others"),
    "a file that is a link": linked("models/visits.sql", OUTSIDE / "visits.sql"),
    "a connection that is a link": linked("profiles.yml", OUTSIDE / "profiles.yml"),
    "a list that is a link": linked(LIST, OUTSIDE / "list.json"),
    "a file that is no folder": instead("seeds"),
    "a folder that is no file": instead("dbt_project.yml"),
    "a list that is a folder": instead(LIST),
}


def dangling() -> None:
    """Replaces a file by a link to a file that writing would create."""
    (PROJECT / "models/visits.sql").unlink()
    (PROJECT / "models/visits.sql").symlink_to(OUTSIDE.resolve() / "new.sql")


@pytest.mark.parametrize("place", [*PLACES.values(), dangling], ids=[*PLACES, "a link to nothing"])
def test_nothing_is_written_or_removed_through_a_link_or_instead_of_something_else(
    place: Callable[[], None],
) -> None:
    place()
    before = contents(Path())
    with pytest.raises(ProjectError, match=r"Nothing was changed.* another folder"):
        write_folder(PROJECT, {**FILES, "models/visits.sql": "select 2\n"})
    assert contents(Path()) == before
    assert not (OUTSIDE / "new.sql").exists()


def test_the_folder_itself_may_be_a_link() -> None:
    Path("real").mkdir()
    Path("link").symlink_to("real")
    for _ in range(2):
        write_folder(Path("link"), FILES)
    assert Path("real/models/visits.sql").is_file()


def test_a_project_that_was_half_written_again_can_be_written() -> None:
    listed = json.loads((PROJECT / LIST).read_bytes())
    # as if another version had written the folder, and this one was killed before its list
    for name in ("macros/rebuild.sql", "dbt_project.yml"):
        (PROJECT / name).write_bytes(MINE)
    (PROJECT / LIST).write_text(json.dumps(dict.fromkeys(listed, DIGEST)))
    write_folder(PROJECT, FILES)
    assert json.loads((PROJECT / LIST).read_bytes()) == listed
    assert (PROJECT / "dbt_project.yml").read_text() == FILES["dbt_project.yml"]


@pytest.mark.parametrize("folder", ["mine.sql/project", "x" * 300, "/proc/project"])
def test_a_folder_that_cannot_be_written_to_is_named(folder: str) -> None:
    with pytest.raises(ProjectError, match=r"cannot be written to.* another folder") as refused:
        write_folder(Path(folder), FILES)
    assert folder in str(refused.value)
