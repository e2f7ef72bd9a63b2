"""One export job on Coveo's side: adopted or created, waited for, deleted.

The server's list is the only ledger. An export of ours says in its description who it belongs
to and, as a fingerprint, exactly what it holds; so after a crash it is found and used again.
"""

import hashlib
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..api.client import CoveoClient
from ..exceptions import ApiError, ServiceUnreachable
from ..settings import Settings
from .export import Export, is_alive
from .window import Window, WindowTables, wire_time

CREATE_TRIES = 4
FIRST_PAUSE = 1.0
"""Seconds between the first two attempts to create an export; each later pause is twice as long."""
LONGEST_QUERY = 4_000
"""Characters of filters that still go into the query of a request; more go into a body."""


class ExportOwner(NamedTuple):
    """Whose exports are ours: one pipeline's, into one dataset.

    Another pipeline on the same organization has its own, and neither touches the other's.
    """

    pipeline: str
    dataset: str

    @property
    def tag(self) -> str:
        """How the description of each of our exports begins."""
        return f"coveo_source {self.pipeline}/{self.dataset} #"


@dataclass(frozen=True)
class ExportRequest:
    """What an export of one due window has to hold."""

    part: WindowTables
    owner: ExportOwner
    settings: Settings
    dimensions: tuple[str, ...] = ()

    @property
    def window(self) -> Window:
        """The window that the export covers."""
        return self.part.window

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it is to hold."""
        return self.part.tables

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters by the names that the query gives them, where there are any."""
        named = {
            "f": self.settings.filters,
            "fs": self.settings.search_filters,
            "fc": self.settings.custom_event_filters,
        }
        return {name: values for name, values in named.items() if values}

    @property
    def fingerprint(self) -> str:
        """Changes with everything that changes the rows or the files of the export."""
        parts = {
            "host": self.settings.host,
            "org": self.settings.org,
            "ledger": self.owner,
            **self.window.wire,
            "tables": sorted(self.tables),
            "dimensions": sorted(self.dimensions),
            "format": self.settings.export_format,
            **self.filters,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]

    @property
    def description(self) -> str:
        """Tag, fingerprint and window for us; who reads it in Coveo's console sees the tables too.

        The window stands here because Coveo may not echo it exactly: in its documented example
        the end of a midnight is a millisecond early.
        """
        start, end = map(wire_time, self.window)
        return f"{self.owner.tag}{self.fingerprint} {start}/{end} {' '.join(self.tables)}"

    @property
    def estimate_query(self) -> dict[str, Sequence[str] | str]:
        """The parameters of an estimate of this job."""
        return {**self.window.wire, "tables": self.tables, **self.filters}

    @property
    def query(self) -> dict[str, Sequence[str] | str]:
        """The parameters that create the export."""
        return {
            **self.estimate_query,
            "d": self.description,
            "format": self.settings.export_format,
            "useDisplayNames": "false",
            **({"dimensions": self.dimensions} if self.dimensions else {}),
        }

    @property
    def body(self) -> dict[str, Any]:
        """The same as a JSON body."""
        return {
            **self.window.wire,
            "tables": [table.upper() for table in self.tables],
            "commonFilters": list(self.settings.filters),
            "searchesFilters": list(self.settings.search_filters),
            "customEventsFilters": list(self.settings.custom_event_filters),
            "description": self.description,
            "dimensions": list(self.dimensions),
            "exportFormat": self.settings.export_format,
            "useDisplayNames": False,
        }

    def create(self, client: CoveoClient) -> Export:
        """Creates the export, whatever is there already."""
        long = sum(len(text) for texts in self.filters.values() for text in texts) > LONGEST_QUERY
        if long:
            return Export.parse(client.create_export_from_body(self.body))
        return Export.parse(client.create_export(self.query))

    def made_by(self, export: Export) -> bool:
        """Whether an export is this job's, and of use."""
        return is_alive(export) and export.description.startswith(
            f"{self.owner.tag}{self.fingerprint} "
        )


def ours(exports: Iterable[Export], owner: ExportOwner) -> list[Export]:
    """The exports that this pipeline made."""
    return [export for export in exports if export.description.startswith(owner.tag)]


def adopt_or_create(request: ExportRequest, client: CoveoClient) -> Export:
    """The export of a request: the one that is there, or else a new one.

    Looks again after every refusal that may have come too late, so that a request whose answer
    was lost does not make a second export.
    """
    for attempt in range(CREATE_TRIES):
        found = [
            export for export in map(Export.parse, client.exports()) if request.made_by(export)
        ]
        if found:
            return max(found, key=lambda export: (export.status == "AVAILABLE", export.made))
        try:
            return request.create(client)
        except (ApiError, ServiceUnreachable) as error:
            may_exist = isinstance(error, ServiceUnreachable) or error.status >= 500
            if not may_exist or attempt == CREATE_TRIES - 1:
                raise
            time.sleep(FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311
    raise AssertionError("unreachable: the last try returns or raises")
