"""Signs that an export is not whole, although nothing about it is wrong in itself.

Its file may lack rows that Coveo expected, and Coveo's answer may describe another export than was
asked for. An estimate is only an estimate, so a few rows more or less are no sign.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta

from ..api import CoveoClient
from ..exceptions import CoveoSourceError, IncompleteExport
from ..exports import short_time
from ..setting_values import iso_time
from ..signals import interruptible
from .audit import FetchedExport
from .plan import estimates_of

_FEWEST_EXPECTED = 10
"""Of a table with fewer expected rows none may come."""
_LEAST_SHARE = 0.5
"""Fewer rows than this share of those expected are a sign."""
_LEAST_LACK = 100
"""Rows that have to lack for that, unless all do."""
_SLACK = timedelta(seconds=1)
"""In Coveo's documented example the end of a day is repeated a millisecond early."""


def check_whole(fetched: FetchedExport, client: CoveoClient, strict: bool) -> None:
    """Tells what is strange about an export whose file was read, and writes it into `fetched`.

    Raises:
        IncompleteExport: with `strict`
    """
    fetched.signs = [*_of_answer(fetched), *_of_rows(fetched, client)]
    if not fetched.signs:
        return
    if strict:
        raise IncompleteExport(str(fetched.export), fetched.signs)
    start, end = map(iso_time, fetched.step.window)
    client.say(
        f"{fetched.export} may not be whole: {'; '.join(fetched.signs)}. It is loaded as it is. To"
        f" load this window again, run with --from {start} --to {end}."
    )


def _of_answer(fetched: FetchedExport) -> Iterator[str]:
    """Yields how Coveo's description of an export differs from what was asked for."""
    request, echo = fetched.step.request, fetched.export.echo
    first, last = echo.first or request.window.start, echo.last or request.window.end
    if first > request.window.start + _SLACK or last < request.window.end - _SLACK:
        covered = f"{short_time(first)} to {short_time(last)}"
        yield f"Coveo says that it covers {covered}, not {request.window}"
    if echo.tables and (lacking := [name for name in request.tables if name not in echo.tables]):
        yield f"Coveo says that it is without {', '.join(lacking)}"
    if echo.has_filters is not None and echo.has_filters is not bool(request.filters):
        yield (
            "Coveo names none of the filters that were set"
            if request.filters
            else "Coveo names a filter, but none was set"
        )


def _of_rows(fetched: FetchedExport, client: CoveoClient) -> Iterator[str]:
    """Yields what the file lacks."""
    for table, expected in _expected(fetched, client).items():
        counts = fetched.counts.get(table)
        if counts is None:
            continue
        if not counts.records and expected >= _FEWEST_EXPECTED:
            what = "no file" if table in fetched.without_file else "no rows"
            yield f"{table} has {what}, but Coveo expected {expected:,} rows"
        elif counts.records < expected * _LEAST_SHARE and expected - counts.records >= _LEAST_LACK:
            yield f"{table} has {counts.records:,} rows, but Coveo expected {expected:,}"


def _expected(fetched: FetchedExport, client: CoveoClient) -> Mapping[str, int]:
    """Returns the estimated rows by table; asks for them only if an earlier run left the export."""
    if fetched.step.estimates is not None:
        return fetched.step.estimates
    with suppress(CoveoSourceError), interruptible():
        return estimates_of(fetched.step.request, client)
    return {}
