"""A run that is killed and run again ends as one that never was killed."""

import signal
import sys
from pathlib import Path

import pytest

from tests.promises.crash.points import Kill
from tests.promises.crash.trial import Clean, Trial, judge

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason=f"{sys.platform} has no SIGKILL"
)

TRIALS = {
    "while the export is made and fetched": Trial(
        "first run",
        (
            Kill("created, not answered"),
            Kill("half the file"),
            Kill("unpacking", 2),
        ),
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
    "while the clock goes on": Trial(
        "second run",
        (Kill("waiting"), Kill("between two merges", 3)),
        hours_between=7,
    ),
    "between the load and the models": Trial("without look-back", (Kill("deleting"),)),
    "in the models": Trial("first run", (Kill("normalizing", 3), Kill("running a model"))),
    "when tables were added": Trial("tables added", (Kill("extracted"), Kill("deleted"))),
    "in a full refresh that is not asked for again": Trial(
        "full refresh, then on without", (Kill("extracted"),)
    ),
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    return Clean(tmp_path_factory.mktemp("clean"))


@pytest.mark.parametrize("when", TRIALS)
def test_killed_and_run_again_it_ends_as_one_clean_run(
    clean: Clean, tmp_path: Path, when: str
) -> None:
    verdict = judge(TRIALS[when], tmp_path / "trial", clean)
    assert verdict.missed == []
    assert verdict.problems == []


def test_an_export_left_by_a_run_with_several_windows_is_used(clean: Clean, tmp_path: Path) -> None:
    trial = Trial("several windows", (Kill("created, answered", 2),))
    verdict = judge(trial, tmp_path / "trial", clean)
    assert verdict.missed == []
    assert verdict.unloaded == set()
