"""What is said of tables and columns in dlt's schema."""

from collections.abc import Callable
from typing import Any

import dlt
import pytest

from coveo_source.dataset import AUDIT_MEANINGS, AUDIT_TABLE_MEANINGS
from coveo_source.dataset.audit_tables import (
    DIMENSIONS_SCHEMA,
    EXPORTS_SCHEMA,
    REJECTED_ROWS_SCHEMA,
    REMOVED_ROWS_SCHEMA,
)
from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import NAMED, Fault, at, inject, rewritten
from coveo_source.meanings import MEANINGS, TABLE_MEANINGS
from coveo_source.models.files import models
from coveo_source.tables import COVEO_COLUMNS, DIMENSIONS, EXPORTS, REJECTED, REMOVED, TABLES
from tests.support.assertions import invoke, run_against
from tests.support.cli_user import PIPELINE, environment, query
from tests.support.clock import Clock


@pytest.fixture
def server(serve: Callable[..., DemoServer]) -> DemoServer:
    """A server with little traffic."""
    return serve(Traffic(seed=3, visits_per_day=4))


def schema() -> dlt.Schema:
    return dlt.attach(PIPELINE).default_schema


def descriptions(table: str) -> dict[str, Any]:
    columns = schema().get_table_columns(table)
    return {name: hints.get("description") for name, hints in columns.items()}


def versions() -> Any:
    return query("select count(*), max(version) from _dlt_version")


def renamed(api_name: str, display_name: str) -> Fault:
    """Changes a display name, as somebody may do in Coveo's console."""

    def change(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**each, "displayName": display_name} if each["returnName"] == api_name else each
            for each in listed
        ]

    return Fault(at("dimensions"), rewritten(change), None)


def test_every_column_of_coveo_s_has_a_meaning_of_one_sentence() -> None:
    assert MEANINGS.keys() == COVEO_COLUMNS
    assert TABLE_MEANINGS.keys() == TABLES.keys()
    texts = [*MEANINGS.values(), *TABLE_MEANINGS.values(), *AUDIT_TABLE_MEANINGS.values()]
    texts += [text for columns in AUDIT_MEANINGS.values() for text in columns.values()]
    for text in texts:
        assert text.endswith(".")
        assert ". " not in text
        assert len(text) < 120


def test_every_column_beside_them_has_one_too() -> None:
    assert {table: list(texts) for table, texts in AUDIT_MEANINGS.items()} == {
        EXPORTS: EXPORTS_SCHEMA.names,
        REJECTED: REJECTED_ROWS_SCHEMA.names,
        REMOVED: REMOVED_ROWS_SCHEMA.names,
        DIMENSIONS: DIMENSIONS_SCHEMA.names,
    }


@pytest.mark.slow
def test_all_tables_and_models_are_described(server: DemoServer, clock: Clock) -> None:
    assert invoke(PIPELINE, "run", "--from", "2026-03-01", env=environment(server)).code == 0
    for table in (*TABLES, EXPORTS, REJECTED, REMOVED, DIMENSIONS, *models()):
        assert schema().tables[table].get("description"), table
        assert all(descriptions(table).values()), table
    assert descriptions("custom_events")["c_page_type_2"] == "Page Type"
    said = "Event Value: Value of the custom event, often the name of an action."
    assert descriptions("custom_events")["event_value"] == said
    assert descriptions("all_events")["event_value"].startswith("Value of the custom event. Null")
    assert descriptions("all_events")["c_page_type_2"] == "Page Type"
    # whoever changes a display name does not have anything built in full
    fingerprints = (
        "select model, fingerprint from model_builds where fingerprint <> '' order by all"
    )
    built = query(fingerprints)
    inject(server, renamed("clicks.c_product", "The product"))
    clock.advance(hours=20)
    assert invoke(PIPELINE, "run", env=environment(server)).code == 0
    assert query(fingerprints) == built
    assert query("select count(distinct _dlt_load_id) from visits") == [(2,)]
    assert descriptions("clicks")["c_product"] == "The product"
    assert descriptions("searches")["c_product"] == "Product"


def test_descriptions_change_the_schema_only_if_they_change(
    server: DemoServer, clock: Clock
) -> None:
    def run(*words: str) -> Any:
        clock.advance(hours=6)
        completed = run_against(server, "--tables", "clicks", *words)
        assert completed.code == 0, completed.err
        return versions()

    run()
    before, said = run(), descriptions("clicks")
    assert run() == before
    inject(server, *NAMED["dimensions-refused"]())
    assert run() == before
    assert descriptions("clicks") == said
    inject(server, renamed("city", "Town"))
    assert run() != before
    assert descriptions("clicks") == said | {"city": f"Town: {MEANINGS['city']}"}
    # with nothing else to say, the meaning alone is said
    inject(server, *NAMED["dimensions-refused"]())
    run("--full-refresh")
    assert descriptions("clicks")["city"] == MEANINGS["city"]
    assert descriptions("clicks")["c_product"] is None
