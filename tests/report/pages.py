"""What tests of reports have in common: how to make one, and what its page shows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import dlt
import duckdb

from coveo_source.dataset import open_sql_dataset
from coveo_source.model_settings import DEFAULTS, ModelSettings
from coveo_source.report import Artist, Origin, Place, ReportRequest, make_report
from coveo_source.vega import Vega
from tests.sql.warehouse import Rows, warehouse


@dataclass
class Card:
    """A tile, chart or table.

    value, change: the texts of a tile
    tone: the classes of a tile
    cells: the rows of a table, as they are shown
    labels: what the marks of a chart say when they are pointed at
    sql: the query that is shown
    """

    title: str = ""
    value: str = ""
    change: str = ""
    tone: str = ""
    definition: str = ""
    cells: list[list[str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    sql: str = ""


class Page(HTMLParser):
    """A page as a reader sees it.

    sections: the names of its sections, in order
    facts: the pairs of words and values
    notes: what is said of the days
    tags: the names of all its elements
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.cards: list[Card] = []
        self.facts: dict[str, str] = {}
        self.notes: list[str] = []
        self.tags: set[str] = set()
        self._into: list[str] = []
        self._name = ""
        self.feed(html)

    def tile(self, title: str) -> Card:
        """Returns the tile with a title."""
        [card] = [card for card in self.cards if card.title == title and card.value]
        return card

    def chart(self, title: str) -> Card:
        """Returns the chart with a title."""
        [card] = [card for card in self.cards if card.title == title and card.tone == "chart"]
        return card

    def table(self, title: str) -> Card:
        """Returns the table with a title."""
        [card] = [card for card in self.cards if card.title == title and card.tone == "table"]
        return card

    @property
    def titles(self) -> list[str]:
        """The titles of all cards."""
        return [card.title for card in self.cards]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        kind = given.get("class", "")
        self.tags.add(tag)
        if tag == "section":
            self.sections.append(given["id"])
        if tag == "article" or tag == "figure":
            self.cards.append(Card(tone=kind, definition=given.get("data-tip", "")))
        if tag == "h3":
            self.cards[-1].definition = given.get("data-tip") or self.cards[-1].definition
        if tag == "tr":
            self.cards[-1].cells.append([])
        if tag == "td":
            self.cards[-1].cells[-1].append("")
        if "aria-label" in given:
            self.cards[-1].labels.append(given["aria-label"])
        if tag in ("h3", "td", "code", "dt", "dd"):
            self._into.append(tag)
        elif tag == "p" and kind in ("value", "change", "note"):
            self._into.append(kind)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h3", "td", "code", "dt", "dd") or (tag == "p" and self._into):
            self._into.pop()

    def handle_data(self, data: str) -> None:
        match self._into[-1:]:
            case ["h3"]:
                self.cards[-1].title += data
            case ["td"]:
                self.cards[-1].cells[-1][-1] += data
            case ["code"]:
                self.cards[-1].sql += data
            case ["value"]:
                self.cards[-1].value += data
            case ["change"]:
                self.cards[-1].change += data
            case ["note"]:
                self.notes.append(data)
            case ["dt"]:
                self._name = data
            case ["dd"]:
                self.facts[self._name] = self.facts.get(self._name, "") + data

    @property
    def tables(self) -> list[Card]:
        """The tables that have rows; the first row of each is its header, and empty."""
        return [card for card in self.cards if card.cells]


def read_page(file: Path) -> Page:
    """Reads the page of a file."""
    return Page(file.read_text(encoding="utf-8"))


def number_in(text: str) -> float:
    """Returns the first number of a text, without the commas between thousands."""
    found = re.search(r"\d[\d,]*(\.\d+)?", text)
    assert found, text
    return float(found[0].replace(",", ""))


def origin(settings: ModelSettings = DEFAULTS) -> Origin:
    return Origin("coveo", "duckdb", "coveo_ua", "widgets", settings, "1.0")


@contextmanager
def database_of(
    rows: Rows, settings: ModelSettings = DEFAULTS, folder: Path | None = None
) -> Iterator[Place]:
    """Yields a database with the models of some rows, in a folder or the current one."""
    path = (folder or Path.cwd()) / "coveo.duckdb"
    path.unlink(missing_ok=True)
    with warehouse(rows, settings) as built:
        built.execute(f"attach '{path}' as stored")
        built.execute("create schema stored.coveo_ua")
        for (table,) in built.execute("select table_name from duckdb_tables()").fetchall():
            built.execute(f"create table stored.coveo_ua.{table} as from memory.coveo_ua.{table}")
    with opened_database(path.parent) as place:
        yield place


@contextmanager
def opened_database(folder: Path) -> Iterator[Place]:
    """Yields the database that was built in a folder."""
    pipeline = dlt.pipeline(
        "coveo",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "coveo.duckdb")),
        dataset_name="coveo_ua",
    )
    with open_sql_dataset(pipeline) as dataset:
        yield Place(dataset, "duckdb", {})


def page_of(rows: Rows, settings: ModelSettings = DEFAULTS, **request: Any) -> Page:
    """Returns the page of a report of some rows."""
    with database_of(rows, settings) as place:
        return Page(html_of(place, ReportRequest(**request), origin(settings)))


def html_of(place: Place, request: ReportRequest, whose: Origin | None = None) -> str:
    """Returns the text of a report."""
    with Vega() as vega, Artist(vega) as artist:
        return make_report(place, whose or origin(), request, artist).html


def ask(sql: str) -> list[tuple[Any, ...]]:
    """Returns the rows of a query over the database in the current folder."""
    with duckdb.connect("coveo.duckdb", read_only=True) as connection:
        connection.execute("use coveo_ua")
        connection.execute("set timezone = 'UTC'")
        return connection.execute(sql).fetchall()
