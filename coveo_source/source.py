"""The source and its resources as dlt sees them: they belong together, whatever is selected."""

from collections.abc import Generator
from typing import Any, Literal, NoReturn

from dlt.extract import DltResource, DltSource

from .exceptions import SourceMisused
from .tables import EXPORTS, REJECTED, REMOVED

_OF_EVERY_LOAD = (EXPORTS, REJECTED, REMOVED)
"""Without them nobody can tell later what a load has brought, and what it could not read."""


class CoveoResource(DltResource):
    """One of the source's tables, whose rows come from exports that it shares with the others."""

    def __iter__(self) -> Generator[Any, None, None]:
        """Raises SourceMisused."""
        _refuse_iteration(f"coveo_source().{self.name}")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises SourceMisused."""
        raise SourceMisused(
            f"{self.name} takes no arguments. What it loads is a setting of the source:"
            " coveo_source(from_date=…, to_date=…)."
        )

    def apply_hints(self, *args: Any, **kwargs: Any) -> Any:
        """Applies hints as dlt does, but for `incremental`.

        Raises:
            SourceMisused: if that is among them
        """
        if kwargs.get("incremental") is not None:
            raise SourceMisused(
                f"The cursor of {self.name} follows the exports, so it cannot be replaced by"
                " apply_hints. What is loaded is a setting of the source:"
                " coveo_source(from_date=…, to_date=…, lookback_days=…)."
            )
        return super().apply_hints(*args, **kwargs)


class CoveoSource(DltSource):
    """Coveo's tables, and those that say of every load what became of it."""

    def __iter__(self) -> Generator[Any, None, None]:
        """Raises SourceMisused."""
        _refuse_iteration("coveo_source()")

    def clone(self, with_name: str | None = None) -> "CoveoSource":
        """Returns a copy."""
        schema = self.schema.clone(with_name or self.schema.name)
        return CoveoSource(schema, self.section, list(self.resources.values()))

    def with_resources(self, *resource_names: str) -> "CoveoSource":
        """Returns a source that loads some tables only, each load with its audit trail."""
        source = self.clone()
        always = [name for name in _OF_EVERY_LOAD if name in self.resources]
        source.resources.select(*dict.fromkeys((*resource_names, *always)))
        return source

    def decompose(self, strategy: Literal["none", "scc"]) -> list[DltSource]:
        """Returns the source as it is, since its tables share their exports."""
        return [self]


def check_use(source: DltSource) -> None:
    """Checks that the source runs as a whole.

    source: the one that dlt extracts

    Raises:
        SourceMisused: if it runs without its audit trail, such as a resource by itself
    """
    selected = source.selected_resources
    if missing := [name for name in _OF_EVERY_LOAD if name not in selected]:
        raise SourceMisused(
            f"Nothing is loaded without {', '.join(missing)}, which say of every load what became"
            " of it. To load some tables only, run the source with them:"
            ' pipeline.run(coveo_source().with_resources("clicks")).'
        )


def _refuse_iteration(what: str) -> NoReturn:
    raise SourceMisused(
        f"The rows of {what} cannot be read in a loop: they come from exports, which only a"
        " pipeline creates and deletes. Load them, for example into DuckDB, and read them there:"
        ' dlt.pipeline("coveo", destination="duckdb", dataset_name="coveo_ua").run(coveo_source()).'
    )
