"""Who is erased stays out, whether their rows carry a name or a hash of it."""

from collections.abc import Callable
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.keyed_hash import keyed_hash
from coveo_source.tables import TABLES
from tests.support.cli_user import load, query, tables
from tests.support.clock import Clock
from tests.support.once import load_once
from tests.support.person import NAME, PersonalTraffic, all_texts, erase
from tests.support.private import FROM, HASHED, RANGE, counts, damage, edit_records
from tests.support.settings import HASH_KEY

Serve = Callable[..., DemoServer]


@pytest.fixture
def personal(serve: Serve) -> DemoServer:
    server: DemoServer = serve(PersonalTraffic())
    return server


def erase_hashed(monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__HASH_KEY", HASH_KEY)
    return erase(*words)


@pytest.mark.slow
@pytest.mark.parametrize("given", [NAME, keyed_hash(HASH_KEY, NAME)])
def test_who_is_hashed_is_erased_by_name_or_hash_and_does_not_come_back(
    personal: DemoServer, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    load_once(personal, **RANGE, **HASHED)
    before = tables()
    completed = erase_hashed(monkeypatch, "--user-name", given, "--yes")
    assert completed.code == 0, completed.err
    left = tables()
    assert all(len(left[table]) < len(before[table]) for table in TABLES)
    assert keyed_hash(HASH_KEY, NAME) not in all_texts()
    edit_records(personal, damage)
    load(personal, **RANGE, **HASHED)
    assert tables() == left
    assert not any(given in (raw or "") for (raw,) in query("select raw from rejected_rows"))
    if given == NAME:
        # also when it is no longer hashed
        load(personal, **RANGE)
        assert {table: len(rows) for table, rows in tables().items()} == {
            table: len(rows) for table, rows in left.items()
        }


@pytest.mark.slow
def test_late_events_of_who_was_erased_by_hash_stay_out(
    serve: Serve, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(PersonalTraffic(late_share=0.3))
    load(server, from_date=FROM, **HASHED)
    hashed = keyed_hash(HASH_KEY, NAME)
    assert erase_hashed(monkeypatch, "--user-name", hashed, "--yes").code == 0
    clock.advance(hours=20)
    load(server, **HASHED)
    assert query("select max(searches_erased) > 0 from exports") == [(True,)]
    assert query(f"select count(*) from searches where username = '{hashed}'") == [(0,)]


@pytest.mark.slow
def test_who_was_erased_before_stays_out_when_names_are_hashed(personal: DemoServer) -> None:
    load(personal, **RANGE)
    assert erase().code == 0
    left = {table: len(rows) for table, rows in tables().items()}
    load(personal, **RANGE, **HASHED)
    assert {table: len(rows) for table, rows in tables().items()} == left
    assert keyed_hash(HASH_KEY, NAME) not in all_texts()
    [(records, rows, keys, loaded, *_)] = counts()
    [(erased,)] = query("select searches_erased from exports order by _dlt_load_id desc limit 1")
    assert records == rows + erased
    assert rows == keys == loaded


def test_nobody_is_thought_to_be_unknown_for_want_of_the_key(personal: DemoServer) -> None:
    load_once(personal, **RANGE, **HASHED)
    before = tables()
    completed = erase()
    assert completed.code == 2
    assert "username in searches is hashed" in completed.err
    assert tables() == before
