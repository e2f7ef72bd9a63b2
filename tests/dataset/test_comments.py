"""What is said of tables and columns in dlt's schema is a comment in DuckDB."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import HOSTILE_TEXTS, Fault, at, inject, rewritten
from coveo_source.models.files import models
from tests.extract.sources import source
from tests.support.assertions import invoke, run_against
from tests.support.cli_user import DATASET, PIPELINE, environment, open_pipeline, query, rows
from tests.support.clock import Clock

DATABASE = Path(f"{PIPELINE}.duckdb")


@pytest.fixture
def server(serve: Callable[..., DemoServer]) -> DemoServer:
    """A server with little traffic."""
    return serve(Traffic(seed=3, visits_per_day=4))


def comments() -> dict[tuple[str, str | None], str]:
    """Returns all comments in the dataset, by table and column."""
    here = f"schema_name = '{DATASET}' and comment is not null"
    found = query(
        f"select table_name, null, comment from duckdb_tables() where {here} union all"
        f" select table_name, column_name, comment from duckdb_columns() where {here}"
    )
    return {(table, column): text for table, column, text in found}


def descriptions() -> dict[tuple[str, str | None], str]:
    """Returns what dlt's schema says, by table and column."""
    found: dict[tuple[str, str | None], Any] = {}
    for name, table in dlt.attach(PIPELINE).default_schema.tables.items():
        if not name.startswith("_dlt"):
            found[name, None] = table.get("description")
            for column, hints in table["columns"].items():
                found[name, column] = hints.get("description")
    return {place: text for place, text in found.items() if text}


def execute(*statements: str) -> None:
    with duckdb.connect(str(DATABASE)) as database:
        database.execute(f"use {DATASET}")
        for statement in statements:
            database.execute(statement)


def with_names(texts: tuple[str, ...]) -> Fault:
    """Gives the first dimensions other display names."""

    def change(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        changed = zip(listed, texts, strict=False)
        named = [{**each, "displayName": text} for each, text in changed]
        return [*named, *listed[len(named) :]]

    return Fault(at("dimensions"), rewritten(change), None)


@pytest.mark.slow
def test_tables_and_models_have_their_descriptions_as_comments(
    server: DemoServer, clock: Clock
) -> None:
    assert invoke(PIPELINE, "run", "--from", "2026-03-01", env=environment(server)).code == 0
    said = descriptions()
    assert comments() == said
    assert {table for table, _ in said} >= {"searches", "exports", "dimensions", *models()}
    # what is there stays, what is gone comes back, and what others say of theirs is theirs
    execute(
        "comment on column visits.visit_id is 'not this'",
        "comment on table clicks is null",
        "create view mine as select * from clicks",
        "comment on view mine is 'mine'",
        "create index mine_too on clicks (click_id)",
        "alter table searches add column mine integer",
        "comment on column searches.mine is 'mine'",
    )
    assert invoke(PIPELINE, "models").code == 0
    assert comments() == {**said, ("searches", "mine"): "mine"}
    [(visit,)] = query("select min(visit_id) from searches")
    assert invoke(PIPELINE, "erase", "--visit-id", visit, "--yes").code == 0
    assert comments() == {**descriptions(), ("searches", "mine"): "mine"}
    clock.advance(days=1)
    words = ("run", "--full-refresh", "--from", "2026-03-10")
    assert invoke(PIPELINE, *words, env=environment(server)).code == 0
    assert comments() == descriptions()


def test_whatever_a_dimension_is_called_it_is_only_text(server: DemoServer) -> None:
    inject(server, with_names(HOSTILE_TEXTS))
    completed = run_against(server, "--tables", "searches")
    assert completed.code == 0, completed.err
    assert "could not be written" not in completed.err
    assert comments() == descriptions()
    texts = {text for (table, _), text in comments().items() if table == "searches"}
    assert len([text for text in texts if "drop table searches; --" in text]) == 1
    assert all(text.isprintable() and len(text) < 1000 for text in texts)
    assert rows("searches")


def test_a_destination_with_a_name_of_its_own_gets_them_too(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__STORE__DESTINATION_TYPE", "duckdb")
    monkeypatch.setenv("DESTINATION__STORE__CREDENTIALS", str(DATABASE))
    completed = run_against(server, "--no-models", "--destination", "store")
    assert completed.code == 0, completed.err
    assert comments()["clicks", None] == "One row per click on a result."


def test_texts_of_a_library_user_are_comments_too(server: DemoServer) -> None:
    text = "it's \\ mine\n%s; --\x00"

    def add(rows: Any) -> Any:
        return rows.append_column("mine", [["mine"] * rows.num_rows])

    everything = source(server, from_date="2026-03-10").with_resources("clicks", "exports")
    everything.clicks.add_map(add)
    hint: Any = {"mine": {"description": text}}
    everything.clicks.apply_hints(columns=hint)
    open_pipeline().run(everything)
    found = comments()
    assert found["clicks", None] == "One row per click on a result."
    assert found["clicks", "click_rank"].startswith("Click Rank: Position of the clicked result")
    assert found["clicks", "mine"] == text.replace("\x00", "")
    assert found["exports", "org"] == "Id of the organization."
