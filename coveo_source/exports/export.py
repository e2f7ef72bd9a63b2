"""An export as Coveo's API describes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ..exceptions import UnknownAnswer
from .window import LAST_INSTANT, Window


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


def is_alive(export: Export) -> bool:
    """Whether an export has a file, or will have one."""
    return export.status in ("PENDING", "AVAILABLE")
