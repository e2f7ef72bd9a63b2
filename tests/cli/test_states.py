"""The words for how far exports and models are."""

import pytest

from coveo_source.cli.states import building_text, seconds_text, state_text
from coveo_source.watching import ExportEvent, ExportState, ModelsEvent


@pytest.mark.parametrize(
    ("state", "done", "total", "text"),
    [
        ("asked", 0, None, "asked"),
        ("building", 12, 3_600, "building, 60 minutes at most (poll_timeout_minutes)"),
        ("fetching", 0, None, "fetching"),
        ("fetching", 0, 10_400_000, "fetching 10.4 MB"),
        ("fetching", 3_200_000, 10_400_000, "fetching 3.2 of 10.4 MB"),
        ("fetching", 10_400_000, 10_400_000, "fetched 10.4 MB"),
        # of a download that began anew, or of which the size is not known
        ("fetching", 12_000_000, 10_400_000, "fetching 12.0 MB"),
        ("fetching", 12_000_000, None, "fetching 12.0 MB"),
        ("reading", 0, None, "reading"),
        ("reading", 0, 40_000, "reading about 40,000 rows"),
        ("reading", 12_345, 40_000, "reading 12,345 of about 40,000 rows"),
        ("reading", 40_001, 40_000, "reading 40,001 rows"),
        ("loading", 1, None, "loading 1 row"),
        ("loaded", 12_345, None, "loaded 12,345 rows"),
        ("failed", 0, None, "Coveo could not build it"),
    ],
)
def test_an_export_is_described(
    state: ExportState, done: int, total: int | None, text: str
) -> None:
    assert state_text(ExportEvent("a window", state, done, total)) == text


def test_while_it_is_loaded_the_files_are_counted() -> None:
    event = ExportEvent("a window", "loading", 12_345, files=(3, 10))
    assert state_text(event) == "loading 12,345 rows, 3 of 10 files"


def test_models_are_named_with_their_rows_once_they_are_built() -> None:
    assert building_text(ModelsEvent(("a", "b"))) == "Building a, b"
    assert building_text(ModelsEvent(("a", "b"), {"a": 1_000, "b": 1})) == (
        "Built a (1,000 rows), b (1 row)"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (3.21, "3.2 s"), (119.7, "2 min 0 s"), (754, "12 min 34 s")],
)
def test_times_are_short(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
