"""What a page is made of: sections with tiles, charts and tables, each with its source."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple

from .formats import one_line
from .queries import Answer


class Source(NamedTuple):
    """Where numbers come from.

    definition: what they count, in words
    tables: the tables that were read
    sql: the query, ready to be pasted
    """

    definition: str
    tables: str
    sql: str

    @classmethod
    def of(cls, answer: Answer, definition: str | None = None) -> "Source":
        """Returns the source of an answer.

        definition: if it says more than the query's own
        """
        return cls(definition or answer.definition, ", ".join(answer.tables), answer.sql)


class Tile(NamedTuple):
    """One measure.

    change: against the period before; empty if there is none
    tone: `good`, `bad` or `plain`; `noise` if the change may be chance
    about_change: what the change is, and how far it may be chance
    """

    label: str
    value: str
    change: str
    tone: str
    about_change: str
    source: Source


class Chart(NamedTuple):
    """One chart, as what will be SVG that is safe to be put into a page."""

    title: str
    svg: "Future[str]"
    source: Source


class Cell(NamedTuple):
    """One cell of a table.

    text: as it is shown
    order: what the column is sorted by: a number, or else the text
    tone: as of a tile
    """

    text: str
    order: float | None = None
    tone: str = ""


class Table(NamedTuple):
    """One table whose columns can be sorted.

    columns: titles; those of numbers are aligned right
    numbers: the places of these columns
    empty: what is said instead of a table without rows
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    source: Source
    empty: str = "There is nothing to show."
    numbers: frozenset[int] = frozenset()


@dataclass
class Section:
    """Some parts under one heading.

    name: in the address of the section
    facts: pairs of words and values
    """

    name: str
    title: str
    text: str = ""
    tiles: list[Tile] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


MOST_LETTERS = 160
"""Of a text in a cell; a query can have a hundred thousand."""


def shortened(text: str | None) -> str:
    """Returns a text on one line, not too long, without what cannot be seen."""
    return one_line(text, MOST_LETTERS)
