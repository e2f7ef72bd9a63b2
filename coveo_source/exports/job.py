"""Export requests: finds the export that a request asks for on the server, or creates it.

The server's list of exports is the only record of them. The description of each export of ours
names its owner and carries a fingerprint of its content, so that it is found again after a crash.
"""

import hashlib
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

from ..api import LONGEST_PAUSE, PATIENCE, CoveoClient, pause
from ..exceptions import ApiError, CoveoSourceError, ServiceUnreachable, UnknownAnswer
from ..settings import Settings
from .export import Export
from .window import Window, wire_time

CREATE_TRIES = 4
FIRST_PAUSE = 1.0
"""Seconds between the first two tries to create an export; each later pause is twice as long."""
_LONGEST_QUERY = 4_000
"""Characters of filters and dimensions that still fit into a query; more are sent in a body."""


class ExportOwner(NamedTuple):
    """The dataset that an export is for; others do not touch its exports.

    pipeline, dataset: their names, for people to read
    dataset_id: tells datasets of one name apart; empty in the exports of early versions
    is_former: whether an early version loaded the dataset, so that its exports are ours too
    """

    pipeline: str
    dataset: str
    dataset_id: str = ""
    is_former: bool = False

    @property
    def all(self) -> "list[ExportOwner]":
        """This owner, and what early versions called it."""
        former = ExportOwner(self.pipeline, self.dataset)
        return [self, former] if self.is_former else [self]

    @property
    def tag(self) -> str:
        """The beginning of the description of every export of this owner."""
        place = f"@{self.dataset_id}" if self.dataset_id else ""
        return f"coveo_source {self.pipeline}/{self.dataset}{place} #"

    @property
    def identity(self) -> tuple[str, ...]:
        """What the fingerprint of an export contains of its owner."""
        return tuple(filter(None, (self.pipeline, self.dataset, self.dataset_id)))


@dataclass(frozen=True)
class ExportRequest:
    """What an export has to contain.

    dimensions: API names of the columns to export; empty for all
    outdated: ids of exports that must not be used, since what they hold may have changed
    """

    window: Window
    tables: tuple[str, ...]
    owner: ExportOwner
    settings: Settings
    dimensions: tuple[str, ...] = ()
    outdated: frozenset[str] = frozenset()

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters that are set, by their query parameters."""
        filters = {
            "f": self.settings.filters,
            "fs": self.settings.search_filters,
            "fc": self.settings.custom_event_filters,
        }
        return {name: values for name, values in filters.items() if values}

    @property
    def fingerprint(self) -> str:
        """A hash of everything that determines the rows and files of the export."""
        content = {
            "host": self.settings.host,
            "org": self.settings.org,
            # another name would change the fingerprints of exports that are on the server
            "ledger": self.owner.identity,
            **self.window.wire,
            "tables": sorted(self.tables),
            "dimensions": sorted(self.dimensions),
            "format": self.settings.export_format,
            **self.filters,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]

    @property
    def description(self) -> str:
        """The owner's tag, the fingerprint and the window; and the tables, for people to read.

        The window is included because Coveo may not echo it exactly: in its documented example,
        the end of a day is a millisecond early.
        """
        start, end = map(wire_time, self.window)
        return f"{self.owner.tag}{self.fingerprint} {start}/{end} {' '.join(self.tables)}"

    @property
    def estimate_query(self) -> dict[str, Sequence[str] | str]:
        """The query parameters of `GET /exports/estimate`."""
        return {**self.window.wire, "tables": self.tables, **self.filters}

    @property
    def query(self) -> dict[str, Sequence[str] | str]:
        """The query parameters of `POST /exports`."""
        return {
            **self.estimate_query,
            "d": self.description,
            "format": self.settings.export_format,
            "useDisplayNames": "false",
            **({"dimensions": self.dimensions} if self.dimensions else {}),
        }

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of `POST /exports/create`, which asks for the same as `query`."""
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
        """Creates the export, even if there is one already."""
        texts = [*self.dimensions, *chain.from_iterable(self.filters.values())]
        if sum(map(len, texts)) > _LONGEST_QUERY:
            return Export.parse(client.create_export_from_body(self.body))
        return Export.parse(client.create_export(self.query))

    def matches(self, export: Export) -> bool:
        """Returns True if an export was created from this request and can still be used."""
        requests = [replace(self, owner=owner) for owner in self.owner.all]
        beginnings = tuple(f"{each.owner.tag}{each.fingerprint} " for each in requests)
        is_usable = export.is_alive and export.id not in self.outdated
        return is_usable and export.description.startswith(beginnings)


def owned_by(exports: Iterable[Export], owner: ExportOwner) -> list[Export]:
    """Returns the exports of an owner."""
    tags = tuple(each.tag for each in owner.all)
    return [export for export in exports if export.description.startswith(tags)]


def adopt_or_create(request: ExportRequest, client: CoveoClient) -> Export:
    """Returns the export that a request asks for, and creates it if there is none.

    Looks for it again after every failed creation, so that a creation whose answer was lost does
    not lead to a second export.
    """
    begun = time.monotonic()
    for attempt in range(CREATE_TRIES):
        if export := _existing(request, client):
            return export
        try:
            return request.create(client)
        except (ApiError, ServiceUnreachable, UnknownAnswer) as error:
            is_last = attempt == CREATE_TRIES - 1 or time.monotonic() - begun > PATIENCE
            # what Coveo refuses, it has not created
            if is_last or (isinstance(error, ApiError) and 400 <= error.status < 500):
                raise
            _pause_before_creating(request, client, attempt, error)
    raise AssertionError("unreachable: the last try returns or raises")


def _pause_before_creating(
    request: ExportRequest, client: CoveoClient, attempt: int, error: CoveoSourceError
) -> None:
    asked, what = None, "no usable answer"
    if isinstance(error, ApiError):
        asked, what = error.retry_after, f"HTTP {error.status}"
    back_off = FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311
    seconds = min(asked or back_off, LONGEST_PAUSE)
    pause(seconds, f"The export of {request.window} may not have been created ({what})", client.say)


def _existing(request: ExportRequest, client: CoveoClient) -> Export | None:
    """Returns the latest export of a request, preferably one that has its file."""
    matching = [export for export in map(Export.parse, client.exports()) if request.matches(export)]
    return max(
        matching, key=lambda export: (export.status == "AVAILABLE", export.created), default=None
    )
