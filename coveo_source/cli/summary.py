"""What a plan and a finished run look like to a person: texts from results, nothing else."""

import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlt.common.configuration.exceptions import ConfigurationException
from dlt.pipeline.exceptions import PipelineStepFailed

from ..exceptions import CoveoSourceError, find_cause, reason
from ..extract.audit import Fetched
from ..extract.counts import Counts
from ..extract.plan import Plan, PlannedExport
from ..signals import signal_in
from ..tables import TABLES


@dataclass
class Outcome:
    """What a run did.

    models: rows of each model that was built
    seconds: of the whole run
    location: where the destination keeps the data, as it shows itself to people
    database: path of the DuckDB file, if the destination is one
    """

    dataset: str
    location: str
    database: str | None = None
    fetched: list[Fetched] = field(default_factory=list)
    models: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def outcome_text(outcome: Outcome) -> str:
    """The end of a run: what was loaded, where it is, and a query to try."""
    parts = [headline(outcome), window_table(outcome.fetched)]
    if outcome.models:
        parts.append(models_text(outcome.models))
    parts.append(f"Data:   {outcome.location}, dataset {outcome.dataset}\n{hint(outcome)}")
    return "\n\n".join(part for part in parts if part)


def error_text(error: BaseException) -> str:
    """What happened and what to do next, from whatever dlt wrapped around it."""
    if signal := signal_in(error):
        return (
            f"Stopped by {signal}. What was loaded is loaded; an export that Coveo was building"
            " is kept there. Run again, and it goes on from here."
        )
    if known := find_cause(error, CoveoSourceError):
        return str(known)
    if find_cause(error, ConfigurationException):
        return str(error)
    step = find_cause(error, PipelineStepFailed)
    where = f"The step {step.step!r} of the pipeline failed: " if step else ""
    return (
        f"{where}{reason(error)} Nothing was lost: what was loaded is loaded. Run again when the"
        " cause is gone; with dlt's --debug you see where it is."
    )


def models_text(built: Mapping[str, int]) -> str:
    """What was built."""
    if not built:
        return "All models are up to date."
    return grid([["model", "rows"], *([name, f"{rows:,}"] for name, rows in built.items())], 1)


def headline(outcome: Outcome) -> str:
    """One sentence."""
    if not outcome.fetched:
        return f"Nothing new was due ({outcome.seconds:.1f} s)."
    rows = sum(total(outcome.fetched, table).rows for table in TABLES)
    rate = rows / outcome.seconds if outcome.seconds else 0
    return (
        f"Loaded {rows:,} rows of {plural(len(outcome.fetched), 'window')} in"
        f" {outcome.seconds:.1f} s, {rate:,.0f} rows a second."
    )


def window_table(fetched: Sequence[Fetched]) -> str:
    """Rows a table and window, then the totals in the CSV files and as loaded."""
    if not fetched:
        return ""
    tables = [table for table in TABLES if any(table in each.counts for each in fetched)]
    lines = [["window", *tables, "seconds"]]
    for each in fetched:
        counts = [number(each.counts.get(table)) for table in tables]
        seconds = f"{each.wait_seconds + each.read_seconds:.1f}"
        lines.append([str(each.step.window), *counts, seconds])
    totals = [total(fetched, table) for table in tables]
    lines.append(["in the CSV files", *(f"{counts.records:,}" for counts in totals), ""])
    found = [sum(each.loaded.get(table, 0) for each in fetched) for table in tables]
    lines.append(["loaded", *(f"{rows:,}" for rows in found), ""])
    if any(counts.rows > counts.keys for counts in totals):
        cells = [f"{counts.rows - counts.keys:,}" for counts in totals]
        lines.append(["of one key, merged", *cells, ""])
    if any(counts.rejected for counts in totals):
        cells = [f"{counts.rejected:,}" for counts in totals]
        lines.append(["cells in rejected_rows", *cells, ""])
    return grid(lines, rule_before=len(fetched) + 1)


def plan_text(plan: Plan) -> str:
    """What a run would do."""
    if not plan.steps:
        return "Nothing is due."
    lines = [["window", "tables", "estimated rows", "export"]]
    for step in plan.steps:
        tables = step.tables
        names = "all" if len(tables) == len(TABLES) else ", ".join(tables)
        lines.append([str(step.window), names, estimate(step), found(step)])
    parts = [grid(lines, rule_before=1, left=(0, 1, 3))]
    limit = f"{plan.row_limit:,} rows" if plan.row_limit is not None else "none known"
    parts.append(f"Most rows in one export: {limit}.")
    if plan.stale:
        parts.append(
            f"{plural(len(plan.stale), 'export')} of an earlier run that nothing needs any more"
            " would be deleted."
        )
    parts.append("Nothing was created.")
    return "\n".join(parts)


def estimate(step: PlannedExport) -> str:
    """The estimate of a window."""
    return "" if step.estimate is None else f"{step.estimate:,}"


def found(step: PlannedExport) -> str:
    """Whether a window's export is already there."""
    return f"{step.export.id} ({step.export.status.lower()})" if step.export else "new"


def total(fetched: Iterable[Fetched], table: str) -> Counts:
    """The counts of a table in all windows."""
    counted = [each.counts[table] for each in fetched if table in each.counts]
    return sum(counted, Counts())


def number(counts: Counts | None) -> str:
    """The rows of a table, or a dash where the window was not for it."""
    return f"{counts.rows:,}" if counts else "-"


def plural(count: int, noun: str) -> str:
    """`1 window`, `2 windows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def grid(lines: Sequence[Sequence[str]], rule_before: int, left: Iterable[int] = (0,)) -> str:
    """Columns, flush right but for those named, with a rule above one of the lines."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    rule = "-" * max(map(len, texts))
    return "\n".join([*texts[:rule_before], rule, *texts[rule_before:]])


def hint(outcome: Outcome) -> str:
    """A query that works as it stands."""
    query = f"from {outcome.dataset}.all_events limit 5"
    if not outcome.database:
        return f"Try:    select * {query}"
    python = relative(sys.executable)
    if shutil.which("duckdb"):
        return f'Try:    duckdb {outcome.database} "{query}"'
    code = f"import duckdb; duckdb.connect('{outcome.database}').sql('{query}').show()"
    return f'Try:    {python} -c "{code}"'


def relative(path: str) -> str:
    """A path as short as it can be written from the current folder."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
