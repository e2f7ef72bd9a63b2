import stat
from pathlib import Path

import pytest

from coveo_source.private_files import private_folder
from tests.exports.archives import CSV


def test_only_its_owner_can_access_a_private_folder(own_folder: Path) -> None:
    with private_folder(own_folder / "a" / "exports") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list(folder.iterdir()) == []


def test_a_private_folder_is_removed_afterwards(own_folder: Path) -> None:
    with private_folder(own_folder / "exports") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_bytes(CSV)
    assert not folder.exists()


def test_a_private_folder_is_removed_after_an_error(own_folder: Path) -> None:
    path = own_folder / "exports"

    def fail() -> None:
        with private_folder(path) as folder:
            (folder / "file").write_bytes(CSV)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not path.exists()


def test_files_left_by_a_killed_process_are_removed(own_folder: Path) -> None:
    path = own_folder / "exports"
    path.mkdir(mode=0o755)
    (path / "left").write_bytes(CSV)
    with private_folder(path) as folder:
        assert list(folder.iterdir()) == []
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
