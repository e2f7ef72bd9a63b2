"""`python -m benchmarks.crashes --kills 100 --seed N`: kills real runs, in all phases.

Each trial is a scenario of tests/crash.py, killed up to three times and then run to its end; what
it leaves is compared, cell by cell, with a clean run. The same seed makes the same trials; where
in a phase a kill strikes is also up to the machine.
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
from tests.promises.crash.points import POINTS, Kill
from tests.promises.crash.trial import Clean, Trial, Verdict, judge
from tests.promises.crash.trials import SCENARIOS

AT_ANY_TIME = "any time"
LATER_HOURS = (0.0, 0.0, 7.0)


@dataclass
class Phase:
    """What came of the kills of one phase; a trial counts for all the phases it was killed in."""

    kills: int = 0
    missed: int = 0
    failed: int = 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.crashes", description=__doc__)
    made.add_argument("--kills", type=int, default=100, help="at least (default: 100)")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--jobs", type=int, default=2, help="trials at a time (default: 2)")
    made.add_argument("--only", type=int, metavar="N", help="the trial with this number alone")
    made.add_argument("--work", type=Path, help="keeps what the trials leave (default: nothing)")
    return made


def trials(seed: int, clean: Clean) -> Iterator[Trial]:
    """Trials without end: each point in turn, in a random order, and times in between."""
    rng = Random(seed)
    points = cycle(rng.sample(list(POINTS), len(POINTS)))
    while True:
        scenario = rng.choice(list(SCENARIOS))
        count, hours = rng.randint(1, 3), rng.choice(LATER_HOURS)
        if scenario == "without look-back":
            # what came late is then lost, and another clock has another lateness
            hours = 0.0
        kills = [kill(rng, next(points), scenario, clean) for _ in range(count)]
        yield Trial(scenario, tuple(kills), hours)


def kill(rng: Random, point: str, scenario: str, clean: Clean) -> Kill:
    """At a point, or in one of five cases at any time in a run."""
    share, timed = rng.random(), rng.random() < 0.2
    # of files there are many in a run, of requests and lines one for each window
    nth = rng.choice((1, 2, 4, 7) if POINTS[point].files else (1, 1, 2))
    if not timed:
        return Kill(point, nth)
    _, seconds = clean.run(scenario)
    return Kill(AT_ANY_TIME, seconds=0.4 + share * (seconds - 0.4))


def phase_of(one: Kill) -> str:
    """The phase that a kill was meant for."""
    return POINTS[one.point].phase if one.point in POINTS else AT_ANY_TIME


def carried_out(trial: Trial, folder: Path, clean: Clean) -> Verdict:
    """The verdict; a trial that breaks down is a problem too."""
    try:
        return judge(trial, folder, clean)
    except Exception:
        return Verdict([], [traceback.format_exc()], set())


def batches(options: argparse.Namespace, clean: Clean) -> Iterator[list[tuple[int, Trial]]]:
    """Numbered trials, as many as run at a time; without end, or the one that is asked for."""
    numbered = enumerate(trials(options.seed, clean), 1)
    if options.only is None:
        while True:
            yield list(islice(numbered, options.jobs))
    yield [next(one for one in numbered if one[0] == options.only)]


class Tally:
    """What came of all trials.

    wrong: one text for each trial that ended otherwise than a clean run
    unused: exports that were created and thrown away
    """

    def __init__(self) -> None:
        self.phases = {name: Phase() for name in [*(p.phase for p in POINTS.values()), AT_ANY_TIME]}
        self.wrong: list[str] = []
        self.unused = 0

    @property
    def kills(self) -> int:
        """How many runs were killed so far."""
        return sum(phase.kills for phase in self.phases.values())

    def add(self, number: int, trial: Trial, verdict: Verdict) -> None:
        """Counts a trial."""
        self.unused += len(verdict.unloaded)
        if verdict.problems:
            self.wrong.append("\n  ".join([f"Trial {number}: {trial}", *verdict.problems]))
        missed = Counter(verdict.missed)
        for one in trial.kills:
            phase = self.phases[phase_of(one)]
            if missed[one]:
                missed[one] -= 1
                phase.missed += 1
            else:
                phase.kills += 1
                phase.failed += bool(verdict.problems)

    def table(self) -> str:
        """Phases and what came of them."""
        lines = [["phase", "kills", "not reached", "result"]]
        for name, phase in self.phases.items():
            result = f"{phase.failed} WRONG" if phase.failed else "as a clean run"
            counts = [f"{phase.kills:,}", f"{phase.missed:,}"]
            lines.append([name, *counts, result if phase.kills else ""])
        totals = [f"{self.kills:,}", f"{sum(one.missed for one in self.phases.values()):,}"]
        lines.append(["all", *totals, f"{len(self.wrong)} trials WRONG" if self.wrong else ""])
        return grid(lines, rule_before=len(lines) - 1, left=(0, 3))


def carry_out(options: argparse.Namespace, folder: Path) -> Tally:
    """Trials until there were enough kills."""
    tally = Tally()
    clean = Clean(folder / "clean")
    with ThreadPoolExecutor(options.jobs) as pool:
        for batch in batches(options, clean):
            jobs = [pool.submit(carried_out, each, folder / str(n), clean) for n, each in batch]
            for (number, trial), job in zip(batch, jobs, strict=True):
                verdict = job.result()
                tally.add(number, trial, verdict)
                state = "WRONG" if verdict.problems else "ok"
                print(f"  {number} {trial}: {state}", file=sys.stderr, flush=True)
            if tally.kills >= options.kills:
                break
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 if a trial ended otherwise than a clean run."""
    options = parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="crashes-") as temporary:
        tally = carry_out(options, (options.work or Path(temporary)).absolute())
    print(tally.table())
    print(f"\nExports that were made and thrown away unused: {tally.unused}")
    for text in tally.wrong:
        print(f"\n{text}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
