import pytest

from coveo_source.tables import TABLES
from tests.demo.calls import Calls, Rows


def values(rows: Rows, column: str) -> set[str]:
    return {row[rows[0].index(column)] for row in rows[1:]}


def test_a_common_filter_applies_to_all_tables(calls: Calls) -> None:
    unfiltered, canada = calls.tables(), calls.tables(f="(country=='Canada')")
    for table in ("searches", "clicks", "custom_events"):
        assert values(canada[table], "country") == {"Canada"}
    for table in TABLES:
        assert 1 < len(canada[table]) < len(unfiltered[table])
    assert values(canada["keywords"], "searchId") <= values(canada["searches"], "id")
    assert values(canada["groups"], "searchId") == values(canada["searches"], "id")


def test_a_search_filter_does_not_apply_to_custom_events(calls: Calls) -> None:
    unfiltered, filtered = calls.tables(), calls.tables(fs="(originLevel2!='All')")
    assert filtered["custom_events"] == unfiltered["custom_events"]
    assert "All" not in values(filtered["searches"], "originLevel2")
    assert len(filtered["keywords"]) < len(unfiltered["keywords"])


def test_a_custom_event_filter_applies_only_to_custom_events(calls: Calls) -> None:
    unfiltered, filtered = calls.tables(), calls.tables(fc='(eventType=="facet")')
    assert values(filtered["custom_events"], "eventType") == {"facet"}
    assert filtered["searches"] == unfiltered["searches"]


@pytest.mark.parametrize(
    "text",
    [
        "(country=='Canada') AND (isInternal=='false')",
        '((COUNTRY == "Canada") and (isinternal == false))',
        "country=='Canada' AND searches.isInternal=='f'",
    ],
)
def test_conditions_are_joined_with_and(calls: Calls, text: str) -> None:
    searches = calls.tables(f=text)["searches"]
    assert values(searches, "country") == {"Canada"}
    assert values(searches, "isInternal") == {"f"}


def test_several_filters_are_joined_with_and(calls: Calls) -> None:
    export = calls.create(f=["(country=='Canada')", "(city!='Québec')"])
    assert export["filters"] == {"f": "(country=='Canada') AND (city!='Québec')"}
    searches = calls.tables(f=["(country=='Canada')", "(city!='Québec')"])["searches"]
    assert values(searches, "city") == {"Montréal"}


def test_null_matches_an_empty_cell(calls: Calls) -> None:
    assert values(calls.tables(fs="(username==null)")["searches"], "anonymous") == {"t"}
    assert values(calls.tables(fs="(username!=null)")["searches"], "anonymous") == {"f"}


def test_a_quote_in_a_value_is_escaped_with_a_backslash(calls: Calls) -> None:
    clicks = calls.tables(fs=r"(documentAuthor=='Jane O\'Neil')")["clicks"]
    assert values(clicks, "documentAuthor") == {"Jane O'Neil"}
