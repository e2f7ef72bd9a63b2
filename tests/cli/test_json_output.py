"""What `--json` prints, and that docs/json.md describes all of it."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from coveo_source.cli.json_output import as_text
from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import Fault, at, inject, refuse
from coveo_source.secrets import keep_token
from coveo_source.tables import TABLES
from tests.cli.commands import run_verb
from tests.support.assertions import invoke
from tests.support.cli_user import DATASET, PIPELINE, environment, load, query
from tests.support.clock import Clock
from tests.support.once import load_once

Serve = Callable[..., DemoServer]

PAGE = (Path(__file__).parents[2] / "docs/json.md").read_text(encoding="utf-8")
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "true or false": (bool,),
    "object": (dict,),
}
NAMED = ("counts", "models", "renamed", "estimates", "tables")
"""Objects whose fields are names of tables, models or dimensions."""

SOMETIMES = {"error.kind", "error.message", "warnings[]", "windows[].signs[]"}
"""Fields of what does not happen in a run that succeeds."""

pytestmark = pytest.mark.slow


def documented(*sections: str) -> dict[str, str]:
    """Returns the type of each field that some sections of the page list."""
    found: dict[str, str] = {}
    for section in sections:
        text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        found.update(re.findall(r"^\| `(\S+)` \| ([a-z ]+) \|", text, re.M))
    assert found
    return found


def fields(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields each field of an object, with its path as the page writes it."""
    if path:
        yield path, found
    if isinstance(found, dict):
        named = path.rpartition(".")[2] in NAMED
        for name, value in found.items():
            yield from fields(value, ".".join(filter(None, [path, "*" if named else name])))
    elif isinstance(found, list):
        for value in found:
            yield from fields(value, f"{path}[]")


def assert_documented(found: dict[str, Any], *sections: str, all_of: bool = True) -> None:
    """Checks every field of an object against the page, and the other way round."""
    known = documented("Every object", *sections)
    # of each window the same as of the whole run
    known |= {
        f"windows[].{path}": kind for path, kind in known.items() if path.startswith("counts.")
    }
    seen = set()
    for path, value in fields(found):
        container = isinstance(value, (dict, list)) and path not in known
        if container and any(other.startswith(path) for other in known):
            continue
        assert path in known, path
        if value is None:
            assert known[path].endswith(" or null"), path
        else:
            # in Python, True is an integer
            kinds = TYPES[known[path].removesuffix(" or null")]
            assert type(value) in kinds, (path, value)
        seen.add(path)
    if all_of:
        assert {path for path in known if path not in seen} <= SOMETIMES


def answer(server: DemoServer, *words: str, code: int = 0) -> dict[str, Any]:
    completed = run_verb(server, *words, "--json")
    assert completed.returncode == code, completed.stderr
    assert completed.stdout.count("\n") == 1, completed.stdout
    found: dict[str, Any] = json.loads(completed.stdout)
    return found


def test_a_run_prints_one_object_that_is_documented_in_full(serve: Serve, clock: Clock) -> None:
    server = serve(Traffic(seed=5, visits_per_day=25, late_share=0.3))
    clock.now = datetime(2026, 3, 4, 0, 15, tzinfo=timezone.utc)
    load(server, from_date="2026-03-02")
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"delete from {DATASET}.clicks where hash(click_id) % 3 = 0")
    Path("causes.csv").write_text("action_cause,kind\nsearchboxSubmit,manual\n")
    clock.advance(days=1)
    completed = run_verb(
        server,
        *("run", "--json", "--lookback-days", "2", "--report", "report.html"),
        *("--progress", "log"),
        models=True,
        SOURCES__COVEO_SOURCE__SEARCH_CAUSES="causes.csv",
    )
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.count("\n") == 1
    found = json.loads(completed.stdout)
    assert_documented(found, "`run --json`")
    assert Path(found["report"]).exists()
    assert "Loaded " in completed.stderr
    for table, counts in found["counts"].items():
        columns = ("loaded", "late", "changed", "gone", "records", "rejected")
        names = ", ".join(f"{table}_{name}" for name in columns)
        [stored] = query(f"select {names} from exports order by _dlt_load_id desc limit 1")
        assert tuple(counts[name] for name in columns) == stored
        assert counts == found["windows"][0]["counts"][table]
    assert found["counts"]["clicks"]["late"] > 0
    [by_age] = query("select by_age from exports order by _dlt_load_id desc limit 1")
    assert found["windows"][0]["by_age"] == json.loads(by_age[0])
    [(visits,)] = query("select count(*) from visits")
    assert found["models"]["visits"] == visits
    assert found["rows"] == sum(counts["rows"] for counts in found["counts"].values())


def test_notices_are_among_the_warnings(demo: DemoServer) -> None:
    found = answer(demo, "run", "--tables", "clicks")
    assert any("30 days" in warning for warning in found["warnings"])


def test_nothing_due_is_an_object_too(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-11", tables=["clicks"])
    found = answer(demo, "run", "--tables", "clicks", "--lookback-days", "0")
    assert_documented(found, "`run --json`", all_of=False)
    assert (found["windows"], found["rows"], found["counts"]) == ([], 0, {})


def test_a_plan_prints_what_a_run_would_load(serve: Serve) -> None:
    server = serve(row_limit=2_000)
    found = answer(server, "plan", "--from", "2026-03-01")
    assert_documented(found, "`plan --json`", all_of=False)
    assert found["row_limit"] == 2_000
    assert len(found["windows"]) > 1
    for window in found["windows"]:
        assert window["estimated_rows"] == sum(window["estimates"].values())
        assert window["tables"] == list(TABLES)
        assert window["export"] is None


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_windows_that_are_left_for_later_are_counted(demo: DemoServer, verb: str) -> None:
    words = ("--from", "2026-03-08", "--window-days", "1", "--max-windows", "1")
    found = answer(demo, verb, *words)
    assert (len(found["windows"]), found["windows_left"]) == (1, 3)


def test_the_copy_for_readers_is_named(demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__PUBLISH", "readers.duckdb")
    found = answer(demo, "run", "--from", "2026-03-10", "--tables", "clicks")
    assert Path(found["copy"]).samefile("readers.duckdb")


def test_a_plan_names_an_export_that_exists(demo: DemoServer) -> None:
    inject(demo, Fault(at("address"), refuse(403, "NO", "No."), times=None))
    assert run_verb(demo, "run", "--from", "2026-03-08").returncode == 1
    inject(demo)
    found = answer(demo, "plan", "--from", "2026-03-08")
    assert_documented(found, "`plan --json`", all_of=False)
    [window] = found["windows"]
    assert window["export"] == {"id": demo.exports[0].id, "status": "AVAILABLE"}
    assert window["estimates"] is None


def test_every_documented_field_of_a_plan_is_printed_sooner_or_later(demo: DemoServer) -> None:
    names = {path for path, _ in fields(answer(demo, "plan", "--from", "2026-03-08"))}
    kept = {path for path in documented("`plan --json`") if "export" not in path}
    lists = {"renamed.*", "warnings[]"}
    assert kept - lists <= names


def test_freshness_prints_the_same_as_an_object(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-10", tables=["clicks"])
    completed = invoke(PIPELINE, "freshness", "--json")
    assert completed.code == 1
    found = json.loads(completed.out)
    assert_documented(found, "`freshness --json`", all_of=False)
    assert found["is_fresh"] is False
    assert found["tables"]["clicks"]["loaded_until"] == "2026-03-11T11:45:00Z"
    assert found["alarms"]


@pytest.mark.parametrize("verb", ["run", "plan"])
def test_wrong_use_is_an_object_with_exit_code_2(demo: DemoServer, verb: str) -> None:
    found = answer(demo, verb, "--window-days", "0", code=2)
    assert_documented(found, "After an error")
    assert found["verb"] == verb
    assert found["error"]["kind"] == "SettingError"
    assert "window_days" in found["error"]["message"]
    assert found["exit_code"] == 2


def test_a_failure_is_an_object_with_exit_code_1(demo: DemoServer) -> None:
    inject(demo, Fault(at("create"), refuse(403, "ACCESS_DENIED", "No."), times=None))
    found = answer(demo, "run", "--from", "2026-03-10", code=1)
    assert_documented(found, "After an error")
    assert found["error"]["kind"] == "AccessDenied"
    assert found["exit_code"] == 1


def test_secrets_are_masked_and_the_object_is_whole_whatever_is_around_them() -> None:
    keep_token("xx-very-secret-token")
    texts = ['token=xx-very-secret-token"', "https://x/?sig=abc\\", 'a "password=\\"x"']
    found = json.loads(as_text({"warnings": texts}))
    assert len(found["warnings"]) == len(texts)
    assert "secret-token" not in str(found)


def test_without_it_nothing_is_printed_as_json(demo: DemoServer) -> None:
    completed = invoke(PIPELINE, "plan", "--from", "2026-03-10", env=environment(demo))
    assert completed.out.splitlines()[-1] == "Nothing was created."
