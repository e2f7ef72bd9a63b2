"""How long a run of several windows will still take."""

from collections.abc import Sequence

from ..extract import PlannedExport


def remaining_seconds(
    done: Sequence[PlannedExport], left: Sequence[PlannedExport], seconds: float
) -> float | None:
    """Returns about how many seconds the windows that are left will take; None if nobody can tell.

    A window counts by the rows that Coveo expects in it; one of which that is not known, because
    its export was there before, like the average of the others.

    seconds: how long those that are done have taken
    """
    known = [step.estimate for step in (*done, *left) if step.estimate is not None]
    average = sum(known) / len(known) if known else 1.0
    # requests and transactions take their time even if there is hardly a row
    least = max(average / 10, 1.0)

    def weight(steps: Sequence[PlannedExport]) -> float:
        rows = (average if step.estimate is None else step.estimate for step in steps)
        return sum(max(each, least) for each in rows)

    return seconds * weight(left) / weight(done) if done else None


def remaining_text(seconds: float | None) -> str:
    """Returns the same in words, with a comma before; nothing if nobody can tell."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f", about {max(round(seconds), 1)} s left"
    if seconds < 90 * 60:
        return f", about {seconds / 60:.0f} min left"
    return f", about {seconds / 3600:.1f} h left"
