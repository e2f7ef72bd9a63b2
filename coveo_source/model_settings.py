"""The settings of the models: what a day is, what counts as what, and what to slice by.

They are under `[sources.coveo_source]` like all others, but not parameters of the source: what is
loaded does not depend on them. A change rebuilds the models that depend on it.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.normalizers.naming.snake_case import NamingConvention

from .exceptions import SettingError
from .setting_values import between, resolved, words
from .settings import Words

SEARCH_CAUSES = "search_causes"
CLICK_CAUSES = "click_causes"
CAUSE_KINDS = {
    SEARCH_CAUSES: ("manual", "automatic", "refinement"),
    CLICK_CAUSES: ("opened", "quick_viewed", "cited", "attached", "recommended", "other"),
}
"""What the causes of searches and of clicks can count as, by the seed that says so."""

_HEADER = ["action_cause", "kind"]
_ZONE = re.compile(r"[A-Za-z0-9_+/-]+")
_COLUMN = re.compile(r"[a-z_][a-z0-9_]*")


@configspec
class ModelConfiguration(BaseConfiguration):
    """The settings of the models as dlt reads them; `docs/settings.md` is made from them.

    time_zone: the time zone of all days, weeks and hours, by its name in the IANA database, such as
        `America/Montreal`
    gap_visits: the least number of visits in a week in which a query can be in `content_gaps`
    model_dimensions: dimensions that are carried into the models, to slice their measures by, such
        as `["c_product"]`
    search_causes: a CSV file `action_cause,kind` with causes of searches beside those of the
        package, and the kinds that they count as; relative to the current folder
    click_causes: the same for causes of clicks
    """

    time_zone: str = "UTC"
    gap_visits: int = 3
    model_dimensions: Words | None = None
    search_causes: str | None = None
    click_causes: str | None = None


@dataclass(frozen=True)
class ModelSettings:
    """The settings of the models, checked.

    model_dimensions: as columns of the dataset, once `with_columns` has found them
    causes: by seed, the causes of the user's own lists with their kinds
    """

    time_zone: str = "UTC"
    gap_visits: int = 3
    model_dimensions: tuple[str, ...] = ()
    causes: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()

    def with_columns(self, columns: Mapping[str, str]) -> "ModelSettings":
        """Returns the settings with the columns of dimensions instead of their API names.

        columns: the column of each dimension by API name; all others are called as usual
        """
        plain = NamingConvention().normalize_identifier
        named = dict.fromkeys(columns.get(name) or plain(name) for name in self.model_dimensions)
        return replace(self, model_dimensions=tuple(named))

    def own_causes(self, seed: str) -> dict[str, str]:
        """Returns the causes of a user's own list, each with its kind."""
        return dict(dict(self.causes).get(seed, ()))


DEFAULTS = ModelSettings()


def read_model_settings() -> ModelSettings:
    """Returns the settings of the models from configuration and environment.

    Raises:
        SettingError: for the first value that is not accepted
    """
    config = resolved(ModelConfiguration(), {})
    files = {SEARCH_CAUSES: config.search_causes, CLICK_CAUSES: config.click_causes}
    return ModelSettings(
        time_zone=_time_zone(config.time_zone),
        gap_visits=int(between("gap_visits", config.gap_visits, 1, 1_000_000)),
        model_dimensions=words("model_dimensions", config.model_dimensions),
        causes=tuple((seed, tuple(_causes_in(seed, file))) for seed, file in files.items() if file),
    )


def _time_zone(name: str) -> str:
    """Returns the name of a time zone that exists."""
    try:
        if not _ZONE.fullmatch(name):
            raise ValueError
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise SettingError(
            "time_zone",
            name,
            "Write a name of the IANA time zone database, such as UTC or America/Montreal.",
        ) from None
    return name


def _causes_in(seed: str, file: str) -> Iterator[tuple[str, str]]:
    """Yields the causes of a file with their kinds; a SettingError if it cannot be used."""
    kinds = CAUSE_KINDS[seed]
    wanted = f"Write a CSV file with the header {','.join(_HEADER)}; kinds: {', '.join(kinds)}."
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
    except OSError as error:
        problem = f"It cannot be read: {error.strerror or error}."
        raise SettingError(seed, file, f"{problem} {wanted}") from None
    except (UnicodeDecodeError, csv.Error):
        raise SettingError(seed, file, f"It is not a CSV file in UTF-8. {wanted}") from None
    if not rows or [cell.strip() for cell in rows[0]] != _HEADER:
        raise SettingError(seed, file, f"Its first line is not the header. {wanted}")
    seen: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        is_named = bool(cells[0]) and cells[0].isprintable()
        if len(cells) != 2 or not is_named or cells[1] not in kinds:
            raise SettingError(seed, file, f"Line {number} is {','.join(row)}. {wanted}")
        if seen.setdefault(cells[0].lower(), cells[1]) != cells[1]:
            raise SettingError(seed, file, f"Line {number} gives {cells[0]} another kind. {wanted}")
        yield cells[0], cells[1]
