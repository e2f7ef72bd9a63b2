"""Generated files are overwritten, and files of the user are not."""

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
