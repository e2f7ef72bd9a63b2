"""One trial: a scenario, killed here and there, beside the same without a kill."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from tests.promises.crash.check import Evidence, evidence_of, problems, unloaded
from tests.promises.crash.points import Kill
from tests.promises.crash.trials import SCENARIOS, Workshop


@dataclass(frozen=True)
class Trial:
    """What is to be tried.

    hours_between: how far the clock goes on after each kill
    """

    scenario: str
    kills: tuple[Kill, ...]
    hours_between: float = 0.0

    def __str__(self) -> str:
        clock = f", {self.hours_between:g} h after each" if self.hours_between else ""
        return f"{self.scenario}, killed at {'; '.join(map(str, self.kills))}{clock}"


@dataclass(frozen=True)
class Verdict:
    """What came of a trial.

    missed: kills whose point was never reached
    unloaded: exports that were created and thrown away unused, as far as that can be told
    """

    missed: list[Kill]
    problems: list[str]
    unloaded: set[str]


class Clean:
    """What clean runs leave, and how long the last command takes (s); each is run once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, float], tuple[Evidence, float]] = {}
        self._locks: dict[tuple[str, float], Lock] = {}
        self._lock = Lock()

    def run(self, scenario: str, hours: float = 0.0) -> tuple[Evidence, float]:
        """A scenario without a kill, whose last command runs some hours later."""
        with self._lock:
            mine = self._locks.setdefault((scenario, hours), Lock())
        with mine:
            if (scenario, hours) not in self._known:
                self._known[scenario, hours] = self._run(scenario, hours)
            return self._known[scenario, hours]

    def _run(self, scenario: str, hours: float) -> tuple[Evidence, float]:
        folder = self._folder / f"{scenario} {hours:g}"
        with Workshop(folder, SCENARIOS[scenario].later(hours)) as shop:
            shop.play()
            evidence = evidence_of(shop)
            # else the comparison would prove nothing
            assert not problems(shop, evidence), problems(shop, evidence)
            return evidence, shop.runs[-1].seconds


def judge(trial: Trial, folder: Path, clean: Clean) -> Verdict:
    """Carries out a trial in a folder of its own."""
    evidence, _ = clean.run(trial.scenario, trial.hours_between * len(trial.kills))
    patient = any(kill.point == "waiting" for kill in trial.kills)
    with Workshop(folder, SCENARIOS[trial.scenario], patient) as shop:
        shop.play(trial.kills, trial.hours_between)
        found = problems(shop, evidence)
        return Verdict(shop.missed, found, unloaded(shop))
