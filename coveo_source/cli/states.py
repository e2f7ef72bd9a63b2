"""The words for what becomes of exports and models while a verb runs."""

from ..watching import ExportEvent, ModelsEvent
from .grids import plural

_MEGABYTE = 1_000_000


def state_text(event: ExportEvent) -> str:
    """Returns the state of an export, and how far it is."""
    if event.state == "building" and event.total:
        return f"building, {event.total / 60:,.3g} minutes at most (poll_timeout_minutes)"
    if event.state == "fetching":
        return _fetching(event.done, event.total)
    if event.state == "reading":
        return f"reading{_rows_of(event.done, event.total)}"
    if event.state in ("loading", "loaded"):
        files = f", {event.files[0]} of {plural(event.files[1], 'file')}" if event.files else ""
        return f"{event.state} {plural(event.done, 'row')}{files}"
    return "Coveo could not build it" if event.state == "failed" else event.state


def building_text(event: ModelsEvent) -> str:
    """Returns which models are being built, or are built and with how many rows."""
    if event.rows is None:
        return f"Building {', '.join(event.names)}"
    built = [f"{name} ({plural(rows, 'row')})" for name, rows in event.rows.items()]
    return f"Built {', '.join(built)}"


def seconds_text(seconds: float) -> str:
    """Returns how long something took."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _fetching(done: int, total: int | None) -> str:
    if total is None or done > total:
        return f"fetching {done / _MEGABYTE:,.1f} MB" if done else "fetching"
    size = f"{total / _MEGABYTE:,.1f} MB"
    if done == total:
        return f"fetched {size}"
    return f"fetching {done / _MEGABYTE:,.1f} of {size}" if done else f"fetching {size}"


def _rows_of(done: int, estimate: int | None) -> str:
    if estimate is None or done > estimate:
        return f" {plural(done, 'row')}" if done else ""
    if not done:
        return f" about {plural(estimate, 'row')}"
    return f" {done:,} of about {plural(estimate, 'row')}"
