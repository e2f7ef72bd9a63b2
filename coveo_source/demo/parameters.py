"""The parameters of a request for an export or an estimate, read and checked."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from ..tables import TABLES
from .dimensions import check_dimensions
from .errors import ApiError, invalid_parameter
from .filters import event_filters
from .traffic import EventFilter
from .wire import Request

_MAX_RANGE = timedelta(days=365)
"""The longest range that the Administration Console accepts; inferred for the API."""

_FORMATS = ("EXCEL", "NO_NEWLINE")
_FILTERS = ("f", "fs", "fc")

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)")
_QUERY_NAMES = {
    "commonFilters": "f",
    "searchesFilters": "fs",
    "customEventsFilters": "fc",
    "description": "d",
    "exportFormat": "format",
}
"""The query parameter for each name in a JSON body that differs from it."""

_Parameters: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Order:
    """What to export.

    start, last: the range, both inclusive
    filters: filter texts by parameter, as received
    keep: the event filter of each table that has one
    dimensions: as received; empty for all columns
    display_names: True if the CSV headers are to show display names
    """

    start: datetime
    last: datetime
    tables: tuple[str, ...]
    filters: Mapping[str, Sequence[str]]
    keep: Mapping[str, EventFilter]
    dimensions: tuple[str, ...] = ()
    filename: str | None = None
    description: str | None = None
    format: str = "EXCEL"
    display_names: bool = False

    @property
    def end(self) -> datetime:
        """The first millisecond after the range."""
        return self.last + timedelta(milliseconds=1)


def from_query(request: Request) -> Order:
    """Reads an order from the query parameters.

    Raises:
        ApiError: 400 for a missing or unusable parameter
    """
    return _order(request.query)


def from_body(request: Request) -> Order:
    """Reads an order from a JSON body.

    Raises:
        ApiError: 400 for a body that is not a JSON object, or an unusable parameter
    """
    try:
        content: object = json.loads(request.body)
    except ValueError as error:
        raise ApiError(400, "INVALID_JSON", f"The body is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise ApiError(400, "INVALID_JSON", "The body is not a JSON object.")
    return _order(
        {_QUERY_NAMES.get(str(name), str(name)): _texts(v) for name, v in content.items()}
    )


def _order(parameters: _Parameters) -> Order:
    start, last = _range(parameters)
    filters = {name: tuple(filter(None, parameters.get(name, ()))) for name in _FILTERS}
    dimensions = tuple(parameters.get("dimensions", ()))
    check_dimensions(dimensions)
    return Order(
        start=start,
        last=last,
        tables=_tables(parameters.get("tables", ())),
        filters={name: texts for name, texts in filters.items() if texts},
        keep=event_filters(filters),
        dimensions=dimensions,
        filename=_filename(_first(parameters, "filename")),
        description=_first(parameters, "d"),
        format=_format(_first(parameters, "format")),
        display_names=_boolean(parameters, "useDisplayNames"),
    )


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [v if isinstance(v, str) else json.dumps(v) for v in values]


def _first(parameters: _Parameters, name: str) -> str | None:
    return next(iter(parameters.get(name, ())), None) or None


def _range(parameters: _Parameters) -> tuple[datetime, datetime]:
    start, last = _moment(parameters, "from"), _moment(parameters, "to")
    if last < start:
        raise invalid_parameter(
            f"from ({start.isoformat()}) is later than to ({last.isoformat()})."
        )
    if last - start > _MAX_RANGE:
        raise invalid_parameter(f"The date range is longer than {_MAX_RANGE.days} days.")
    return start, last


def _moment(parameters: _Parameters, name: str) -> datetime:
    text = _first(parameters, name)
    if text is None:
        raise ApiError(400, "MISSING_PARAMETER", f"The parameter {name} is required.")
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        pass
    raise invalid_parameter(f"{name}={text} is not a date in the format YYYY-MM-DDThh:mm:ss.sssZ.")


def _tables(names: Sequence[str]) -> tuple[str, ...]:
    """Returns the tables in the order of `TABLES`; names may be in upper or lower case."""
    requested = [name.lower() for name in names]
    for name in requested:
        # ALL_EVENTS is refused, since the format of its file is not published
        if name not in TABLES:
            accepted = ", ".join(table.upper() for table in TABLES)
            raise invalid_parameter(f"Unknown table {name}; accepted are {accepted}.")
    return tuple(table for table in TABLES if table in requested or not requested)


def _filename(name: str | None) -> str | None:
    if name and not name.isascii():
        raise invalid_parameter("filename can only contain US-ASCII characters.")
    return name


def _format(name: str | None) -> str:
    if name is None:
        return "EXCEL"
    if name not in _FORMATS:
        raise invalid_parameter(f"Unknown format {name}; accepted are {' and '.join(_FORMATS)}.")
    return name


def _boolean(parameters: _Parameters, name: str) -> bool:
    text = (_first(parameters, name) or "false").lower()
    if text not in ("true", "false"):
        raise invalid_parameter(f"{name}={text} is neither true nor false.")
    return text == "true"
