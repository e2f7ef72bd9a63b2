"""A column that an export did not carry is left as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from dlt.pipeline.helpers import pipeline_drop

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import Fault, at, inject
from tests.extract.sources import Serve, source
from tests.support.archives import replace_files
from tests.support.assertions import FROM_DATE
from tests.support.cli_user import PIPELINE, load, open_pipeline, query, rows
from tests.support.clock import Clock
from tests.support.once import load_once
from tests.support.secrecy import logging_to

KEYS = {"searches": "id", "clicks": "click_id", "custom_events": "custom_event_id"}
NARROWED = {
    "searches": "country, username, number_of_results, with_results, c_product",
    "clicks": "country, document_url, click_rank, mobile, c_product",
    "custom_events": "country, user_name, event_value, anonymous, c_pagelanguage",
}
"""Columns of each type that the dimensions of these tests leave out."""
WIDE: dict[str, Any] = {}
NARROW: dict[str, Any] = {"dimensions": ["language"]}


@pytest.fixture
def demo(serve: Serve) -> DemoServer:
    """A server with little traffic."""
    return serve(Traffic(seed=3, visits_per_day=12))


def cells(table: str, columns: str = "") -> dict[str, tuple[Any, ...]]:
    """Returns columns of a table by key, the load's id last."""
    columns = columns or NARROWED[table]
    found = query(f"select {KEYS[table]}, {columns}, _dlt_load_id from {table}")
    assert any(all(value is not None for value in row) for row in found)
    return {row[0]: row[1:] for row in found}


def assert_kept(before: dict[str, tuple[Any, ...]], after: dict[str, tuple[Any, ...]]) -> None:
    """Asserts that rows were loaded again, with the same values, and new ones with nulls."""
    assert {key: after[key][:-1] for key in before} == {
        key: row[:-1] for key, row in before.items()
    }
    assert any(after[key][-1] != row[-1] for key, row in before.items())
    new = [row[:-1] for key, row in after.items() if key not in before]
    assert set(new) == {(None,) * len(new[0])}


def change_file(
    server: DemoServer, name: str, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Changes the lines of one file of the next export."""

    def edit(files: dict[str, bytes]) -> dict[str, bytes]:
        lines = files[name].splitlines(keepends=True)
        return {**files, name: b"".join(change(lines))}

    inject(server, Fault(at("file"), replace_files(edit)))


def test_dimensions_that_are_no_longer_selected_keep_their_values(
    demo: DemoServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    load(demo, from_date=FROM_DATE)
    before = {table: cells(table) for table in KEYS}
    clock.advance(hours=20)
    with logging_to(caplog.handler):
        load(demo, **NARROW)
    for table in KEYS:
        assert_kept(before[table], cells(table))
    assert caplog.records
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.slow
@pytest.mark.thorough
def test_dimensions_that_are_selected_again_get_coveos_values(
    demo: DemoServer, serve: Serve, clock: Clock
) -> None:
    settings: dict[str, Any] = {"from_date": FROM_DATE, "tables": "searches"}
    load(demo, **settings)
    clock.advance(hours=20)
    load(demo, **settings, **NARROW)
    load(demo, **settings)
    assert query("select count(distinct _dlt_load_id) from searches") == [(3,)]
    again = rows("searches")
    load(serve(Traffic(seed=3, visits_per_day=12)), **settings, full_refresh=True)
    assert again == rows("searches")


def test_a_library_users_windows_are_kept_in_one_package(demo: DemoServer, clock: Clock) -> None:
    settings = {"from_date": FROM_DATE, "tables": "searches", "window_days": 0.25}
    open_pipeline().run(source(demo, **settings))
    before = cells("searches")
    clock.advance(hours=20)
    open_pipeline().run(source(demo, **settings, **NARROW))
    assert query("select count(*) > 4 from exports where tables = 'searches'") == [(True,)]
    assert_kept(before, cells("searches"))


def test_a_column_that_one_file_no_longer_has_keeps_its_values(
    demo: DemoServer, clock: Clock
) -> None:
    load(demo, from_date=FROM_DATE, tables="clicks")
    before = cells("clicks", "document_author, document_title")
    clock.advance(hours=20)

    def rename(lines: list[bytes]) -> list[bytes]:
        header = lines[0].replace(b'"documentAuthor"', b'"other1"')
        return [header.replace(b'"documentTitle"', b'"other2"'), *lines[1:]]

    change_file(demo, "clicks.csv", rename)
    load(demo, tables="clicks")
    assert_kept(before, cells("clicks", "document_author, document_title"))
    assert query("select count(other1) > 0 from clicks") == [(True,)]


def test_rows_whose_key_occurs_twice_keep_their_values(demo: DemoServer, clock: Clock) -> None:
    load_once(demo, from_date=FROM_DATE, tables="searches")
    before = cells("searches")
    clock.advance(hours=20)
    change_file(demo, "searches.csv", lambda lines: [*lines, *lines[1:]])
    outcome = load(demo, tables="searches", **NARROW)
    counts = outcome.fetched[0].counts["searches"]
    assert counts.rows == 2 * counts.keys
    assert_kept(before, cells("searches"))


def test_columns_that_a_users_own_step_adds_are_left_to_it(demo: DemoServer, clock: Clock) -> None:
    def add_length(rows: pa.Table) -> pa.Table:
        lengths = pc.utf8_length(rows["id"]).cast(pa.int64())
        return rows.append_column("id_length", lengths)

    for settings in (WIDE, WIDE, NARROW):
        everything = source(demo, from_date=FROM_DATE, tables="searches", **settings)
        everything.searches.add_map(add_length)
        open_pipeline().run(everything)
        clock.advance(hours=6)
    assert query("select distinct id_length from searches") == [(36,)]
    assert query("select count(country) > 0 from searches") == [(True,)]


def test_a_full_refresh_keeps_nothing(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE, tables="searches")
    load(demo, from_date=FROM_DATE, tables="searches", full_refresh=True, **NARROW)
    names = {name for (name,) in query("select column_name from (describe searches)")}
    assert {"id", "language"} < names
    assert not {"country", "c_product"} & names


def test_nothing_is_kept_of_a_table_that_was_dropped(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE, tables="searches")
    pipeline_drop(dlt.attach(PIPELINE), ["searches"])()
    load(demo, from_date=FROM_DATE, tables="searches", **NARROW)
    assert ("country",) not in query("select column_name from (describe searches)")


def test_a_database_that_was_deleted_is_loaded_anew(demo: DemoServer, own_folder: Path) -> None:
    settings = {"from_date": FROM_DATE, "tables": "searches"}
    open_pipeline().run(source(demo, **settings))
    (own_folder / f"{PIPELINE}.duckdb").unlink()
    open_pipeline().run(source(demo, **settings, **NARROW))
    assert query("select count(*) > 0 from searches") == [(True,)]
    assert ("country",) not in query("select column_name from (describe searches)")


@pytest.mark.slow
def test_models_see_the_values_that_were_kept(demo: DemoServer, clock: Clock) -> None:
    load(demo, from_date=FROM_DATE, with_models=True)
    devices = "select visit_id, device_category from visits where device_category is not null"
    before = query(devices)
    assert before
    clock.advance(hours=20)
    load(demo, with_models=True, **NARROW)
    assert set(before) <= set(query(devices))
