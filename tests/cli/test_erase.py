"""`dlt pipeline NAME erase`: the rows of one person or visit go, and all others stay."""

import os
import pty
from collections.abc import Callable

import pytest

from coveo_source.demo import DemoServer
from coveo_source.tables import TABLES
from tests.cli.commands import assert_refused
from tests.support.assertions import invoke
from tests.support.cases import some_of
from tests.support.cli_user import (
    PIPELINE,
    Rows,
    dlt_command,
    query,
    rows,
    tables,
)
from tests.support.person import NAME, WRONG, all_texts, erase, private_texts

EVENTS = {"searches": "id", "clicks": "click_id", "custom_events": "custom_event_id"}

Serve = Callable[..., DemoServer]


def keys_of(column: str, value: str) -> set[str]:
    """Returns the ids of the events with a value in a column, `user_name` in custom events."""
    found = set()
    for table, key in EVENTS.items():
        name = "username" if column == "user_name" and table != "custom_events" else column
        found |= {row[0] for row in query(f"select {key} from {table} where {name} = '{value}'")}
    return found


def without(keys: set[str], former: Rows) -> Rows:
    return [row for row in former if not keys.intersection(row)]


def test_all_rows_of_a_person_go_and_no_others(loaded: DemoServer) -> None:
    before, private = tables(), private_texts()
    keys = keys_of("user_name", NAME)
    completed = erase()
    assert completed.code == 0, completed.err
    for table, former in before.items():
        assert rows(table) == without(keys, former), table
        assert len(rows(table)) < len(former), table
    assert private
    assert all_texts().isdisjoint(private)


@pytest.mark.parametrize("kind", some_of(["user_id", "visitor_id", "visit_id"], "visitor_id"))
def test_rows_are_found_by_each_identifier(loaded: DemoServer, kind: str) -> None:
    [(value,)] = query(f"select any_value({kind}) from clicks where username = '{NAME}'")
    before, keys = tables(), keys_of(kind, value)
    option = f"--{kind.replace('_', '-')}"
    assert erase(option, value, "--yes").code == 0
    assert tables() == {table: without(keys, former) for table, former in before.items()}
    assert value not in all_texts()


def test_an_identifier_that_no_table_has_a_column_for_finds_nothing(loaded: DemoServer) -> None:
    before = tables()
    completed = erase("--client-id", "nobody", "--yes")
    assert completed.code == 0
    assert "No row carries this client id" in completed.out
    assert tables() == before


@pytest.mark.slow
def test_the_identifier_has_to_be_the_same_to_the_letter(loaded: DemoServer) -> None:
    before = tables()
    for almost in (NAME.upper(), NAME[:-1], f"{NAME} ", "%", "' or 1=1 --"):
        assert erase("--user-name", almost, "--yes").code == 0
    assert tables() == before


def test_what_would_go_is_shown_and_without_a_terminal_nothing_goes(loaded: DemoServer) -> None:
    before = tables()
    completed = dlt_command("pipeline", PIPELINE, "erase", "--user-name", NAME)
    assert_refused(completed, 2, "--yes", "Nothing was erased")
    for table, former in before.items():
        gone = len(former) - len(without(keys_of("user_name", NAME), former))
        assert f"{table} {gone}" in " ".join(completed.stdout.split())
    [(unnamed,)] = query(
        "select count(*) from searches where username is null and visit_id in"
        f" (select visit_id from searches where username = '{NAME}'"
        f" union select visit_id from clicks where username = '{NAME}'"
        f" union select visit_id from custom_events where user_name = '{NAME}')"
    )
    assert unnamed
    assert f"{unnamed} event" in completed.stdout
    assert "--visit-id" in completed.stdout
    assert tables() == before


@pytest.mark.parametrize(("answer", "erased"), [("y", True), ("", False), ("no", False)])
def test_the_user_is_asked(
    loaded: DemoServer, monkeypatch: pytest.MonkeyPatch, answer: str, erased: bool
) -> None:
    before = tables()
    keyboard, terminal = pty.openpty()
    os.write(keyboard, f"{answer}\n".encode())
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        completed = erase("--user-name", NAME)
    os.close(keyboard)
    assert completed.code == 0
    assert ("Nothing was erased." in completed.out) is not erased
    assert (tables() != before) is erased


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--user-name", "a", "--user-id", "b", "--yes"),
        ("--user-name", "", "--yes"),
        ("--visit-id", "  ", "--yes"),
    ],
)
def test_it_takes_exactly_one_identifier(words: tuple[str, ...]) -> None:
    completed = invoke(PIPELINE, "erase", *words)
    assert completed.code == 2
    assert "Traceback" not in completed.err


@pytest.mark.slow
def test_yes_answers_under_dlt_s_command_too_which_takes_it_for_itself(
    loaded: DemoServer,
) -> None:
    completed = dlt_command("pipeline", PIPELINE, "erase", "--user-name", NAME, "--yes")
    assert completed.returncode == 0, completed.stderr
    assert query("select count(*) from erasures") == [(1,)]


def test_a_pipeline_without_data_is_wrong_use() -> None:
    assert erase().code == 2


def test_the_dataset_of_another_pipeline_is_left_alone(
    loaded: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables()
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", f"{PIPELINE}.duckdb")
    completed = invoke("another", "erase", "--user-name", NAME, "--yes")
    assert completed.code == 2
    assert tables() == before


def test_only_counts_a_date_and_hashes_are_kept(loaded: DemoServer) -> None:
    before = {table: len(former) for table, former in tables().items()}
    assert erase().code == 0
    gone = [before[table] - len(rows(table)) for table in TABLES]
    columns = "searches, clicks, custom_events, keywords, groups"
    assert query(f"select {columns} from erasures") == [tuple(gone)]
    [(at, completed)] = query("select erased_at, completed_at from erasures")
    assert at < completed
    assert query("select distinct length(hash) from _coveo_erased") == [(64,)]
    assert query("select count(*) from removed_rows") == [(0,)]
    assert query(
        "select status from _dlt_loads join erasures using (load_id) where inserted_at = erased_at"
    ) == [(0,)]


def test_what_was_rejected_of_the_rows_goes_too(loaded: DemoServer) -> None:
    keys = keys_of("user_name", NAME)
    rejected = "select row_key, raw, column_name from rejected_rows order by all"
    before = query(rejected)
    # a cell that says nothing of the person, one that does, and those of others
    assert {raw for key, raw, _ in before if key in keys} == {WRONG, f"{NAME}, {WRONG}"}
    assert WRONG in {raw for key, raw, _ in before if key not in keys}
    assert erase().code == 0
    assert query(rejected) == [row for row in before if row[0] not in keys]


def test_a_short_identifier_takes_no_rejects_that_contain_it_by_chance(loaded: DemoServer) -> None:
    before = query("from rejected_rows order by all")
    assert erase("--user-id", "read", "--yes").code == 0
    assert query("from rejected_rows order by all") == before


@pytest.mark.slow
def test_the_pipeline_s_own_verbs_still_work(loaded: DemoServer) -> None:
    assert erase().code == 0
    for words in ("info", "trace", "failed-jobs", "sync"):
        completed = dlt_command("-y", "pipeline", PIPELINE, *words.split())
        assert completed.returncode == 0, (words, completed.stderr)
