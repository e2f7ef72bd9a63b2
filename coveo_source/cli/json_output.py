"""What the verbs print with `--json`: one object each, for programs.

docs/json.md says what each field means, and a test holds it against what is really printed. A field
may be added; one that changes its meaning, or goes, makes `version` greater.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlt.common.configuration.exceptions import ConfigurationException

from ..causes import causes, find_cause
from ..exceptions import CoveoSourceError
from ..exports import Window
from ..extract import Counts, FetchedExport, Plan, PlannedExport
from ..scrubbing import scrubbed
from ..setting_values import iso_time
from ..signals import find_signal
from ..tables import TABLES
from .summary import Outcome, error_text, notices

FORMAT = 1
"""The version of the format of all objects."""

_Object = dict[str, Any]


def json_object(verb: str, **fields: Any) -> _Object:
    """Returns the object of a verb that has done what it was asked to do."""
    return {"version": FORMAT, "verb": verb, "error": None, **fields}


def error_json(verb: str, error: BaseException, code: int) -> _Object:
    """Returns the object of a verb that failed.

    code: its exit code
    """
    problem = {"kind": _kind(error), "message": error_text(error)}
    return {"version": FORMAT, "verb": verb, "error": problem, "exit_code": code}


def as_text(found: Mapping[str, Any]) -> str:
    """Returns an object as one line of JSON, without secrets."""
    return json.dumps(scrubbed(dict(found)), ensure_ascii=False)


def as_bounds(window: Window) -> dict[str, str]:
    """Returns the bounds of a window; `to` is not part of it."""
    return {"from": iso_time(window.start), "to": iso_time(window.end)}


def run_json(outcome: Outcome, pipeline: str, report: Path | None = None) -> _Object:
    """Returns what a run has done.

    report: the file of the report that it wrote
    """
    totals = {table: _total(outcome.fetched, table) for table in _tables(outcome.fetched)}
    return json_object(
        "run",
        pipeline=pipeline,
        dataset=outcome.dataset,
        location=outcome.location,
        rows=sum(each["rows"] for each in totals.values()),
        counts=totals,
        windows=list(map(_window_json, outcome.fetched)),
        windows_left=outcome.windows_left,
        models=outcome.models,
        unknown_causes=[
            {"event_type": each.event_type, "cause": each.cause, "events": each.events}
            for each in outcome.unknown_causes
        ],
        renamed={api: name for each in outcome.fetched for api, name in each.renamed.items()},
        warnings=[*outcome.notices, *notices(outcome.fetched), *_signs(outcome.fetched)],
        copy=str(outcome.copy) if outcome.copy else None,
        report=str(report) if report else None,
        seconds=round(outcome.seconds, 3),
    )


def plan_json(plan: Plan, pipeline: str) -> _Object:
    """Returns what a run would do."""
    return json_object(
        "plan",
        pipeline=pipeline,
        windows=list(map(_step_json, plan.steps)),
        windows_left=plan.left,
        row_limit=plan.row_limit,
        stale_exports=[export.id for export in plan.stale],
        renamed=dict(plan.renamed),
        settles_at=iso_time(plan.settles_at) if plan.settles_at else None,
        warnings=list(plan.notices),
    )


def _window_json(fetched: FetchedExport) -> _Object:
    return {
        **as_bounds(fetched.step.window),
        "tables": list(fetched.step.tables),
        "export": fetched.export.id,
        "file_bytes": fetched.file_bytes,
        "wait_seconds": round(fetched.wait_seconds, 3),
        "read_seconds": round(fetched.read_seconds, 3),
        "counts": {table: _total([fetched], table) for table in _tables([fetched])},
        "by_age": fetched.found.look_back.rows(),
        "removed": fetched.found.removed,
        "signs": list(fetched.signs),
    }


def _step_json(step: PlannedExport) -> _Object:
    export = step.export
    return {
        **as_bounds(step.window),
        "tables": list(step.tables),
        "estimated_rows": step.estimate,
        "estimates": None if step.estimates is None else dict(step.estimates),
        "export": {"id": export.id, "status": export.status} if export else None,
    }


def _tables(fetched: Iterable[FetchedExport]) -> list[str]:
    held = {table for each in fetched for table in each.counts}
    return [table for table in TABLES if table in held]


def _total(fetched: Sequence[FetchedExport], table: str) -> _Object:
    """Returns what became of a table of some exports."""
    counts = sum((each.counts[table] for each in fetched if table in each.counts), Counts())
    return {
        "records": counts.records,
        "rows": counts.rows,
        "merged": counts.rows - counts.keys,
        "rejected": counts.rejected,
        "erased": counts.erased,
        **{
            kind: _known_sum(getattr(each.found, kind).get(table) for each in fetched)
            for kind in ("loaded", "late", "changed", "gone")
        },
    }


def _known_sum(numbers: Iterable[int | None]) -> int | None:
    """Returns the sum of the numbers that are known; None if none is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _signs(fetched: Iterable[FetchedExport]) -> list[str]:
    return [
        f"The export {each.export.id} may not be whole: {'; '.join(each.signs)}"
        for each in fetched
        if each.signs
    ]


def _kind(error: BaseException) -> str:
    """Returns the name of the error that tells most, whatever dlt wrapped around it."""
    if find_signal(error):
        return "Stopped"
    for kind in (CoveoSourceError, ConfigurationException):
        if known := find_cause(error, kind):
            return type(known).__name__
    *_, innermost = causes(error)
    return type(innermost).__name__
