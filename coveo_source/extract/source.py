"""The source as dlt sees it: its resources belong together, whatever is selected."""

from typing import Literal

from dlt.extract import DltSource

from ..tables import EXPORTS, REJECTED, REMOVED

_OF_EVERY_LOAD = (EXPORTS, REJECTED, REMOVED)
"""Without them nobody can tell later what a load has brought, and what it could not read."""


class CoveoSource(DltSource):
    """Coveo's tables, and those that say of every load what became of it."""

    def clone(self, with_name: str | None = None) -> "CoveoSource":
        """Returns a copy."""
        schema = self.schema.clone(with_name=with_name)
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
