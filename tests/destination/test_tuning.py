"""The budget of memory: a setting, or a share of what the machine gives."""

from pathlib import Path

import pytest

from coveo_source.destination.tuning import budget_mb
from coveo_source.exceptions import SettingError
from coveo_source.machine import memory_mb

SETTING = "SOURCES__COVEO_SOURCE__MEMORY_LIMIT"


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [("2GB", 1800), ("512MB", 312), ("1GiB", 873), (" 1.5 gb ", 1300), ("1tb", 999_800)],
)
def test_a_limit_is_the_budget_but_for_what_python_takes(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, megabytes: int
) -> None:
    monkeypatch.setenv(SETTING, text)
    assert budget_mb() == megabytes


def test_without_a_limit_it_is_a_quarter_of_the_machine_and_never_too_little(
    own_folder: Path,
) -> None:
    assert budget_mb() == max(512, (memory_mb() or 0) // 4) - 200


@pytest.mark.parametrize("text", ["much", "511MB", "2", "-2GB", "0.4GiB", "2GBit"])
def test_what_is_no_size_or_too_little_is_refused(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(SETTING, text)
    with pytest.raises(SettingError, match=r"memory_limit.*at least 512MB"):
        budget_mb()
