"""One trial: a scenario with kills, compared with the same scenario without any."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from tests.promises.crash.checks import find_problems, unused_exports
from tests.promises.crash.evidence import Evidence, collect_evidence
from tests.promises.crash.points import Kill
from tests.promises.crash.sandbox import Sandbox
from tests.promises.crash.scenarios import SCENARIOS


@dataclass(frozen=True)
class Trial:
    """A scenario and the kills of its last command.

    hours_between: how far the clock advances after each kill
    """

    scenario: str
    kills: tuple[Kill, ...]
    hours_between: float = 0.0

    def __str__(self) -> str:
        clock = f", {self.hours_between:g} h after each" if self.hours_between else ""
        return f"{self.scenario}, killed at {'; '.join(map(str, self.kills))}{clock}"


@dataclass(frozen=True)
class Verdict:
    """The result of a trial.

    missed: kills whose point was never reached
    unused: exports that were created but not loaded, as far as that is known
    """

    missed: list[Kill]
    problems: list[str]
    unused: set[str]


class CleanRuns:
    """What scenarios leave without kills; each is carried out once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._results: dict[tuple[str, float], tuple[Evidence, float]] = {}
        self._locks: dict[tuple[str, float], Lock] = {}
        self._lock = Lock()

    def run(self, scenario: str, hours: float = 0.0) -> tuple[Evidence, float]:
        """Carries out a scenario whose last command runs some hours later.

        Returns the evidence and the seconds that the last command took.
        """
        with self._lock:
            scenario_lock = self._locks.setdefault((scenario, hours), Lock())
        with scenario_lock:
            if (scenario, hours) not in self._results:
                self._results[scenario, hours] = self._run(scenario, hours)
            return self._results[scenario, hours]

    def _run(self, scenario: str, hours: float) -> tuple[Evidence, float]:
        folder = self._folder / f"{scenario} {hours:g}"
        with Sandbox(folder, SCENARIOS[scenario].delayed(hours)) as sandbox:
            sandbox.play()
            evidence = collect_evidence(sandbox)
            # otherwise the comparison would prove nothing
            problems = find_problems(sandbox, evidence)
            assert not problems, problems
            return evidence, sandbox.runs[-1].seconds


def run_trial(trial: Trial, folder: Path, clean_runs: CleanRuns) -> Verdict:
    """Carries out a trial in a new folder."""
    evidence, _ = clean_runs.run(trial.scenario, trial.hours_between * len(trial.kills))
    slow_exports = any(kill.point == "waiting" for kill in trial.kills)
    with Sandbox(folder, SCENARIOS[trial.scenario], slow_exports) as sandbox:
        sandbox.play(trial.kills, trial.hours_between)
        problems = find_problems(sandbox, evidence)
        return Verdict(sandbox.missed, problems, unused_exports(sandbox))
