from collections import Counter

from coveo_source.demo import Record
from tests.demo.features.month import Month, by_visit, data, share, time_of

SUGGESTIONS = ("documentSuggestionClick", "documentSuggestionQuickview")


def action(event: Record) -> tuple[str, str | None]:
    values = data(event)
    return values["svc_action"], values.get("svc_action_data", {}).get("reason")


def flows(month: Month) -> dict[str | None, list[tuple[str, str | None]]]:
    """Returns the actions of each visit that began a case, in their order."""
    visits = by_visit(month.events("svc"))
    return {visit: [*map(action, sorted(each, key=time_of))] for visit, each in visits.items()}


def endings(month: Month) -> dict[str | None, tuple[str, str | None] | None]:
    """Returns how each case ended; None if the visitor just left."""
    final = {("ticket_create", None), ("ticket_cancel", "Solved"), ("ticket_cancel", "Quit")}
    return {
        visit: actions[-1] if actions[-1] in final else None
        for visit, actions in flows(month).items()
    }


def test_a_case_begins_once_and_ends_in_one_of_four_ways(month: Month) -> None:
    assert len(flows(month)) > 100
    for actions in flows(month).values():
        assert actions[0] == ("ticket_create_start", None)
        names = Counter(name for name, _ in actions)
        assert names["ticket_create_start"] == 1
        assert names["ticket_create"] + names["ticket_cancel"] <= 1
        assert names["ticket_field_update"] >= 2
    ways = Counter(endings(month).values())
    assert len(ways) == 4
    assert min(ways.values()) > 10


def test_the_start_is_an_event_of_another_value_than_the_rest(month: Month) -> None:
    for event in month.events("svc"):
        is_start = action(event)[0] == "ticket_create_start"
        assert event["eventValue"] == ("flowStart" if is_start else "click")
        assert event["originLevel1"] == "InAppHelp"


def test_documents_that_are_suggested_spare_cases(month: Month) -> None:
    clicks = month.clicks_by(*SUGGESTIONS)
    assert {click["causeV2"] for click in clicks} == {*SUGGESTIONS}
    helped = {click["visitId"] for click in clicks}
    assert helped < flows(month).keys()
    ended = endings(month)
    solved, others = (
        share(
            ended[visit] == ("ticket_cancel", "Solved")
            for visit in ended
            if (visit in helped) is is_helped
        )
        for is_helped in (True, False)
    )
    assert solved > 2 * others


def test_the_older_form_searches_with_what_is_typed_into_it(month: Month) -> None:
    typed = month.events("caseCreation", "inputChange")
    searches = {search["id"]: search["datetime"] for search in month.searches_by("inputChange")}
    assert {event["lastSearchId"]: event["datetime"] for event in typed} == searches
    for value in ("submitButton", "cancelButton", "unloadPage"):
        ends = month.events("caseCreation", value)
        assert len(ends) > 5
        assert {end["visitId"] for end in ends} <= {event["visitId"] for event in typed}
