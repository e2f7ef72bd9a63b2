"""What is excluded is neither asked for nor loaded; of what is hashed only hashes are stored."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from coveo_source import coveo_source
from coveo_source.demo import DemoServer, Traffic
from coveo_source.exceptions import SettingError
from coveo_source.keyed_hash import keyed_hash
from coveo_source.tables import TABLES
from tests.support.assertions import assert_failed_with, invoke
from tests.support.cli_user import (
    PIPELINE,
    connection_settings,
    create_requests,
    environment,
    load,
    open_pipeline,
    query,
    tables,
)
from tests.support.clock import Clock
from tests.support.once import load_once
from tests.support.person import NAME, PersonalTraffic, all_texts, readable_bytes
from tests.support.private import FROM, HASHED, RANGE, TO, counts, damage, edit_records, line
from tests.support.settings import HASH_KEY, settings_with

Serve = Callable[..., DemoServer]

EXCLUDED: dict[str, Any] = {"exclude_dimensions": ["userName", "userId", "clickRank"]}
IDENTITY = ("username", "user_name", "user_id", "click_rank")
KINDS = ("toml", "sh")
USERS = "select sum(users), sum(searches) from daily_metrics"


@pytest.fixture
def personal(serve: Serve) -> DemoServer:
    server: DemoServer = serve(PersonalTraffic())
    return server


def columns(table: str) -> list[str]:
    return [name for name, *_ in query(f"describe {table}")]


def dicts(table: str) -> list[dict[str, Any]]:
    return [
        dict(zip(columns(table), row, strict=True)) for row in query(f"from {table} order by all")
    ]


def assert_nowhere(*texts: str) -> None:
    """Checks that no file of the user's, whatever its kind, holds any of these texts."""
    found = [
        (path, text)
        for path, content in readable_bytes(Path.cwd().parent)
        for text in texts
        if text.encode() in content
    ]
    assert found == []


def test_an_export_holds_all_but_what_is_excluded(demo: DemoServer) -> None:
    load(demo, **RANGE, dataset="all_columns")
    with open_pipeline().sql_client() as client:
        everything = {
            table: client.execute_sql(f"describe all_columns.{table}") or [] for table in TABLES
        }
    assert everything["searches"]
    Path(f"{PIPELINE}.duckdb").unlink()
    load(demo, **RANGE, **EXCLUDED)
    for table in TABLES:
        before = [name for name, *_ in everything[table]]
        assert columns(table) == [name for name in before if name not in IDENTITY], table
    asked = create_requests(demo)[-1]["dimensions"]
    assert not {"username", "userName", "userId", "clickRank"}.intersection(asked)
    api_names = "username", "userName", "userId", "clickRank"
    assert query(f"select * from dimensions where api_name in {api_names}") == []
    assert query("select count(*) > 40 from dimensions") == [(True,)]


def test_what_coveo_writes_without_being_asked_is_not_loaded_either(
    demo: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def rename(header: list[str], records: list[list[str]]) -> list[str]:
        header[header.index("language")] = "USERNAME"
        return [line(header), *map(line, records)]

    edit_records(demo, rename)
    load(demo, **RANGE, **EXCLUDED)
    assert not {"username", "language"}.intersection(columns("searches"))
    [(records, _, _, loaded, *_)] = counts()
    assert records == loaded == query("select count(*) from searches")[0][0]
    assert "USERNAME" not in capsys.readouterr().err


@pytest.mark.slow
def test_only_hashes_are_stored_and_everything_else_is_the_same(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__DELETE_COMPLETED_JOBS", "false")
    load(serve(PersonalTraffic()), **RANGE)
    clear, clear_counts = {table: dicts(table) for table in TABLES}, counts()
    for path in sorted(Path.cwd().parent.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir() if path != Path.cwd() else None
    load(serve(PersonalTraffic()), **RANGE, **HASHED)
    assert counts() == clear_counts

    def key(row: dict[str, Any]) -> str:
        return repr([value for name, value in row.items() if "user" not in name])

    for table in TABLES:
        hashed = sorted(dicts(table), key=key)
        assert len(hashed) == len(clear[table])
        for before, after in zip(sorted(clear[table], key=key), hashed, strict=True):
            changed: dict[str, Any] = {
                name: before[name] and keyed_hash(HASH_KEY, before[name])
                for name in ("username", "user_name", "user_id")
                if name in before
            }
            assert after == {**before, **changed, "_dlt_load_id": after["_dlt_load_id"]}
    # not in the database, nor in dlt's packages, its state and its trace
    assert_nowhere(NAME, HASH_KEY)
    assert query("select count(*) from rejected_rows where raw is null") > [(0,)]
    assert keyed_hash(HASH_KEY, NAME) in all_texts()


@pytest.mark.slow
@pytest.mark.thorough
def test_models_count_as_many_users_by_their_hashes(demo: DemoServer) -> None:
    models = ("models", "--full-refresh", "--select", "all_events", "visits", "daily_metrics")
    load(demo, **RANGE)
    assert invoke(PIPELINE, *models).code == 0
    users = query(USERS)
    load(demo, **RANGE, **HASHED)
    assert invoke(PIPELINE, *models).code == 0
    assert query(USERS) == users
    assert query("select distinct length(user_name) from visits order by all") == [(64,), (None,)]


@pytest.mark.slow
def test_rejected_records_hold_hashes_or_no_text(personal: DemoServer) -> None:
    edit_records(personal, damage)
    load(personal, **RANGE, **HASHED)
    parsed, broken = query(
        "select raw, reason from rejected_rows where column_name = '*' order by raw"
    )
    assert keyed_hash(HASH_KEY, NAME) in parsed[0]
    assert broken[0] is None
    assert broken[1].endswith("its text is not kept, since it may hold what is excluded or hashed")
    assert_nowhere(NAME)
    [(records, rows, *_)] = counts()
    assert records == rows + 2


@pytest.mark.parametrize("options", [("--strict",), ()])
def test_no_message_shows_what_is_hashed(
    personal: DemoServer, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_all(header: list[str], records: list[list[str]]) -> list[str]:
        return [line(header), *(f'"broken" {line(record)}' for record in records)]

    edit_records(personal, break_all)
    for setting, value in HASHED.items():
        text = value if isinstance(value, str) else ",".join(value)
        monkeypatch.setenv(f"SOURCES__COVEO_SOURCE__{setting.upper()}", text)
    words = ("run", "--no-models", "--from", FROM, "--to", TO, *options)
    completed = invoke(PIPELINE, *words, env=environment(personal))
    assert_failed_with(completed, "searches.csv", "does not parse" if options else "whole records")
    assert "example.com" not in completed.out + completed.err
    assert_nowhere(NAME)


@pytest.mark.slow
def test_rows_that_are_read_again_lose_what_is_excluded_by_then(serve: Serve, clock: Clock) -> None:
    server = serve(Traffic(seed=3, visits_per_day=12))
    load(server, from_date="2026-03-08", tables="searches")
    before = {row["id"]: row for row in dicts("searches")}
    clock.advance(hours=20)
    load(server, tables="searches", exclude_dimensions="username")
    again = [
        row
        for row in dicts("searches")
        if row["_dlt_load_id"] not in {each["_dlt_load_id"] for each in before.values()}
    ]
    assert any(row["id"] in before and before[row["id"]]["username"] for row in again)
    assert {row["username"] for row in again} == {None}
    rest = [row for row in dicts("searches") if row not in again]
    assert any(row["username"] for row in rest)
    assert all(row == before[row["id"]] for row in rest)
    # what is older loses it when it is loaded again
    load(
        server,
        from_date="2026-03-08",
        to_date="2026-03-12",
        tables="searches",
        exclude_dimensions="username",
    )
    assert query("select count(username) from searches") == [(0,)]


@pytest.mark.slow
def test_rows_that_are_read_again_are_hashed_and_another_key_needs_a_refresh(
    serve: Serve, clock: Clock
) -> None:
    server = serve(Traffic(seed=3, visits_per_day=12))
    load(server, from_date=FROM)
    clock.advance(hours=20)
    load(server, **HASHED)
    newest = "(select max(_dlt_load_id) from searches)"
    lengths = f"select distinct length(username) = 64 from searches where _dlt_load_id = {newest}"
    assert {row[0] for row in query(lengths)} == {True, None}
    other = {**HASHED, "hash_key": HASH_KEY[::-1]}
    former = tables()
    with pytest.raises(SettingError, match="hash_key"):
        load(server, **other)
    assert tables() == former
    load(server, **other, from_date=FROM, full_refresh=True)
    assert query("select distinct length(username) from searches where username is not null") == [
        (64,)
    ]
    load(server, **other)


def test_a_library_user_gets_the_same(personal: DemoServer) -> None:
    load_once(personal, **RANGE, **HASHED)
    expected = tables()
    Path(f"{PIPELINE}.duckdb").unlink()
    source: Any = coveo_source(FROM, TO, **HASHED, **connection_settings(personal))
    open_pipeline().drop().run(source)
    assert tables() == expected


def test_the_page_s_settings_and_its_key_are_accepted() -> None:
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
    [config], [command] = (re.findall(rf"```{kind}\n(.+?)```", page, re.S)[:1] for kind in KINDS)
    made = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]], capture_output=True, text=True, check=True
    )
    secrets = tomlkit.parse(f"[sources.coveo_source]\n{made.stdout}")["sources"]["coveo_source"]
    given = tomlkit.parse(config)["sources"]["coveo_source"]
    settings = settings_with(**given.unwrap(), **secrets.unwrap())
    assert settings.exclude_dimensions
    assert settings.hash_dimensions
    assert len(settings.hash_key) == 64
