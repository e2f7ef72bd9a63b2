from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from coveo_source.exceptions import UnknownAnswer
from coveo_source.exports.export import Export
from coveo_source.exports.job import ExportOwner
from coveo_source.exports.window import Window
from tests.exports.builders import ANSWER, WINDOW, request_of


def test_an_export_object_is_parsed() -> None:
    export = Export.parse(ANSWER)
    assert export == Export(
        id="e1",
        status="AVAILABLE",
        description="",
        window=WINDOW,
        tables=("searches", "clicks"),
        created=datetime(2026, 3, 11, 12, 0, 0, 123_000, tzinfo=timezone.utc),
        size=17,
    )
    assert str(export) == "The export e1 of 2026-03-03 to 2026-03-04"


@pytest.mark.parametrize(
    "description",
    ["", "weekly #1 Z/Z all", "A-Z #7 A-Z/0-Z all", "#1 2026-99-99Z/2026-01-01Z x", "ü #é {0}"],
)
def test_an_export_that_is_not_ours_may_have_any_description(description: str) -> None:
    assert Export.parse({**ANSWER, "description": description}).window == WINDOW


@pytest.mark.parametrize("dataset", ["coveo_ua", "2026 Coveo-UA.x", "a/b #c"])
def test_the_window_is_that_of_our_description_whatever_the_dataset_is_called(dataset: str) -> None:
    later = Window(WINDOW.end, WINDOW.end + timedelta(hours=1))
    request = request_of(window=later, owner=ExportOwner("coveo", dataset, "4711"))
    assert Export.parse({**ANSWER, "description": request.description}).window == later


@pytest.mark.parametrize("epoch", [0, -1, -(10**18), 10**18, 1e300, float("inf")])
def test_an_absurd_time_becomes_one_to_compute_with(epoch: float) -> None:
    export = Export.parse({**ANSWER, "startDate": epoch, "from": epoch, "to": epoch})
    assert timedelta(days=1000) < export.created - datetime.min.replace(tzinfo=timezone.utc)
    assert timedelta(days=1000) < datetime.max.replace(tzinfo=timezone.utc) - export.window.end
    assert str(export).startswith("The export e1 of ")


@pytest.mark.parametrize("epoch", [None, "today", float("nan"), [], {}])
def test_a_time_that_is_no_number_is_an_answer_that_coveo_does_not_document(epoch: Any) -> None:
    with pytest.raises(UnknownAnswer):
        Export.parse({**ANSWER, "startDate": epoch})


def test_an_export_from_the_future_counts_as_created_at_the_end_of_its_window() -> None:
    export = Export.parse(ANSWER)
    assert export.started_by(export.created) == export
    earlier = export.started_by(export.created - timedelta(minutes=1))
    assert earlier == replace(export, created=export.window.end)


def test_an_export_object_may_lack_tables_and_size() -> None:
    answer = {name: value for name, value in ANSWER.items() if name not in ("tables", "size")}
    assert Export.parse(answer).tables == ()
