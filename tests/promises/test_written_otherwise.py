"""Files as other clients and services write them: read if certain, never dropped in silence.

Each test runs the command against files as the field has them, which the demo server writes.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import (
    NAMED,
    Fault,
    all_of,
    at,
    changed_file,
    inject,
    newer_client,
    with_content,
    with_records,
    with_values,
)
from coveo_source.demo.faults.tables import Change
from tests.reader.test_values import UNCERTAIN_INTEGERS, UNCERTAIN_TIMES
from tests.support.assertions import (
    FROM_DATE,
    assert_failed_with,
    invoke,
    run_against,
    speed_up_retries,
)
from tests.support.cases import some_of
from tests.support.cli_user import PIPELINE, query, rows, tables


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def serve_files(server: DemoServer, *changes: Change) -> None:
    """Makes a demo server write all files in another way."""
    inject(server, Fault(at("file"), changed_file(all_of(*changes)), None))


def spelled(time: str, index: int) -> str:
    """Returns a time as Coveo writes it in another spelling, one after the other."""
    moment = datetime.fromisoformat(time).replace(tzinfo=timezone.utc)
    spellings: list[Callable[[], str]] = [
        lambda: moment.isoformat(timespec="milliseconds"),
        lambda: moment.isoformat(" ", "microseconds"),
        lambda: moment.astimezone(timezone(timedelta(hours=5, minutes=45))).isoformat(),
        lambda: moment.astimezone(timezone(timedelta(hours=-9, minutes=-30))).isoformat(" "),
        lambda: f"{time} UTC",
        lambda: f"{time} GMT",
        lambda: time.replace(" ", "T") + "Z",
        lambda: time.replace(" ", "t") + "000z",
        lambda: time.replace(".", ","),
        lambda: f" {time} ",
        lambda: str(int(moment.timestamp() * 1000)),
        lambda: f"{int(moment.timestamp() * 1000)}.0",
        lambda: str(int(moment.timestamp() * 1000) * 1000),
    ]
    return spellings[index % len(spellings)]()


def test_times_and_numbers_in_other_spellings_are_loaded_like_the_usual_ones(
    demo: DemoServer,
) -> None:
    names = ("--tables", "searches", "clicks", "keywords")
    assert run_against(demo, *names).code == 0
    usual = tables(("searches", "clicks", "keywords"))
    numbers = (lambda v: f"{v}.0", lambda v: f"+{v}", lambda v: f"{v}E0", lambda v: f" {v} ")

    def number(index: int, value: str) -> str:
        return value and numbers[index % len(numbers)](value)

    serve_files(
        demo,
        *(
            with_values(table, "datetime", lambda index, time: spelled(time, index))
            for table in usual
        ),
        with_values("searches", "numberOfResults", number),
        with_values("clicks", "clickRank", number),
        with_values("searches", "mobile", lambda index, value: f" {value.upper()} "),
    )
    again = run_against(demo, *names, "--from", FROM_DATE, "--full-refresh")
    assert again.code == 0
    assert tables(tuple(usual)) == usual
    assert rows("rejected_rows") == []


def test_what_is_uncertain_is_kept_aside_with_a_true_reason(demo: DemoServer) -> None:
    """Each of these values comes once, among many sound ones."""
    far = ["1970-01-01 00:00:00.000", "2126-03-10 10:00:00.000", "2026-01-01 00:00:00.000"]
    times = dict(enumerate([*UNCERTAIN_TIMES, *far, ""]))
    ranks = dict(enumerate(UNCERTAIN_INTEGERS))
    serve_files(
        demo,
        with_values("searches", "datetime", lambda index, time: times.get(index, time)),
        with_values("searches", "id", lambda index, key: "" if index == len(times) else key),
        with_values("clicks", "clickRank", lambda index, rank: ranks.get(index, rank)),
        with_values(
            "clicks", "isInternal", lambda index, flag: {0: "yes", 1: "0.0"}.get(index, flag)
        ),
    )
    completed = run_against(
        demo, "--tables", "searches", "clicks", "--from", "2026-03-01", max_rejected_share=1
    )
    assert completed.code == 0
    kept = query("select record, raw, reason from rejected_rows where column_name = '*'")
    reasons = {record - 1: (json.loads(raw), reason) for record, raw, reason in kept}
    assert reasons.keys() == {*times, len(times)}
    for index, text in times.items():
        raw, reason = reasons[index]
        assert raw["datetime"] == (text or None)
        why = "far outside of the window" if text in far else "cannot be read for certain"
        assert (why if text else "has no datetime") in reason
    assert reasons[len(times)][1] == "has no id, so the row is left out"
    loaded = query("select min(datetime), max(datetime) from searches")
    [(first, last)] = loaded
    assert (first.year, last.year) == (2026, 2026)
    cells = query("select record, raw from rejected_rows where column_name = 'clickRank'")
    assert {record - 1: raw for record, raw in cells} == ranks
    flags = query("select raw from rejected_rows where column_name = 'isInternal' order by record")
    assert flags == [("yes",), ("0.0",)]
    [(records, in_file)] = query(
        "select searches_records, searches_rows + (select count(distinct record) from rejected_rows"
        " where column_name = '*') from exports"
    )
    assert records == in_file


MISFITS: dict[str, tuple[Change, tuple[str, ...]]] = {
    "times of another country": (
        with_values("clicks", "datetime", lambda i, _: f"03/{i % 28 + 1:02}/2026 10:00"),
        ("datetime", "'03/01/2026 10:00', '03/02/2026 10:00', '03/03/2026 10:00'", "a time like"),
    ),
    "three rows, none of them readable": (
        all_of(
            with_records("clicks", lambda cells: cells[:4]),
            with_values("clicks", "datetime", lambda _, time: "soon"),
        ),
        ("3 of the 3 records", "datetime (3)", "'soon'"),
    ),
    "years far away": (
        with_values("clicks", "datetime", lambda _, time: time.replace("2026", "2126")),
        ("datetime", "2126-03-10", "in or near the window"),
    ),
    "no key": (with_values("clicks", "clickId", lambda _, key: ""), ("clickId", "any text")),
    "words as flags": (
        with_values("clicks", "isInternal", lambda i, _: "yes" if i % 2 else "no"),
        ("isInternal", "'no', 'yes', 'no'", "t, f, true, false, 1 or 0"),
    ),
    "numbers with commas in a third": (
        with_values("clicks", "clickRank", lambda i, rank: rank if i % 3 else f"1,{i:03}"),
        ("clickRank", "'1,000', '1,003', '1,006'", "a whole number"),
    ),
    "one cell too many": (
        with_records("clicks", lambda cells: [cells[0], *([*row, "x"] for row in cells[1:])]),
        ("whole records", "as many cells as the header", "export_format"),
    ),
}


@pytest.mark.parametrize(
    "kind",
    some_of(
        MISFITS,
        "times of another country",
        "words as flags",
        "three rows, none of them readable",
    ),
)
def test_a_file_that_does_not_fit_is_no_success(demo: DemoServer, kind: str) -> None:
    change, said = MISFITS[kind]
    serve_files(demo, change)
    for _ in range(2):
        completed = run_against(demo)
        assert_failed_with(completed, "clicks.csv do not fit", "max_rejected_share = 1", *said)
    inject(demo)
    assert run_against(demo).code == 0
    assert query("select count(*) from rejected_rows") == [(0,)]
    [(loaded, in_file)] = query("select (select count(*) from clicks), clicks_rows from exports")
    assert loaded == in_file > 0


def test_a_user_can_have_the_rest_loaded_all_the_same(demo: DemoServer) -> None:
    serve_files(demo, MISFITS["numbers with commas in a third"][0])
    assert run_against(demo, max_rejected_share=1).code == 0
    [(loaded, without_rank)] = query("select count(*), count(*) - count(click_rank) from clicks")
    assert 0 < without_rank < loaded


EMPTY = {"no byte": b"", "only a mark": b"\xef\xbb\xbf", "only a line end": b"\xef\xbb\xbf\r\n"}


def test_a_file_without_any_text_is_a_table_without_rows(demo: DemoServer) -> None:
    """Three ways to write nothing, each for another table."""
    serve_files(demo, *map(with_content, ("custom_events", "keywords", "groups"), EMPTY.values()))
    names = ("--tables", "searches", "custom_events", "keywords", "groups")
    assert run_against(demo, *names).code == 0
    [counts] = query("select custom_events_records, keywords_records, groups_records from exports")
    assert counts == (0, 0, 0)
    assert len(rows("searches")) > 10
    inject(demo)
    whole = run_against(demo, *names, "--from", FROM_DATE, "--full-refresh")
    assert (whole.code, len(rows("keywords")) > 10) == (0, True)


def test_a_newer_client_s_visitors_and_users_are_in_the_models(demo: DemoServer) -> None:
    serve_files(demo, newer_client)
    completed = run_against(demo, "--tables", "searches", "clicks", "custom_events")
    assert completed.code == 0
    assert "Event Protocol" not in completed.out
    assert invoke(PIPELINE, "models").code == 0
    assert query("select count(visitor_id), count(user_name) > 0 from visits") == query(
        "select count(*), true from visits"
    )
    assert query("select count(*) from all_events where visitor_id is not null") == [(0,)]
    assert query("select min(visitors) > 0 from daily_metrics where visits > 0") == [(True,)]
    users = "select count(*) > 0 from all_events where c_event_type = 'Custom' and event_user_name"
    assert query(f"{users} = username") == [(True,)]


def test_traffic_of_event_protocol_is_recognized_and_what_is_missing_is_said(
    demo: DemoServer,
) -> None:
    inject(demo, *NAMED["event-protocol"]())
    completed = run_against(demo, "--tables", "searches", "clicks", "custom_events")
    assert completed.code == 0
    assert "may not be whole" not in completed.err
    [(searches,)] = query("select count(*) from searches")
    assert f"{searches:,} of {searches:,} searches seem to have come by Coveo's Event Protocol" in (
        completed.out
    )
    assert invoke(PIPELINE, "models").code == 0
    assert query("select count(*) from all_events where c_event_type = 'Custom'") == [(0,)]


HARD_TEXTS = (
    *('say "x"', "c:\\temp", "\\", '"', "\\u0041", "two\nlines", "a\r\nb", "tab\t", "a,b", "'"),
    *("\x01", "\x1f", "\x7f", "\u2028", "\ufffe", "é", "€", "😀", "e\u0301", "\u202eabc"),
    *("null", "[]", '{"a": 1}', "NaN", "\\x00", "%00", "{{ x }}", "$1", "; drop table clicks; --"),
    "</script>",
)


def test_lists_are_json_whatever_is_in_them(demo: DemoServer) -> None:
    def other(index: int, _: str) -> str:
        return HARD_TEXTS[index % len(HARD_TEXTS)]

    columns = {"searches": "queryExpression", "keywords": "keyword", "groups": "groupName"}
    serve_files(demo, *(with_values(table, column, other) for table, column in columns.items()))
    assert run_against(demo, "--tables", "clicks", *columns).code == 0
    assert invoke(PIPELINE, "models").code == 0
    lists = {
        "keywords": "select search_id, list(distinct keyword) from keywords group by all",
        "groups": "select search_id, list(distinct group_name) from groups group by all",
    }
    for table, sql in lists.items():
        column = table.rstrip("s") + "_list"
        made = query(f"select search_id, {column} from search_outcomes where {column} <> '[]'")
        expected = {search: sorted(texts) for search, texts in query(sql)}
        assert {search: sorted(json.loads(texts)) for search, texts in made} == expected
    assert {text for (texts,) in query("select list(keyword) from keywords") for text in texts} == {
        *HARD_TEXTS
    }
    queries = query("select top_queries from document_performance where top_queries is not null")
    assert len(queries) > 5
    for (top,) in queries:
        assert all(isinstance(text, str) for text in json.loads(top))
