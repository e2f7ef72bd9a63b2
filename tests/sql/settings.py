"""The settings of the models, for the SQL as for the reference."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from coveo_source.models.files import sql_folder

Causes = tuple[tuple[str, str], ...]
"""Causes of searches or clicks, and their kinds."""


@dataclass(frozen=True)
class Settings:
    """What a user can set, and what it is set to if they do not.

    time_zone: where days, weeks and hours begin
    gap_visits: the visits of a week from which a query can be a content gap
    model_dimensions: the dimensions that models carry along
    search_causes, click_causes: the rows of the two seeds; None for those in `sql/`
    """

    time_zone: str = "UTC"
    gap_visits: int = 3
    model_dimensions: tuple[str, ...] = ()
    search_causes: Causes | None = None
    click_causes: Causes | None = None

    def seed_rows(self, seed: str) -> Causes:
        """Returns the rows of one of the two seeds."""
        rows = {"search_causes": self.search_causes, "click_causes": self.click_causes}[seed]
        return causes_in(seed) if rows is None else rows

    @cached_property
    def search_kinds(self) -> Mapping[str, str]:
        """The kind of each cause of searches, by cause in lower case."""
        return kinds_of(self.seed_rows("search_causes"))

    @cached_property
    def click_kinds(self) -> Mapping[str, str]:
        """The kind of each cause of clicks, by cause in lower case."""
        return kinds_of(self.seed_rows("click_causes"))


def causes_in(seed: str) -> Causes:
    """Returns the rows of a file in `sql/`."""
    with (sql_folder() / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return tuple((line["action_cause"], line["kind"]) for line in csv.DictReader(file))


def kinds_of(causes: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Returns the kind of each cause; the alphabet decides if a cause is listed twice."""
    return {cause.lower(): kind for cause, kind in sorted(causes, key=lambda row: row[1])[::-1]}


DEFAULTS = Settings()
