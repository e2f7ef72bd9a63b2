"""What counts as a sign that an export is not whole, and what does not."""

from collections.abc import Mapping
from typing import Any

import pytest

from coveo_source.api.client import CoveoClient
from coveo_source.demo import Response
from coveo_source.exceptions import IncompleteExport
from coveo_source.exports.export import Export
from coveo_source.extract.audit import Counts, FetchedExport
from coveo_source.extract.expectations import check_whole
from coveo_source.extract.plan import PlannedExport
from tests.api.calls import answering
from tests.exports.builders import ANSWER, Serve, client_of, request_of, settings_of

WHOLE = {**ANSWER, "status": "AVAILABLE", "filters": {}}
HOUR = 3_600_000
MANY = {"searches": 5_000, "clicks": 5_000}


def fetched_export(
    records: Mapping[str, int],
    estimates: Mapping[str, int] | None,
    answer: Mapping[str, Any] = WHOLE,
    **settings: Any,
) -> FetchedExport:
    request = request_of(settings=settings_of(**settings))
    step = PlannedExport(request, estimates, None)
    counts = {table: Counts(records=number) for table, number in records.items()}
    return FetchedExport(Export.parse(answer), step, 0, 0.0, counts=counts)


def said_of(fetched: FetchedExport) -> list[str]:
    """Returns what is told about an export; no request is made."""
    said: list[str] = []
    client = CoveoClient("http://127.0.0.1:9", "acme", "key", say=said.append)
    check_whole(fetched, client, strict=False)
    return said


ROWS: dict[str, tuple[int, int, str]] = {
    "all": (5_000, 5_000, ""),
    "more": (9_000, 5_000, ""),
    "a few less": (4_900, 5_000, ""),
    "just half": (2_500, 5_000, ""),
    "less than half": (2_499, 5_000, "clicks has 2,499 rows, but Coveo expected 5,000"),
    "one": (1, 5_000, "clicks has 1 rows, but Coveo expected 5,000"),
    "none": (0, 5_000, "clicks has no rows, but Coveo expected 5,000 rows"),
    "none of ten": (0, 10, "clicks has no rows, but Coveo expected 10 rows"),
    "none of nine": (0, 9, ""),
    "none of none": (0, 0, ""),
    "few of few": (1, 100, ""),
    "few of some more": (1, 101, "clicks has 1 rows, but Coveo expected 101"),
    "a negative estimate": (0, -1, ""),
}


@pytest.mark.parametrize("case", ROWS)
def test_many_rows_less_than_expected_are_a_sign(case: str) -> None:
    records, expected, sign = ROWS[case]
    fetched = fetched_export(
        {"searches": 5_000, "clicks": records}, {"searches": 5_000, "clicks": expected}
    )
    [*said] = said_of(fetched)
    assert len(said) == len(fetched.signs) == bool(sign)
    assert all(sign in text and "--from 2026-03-03" in text for text in said)


def test_a_missing_file_is_named_if_rows_were_expected() -> None:
    fetched = fetched_export({"searches": 5_000, "clicks": 0}, MANY)
    fetched.without_file.append("clicks")
    [said] = said_of(fetched)
    assert "clicks has no file, but Coveo expected 5,000 rows" in said


ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "the same": ({}, ""),
    "a millisecond early": ({"to": WHOLE["to"] - 1}, ""),
    "a second early": ({"to": WHOLE["to"] - 999}, ""),
    "longer": ({"from": WHOLE["from"] - HOUR, "to": WHOLE["to"] + HOUR}, ""),
    "an hour early": ({"to": WHOLE["to"] - HOUR}, "covers 2026-03-03 to 2026-03-03 22:59:59.999"),
    "an hour late": ({"from": WHOLE["from"] + HOUR}, "covers 2026-03-03 01:00 to 2026-03-03 23:59"),
    "upper case": ({"tables": ["CLICKS", "SEARCHES"]}, ""),
    "more tables": ({"tables": ["clicks", "searches", "groups"]}, ""),
    "one table": ({"tables": ["searches"]}, "is without clicks"),
    "another table": ({"tables": ["ALL_EVENTS"]}, "is without searches, clicks"),
    "no tables": ({"tables": []}, ""),
    "tables that are null": ({"tables": None}, ""),
    "a filter": ({"filters": {"f": "(a=='b')"}}, "names a filter, but none was set"),
    "an empty filter": ({"filters": {"f": ""}}, ""),
    "filters that are null": ({"filters": None}, ""),
    "filters that are a list": ({"filters": ["x"]}, ""),
}
UNREADABLE: tuple[Any, ...] = (None, "2026-03-03", [], {}, float("nan"), float("inf"), 10**30)


@pytest.mark.parametrize("case", ANSWERS)
def test_another_export_than_was_asked_for_is_a_sign(case: str) -> None:
    changes, sign = ANSWERS[case]
    description = request_of().description
    answer = {**WHOLE, "description": description, **changes}
    said = said_of(fetched_export(MANY, MANY, answer))
    assert len(said) == bool(sign)
    assert all(sign in text for text in said)


@pytest.mark.parametrize("value", UNREADABLE, ids=str)
def test_what_an_answer_does_not_tell_is_no_sign(value: Any) -> None:
    answer = {**WHOLE, "description": request_of().description, "from": value, "to": value}
    assert said_of(fetched_export(MANY, MANY, answer)) == []


def test_a_filter_that_coveo_does_not_name_is_a_sign() -> None:
    filters: dict[str, Any] = {"filters": ("(a=='b')",)}
    [said] = said_of(fetched_export(MANY, MANY, **filters))
    assert "names none of the filters" in said
    named = {**WHOLE, "filters": {"common": "(a=='b')"}}
    assert said_of(fetched_export(MANY, MANY, named, **filters)) == []


def test_with_strict_any_sign_is_an_error_with_ways_out() -> None:
    client = CoveoClient("http://127.0.0.1:9", "acme", "key")
    with pytest.raises(IncompleteExport, match=r"no rows.*5,000.*without strict.*console"):
        check_whole(fetched_export({"searches": 5_000, "clicks": 0}, MANY), client, strict=True)


def test_an_export_that_an_earlier_run_left_has_no_estimate_yet(serve: Serve) -> None:
    server = serve(intercept=answering(Response.json({"estimates": MANY})))
    with pytest.raises(IncompleteExport, match="clicks has 17 rows"):
        check_whole(fetched_export({"clicks": 17}, None), client_of(server), strict=True)
    assert len(server.requests) == 1


def test_an_estimate_that_cannot_be_had_is_no_sign(serve: Serve) -> None:
    server = serve(intercept=answering(Response(400)))
    check_whole(fetched_export({"clicks": 0}, None), client_of(server), strict=True)
    assert len(server.requests) == 1
