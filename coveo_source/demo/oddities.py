"""What clients and the service write now and then, and what reads it has to survive."""

from typing import NamedTuple

from .visits import ON_RESULTS, Click


class WrittenCause(NamedTuple):
    """The cause of a click, as in `clickCause` (v1) and in `causeV2`."""

    v1: str | None
    v2: str | None


def written_cause(click: Click) -> WrittenCause:
    """Returns a click's cause: of a few only the newer column, of fewer none, and in any case."""
    cause = click.cause
    if click.id % 89 == 0:
        return WrittenCause(None, cause)
    if click.id % 499 == 0 and cause in ON_RESULTS:
        return WrittenCause(None, None)
    if click.id % 307 == 0:
        return WrittenCause(cause.upper(), cause)
    return WrittenCause(cause, cause)


def written_rank(click: Click) -> str:
    """Returns a click's rank: 0 for the few documents that were not in the list (inferred)."""
    return "0" if click.cause in ON_RESULTS and click.id % 151 == 0 else str(click.rank)
