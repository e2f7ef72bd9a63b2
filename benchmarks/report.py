"""The measurements as text and as JSON."""

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
    """Returns the machine and the versions on which the numbers depend."""
    versions = {name: number for name in PACKAGES if (number := version_of(name))}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "python": platform.python_version(),
        **versions,
    }


def version_of(package: str) -> str | None:
    """Returns the version of a package, None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def heading(export: Export) -> str:
    """Describes the export and the machine in two lines."""
    tables = ", ".join(f"{rows:,} {table}" for table, rows in export.rows.items())
    machine = ", ".join(f"{name} {value}" for name, value in environment().items())
    return (
        f"{export.csv_bytes / 1e6:,.0f} MB of CSV ({export.dialect}, {export.shape} visits) in a"
        f" ZIP of {export.zip_bytes / 1e6:,.0f} MB: {sum(export.rows.values()):,} rows ({tables})\n"
        f"{machine}"
    )


def result_table(results: Sequence[Result]) -> str:
    """Returns a Markdown table with a line per result."""
    seconds = {result.name: result.seconds for result in results}
    lines = [("part", "seconds", "CPU seconds", "peak MB", "ratio")]
    for result in results:
        cpu = "" if result.cpu_seconds is None else f"{result.cpu_seconds:,.1f}"
        base = seconds.get(result.base)
        ratio = f"{result.seconds / base:,.1f}" if base else ""
        elapsed, peak = f"{result.seconds:,.1f}", f"{result.peak_mb:,.0f}"
        lines.append((result.title, elapsed, cpu, peak, ratio))
    return markdown(lines)


def phase_table(phases: Mapping[str, float]) -> str:
    """Returns a Markdown table with a line per phase."""
    total = sum(phases.values())
    lines = [("phase of run", "seconds", "share")]
    lines += [(name, f"{spent:,.2f}", f"{spent / total:.0%}") for name, spent in phases.items()]
    return markdown(lines)


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Returns a Markdown table.

    lines: the first one is the header; all columns but the first are aligned right
    """
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
    """Returns all numbers, ready for JSON."""
    return {
        "environment": environment(),
        "export": {**asdict(export), "path": export.path.name},
        "results": [asdict(result) for result in results],
        "phases": dict(phases),
        "notes": list(notes),
    }
