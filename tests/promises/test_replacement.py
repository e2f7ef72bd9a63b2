"""What Coveo no longer has: counted by every run, removed by `--replace` alone."""

from collections.abc import Callable
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.exceptions import SettingError, UnsafeReplacement
from coveo_source.models.files import models
from coveo_source.tables import TABLES
from tests.support.archives import replace_files
from tests.support.assertions import run_against
from tests.support.cli_user import create_requests, load, query, rows, tables
from tests.support.clock import Clock
from tests.support.once import load_once

Serve = Callable[..., DemoServer]
FIRST, LAST = "2026-03-06", "2026-03-09"
WINDOW: dict[str, Any] = {"from_date": FIRST, "to_date": LAST}
WITHOUT_BOTS = ["deviceCategory!='Bot'"]
"""What Coveo's export has no more, once bots are filtered there."""

pytestmark = pytest.mark.slow


def model_rows() -> dict[str, Any]:
    return {name: rows(name) for name in models()}


def gone(table: str) -> list[tuple[Any, ...]]:
    return query(f"select {table}_gone from exports order by _dlt_load_id desc limit 1")


BOTS = f"select count(*) from searches where datetime < '{LAST}' and device_category = 'Bot'"
NOT_REMOVED = "select count(*) from all_events where event_id in (select row_key from removed_rows)"


def searches_of_the_window() -> list[tuple[Any, ...]]:
    columns = "id, visit_id, datetime"
    return query(f"select {columns} from searches where datetime < '{LAST}' order by 1")


def test_rows_that_are_gone_stay_and_are_counted_printed_and_kept(demo: DemoServer) -> None:
    load_once(demo, from_date=FIRST)
    before = tables()
    completed = run_against(
        demo, "--from", FIRST, "--to", LAST, "--tables", *TABLES, filters=WITHOUT_BOTS[0]
    )
    assert completed.code == 0, completed.err
    bots = query(BOTS)
    assert bots > [(0,)]
    assert gone("searches") == bots
    assert "no longer with Coveo, kept" in completed.out
    assert tables() == before
    assert query("select count(*) from removed_rows") == [(0,)]


def test_replace_leaves_exactly_what_coveo_has_in_the_window(demo: DemoServer) -> None:
    load(demo, from_date=FIRST, with_models=True)
    outside = query(f"from searches where datetime >= '{LAST}' order by all")
    before = searches_of_the_window()
    outcome = load(
        demo, from_date=FIRST, to_date=LAST, filters=WITHOUT_BOTS, replace=True, with_models=True
    )
    after = searches_of_the_window()
    removed = [row for row in before if row not in after]
    assert removed
    assert outcome.fetched[0].found.removed
    assert query(f"select count(*) from searches where datetime < '{LAST}'") == query(
        "select searches_keys from exports order by _dlt_load_id desc limit 1"
    )
    assert query(f"from searches where datetime >= '{LAST}' order by all") == outside
    assert (
        query(
            "select row_key, visit_id, datetime from removed_rows"
            " where table_name = 'searches' order by 1"
        )
        == removed
    )
    export_id = outcome.fetched[0].export.id
    assert query("select distinct export_id, removed_at is null from removed_rows") == [
        (export_id, False)
    ]


@pytest.mark.thorough
def test_the_models_follow_a_replacement(demo: DemoServer) -> None:
    load(demo, from_date=FIRST, with_models=True)
    load(demo, from_date=FIRST, to_date=LAST, filters=WITHOUT_BOTS, replace=True, with_models=True)
    by_unit = model_rows()
    assert run_models_in_full() == by_unit
    assert query(NOT_REMOVED) == [(0,)]


def run_models_in_full() -> dict[str, Any]:
    from coveo_source.cli.models import build_models
    from coveo_source.cli.pipeline import Options

    build_models(Options("coveo"), [], full_refresh=True)
    return model_rows()


def test_it_stops_if_most_rows_of_a_window_would_go_and_force_goes_on(demo: DemoServer) -> None:
    load_once(demo, from_date=FIRST)
    before = tables()
    few: dict[str, Any] = {**WINDOW, "filters": ["deviceCategory=='Bot'"]}
    with pytest.raises(UnsafeReplacement, match="--force") as error:
        load(demo, **few, replace=True)
    assert "rows" in str(error.value)
    assert tables() == before
    load(demo)
    assert tables() == before
    load(demo, **few, replace=True, force=True)
    assert query(BOTS) == [(len(searches_of_the_window()),)]


def test_a_table_that_is_missing_in_the_export_is_not_emptied_unasked(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-01")
    before = rows("clicks")

    def without_clicks(files: dict[str, bytes]) -> dict[str, bytes]:
        return {name: content for name, content in files.items() if name != "clicks.csv"}

    inject(demo, Fault(at("file"), replace_files(without_clicks)))
    with pytest.raises(UnsafeReplacement, match="clicks"):
        load(demo, from_date="2026-03-01", to_date=LAST, replace=True)
    assert rows("clicks") == before


def test_a_record_that_does_not_parse_does_not_remove_its_row(demo: DemoServer) -> None:
    load(demo, **WINDOW)
    before = rows("clicks")

    def torn(files: dict[str, bytes]) -> dict[str, bytes]:
        *others, last = files["clicks.csv"].splitlines(keepends=True)
        return {**files, "clicks.csv": b"".join([*others, last.partition(b",")[0], b"\n"])}

    inject(demo, Fault(at("file"), replace_files(torn)))
    with pytest.raises(UnsafeReplacement, match=r"could not be read.*--force"):
        load(demo, **WINDOW, replace=True)
    assert rows("clicks") == before
    inject(demo)
    load(demo, **WINDOW, replace=True)
    assert rows("clicks") == before


def test_a_run_that_was_killed_before_the_removal_is_continued(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(demo, from_date=FIRST)
    wanted: dict[str, Any] = {**WINDOW, "filters": WITHOUT_BOTS, "replace": True}
    with monkeypatch.context() as patched:
        # as good as a kill: nothing that follows the load is done
        patched.delattr("coveo_source.cli.run.reconcile")
        with pytest.raises(NameError):
            load(demo, **wanted)
    assert query("select count(*) from removed_rows") == [(0,)]
    exports = len(create_requests(demo))
    outcome = load(demo, **wanted)
    assert outcome.fetched == []
    assert len(create_requests(demo)) == exports
    assert query("select count(*) > 0 from removed_rows") == [(True,)]
    assert query(BOTS) == [(0,)]


def test_a_full_refresh_of_a_range_is_refused_and_says_what_to_use(demo: DemoServer) -> None:
    load_once(demo, from_date=FIRST)
    before = tables()
    completed = run_against(demo, "--full-refresh", "--from", FIRST, "--to", LAST)
    assert completed.code == 2
    assert "--replace" in completed.message
    with pytest.raises(SettingError, match="--replace"):
        load(demo, full_refresh=True, to_date=LAST)
    assert tables() == before
    with pytest.raises(SettingError, match="--from and --to"):
        load(demo, replace=True)


def test_a_full_refresh_uses_no_export_of_before(demo: DemoServer, clock: Clock) -> None:
    load(demo, from_date=FIRST, keep_exports=True)
    [kept] = demo.exports
    load(demo, full_refresh=True, from_date=FIRST, keep_exports=True)
    assert len(demo.exports) == 2
    assert query("select export_id from exports") == [(demo.exports[1].id,)]
    assert demo.exports[0] is kept
