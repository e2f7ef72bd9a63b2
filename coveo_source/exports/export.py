"""An export as Coveo's API describes it.

Source: the answers of `GET /exports`, `GET /exports/{exportId}` and `POST /exports`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ..exceptions import UnknownAnswer
from .window import LAST_INSTANT, Window


@dataclass(frozen=True)
class Export:
    """An export on Coveo's side.

    status: in upper case; PENDING, AVAILABLE, FAILED, EXPIRED or one that is new to us
    window: taken from the description if we wrote it, else from Coveo's `from` and `to`
    tables: in lower case; empty if Coveo does not name them
    created: when Coveo started it; events that arrived later are not in it
    size: bytes of its file; 0 if Coveo does not say
    """

    id: str
    status: str
    description: str
    window: Window
    tables: tuple[str, ...]
    created: datetime
    size: int

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> "Export":
        """Reads an export object of the API.

        Raises:
            UnknownAnswer: if the answer is not an export object
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
            window=_described_window(description)
            or Window(_from_epoch(answer["from"]), _from_epoch(answer["to"]) + LAST_INSTANT),
            tables=tuple(table.lower() for table in answer.get("tables") or ()),
            created=_from_epoch(answer["startDate"]),
            size=int(answer.get("size") or 0),
        )

    @property
    def is_alive(self) -> bool:
        """True if the export has a file or may still get one."""
        return self.status in ("PENDING", "AVAILABLE")

    def __str__(self) -> str:
        return f"The export {self.id} of {self.window}"


def _described_window(description: str) -> Window | None:
    """Returns the window in a description; None if it is not one of ours."""
    time = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z"
    match = re.fullmatch(rf"coveo_source \S+/\S+ #\w+ {time}/{time} .*", description)
    try:
        start, end = map(datetime.fromisoformat, match.groups() if match else ())
    except ValueError:
        return None
    return Window(start.replace(tzinfo=timezone.utc), end.replace(tzinfo=timezone.utc))


def _from_epoch(milliseconds: float) -> datetime:
    """Converts Coveo's epoch milliseconds to a UTC datetime."""
    return datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=milliseconds)
