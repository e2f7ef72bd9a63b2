"""`python -m benchmarks.crashes --kills 100 --seed N`: kills real runs, in all phases.

Each trial is a scenario of tests/promises/crash, killed up to three times and then run to its
end. What it leaves is compared, cell by cell, with what a clean run leaves. The same seed makes
the same trials, but where exactly in a phase a kill strikes also depends on the machine.
"""

import argparse
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from random import Random

from coveo_source.cli.summary import grid
from tests.promises.crash.points import POINTS, Kill, points_of
from tests.promises.crash.scenarios import SCENARIOS
from tests.promises.crash.trial import CleanRuns, Trial, Verdict, run_trial

AT_ANY_TIME = "any time"
_POINTS = {scenario: points_of(scenario) for scenario in SCENARIOS}
"""The points in which a scenario can be killed."""
_READ_ONCE = ("without look-back", "backfill", "replace")
"""Scenarios that read no window again: which events are late in them depends on the clock."""
LATER_HOURS = (0.0, 0.0, 7.0)
"""By how many hours a trial is later than its scenario; each value is equally likely."""


@dataclass
class Phase:
    """The results of the kills in one phase.

    missed: kills that were not reached
    failed: kills of trials that ended differently from a clean run; such a trial counts in every
        phase in which it was killed
    """

    kills: int = 0
    missed: int = 0
    failed: int = 0


def argument_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crashes", description=__doc__)
    parser.add_argument(
        "--kills", type=int, default=100, help="minimum number of kills (default: 100)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="trials at the same time (default: 2)")
    parser.add_argument("--only", type=int, metavar="N", help="only the trial with this number")
    parser.add_argument("--work", type=Path, help="folder in which to keep what the trials leave")
    return parser


def trials(seed: int, clean_runs: CleanRuns) -> Iterator[Trial]:
    """Yields trials endlessly, taking the points in turn, in random order."""
    rng = Random(seed)
    points = {name: cycle(rng.sample(all_, len(all_))) for name, all_ in _POINTS.items()}
    while True:
        scenario = rng.choice(list(SCENARIOS))
        count, hours = rng.randint(1, 3), rng.choice(LATER_HOURS)
        if scenario in _READ_ONCE:
            hours = 0.0
        kills = [
            random_kill(rng, next(points[scenario]), scenario, clean_runs) for _ in range(count)
        ]
        yield Trial(scenario, tuple(kills), hours)


def random_kill(rng: Random, point: str, scenario: str, clean_runs: CleanRuns) -> Kill:
    """Returns a kill at a point, or, in one of five cases, at a random time of a run."""
    share, timed = rng.random(), rng.random() < 0.2
    # a run has many files, but only one request or line per window
    nth = rng.choice((1, 2, 4, 7) if POINTS[point].files else (1, 1, 2))
    if not timed:
        return Kill(point, nth)
    _, seconds = clean_runs.run(scenario)
    return Kill(AT_ANY_TIME, seconds=0.4 + share * (seconds - 0.4))


def phase_of(kill: Kill) -> str:
    """Returns the phase for which a kill was intended."""
    return POINTS[kill.point].phase if kill.point in POINTS else AT_ANY_TIME


def verdict_of(trial: Trial, folder: Path, clean_runs: CleanRuns) -> Verdict:
    """Carries out a trial and returns the verdict; an exception is a problem too."""
    try:
        return run_trial(trial, folder, clean_runs)
    except Exception:
        return Verdict([], [traceback.format_exc()], set())


def batches(
    options: argparse.Namespace, clean_runs: CleanRuns
) -> Iterator[list[tuple[int, Trial]]]:
    """Yields batches of numbered trials that run together: endlessly, or only one trial."""
    numbered = enumerate(trials(options.seed, clean_runs), 1)
    if options.only is None:
        while True:
            yield list(islice(numbered, options.jobs))
    yield [next(trial for trial in numbered if trial[0] == options.only)]


class Tally:
    """The results of all trials.

    wrong: a description of each trial that ended differently from a clean run
    unused: number of exports that were created but not loaded
    """

    def __init__(self) -> None:
        self.phases = {name: Phase() for name in [*(p.phase for p in POINTS.values()), AT_ANY_TIME]}
        self.wrong: list[str] = []
        self.unused = 0

    @property
    def kills(self) -> int:
        """Number of runs killed so far."""
        return sum(phase.kills for phase in self.phases.values())

    def add(self, number: int, trial: Trial, verdict: Verdict) -> None:
        """Adds the result of a trial."""
        self.unused += len(verdict.unused)
        if verdict.problems:
            self.wrong.append("\n  ".join([f"Trial {number}: {trial}", *verdict.problems]))
        missed = Counter(verdict.missed)
        for kill in trial.kills:
            phase = self.phases[phase_of(kill)]
            if missed[kill]:
                missed[kill] -= 1
                phase.missed += 1
            else:
                phase.kills += 1
                phase.failed += bool(verdict.problems)

    def table(self) -> str:
        """Returns a table with the results of each phase."""
        lines = [["phase", "kills", "not reached", "result"]]
        for name, phase in self.phases.items():
            result = f"{phase.failed} WRONG" if phase.failed else "like a clean run"
            counts = [f"{phase.kills:,}", f"{phase.missed:,}"]
            lines.append([name, *counts, result if phase.kills else ""])
        totals = [f"{self.kills:,}", f"{sum(phase.missed for phase in self.phases.values()):,}"]
        lines.append(["all", *totals, f"{len(self.wrong)} trials WRONG" if self.wrong else ""])
        return grid(lines, rule_before=len(lines) - 1, left=(0, 3))


def carry_out(options: argparse.Namespace, folder: Path) -> Tally:
    """Carries out trials until there were enough kills."""
    tally = Tally()
    clean_runs = CleanRuns(folder / "clean")
    with ThreadPoolExecutor(options.jobs) as pool:
        for batch in batches(options, clean_runs):
            jobs = [
                pool.submit(verdict_of, trial, folder / str(number), clean_runs)
                for number, trial in batch
            ]
            for (number, trial), job in zip(batch, jobs, strict=True):
                verdict = job.result()
                tally.add(number, trial, verdict)
                state = "WRONG" if verdict.problems else "ok"
                print(f"  {number} {trial}: {state}", file=sys.stderr, flush=True)
            if tally.kills >= options.kills:
                break
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 if a trial ended differently from a clean run."""
    options = argument_parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="crashes-") as temporary:
        tally = carry_out(options, (options.work or Path(temporary)).absolute())
    print(tally.table())
    print(f"\nExports that were created but not loaded: {tally.unused}")
    for text in tally.wrong:
        print(f"\n{text}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
