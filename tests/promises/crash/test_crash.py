"""A run that is killed and run again leaves what a clean run leaves."""

import signal
import sys
from pathlib import Path

import duckdb
import pytest

from tests.promises.crash.points import Kill
from tests.promises.crash.trial import CleanRuns, Trial, run_trial
from tests.support.cases import some_of
from tests.support.cli_user import DATASET, PIPELINE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason=f"{sys.platform} has no SIGKILL"),
]

TRIALS = {
    "while the export is built and downloaded": Trial(
        "first run", (Kill("created, not answered"), Kill("half the file"), Kill("unpacking", 2))
    ),
    "while several windows are loaded": Trial(
        "several windows",
        (
            Kill("created, answered"),
            Kill("fetching ahead"),
            Kill("merging", 2),
            Kill("window", 2),
        ),
    ),
    "while time passes": Trial(
        "second run",
        (Kill("taking the lease"), Kill("waiting"), Kill("between two merges", 3)),
        hours_between=7,
    ),
    "between the load and the models": Trial("without look-back", (Kill("deleting"),)),
    "in the models": Trial("first run", (Kill("normalizing", 3), Kill("running a model"))),
    "after tables were added": Trial("tables added", (Kill("extracted"), Kill("deleted"))),
    "between a load and the removal of what is gone": Trial(
        "replace", (Kill("deleted, answered"), Kill("merging", 4), Kill("model"))
    ),
    "while a person is erased": Trial(
        "erase",
        (
            Kill("taking the lease", 2),
            Kill("model"),
            Kill("running a model"),
            Kill("copying the file"),
        ),
    ),
    "in a full refresh that is not requested again": Trial(
        "full refresh, continued without", (Kill("extracted"),)
    ),
}


@pytest.fixture(scope="module")
def clean_runs(tmp_path_factory: pytest.TempPathFactory) -> CleanRuns:
    return CleanRuns(tmp_path_factory.mktemp("clean"))


IN_EVERY_RUN = (
    "while the export is built and downloaded",
    "while time passes",
    "in the models",
    "between a load and the removal of what is gone",
    "while a person is erased",
)


@pytest.mark.parametrize("when", some_of(TRIALS, *IN_EVERY_RUN))
def test_runs_that_are_killed_and_repeated_leave_what_a_clean_run_leaves(
    clean_runs: CleanRuns, tmp_path: Path, when: str
) -> None:
    verdict = run_trial(TRIALS[when], tmp_path / "trial", clean_runs)
    assert verdict.missed == []
    assert verdict.problems == []


@pytest.mark.thorough
def test_a_backfill_that_is_killed_makes_no_export_twice(
    clean_runs: CleanRuns, tmp_path: Path
) -> None:
    kills = (Kill("window", 3), Kill("deleted, answered"), Kill("loaded"))
    verdict = run_trial(Trial("backfill", kills), tmp_path / "trial", clean_runs)
    clean, _ = clean_runs.run("backfill")
    assert verdict.missed == []
    assert verdict.problems == []
    with duckdb.connect(str(tmp_path / "trial" / f"{PIPELINE}.duckdb"), read_only=True) as database:
        [(exports,)] = database.execute(f"select count(*) from {DATASET}.exports").fetchall()
    assert exports == len(clean.audit)


@pytest.mark.thorough
def test_an_export_left_by_a_run_over_several_windows_is_used(
    clean_runs: CleanRuns, tmp_path: Path
) -> None:
    trial = Trial("several windows", (Kill("created, answered", 2),))
    verdict = run_trial(trial, tmp_path / "trial", clean_runs)
    assert verdict.missed == []
    assert verdict.unused == set()
