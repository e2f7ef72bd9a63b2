"""What was measured, as text and as JSON."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .exports import Export
from .suite import Result

PACKAGES = ("coveo-source", "dlt", "duckdb", "pyarrow", "pandas")


def environment() -> dict[str, Any]:
    """What the numbers depend on."""
    versions = {name: found for name in PACKAGES if (found := version_of(name))}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "python": platform.python_version(),
        **versions,
    }


def version_of(package: str) -> str | None:
    """The version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def heading(export: Export) -> str:
    """The export and the machine, in two lines."""
    tables = ", ".join(f"{rows:,} {table}" for table, rows in export.rows.items())
    machine = ", ".join(f"{name} {value}" for name, value in environment().items())
    return (
        f"{export.csv_bytes / 1e6:,.0f} MB of CSV ({export.dialect}) in a ZIP of"
        f" {export.zip_bytes / 1e6:,.0f} MB: {sum(export.rows.values()):,} rows ({tables})\n"
        f"{machine}"
    )


def result_table(results: Sequence[Result]) -> str:
    """One line a result, in Markdown."""
    seconds = {result.name: result.seconds for result in results}
    lines = [("what", "seconds", "CPU seconds", "peak MB", "ratio")]
    for result in results:
        cpu = "" if result.cpu_seconds is None else f"{result.cpu_seconds:,.1f}"
        base = seconds.get(result.base)
        ratio = f"{result.seconds / base:,.1f}" if base else ""
        took, peak = f"{result.seconds:,.1f}", f"{result.peak_mb:,.0f}"
        lines.append((result.title, took, cpu, peak, ratio))
    return markdown(lines)


def phase_table(phases: Mapping[str, float]) -> str:
    """One line a phase, in Markdown."""
    whole = sum(phases.values())
    lines = [("phase of run", "seconds", "share")]
    lines += [(name, f"{took:,.2f}", f"{took / whole:.0%}") for name, took in phases.items()]
    return markdown(lines)


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table; the first line is its head, and all columns but the first are numbers."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    texts = [
        [
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in [lines[0], rule, *lines[1:]]
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in texts)


def as_json(
    export: Export, results: Sequence[Result], phases: Mapping[str, float], notes: Sequence[str]
) -> dict[str, Any]:
    """All numbers."""
    return {
        "environment": environment(),
        "export": {**asdict(export), "path": export.path.name},
        "results": [asdict(result) for result in results],
        "phases": dict(phases),
        "notes": list(notes),
    }
