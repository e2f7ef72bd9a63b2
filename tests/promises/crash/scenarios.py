"""What the runs that are killed do, and the traffic that they load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coveo_source.demo import Traffic
from coveo_source.demo.traffic import Row
from coveo_source.tables import TABLES


@dataclass(frozen=True)
class FlawedTraffic(Traffic):
    """Traffic in which some events arrive late and some cells do not fit their type."""

    seed: int = 3
    visits_per_day: int = 25
    late_share: float = 0.1

    def rows(self, table: str, *args: Any, **options: Any) -> Iterator[Row]:
        columns = list(options["columns"])
        key = columns.index(TABLES[table].key[0])
        flawed_column = {"searches": "responseTimeMs", "clicks": "clickRank"}.get(table)
        for row in super().rows(table, *args, **options):
            if flawed_column and str(row[key])[-1] == "0":
                cells = list(row)
                cells[columns.index(flawed_column)] = f"none for {row[key]}"
                yield tuple(cells)
            else:
                yield row


@dataclass(frozen=True)
class Command:
    """One `dlt pipeline coveo run …`, or another verb.

    hours: how far the clock advances before it
    filters: what Coveo exports only; empty for all
    """

    words: Sequence[str] = ()
    hours: float = 0.0
    verb: str = "run"
    filters: str = ""


@dataclass(frozen=True)
class Scenario:
    """Commands, the last of which is killed.

    words_after_kill: the words with which it is run again; None for the same ones
    erased: a text of which no byte is left in the end
    """

    name: str
    commands: tuple[Command, ...]
    words_after_kill: Sequence[str] | None = None
    settings: tuple[tuple[str, str], ...] = ()
    erased: str = ""

    def delayed(self, hours: float) -> "Scenario":
        """Returns the scenario with its last command some hours later."""
        *others, last = self.commands
        return replace(self, commands=(*others, replace(last, hours=last.hours + hours)))

    def last_words(self, kills: int) -> Sequence[str]:
        """Returns the words of the last command after so many kills."""
        if kills and self.words_after_kill is not None:
            return self.words_after_kill
        return self.commands[-1].words


_FULL_REFRESH = (
    Command(("--from", "2026-03-06", "--no-models")),
    Command(("--full-refresh", "--window-days", "3"), hours=30),
)

_PERSON = "ann.lee0@example.com"
"""Somebody who searched, clicked and rated in these days."""

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("first run", (Command(("--from", "2026-03-09")),)),
        Scenario("several windows", (Command(("--from", "2026-03-04", "--window-days", "3")),)),
        Scenario("second run", (Command(("--from", "2026-03-07")), Command(hours=30))),
        Scenario(
            "tables added",
            (
                Command(("--from", "2026-03-07", "--tables", "searches", "clicks", "--no-models")),
                Command(hours=30),
            ),
        ),
        Scenario(
            "without look-back",
            (Command(("--from", "2026-03-09")), Command(hours=6)),
            settings=(("SOURCES__COVEO_SOURCE__LOOKBACK_DAYS", "0"),),
        ),
        Scenario(
            "backfill",
            (
                Command(("--from", "2026-03-09")),
                Command(("--from", "2026-03-01", "--to", "2026-03-09", "--window-days", "2")),
            ),
        ),
        Scenario(
            "replace",
            (
                Command(("--from", "2026-03-04")),
                Command(
                    "--from 2026-03-04 --to 2026-03-10 --window-days 3 --replace".split(),
                    filters="deviceCategory!='Bot'",
                ),
            ),
        ),
        Scenario(
            "erase",
            (
                Command(("--from", "2026-03-08")),
                Command(("--user-name", _PERSON, "--yes"), verb="erase"),
            ),
            erased=_PERSON,
        ),
        Scenario("full refresh", _FULL_REFRESH),
        Scenario(
            "full refresh, continued without",
            _FULL_REFRESH,
            words_after_kill=("--window-days", "3"),
        ),
    )
}
