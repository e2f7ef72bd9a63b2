"""What a request asks for: its parameters, read and checked."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from ..tables import TABLES
from .dimensions import check_dimensions
from .errors import ApiError, invalid
from .filters import keeps
from .traffic import Keep
from .wire import Request

LONGEST_RANGE = timedelta(days=365)
"""The console accepts no longer range; that the API does not either is inferred."""

FORMATS = ("EXCEL", "NO_NEWLINE")
FILTERS = ("f", "fs", "fc")

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)")
_BODY_NAMES = {
    "commonFilters": "f",
    "searchesFilters": "fs",
    "customEventsFilters": "fc",
    "description": "d",
    "exportFormat": "format",
}


Parameters: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Order:
    """What is to be exported, from `start` to `last` inclusive."""

    start: datetime
    last: datetime
    tables: tuple[str, ...]
    filters: Mapping[str, Sequence[str]]
    keep: Mapping[str, Keep]
    dimensions: tuple[str, ...] = ()
    filename: str | None = None
    description: str | None = None
    format: str = "EXCEL"
    display_names: bool = False

    @property
    def end(self) -> datetime:
        """The first moment after the range."""
        return self.last + timedelta(milliseconds=1)


def from_query(request: Request) -> Order:
    """The order in the query parameters. Raises ApiError (400) for what cannot be used."""
    return _order(request.query)


def from_body(request: Request) -> Order:
    """The order in a JSON body. Raises ApiError (400) for what cannot be used."""
    try:
        content: object = json.loads(request.body)
    except ValueError as error:
        raise ApiError(400, "INVALID_JSON", f"The body is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise ApiError(400, "INVALID_JSON", "The body is not a JSON object.")
    return _order({_BODY_NAMES.get(str(name), str(name)): _texts(v) for name, v in content.items()})


def _order(given: Parameters) -> Order:
    start, last = _range(given)
    filters = {name: tuple(filter(None, given.get(name, ()))) for name in FILTERS}
    dimensions = tuple(given.get("dimensions", ()))
    check_dimensions(dimensions)
    return Order(
        start=start,
        last=last,
        tables=_tables(given.get("tables", ())),
        filters={name: texts for name, texts in filters.items() if texts},
        keep=keeps(filters),
        dimensions=dimensions,
        filename=_filename(_single(given, "filename")),
        description=_single(given, "d"),
        format=_format(_single(given, "format")),
        display_names=_boolean(given, "useDisplayNames"),
    )


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [v if isinstance(v, str) else json.dumps(v) for v in values]


def _single(given: Parameters, name: str) -> str | None:
    return next(iter(given.get(name, ())), None) or None


def _range(given: Parameters) -> tuple[datetime, datetime]:
    start, last = _moment(given, "from"), _moment(given, "to")
    if last < start:
        raise invalid(f"from ({start.isoformat()}) is later than to ({last.isoformat()}).")
    if last - start > LONGEST_RANGE:
        raise invalid(f"The date range is longer than {LONGEST_RANGE.days} days.")
    return start, last


def _moment(given: Parameters, name: str) -> datetime:
    text = _single(given, name)
    if text is None:
        raise ApiError(400, "MISSING_PARAMETER", f"The parameter {name} is required.")
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        pass
    raise invalid(f"{name}={text} is not a date in the format YYYY-MM-DDThh:mm:ss.sssZ.")


def _tables(names: Sequence[str]) -> tuple[str, ...]:
    """Upper and lower case are accepted; the order is the catalogue's."""
    asked = [name.lower() for name in names]
    for name in asked:
        # what ALL_EVENTS looks like is not published
        if name not in TABLES:
            accepted = ", ".join(table.upper() for table in TABLES)
            raise invalid(f"Unknown table {name}; accepted are {accepted}.")
    return tuple(table for table in TABLES if table in asked or not asked)


def _filename(name: str | None) -> str | None:
    if name and not name.isascii():
        raise invalid("filename can only contain US-ASCII characters.")
    return name


def _format(name: str | None) -> str:
    if name is None:
        return "EXCEL"
    if name not in FORMATS:
        raise invalid(f"Unknown format {name}; accepted are {' and '.join(FORMATS)}.")
    return name


def _boolean(given: Parameters, name: str) -> bool:
    text = (_single(given, name) or "false").lower()
    if text not in ("true", "false"):
        raise invalid(f"{name}={text} is neither true nor false.")
    return text == "true"
