"""Support cases that visitors begin: submitted, solved, given up or left."""

from datetime import datetime, timezone

from coveo_source.demo import Record
from tests.sql.edge_answers import page_step, step
from tests.sql.event_rows import click, custom, data, search, stream_end
from tests.sql.warehouse import rows_of, value_in, warehouse

START, CREATE, CANCEL = "ticket_create_start", "ticket_create", "ticket_cancel"


def case_of(steps: list[Record], columns: str) -> tuple[object, ...]:
    """Returns some columns of the case that the steps make."""
    [row] = rows_of(warehouse({"custom_events": steps}), f"select {columns} from case_visits")
    return row


ENDS: tuple[tuple[list[tuple[str, str | None]], str, str | None], ...] = (
    ([(START, None)], "left", None),
    ([(START, None), (CREATE, None)], "submitted", None),
    ([(START, None), (CANCEL, "Solved")], "solved", "Solved"),
    ([(START, None), (CANCEL, "Quit")], "quit", "Quit"),
    ([(START, None), (CANCEL, "Bored")], "quit", "Bored"),
    ([(CANCEL, None)], "quit", None),
    ([(CANCEL, "Quit"), (CANCEL, "Solved")], "solved", "Solved"),
    ([(CANCEL, "Solved"), (CREATE, None)], "submitted", "Solved"),
    ([("ticket_field_update", None)], "left", None),
)
"""The steps of a case with their reasons, its outcome and the reason that remains."""


def test_a_case_ends_in_one_way() -> None:
    steps = [
        step(f"e{case}-{n}", f"10:0{n}:00", name, f"v{case}", **({"reason": why} if why else {}))
        for case, (actions, _, _) in enumerate(ENDS)
        for n, (name, why) in enumerate(actions)
    ]
    columns = "outcome, cancel_reason, is_submitted, is_deflected"
    cases = warehouse({"custom_events": steps})
    assert rows_of(cases, f"select {columns} from case_visits order by visit_id") == [
        (outcome, reason, outcome == "submitted", outcome != "submitted")
        for _, outcome, reason in ENDS
    ]


def test_a_case_is_read_in_each_way_in_which_it_may_be_written() -> None:
    sent = data(svc_action=CANCEL, svc_action_data={"reason": "Solved"})
    shared = {"eventType": "svc", "eventValue": "click"}
    written = (
        {**shared, "customDatas": sent},
        {**shared, "customEventCustomData": sent},
        {**shared, "customDatas": sent[:-1]},
        {"eventType": "caseAssist", "eventValue": CANCEL, "customDatas": data(reason="Solved")},
        {"eventType": "own", "eventValue": CANCEL, "customDatas": data(reason="Solved")},
    )
    events = [
        custom(f"e{n}", "10:00:00", None, **{**columns, "visitId": f"v{n}"})
        for n, columns in enumerate(written)
    ]
    sql = "select is_cancelled, outcome from case_visits"
    assert rows_of(warehouse({"custom_events": events}), sql) == [(True, "solved")] * len(written)


def test_the_page_library_s_cases_are_cases_too() -> None:
    def values(*names: str) -> list[Record]:
        return [page_step(f"e{n}", f"10:0{n}:00", name, "v") for n, name in enumerate(names)]

    columns = "field_updates, is_submitted, is_cancelled, outcome"
    assert case_of(values("inputChange", "inputChange", "submitButton"), columns) == (
        *(2, True, False),
        "submitted",
    )
    assert case_of(values("cancelButton"), columns) == (0, False, True, "quit")
    assert case_of(values("inputChange", "unloadPage"), columns) == (1, False, False, "left")


def test_a_visit_in_which_nobody_began_a_case_is_none() -> None:
    events = [
        page_step("e1", "10:00:00", "unloadPage", "v"),
        step("e2", "10:00:01", "suggestion_rate", "v"),
        custom("e3", "10:00:02", None, eventType="interface", eventValue="submitButton"),
        {**step("e4", "10:00:00", START, "v"), "visitId": None},
    ]
    assert rows_of(warehouse({"custom_events": events}), "from case_visits") == []


def test_a_case_counts_what_happened_in_its_visit() -> None:
    def clicked(number: int, cause: str) -> Record:
        return click(f"c{number}", f"10:02:0{number}", "s", clickCause=cause)

    rows = {
        "searches": [search("s", "10:00:00")],
        "custom_events": [
            step("e1", "10:01:00", START, "visit-1"),
            stream_end("e2", "10:00:05", "s"),
            step("e3", "10:05:00", CREATE, "visit-1"),
            step("e4", "10:06:00", CREATE, "visit-1"),
        ],
        "clicks": [
            clicked(1, "documentOpen"),
            clicked(2, "documentSuggestionClick"),
            clicked(3, "documentSuggestionQuickview"),
            clicked(4, "caseAttach"),
        ],
    }
    database = warehouse(rows)
    columns = "searches, clicks, suggestion_clicks, attached, has_answer, outcome"
    sql = f"select ({columns}) from case_visits"
    assert value_in(database, sql) == (1, 3, 2, 1, True, "submitted")
    times = value_in(database, "select (started_at, submitted_at, ended_at) from case_visits")
    assert times == tuple(
        datetime(2026, 3, 8, 10, minute, 0, 789_000, tzinfo=timezone.utc) for minute in (1, 5, 6)
    )
