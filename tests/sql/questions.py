"""The questions of `docs/questions.md`, ready to be asked of some traffic."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.sql.events import Event, events_of, share
from tests.sql.warehouse import Rows, warehouse

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "questions.md").read_text("utf-8")
_EXAMPLE = r"```sql\n(.+?)\n```\n\n```\n(.+?)\n```\n"
QUESTIONS = {
    int(number): (sql, output)
    for number, sql, output in re.findall(
        rf"^## (\d+)\. (?:(?!\n## ).)+?{_EXAMPLE}", PAGE, re.M | re.S
    )
}


@dataclass(frozen=True)
class Asked:
    """Some traffic: its rows, its events, and a database with the models over them."""

    rows: Rows
    events: list[Event]
    database: duckdb.DuckDBPyConnection

    def answer(self, number: int) -> list[tuple[Any, ...]]:
        """Returns the rows that the query of a question gives."""
        return self.database.execute(QUESTIONS[number][0]).fetchall()


def percent(part: int, whole: int) -> Any:
    """Returns a percentage that is compared to one decimal."""
    return pytest.approx(100 * (share(part, whole) or 0), abs=0.051)


def header(output: str) -> list[str]:
    """Returns the names of the columns of an output."""
    return [cell.strip() for cell in output.split("\n")[1].strip("│").split("│")]


def asked_of(rows: Rows) -> Asked:
    """Returns some traffic, ready to be asked."""
    return Asked(rows, events_of(rows), warehouse(rows))


def examples_of(page: Path) -> list[tuple[str, str]]:
    """Returns the queries of a page that are followed by an output, with this."""
    return re.findall(_EXAMPLE, page.read_text("utf-8"), re.S)
