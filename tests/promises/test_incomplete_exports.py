"""Exports that may not be whole are told, and with `strict` not loaded."""

from datetime import timedelta

import dlt
import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import (
    Endpoint,
    Fault,
    Then,
    all_of,
    at,
    changed_file,
    covering,
    described,
    inject,
    with_files,
    with_records,
    without_file,
)
from tests.extract.sources import source
from tests.support.assertions import (
    FROM_DATE,
    WINDOW,
    assert_failed_with,
    assert_loaded,
    clean_run_tables,
    run_against,
)
from tests.support.cases import some_of
from tests.support.cli_user import create_requests, rows

ANSWERED: tuple[Endpoint, ...] = ("list", "create", "status")
SIGNS: dict[str, tuple[tuple[Endpoint, ...], Then, str]] = {
    "no rows": (
        ("file",),
        changed_file(with_records("clicks", lambda cells: cells[:1])),
        "clicks has no rows, but Coveo expected",
    ),
    "no file": (("file",), changed_file(without_file("clicks")), "clicks has no file, but Coveo"),
    "few rows": (
        ("file",),
        changed_file(with_records("keywords", lambda cells: cells[:20])),
        "keywords has 19 rows, but Coveo expected",
    ),
    "an empty archive": (
        ("file",),
        changed_file(with_files(lambda files: {})),
        "keywords has no file, but Coveo expected",
    ),
    "ends early": (
        ANSWERED,
        covering(earlier=timedelta(hours=6)),
        "covers 2026-03-10 to 2026-03-11 05:44:59.999, not",
    ),
    "begins late": (ANSWERED, covering(later=timedelta(hours=6)), "covers 2026-03-10 06:00 to"),
    "fewer tables": (
        ANSWERED,
        described(lambda export: {"tables": ["clicks"]}),
        "is without keywords",
    ),
    "a filter": (
        ANSWERED,
        described(lambda export: {"filters": {"f": "(deviceCategory=='Bot')"}}),
        "names a filter, but none was set",
    ),
}


@pytest.mark.parametrize("kind", some_of(SIGNS, "no file", "ends early"))
def test_a_sign_is_told_and_with_strict_nothing_is_loaded(demo: DemoServer, kind: str) -> None:
    where, then, sign = SIGNS[kind]
    inject(demo, Fault(at(*where), then, times=None))
    assert_failed_with(run_against(demo, "--strict"), WINDOW, sign, "Run again without strict")
    assert len(demo.exports) == 1
    # the export is still there and used, but is no better
    assert run_against(demo, "--strict").code == 1
    completed = run_against(demo)
    assert completed.code == 0, completed.err
    assert f"{WINDOW} may not be whole" in completed.err
    assert sign in completed.err
    assert sign in completed.out
    assert "--from 2026-03-10T00:00:00Z --to 2026-03-11T11:45:00Z" in completed.err
    assert len(create_requests(demo)) == 1
    inject(demo)
    assert_loaded(run_against(demo, "--to", "2026-03-11T11:45:00Z"))


def test_a_millisecond_and_an_empty_table_are_no_signs(demo: DemoServer) -> None:
    early = covering(earlier=timedelta(milliseconds=1))
    inject(demo, Fault(at(*ANSWERED), early, times=None))
    completed = run_against(demo, "--strict")
    assert_loaded(completed)
    assert "whole" not in completed.err + completed.out
    nobody = ("--from", "2025-12-01", "--to", "2025-12-02", "--strict")
    assert run_against(demo, *nobody).code == 0


def test_ordinary_runs_ask_for_one_estimate_of_a_window(demo: DemoServer) -> None:
    assert_loaded(run_against(demo, "--strict"))
    assert sum(request.path.endswith("/estimate") for request in demo.requests) == 1


def test_a_library_user_reads_of_a_sign_in_dlts_log(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr("dlt.common.logger.warning", logged.append, raising=False)
    change = all_of(without_file("clicks"), without_file("groups"))
    inject(demo, Fault(at("file"), changed_file(change), times=None))
    pipeline = dlt.pipeline("coveo", destination="duckdb", dataset_name="coveo_ua")
    pipeline.run(source(demo, from_date=FROM_DATE))
    [told] = [text for text in logged if "may not be whole" in text]
    assert "clicks has no file" in told
    assert "groups has no file" in told
    assert rows("keywords") == clean_run_tables()["keywords"]
