from datetime import datetime, timezone

import pytest

from coveo_source.exports.export import Export
from tests.exports.builders import ANSWER, WINDOW


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


def test_an_export_object_may_lack_tables_and_size() -> None:
    answer = {name: value for name, value in ANSWER.items() if name not in ("tables", "size")}
    assert Export.parse(answer).tables == ()
