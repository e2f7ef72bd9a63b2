"""A run that is killed and run again ends as one that never was killed."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from .crash_points import Kill
from .crash_trial import Clean, Trial, Verdict, judge

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason=f"{sys.platform} has no SIGKILL"),
    # all are compared with the same clean runs
    pytest.mark.xdist_group("crash"),
]

TRIALS = {
    "while the export is made and fetched": Trial(
        "first run",
        (
            Kill("creating"),
            Kill("created, not answered"),
            Kill("half the file"),
            Kill("unpacking", 2),
            Kill("extracting", 3),
        ),
    ),
    "while several windows are loaded": Trial(
        "several windows",
        (
            Kill("created, answered"),
            Kill("normalizing", 8),
            Kill("loading", 2),
            Kill("merging", 2),
            Kill("window", 2),
        ),
    ),
    "while the clock goes on": Trial(
        "second run",
        (Kill("waiting"), Kill("normalized"), Kill("between two merges", 3)),
        hours_between=7,
    ),
    "between the load and the models": Trial("without look-back", (Kill("deleting"),)),
    "in the models": Trial(
        "first run", (Kill("extracted", 2), Kill("running a model"), Kill("model"))
    ),
    "when tables were added": Trial("tables added", (Kill("extracted"), Kill("deleted"))),
    "in a full refresh": Trial("full refresh", (Kill("loading", 2), Kill("window", 2))),
    "in a full refresh that is not asked for again": Trial(
        "full refresh, then on without", (Kill("extracted"),)
    ),
}


class Trials:
    """The trials that were selected, several at a time: most of a trial is waiting."""

    def __init__(self, names: list[str], folder: Path) -> None:
        self._pool = ThreadPoolExecutor(3)
        self.clean = Clean(folder / "clean")
        self._verdicts: dict[str, Future[Verdict]] = {
            name: self._pool.submit(judge, TRIALS[name], folder / name, self.clean)
            for name in names
        }

    def verdict(self, name: str) -> Verdict:
        return self._verdicts[name].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def trials(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trials]:
    here = [item for item in request.session.items if item.path == request.path]
    names = [item.callspec.params["when"] for item in here if hasattr(item, "callspec")]
    started = Trials(names, tmp_path_factory.mktemp("crashes"))
    yield started
    started.close()


@pytest.mark.parametrize("when", TRIALS)
def test_killed_and_run_again_it_ends_as_one_clean_run(trials: Trials, when: str) -> None:
    verdict = trials.verdict(when)
    assert verdict.missed == []
    assert verdict.problems == []


def test_an_export_left_by_a_run_with_several_windows_is_used(
    trials: Trials, tmp_path: Path
) -> None:
    trial = Trial("several windows", (Kill("created, answered", 2),))
    verdict = judge(trial, tmp_path / "trial", trials.clean)
    assert verdict.missed == []
    assert verdict.unloaded == set()
