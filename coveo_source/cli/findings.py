"""What the data tests found, and where a dbt project went, as texts for a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..models.data_tests import Result, Status
from .summary import plural


def check_line(result: Result) -> str:
    """What one data test found."""
    line = f"{result.status}  {result.test.label}"
    if not result.failing:
        return line
    sample = "\n".join(f"        {cells(row)}" for row in result.sample)
    more = "" if result.failing == len(result.sample) else ", such as"
    return f"{line}: {plural(result.failing, 'row')}{more}\n{sample}"


def cells(row: Mapping[str, object]) -> str:
    """A row in one line, long texts cut."""
    return "  ".join(f"{name}={shortened(value)}" for name, value in row.items())


def shortened(value: object) -> str:
    """A value in at most 60 characters."""
    text = "null" if value is None else " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def checks_text(results: Sequence[Result]) -> str:
    """How many data tests ended how."""
    count = Counter(result.status for result in results)
    parts = [f"{count[status]:,} {word}" for status, word in ENDS.items() if count[status]]
    return f"{plural(len(results), 'test')}: {', '.join(parts) or 'none to run'}."


ENDS: dict[Status, str] = {"pass": "passed", "warn": "warned", "FAIL": "failed"}


def project_text(folder: Path, files: Sequence[Path]) -> str:
    """What was written of a dbt project, and how to build it."""
    return (
        f"Wrote a dbt project to {folder} ({plural(len(files), 'file')}).\n"
        f"Try:    cd {folder} && dbt build"
    )
