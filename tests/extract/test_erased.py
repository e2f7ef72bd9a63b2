"""What was erased does not come back, although Coveo still has it; everything else does."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.tables import TABLES
from tests.support.archives import replace_files
from tests.support.assertions import invoke
from tests.support.cases import some_of
from tests.support.cli_user import (
    PIPELINE,
    Rows,
    connection_settings,
    dlt_command,
    environment,
    load,
    open_pipeline,
    query,
    tables,
)
from tests.support.clock import Clock
from tests.support.csv_builders import rfc4180
from tests.support.once import load_once
from tests.support.person import NAME, PersonalTraffic, erase

pytestmark = pytest.mark.slow

Serve = Callable[..., DemoServer]

FROM, TO = "2026-03-10", "2026-03-11"
LATE = PersonalTraffic(late_share=0.3)


@pytest.fixture
def personal(serve: Serve) -> DemoServer:
    server: DemoServer = serve(PersonalTraffic())
    return server


def rejects() -> Rows:
    """Returns the rejects, each once, whichever export they are from."""
    return query(
        "select distinct table_name, column_name, raw, row_key from rejected_rows order by all"
    )


def proved_counts() -> Rows:
    """Returns what became of the records of the latest export, by table; checks the sums."""
    counts = []
    for table in TABLES:
        [(records, rows, keys, erased, loaded)] = query(
            f"select {table}_records, {table}_rows, {table}_keys, {table}_erased, {table}_loaded"
            " from exports order by _dlt_load_id desc limit 1"
        )
        assert records == rows + erased, table
        assert loaded == keys == rows, table
        counts.append((table, erased))
    return counts


def test_a_later_run_over_the_same_window_leaves_it_out(personal: DemoServer) -> None:
    load_once(personal, from_date=FROM, to_date=TO)
    assert not any(erased for _, erased in proved_counts())
    loaded = tables()
    assert erase().code == 0
    left, rejected = tables(), rejects()
    load(personal, from_date=FROM, to_date=TO)
    assert tables() == left
    assert rejects() == rejected
    assert proved_counts() == [(table, len(loaded[table]) - len(left[table])) for table in TABLES]


def test_the_summary_says_what_was_left_out(personal: DemoServer) -> None:
    load_once(personal, from_date=FROM, to_date=TO)
    assert erase().code == 0
    words = ("run", "--no-models", "--from", FROM, "--to", TO)
    completed = invoke(PIPELINE, *words, env=environment(personal))
    numbers = [f"{erased:,}" for _, erased in proved_counts()]
    assert f"erased before, left out {' '.join(numbers)}" in " ".join(completed.out.split())


@pytest.mark.parametrize("how", some_of(["option", "setting"], "option"))
@pytest.mark.thorough
def test_it_comes_back_if_the_user_allows_it(personal: DemoServer, how: str) -> None:
    load(personal, from_date=FROM, to_date=TO)
    loaded = tables()
    assert erase().code == 0
    words = ["run", "--no-models", "--from", FROM, "--to", TO]
    settings = environment(personal)
    if how == "option":
        words.append("--allow-erased")
    else:
        settings["SOURCES__COVEO_SOURCE__ALLOW_ERASED"] = "true"
    completed = invoke(PIPELINE, *words, env=settings)
    assert completed.code == 0, completed.err
    assert tables() == loaded


def test_events_after_the_erasure_are_loaded(serve: Serve) -> None:
    # the dataset's clock is the machine's
    clock = Clock(datetime.now(timezone.utc))
    server = serve(PersonalTraffic(visits_per_day=100), clock=clock)
    load(server, from_date=(clock.now - timedelta(days=2)).date().isoformat())
    assert erase().code == 0
    clock.advance(days=4)
    load(server)
    [(first, searches)] = query(
        f"select min(datetime), count(*) from searches where username = '{NAME}'"
    )
    [(erased_at,)] = query("select erased_at from erasures")
    assert searches
    assert first > erased_at
    assert query(
        f"select count(*) from keywords join searches on id = search_id where username = '{NAME}'"
    ) != [(0,)]


def test_late_events_from_before_the_erasure_are_left_out_for_good(
    serve: Serve, clock: Clock
) -> None:
    server = serve(LATE)
    load(server, from_date=FROM)
    assert erase().code == 0
    clock.advance(hours=20)
    load(server)
    assert any(erased for _, erased in proved_counts())
    of_person = f"select id from searches where username = '{NAME}'"
    assert query(of_person) == []
    # the late searches are not in the dataset, but their keywords must not be either
    dlt_command("-y", "pipeline", PIPELINE, "drop", "keywords")
    load(server, tables="keywords")
    known = query("select count(*) from keywords where search_id not in (select id from searches)")
    assert known == [(0,)]


def test_it_stays_out_of_an_export_without_the_identifier(personal: DemoServer) -> None:
    load_once(personal, from_date=FROM, to_date=TO)
    assert erase().code == 0
    count = {table: len(rows) for table, rows in tables().items()}
    load(personal, from_date=FROM, to_date=TO, dimensions=["queryExpression", "documentUrl"])
    assert {table: len(rows) for table, rows in tables().items()} == count


def test_a_library_user_s_run_leaves_it_out_too(personal: DemoServer) -> None:
    load_once(personal, from_date=FROM, to_date=TO)
    assert erase().code == 0
    left = tables()
    source: Any = coveo_source(FROM, TO, **connection_settings(personal))
    open_pipeline().run(source)
    assert tables() == left
    assert any(erased for _, erased in proved_counts())


def damage_records(files: dict[str, bytes]) -> dict[str, bytes]:
    """Damages three searches of the person, and of everybody else as many."""
    header, *records = csv.reader(io.StringIO(files["searches.csv"].decode("utf-8-sig")))
    name, time = header.index("username"), header.index("datetime")
    lines = [",".join(map(rfc4180, header))]
    seen = Counter[bool]()
    for record in records:
        seen[record[name] == NAME] += 1
        number = seen[record[name] == NAME]
        if number == 1:
            record[time] = ""
        line = ",".join(map(rfc4180, record))
        # text beside a quote
        lines.append(f'"broken" {line}' if number in (2, 3) else line)
    return {**files, "searches.csv": "\n".join(lines).encode()}


@pytest.mark.thorough
def test_records_that_do_not_parse_stay_out_too(personal: DemoServer) -> None:
    load(personal, from_date=FROM, to_date=TO)
    assert erase().code == 0
    inject(personal, Fault(at("file"), replace_files(damage_records)))
    load(personal, from_date=FROM, to_date=TO)
    whole = query("select raw from rejected_rows where column_name = '*'")
    assert len(whole) == 3
    assert not any(NAME in raw for (raw,) in whole)
    [(records, others)] = query(
        "select searches_records, searches_rows + searches_erased from exports"
        " order by _dlt_load_id desc limit 1"
    )
    assert records == others + len(whole)
