"""The texts that the verbs print about models and their data tests."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..models import Result, Status, UnknownCause
from .grids import grid, plural

_TEST_ENDINGS: dict[Status, str] = {"pass": "passed", "warn": "warned", "FAIL": "failed"}

_MOST_CAUSES = 10
"""More are counted, not named: somebody may write a time or an id as a cause."""

_CONSEQUENCES = {
    "Search": ("search", "searches", "they do not count as typed (setting search_causes)"),
    "Click": ("click", "clicks", "they do not count as on results (setting click_causes)"),
}
"""What events of unknown causes are called, and what becomes of them."""


def models_text(built: Mapping[str, int], unknown: Sequence[UnknownCause] = ()) -> str:
    """Returns the models that were built with their numbers of rows, and causes nobody knows."""
    if not built:
        return "All models are up to date."
    table = grid([["model", "rows"], *([name, f"{rows:,}"] for name, rows in built.items())], 1)
    return "\n\n".join([table, *map("\n".join, _unknown_lines(unknown))])


def _unknown_lines(unknown: Sequence[UnknownCause]) -> Iterator[list[str]]:
    for kind, (one, several, consequence) in _CONSEQUENCES.items():
        found = [each for each in unknown if each.event_type == kind]
        if not found:
            continue
        events = plural(sum(each.events for each in found), one, several)
        lines = [
            f"  {' '.join(each.cause.split())[:60] or '(none)'}: {each.events:,}"
            for each in found[:_MOST_CAUSES]
        ]
        if len(found) > _MOST_CAUSES:
            lines.append(f"  and {len(found) - _MOST_CAUSES:,} more")
        yield [f"The causes of {events} are in no list, so {consequence}:", *lines]


def result_line(result: Result) -> str:
    """Returns the result of one data test, with some of the failing rows."""
    line = f"{result.status}  {result.test.label}"
    if not result.failing:
        return line
    sample = "\n".join(f"        {_cells(row)}" for row in result.sample)
    more = "" if result.failing == len(result.sample) else ", such as"
    return f"{line}: {plural(result.failing, 'row')}{more}\n{sample}"


def results_text(results: Sequence[Result]) -> str:
    """Returns how many data tests passed, warned and failed."""
    count = Counter(result.status for result in results)
    parts = [f"{count[status]:,} {word}" for status, word in _TEST_ENDINGS.items() if count[status]]
    return f"{plural(len(results), 'test')}: {', '.join(parts) or 'none to run'}."


def project_text(folder: Path, files: Sequence[Path]) -> str:
    """Returns what was written of a dbt project, and how to build it."""
    return (
        f"Wrote a dbt project to {folder} ({plural(len(files), 'file')}).\n"
        f"Try:    cd {shlex.quote(str(folder))} && dbt build"
    )


def _cells(row: Mapping[str, object]) -> str:
    return "  ".join(f"{name}={_shortened(value)}" for name, value in row.items())


def _shortened(value: object) -> str:
    text = "null" if value is None else " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
