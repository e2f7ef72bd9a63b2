"""One export job on Coveo's side: adopted or created, waited for, deleted.

The server's list is the only ledger. An export of ours says in its description who it belongs
to and, as a fingerprint, exactly what it holds; so after a crash it is found and used again.
"""

import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from ..api.client import CoveoClient
from ..exceptions import (
    ApiError,
    ExportExpired,
    ExportFailed,
    ExportNotFound,
    ExportTimedOut,
    ServiceUnreachable,
    UnknownAnswer,
    UnknownStatus,
)
from ..settings import Settings
from .window import LAST_INSTANT, Window, WindowTables, wire_time

FIRST_WAIT = 0.3
LONGEST_WAIT = 30.0
CREATE_TRIES = 4
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
class Export:
    """An export as the server describes it.

    window: `[start, end)`, as our description has it or else as the server echoes it
    made: when it was started; events that arrived later are not in it
    """

    id: str
    status: str
    description: str
    window: Window
    tables: tuple[str, ...]
    made: datetime
    size: int

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> "Export":
        """Reads an export object of the API.

        Raises:
            UnknownAnswer: if it is none
        """
        try:
            return cls._parse(answer)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise UnknownAnswer("read an export", f"{type(error).__name__} {error}") from error

    @classmethod
    def _parse(cls, answer: Mapping[str, Any]) -> "Export":
        description = answer.get("description") or ""
        return cls(
            id=answer["id"],
            status=str(answer["status"]).upper(),
            description=description,
            window=window_in(description)
            or Window(from_epoch(answer["from"]), from_epoch(answer["to"]) + LAST_INSTANT),
            tables=tuple(table.lower() for table in answer.get("tables") or ()),
            made=from_epoch(answer["startDate"]),
            size=int(answer.get("size") or 0),
        )

    def __str__(self) -> str:
        return f"The export {self.id} of {self.window}"


def window_in(description: str) -> Window | None:
    """The window that a description of ours names; None for another's."""
    time = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z"
    match = re.fullmatch(rf"coveo_source \S+/\S+ #\w+ {time}/{time} .*", description)
    try:
        start, end = map(datetime.fromisoformat, match.groups() if match else ())
    except ValueError:
        return None
    return Window(start.replace(tzinfo=timezone.utc), end.replace(tzinfo=timezone.utc))


def from_epoch(milliseconds: float) -> datetime:
    """An instant from Coveo's epoch milliseconds."""
    return datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=milliseconds)


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


def is_alive(export: Export) -> bool:
    """Whether an export has a file, or will have one."""
    return export.status in ("PENDING", "AVAILABLE")


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
            time.sleep(min(2.0**attempt, LONGEST_WAIT) * random.uniform(0.5, 1.5))  # noqa: S311
    raise AssertionError("unreachable: the last try returns or raises")


def wait(
    export: Export,
    client: CoveoClient,
    timeout: timedelta,
    on_wait: Callable[[float], None] = lambda seconds: None,
    pause: Callable[[float], None] | None = None,
) -> Export:
    """Polls until the file is there, ever less often.

    on_wait: called before each pause with the seconds waited so far
    pause: sleeps so many seconds, or raises where nobody waits any more

    Raises:
        ExportFailed, ExportExpired, ExportTimedOut, UnknownStatus: no file will come
    """
    started = time.monotonic()
    length = FIRST_WAIT
    while export.status == "PENDING":
        waited = time.monotonic() - started
        if waited > timeout.total_seconds():
            raise ExportTimedOut(
                str(export),
                f"is still being built after {waited / 60:.0f} minutes",
                "It is kept: run again and it is used as soon as it is there, or raise"
                " poll_timeout_minutes.",
            )
        on_wait(waited)
        (pause or time.sleep)(min(length, max(timeout.total_seconds() - waited, 0) + 0.1))
        length = min(length * 1.5, LONGEST_WAIT)
        export = reread(export, client)
    if export.status != "AVAILABLE":
        raise terminal_error(export)
    return export


def reread(export: Export, client: CoveoClient) -> Export:
    """The export as it is now."""
    try:
        return Export.parse(client.export(export.id))
    except ExportNotFound as error:
        raise ExportExpired(
            str(export), "is gone", "Somebody deleted it. Run again and a new one is made."
        ) from error


def terminal_error(export: Export) -> Exception:
    """The error for a status from which no file comes."""
    if export.status == "FAILED":
        return ExportFailed(
            str(export),
            "ended as FAILED, and Coveo does not say why",
            "Run again; if it fails again, ask Coveo's support about this id.",
        )
    if export.status == "EXPIRED":
        return ExportExpired(str(export), "is EXPIRED", "Run again and a new one is made.")
    return UnknownStatus(
        str(export),
        f"has the status {export.status!r}, which this version does not know",
        "Look for a newer version of coveo-source, and report the status if there is none.",
    )
