"""Generated files are overwritten, and files of the user are not."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from coveo_source.exceptions import ProjectError
from coveo_source.models.dbt.writer import write_folder

FILES = {"dbt_project.yml": "name: one\n", "models/visits.sql": "select 1\n", "profiles.yml": "a\n"}


def test_files_are_written_to_a_new_or_an_empty_folder() -> None:
    Path("empty").mkdir()
    for folder in (Path("new/project"), Path("empty")):
        written = write_folder(folder, FILES)
        assert {str(path.relative_to(folder)): path.read_text() for path in written} == FILES


@pytest.mark.parametrize("existing", ["dbt_project.yml", "models/mine.sql", ".git/config"])
def test_a_folder_with_other_files_is_refused_and_not_changed(existing: str) -> None:
    mine = Path("project") / existing
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(ProjectError, match=r"project is not empty.*new or an empty folder"):
        write_folder(Path("project"), FILES)
    assert mine.read_text() == "mine"
    assert [path for path in Path("project").rglob("*") if path.is_file()] == [mine]


def test_a_file_instead_of_a_folder_is_refused() -> None:
    Path("project").write_text("mine")
    with pytest.raises(ProjectError, match="is a file"):
        write_folder(Path("project"), FILES)


def test_a_generated_project_is_overwritten_and_files_it_no_longer_needs_are_removed() -> None:
    folder = Path("project")
    write_folder(folder, FILES)
    (folder / "models/mine.sql").write_text("select 2")
    write_folder(folder, {"dbt_project.yml": "name: two\n", "profiles.yml": "a\n"})
    assert (folder / "dbt_project.yml").read_text() == "name: two\n"
    assert not (folder / "models/visits.sql").exists()
    assert (folder / "models/mine.sql").read_text() == "select 2"


def test_files_that_were_changed_or_added_by_hand_are_not_overwritten() -> None:
    folder = Path("project")
    write_folder(folder, FILES)
    (folder / "models/visits.sql").write_text("select 'mine'")
    (folder / "models/clicks.sql").write_text("mine too")
    with pytest.raises(ProjectError, match=r"models/clicks.sql, models/visits.sql in project"):
        write_folder(folder, {**FILES, "dbt_project.yml": "two", "models/clicks.sql": "ours"})
    assert (folder / "dbt_project.yml").read_text() == "name: one\n"
    assert (folder / "models/visits.sql").read_text() == "select 'mine'"


def test_a_file_that_was_deleted_is_written_again() -> None:
    write_folder(Path("project"), FILES)
    Path("project/models/visits.sql").unlink()
    write_folder(Path("project"), FILES)
    assert Path("project/models/visits.sql").read_text() == "select 1\n"


def test_a_connection_changed_by_the_user_is_kept() -> None:
    write_folder(Path("project"), FILES)
    for _ in range(2):
        Path("project/profiles.yml").write_text("mine")
        write_folder(Path("project"), {**FILES, "profiles.yml": "new"})
        assert Path("project/profiles.yml").read_text() == "mine"


VICTIM = "not ours"
HOSTILE = {
    "a path above": "../victim.txt",
    "a path far above": "../../../../../../etc/hostname",
    "a path above, hidden": "models/../../victim.txt",
    "an absolute path": "/tmp/victim.txt",
    "Windows separators": "..\\victim.txt",
    "a drive": "C:victim.txt",
    "the folder": ".",
    "nothing": "",
    "a file of the user's": "notes.txt",
    "a file of git's": ".git/config",
    "a folder inside models": "models/mine/a.sql",
    "a NUL": "models/a\0.sql",
    "a line break": "models/a.sql\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_list_has_no_say_in_files_that_are_not_generated(kind: str) -> None:
    folder = Path("project")
    write_folder(folder, FILES)
    for path in (Path("victim.txt"), folder / "notes.txt", folder / "models/mine/a.sql"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(VICTIM)
    digests = json.loads((folder / ".coveo_source.json").read_text())
    # with the right digest, it would be deleted
    digests[HOSTILE[kind]] = sha256(VICTIM.encode()).hexdigest()
    (folder / ".coveo_source.json").write_text(json.dumps(digests))
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    with pytest.raises(ProjectError, match=r"not a generated file.*Nothing was changed"):
        write_folder(folder, {**FILES, "dbt_project.yml": "name: two\n"})
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


BROKEN = [
    "",
    "{",
    "[]",
    "null",
    '"text"',
    "7",
    '{"models/a.sql": 7}',
    '{"models/a.sql": null}',
    "\0",
]


@pytest.mark.parametrize("content", [*BROKEN, "[" * 100_000])
def test_a_broken_list_is_an_error_that_says_what_to_do(content: str) -> None:
    folder = Path("project")
    write_folder(folder, FILES)
    (folder / ".coveo_source.json").write_text(content)
    with pytest.raises(ProjectError, match=r"cannot be used: .*Write the project to a new folder"):
        write_folder(folder, FILES)
    assert (folder / "models/visits.sql").read_text() == FILES["models/visits.sql"]


def link_folder() -> None:
    Path("project/models/visits.sql").unlink()
    Path("project/models").rmdir()
    Path("project/models").symlink_to(Path("elsewhere").resolve())


def link_file() -> None:
    Path("project/models/visits.sql").unlink()
    Path("project/models/visits.sql").symlink_to(Path("elsewhere/visits.sql").resolve())


def link_list() -> None:
    content = Path("project/.coveo_source.json").read_text()
    Path("project/.coveo_source.json").unlink()
    Path("elsewhere/list.json").write_text(content)
    Path("project/.coveo_source.json").symlink_to(Path("elsewhere/list.json").resolve())


@pytest.mark.parametrize("link", [link_folder, link_file, link_list])
def test_nothing_is_written_or_deleted_through_a_link(link: Callable[[], None]) -> None:
    write_folder(Path("project"), FILES)
    Path("elsewhere").mkdir()
    Path("elsewhere/visits.sql").write_text(FILES["models/visits.sql"])
    link()
    before = {path: path.read_bytes() for path in Path("elsewhere").iterdir()}
    for files in (FILES, {"dbt_project.yml": "name: two\n"}):
        with pytest.raises(ProjectError, match=r"a link to another place.*Nothing was changed"):
            write_folder(Path("project"), files)
    assert {path: path.read_bytes() for path in Path("elsewhere").iterdir()} == before


def test_a_folder_that_is_a_link_itself_is_the_user_s_choice() -> None:
    Path("real").mkdir()
    Path("project").symlink_to(Path("real").resolve())
    write_folder(Path("project"), FILES)
    write_folder(Path("project"), FILES)
    assert Path("real/models/visits.sql").read_text() == FILES["models/visits.sql"]
