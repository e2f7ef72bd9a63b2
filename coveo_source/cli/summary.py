"""The texts that the verbs print: plans, finished runs, models, data tests and errors."""

import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlt.common.configuration.exceptions import ConfigurationException
from dlt.pipeline.exceptions import PipelineStepFailed

from ..causes import find_cause, missing_packages, reason
from ..command_lines import program, relative
from ..dataset import FoundRows
from ..exceptions import CoveoSourceError
from ..extract import Counts, FetchedExport, Plan, PlannedExport, event_protocol_notice
from ..models import TIMELINE, UnknownCause
from ..signals import find_signal
from ..tables import TABLES
from .erase import Erased
from .grids import grid, plural
from .look_back_texts import look_back_text
from .model_texts import models_text
from .report import WrittenReport


@dataclass
class Outcome:
    """The result of a run.

    dataset: its name in the destination
    location: the place of the data, as the destination names it
    database: path of the DuckDB file; None for other destinations
    copy: path of the copy for readers; None if there is none
    table: the one that the query to try is about
    state: the command that shows the pipeline's state; None if the one in dlt's manual does
    notices: what the plan told
    models: number of rows of each model that was built
    unknown_causes: causes in them that no list knows
    windows_left: number of windows that are due and were not to be loaded by this run
    seconds: duration of the whole run
    """

    dataset: str
    location: str
    database: str | None = None
    copy: Path | None = None
    table: str = TIMELINE
    state: str | None = None
    notices: list[str] = field(default_factory=list)
    fetched: list[FetchedExport] = field(default_factory=list)
    models: dict[str, int] = field(default_factory=dict)
    unknown_causes: list[UnknownCause] = field(default_factory=list)
    windows_left: int = 0
    seconds: float = 0.0


def outcome_text(outcome: Outcome) -> str:
    """Returns the end of a run: what was loaded, where it is, and a query to try."""
    renamed = [pair for each in outcome.fetched for pair in each.renamed.items()]
    parts = [headline(outcome), _window_table(outcome.fetched), _left_text(outcome.windows_left)]
    parts += [look_back_text(outcome.fetched), _doubts(outcome.fetched)]
    parts += [*notices(outcome.fetched), _renamed_text(dict(renamed))]
    if outcome.models:
        parts.append(models_text(outcome.models, outcome.unknown_causes))
    parts.append("\n".join(_places(outcome)))
    return "\n\n".join(part for part in parts if part)


def warnings_text(outcome: Outcome) -> str:
    """Returns only what may be wrong with what was loaded; empty if nothing is."""
    return _doubts(outcome.fetched)


def error_text(error: BaseException) -> str:
    """Returns what happened and what to do next, whatever dlt wrapped around the error."""
    if signal := find_signal(error):
        return (
            f"Stopped by {signal}. What was loaded is loaded; an export that Coveo was building"
            " is kept there. Run again to continue from here."
        )
    if known := find_cause(error, CoveoSourceError):
        return str(known)
    if find_cause(error, ConfigurationException):
        return str(error)
    if packages := missing_packages(error):
        return f"A package is not installed: pip install {shlex.join(packages)}"
    step = find_cause(error, PipelineStepFailed)
    where = f"The step {step.step!r} of the pipeline failed: " if step else ""
    return (
        f"{where}{reason(error)} Nothing was lost: what was loaded is loaded. Run again when the"
        " cause is gone; dlt's --debug shows where it happened."
    )


def found_text(found: FoundRows) -> str:
    """Returns which rows would be erased."""
    counts = [[table, f"{rows:,}"] for table, rows in found.counts.items()]
    text = f"Rows with this {found.identifier}, and what belongs to them:\n\n"
    text += grid([["table", "rows"], *counts], rule_before=1)
    if found.unnamed:
        text += (
            f"\n\nOf the same visits, {plural(found.unnamed, 'event')} without this"
            f" {found.identifier} would stay, maybe from before a login; --visit-id erases a whole"
            " visit."
        )
    return text


def erasure_text(erased: Erased) -> str:
    """Returns what was erased, or that nothing was."""
    found = erased.found
    if not found.counts:
        return f"No row carries this {found.identifier}, so nothing was erased."
    if not erased.is_done:
        return "Nothing was erased."
    rows = plural(sum(found.counts.values()), "row")
    return f"Erased {rows}. From now on runs leave them out, even if Coveo still has them."


def report_text(written: WrittenReport) -> str:
    """Returns what was written, and how to open a notebook."""
    file = written.file
    if written.days is None:
        edit = shlex.join([program("marimo"), "edit", str(file)])
        return f"Notebook: {file}\nTry:      {edit}"
    return f"Report: {file}, {written.days}"


def notices(fetched: Sequence[FetchedExport]) -> Iterator[str]:
    """Yields what a user has to know about the rows that were loaded."""
    if found := sum(each.event_protocol for each in fetched):
        yield event_protocol_notice(found, _total(fetched, "searches").rows)


def _places(outcome: Outcome) -> Iterator[str]:
    """Yields where the data and the pipeline are, and a query that can be pasted into a shell."""
    yield f"Data:   {outcome.location}, dataset {outcome.dataset}"
    if outcome.copy:
        yield f"Copy:   {relative(str(outcome.copy))}"
    if outcome.state:
        yield f"State:  {outcome.state}"
    yield _hint(outcome)


def headline(outcome: Outcome) -> str:
    """Returns what a run has done, in one sentence."""
    if not outcome.fetched:
        return f"Nothing new was due ({outcome.seconds:.1f} s)."
    rows = sum(_total(outcome.fetched, table).rows for table in TABLES)
    rate = rows / outcome.seconds if outcome.seconds else 0
    return (
        f"Loaded {rows:,} rows of {plural(len(outcome.fetched), 'window')} in"
        f" {outcome.seconds:.1f} s, {rate:,.0f} rows a second."
    )


def _window_table(fetched: Sequence[FetchedExport]) -> str:
    """Returns the rows by window and table, then the totals in the CSV files and as loaded."""
    if not fetched:
        return ""
    tables = [table for table in TABLES if any(table in each.counts for each in fetched)]
    lines = [["window", *tables, "seconds"]]
    for each in fetched:
        counts = [_number(each.counts.get(table)) for table in tables]
        seconds = f"{each.wait_seconds + each.read_seconds:.1f}"
        lines.append([str(each.step.window), *counts, seconds])
    totals = [_total(fetched, table) for table in tables]
    lines.append(["in the CSV files", *(f"{counts.records:,}" for counts in totals), ""])
    loaded = [sum(each.found.loaded.get(table, 0) for each in fetched) for table in tables]
    lines.append(["loaded", *(f"{rows:,}" for rows in loaded), ""])
    late = [sum(each.found.late.get(table, 0) for each in fetched) for table in tables]
    if any(late):
        lines.append(["late, after an earlier load", *(f"{rows:,}" for rows in late), ""])
    changed = [sum(each.found.changed.get(table, 0) for each in fetched) for table in tables]
    if any(changed):
        lines.append(["changed since an earlier load", *(f"{rows:,}" for rows in changed), ""])
    gone = [sum(each.found.gone.get(table, 0) for each in fetched) for table in tables]
    if any(gone):
        is_removed = all(each.found.removed for each in fetched)
        what = "no longer with Coveo, removed" if is_removed else "no longer with Coveo, kept"
        lines.append([what, *(f"{rows:,}" for rows in gone), ""])
    if any(counts.rows > counts.keys for counts in totals):
        cells = [f"{counts.rows - counts.keys:,}" for counts in totals]
        lines.append(["of one key, merged", *cells, ""])
    if any(counts.erased for counts in totals):
        cells = [f"{counts.erased:,}" for counts in totals]
        lines.append(["erased before, left out", *cells, ""])
    if any(counts.rejected for counts in totals):
        cells = [f"{counts.rejected:,}" for counts in totals]
        lines.append(["cells in rejected_rows", *cells, ""])
    return grid(lines, rule_before=len(fetched) + 1)


def _doubts(fetched: Iterable[FetchedExport]) -> str:
    """Returns which exports may not be whole, and why."""
    doubtful = [f"  {each.export}: {'; '.join(each.signs)}" for each in fetched if each.signs]
    return "\n".join(["These may not be whole:", *doubtful]) if doubtful else ""


def plan_text(plan: Plan) -> str:
    """Returns what a run would do."""
    if not plan.steps:
        return "Nothing is due."
    lines = [["window", "tables", "estimated rows", "export"]]
    for step in plan.steps:
        tables = step.tables
        names = "all" if len(tables) == len(TABLES) else ", ".join(tables)
        lines.append([str(step.window), names, _estimate(step), _export(step)])
    parts = [grid(lines, rule_before=1, left=(0, 1, 3))]
    if plan.left:
        parts.append(_left_text(plan.left))
    limit = f"{plan.row_limit:,} rows" if plan.row_limit is not None else "none known"
    parts.append(f"Most rows in one export: {limit}.")
    if plan.stale:
        parts.append(
            f"{plural(len(plan.stale), 'export')} of an earlier run that nothing needs any more"
            " would be deleted."
        )
    if plan.renamed:
        parts.append(_renamed_text(plan.renamed))
    parts.append("Nothing was created.")
    return "\n".join(parts)


def _left_text(windows: int) -> str:
    """Returns that windows are left for other runs; empty if there are none."""
    verb = "is" if windows == 1 else "are"
    return f"{plural(windows, 'window')} more {verb} due: run again." if windows else ""


def _renamed_text(columns: Mapping[str, str]) -> str:
    """Returns which dimensions have another name in the dataset, one a line."""
    return "\n".join(f"{name} is the column {column}." for name, column in columns.items())


def _estimate(step: PlannedExport) -> str:
    return "" if step.estimate is None else f"{step.estimate:,}"


def _export(step: PlannedExport) -> str:
    return f"{step.export.id} ({step.export.status.lower()})" if step.export else "new"


def _total(fetched: Iterable[FetchedExport], table: str) -> Counts:
    counted = [each.counts[table] for each in fetched if table in each.counts]
    return sum(counted, Counts())


def _number(counts: Counts | None) -> str:
    # a dash where the window was not for this table
    return f"{counts.rows:,}" if counts else "-"


def _hint(outcome: Outcome) -> str:
    """Returns a query that can be pasted into a shell."""
    plain = re.fullmatch(r"[A-Za-z_]\w*", outcome.dataset)
    dataset = outcome.dataset if plain else '"{}"'.format(outcome.dataset.replace('"', '""'))
    query = f"from {dataset}.{outcome.table} limit 5"
    database = relative(str(outcome.copy)) if outcome.copy else outcome.database
    if not database:
        return f"Try:    select * {query}"
    python = shlex.quote(relative(sys.executable))
    if shutil.which("duckdb"):
        return f"Try:    duckdb {shlex.quote(database)} {_shell_word(query)}"
    code = f"import duckdb; duckdb.connect({database!r}).sql({query!r}).show()"
    return f"Try:    {python} -c {_shell_word(code)}"


def _shell_word(text: str) -> str:
    """Returns a text as one word of a command line, in double quotes where these do."""
    return shlex.quote(text) if re.search(r'["$`\\!]', text) else f'"{text}"'
