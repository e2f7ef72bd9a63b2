"""The queries of a report: files of SQL over the models, whose first comment is a definition.

What is shown to be pasted is what was run: the file with its days filled in, over tables by their
full names, in the dialect of the database.
"""

import re
from collections.abc import Collection
from datetime import date
from functools import cache
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from dlt.common.schema.typing import C_DLT_LOAD_ID
from sqlglot import exp

from ..causes import reason
from ..dataset import COUNTS, GONE, LATE, LOADED, RECONCILED_AT, DatasetSql
from ..exceptions import ReportError
from ..models import DIALECT, TIMELINE, Schema, parse_sql, qualify_query, tables_of, translated
from ..tables import EXPORTS, TABLES
from .period import Comparison

Record = dict[str, Any]
"""One row of a query, by column."""

_FOLDER = Path(__file__).parent / "queries"
_READ = re.compile(r"\b(from|join) (\w+)")
_PART = re.compile(r"^(\w+) as \($", re.M)
_QUOTED = re.compile(r'"([a-z_][a-z0-9_]*)"')


_VISIT = "'the visit'"
_NO_NUMBER, _NO_TIME = "cast(null as bigint)", "cast(null as timestamp)"
_NO_TEXT = "cast(null as varchar)"


class Answer(NamedTuple):
    """A query, and what the database says.

    name: of its file
    definition: what it counts, in words
    tables: the tables that it reads
    sql: ready to be pasted
    """

    name: str
    definition: str
    tables: tuple[str, ...]
    sql: str
    rows: list[Record]


def names() -> list[str]:
    """Returns the names of all queries."""
    return sorted(path.stem for path in _FOLDER.glob("*.sql"))


@cache
def _template(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


class Place(NamedTuple):
    """Where a report's data is.

    dialect: sqlglot's name for the SQL of the database
    schema: the types of its tables' columns
    """

    dataset: DatasetSql
    dialect: str
    schema: Schema


class Queries:
    """Asks a dataset about some days; each query only once.

    with_names: whether what only one visit did, and who somebody is, may be shown
    """

    def __init__(self, place: Place, days: Comparison, with_names: bool = False) -> None:
        self._place = place
        self._answers: dict[tuple[str, str], Answer] = {}
        self.days = days
        self.with_names = with_names
        self._values = {
            "start": _date(days.now.start),
            "end": _date(days.now.end),
            "former_start": _date(days.first),
            "first_week": _date(days.first_week),
            "unit": "week" if days.by_week else "day",
            "least_visits": 1 if with_names else 2,
        }
        columns = place.dataset.columns(EXPORTS, TIMELINE)
        self._values |= _export_columns(columns[EXPORTS])
        # a pipeline may be configured not to write the column
        self._values["load_id"] = C_DLT_LOAD_ID if C_DLT_LOAD_ID in columns[TIMELINE] else _NO_TEXT

    def ask(self, name: str, visit: str = "") -> Answer:
        """Returns what a query says.

        visit: the visit that it is about, if it is about one; not shown without `with_names`

        Raises:
            ReportError: if the database refuses it
        """
        if (name, visit) not in self._answers:
            self._answers[name, visit] = self._ask(name, visit)
        return self._answers[name, visit]

    def _ask(self, name: str, visit: str) -> Answer:
        sql = self.filled(name)
        placed = self._placed(sql)
        shown = visit if self.with_names else "ID"
        try:
            rows = self._place.dataset.records(self._of_visit(placed, visit))
        except Exception as error:
            raise ReportError(f"the query {name}", reason(error)) from error
        definition = _definition(_template(name)).format(**self._values)
        return Answer(name, definition, _tables(sql), self._of_visit(placed, shown), rows)

    def filled(self, name: str) -> str:
        """Returns a query in DuckDB's SQL, with its days filled in, over tables by short names.

        The visit that it is about, if it is about one, is still to be filled in.
        """
        return _body(_template(name)).format(**self._values, visit=_VISIT)

    def _of_visit(self, placed: str, visit: str) -> str:
        """Fills in the visit last: it is whatever somebody typed."""
        return placed.replace(_VISIT, exp.Literal.string(visit).sql(self._place.dialect))

    def _placed(self, sql: str) -> str:
        """Returns a query over the tables of the dataset, in the dialect of the database."""
        dataset, dialect, schema = self._place
        if dialect == DIALECT:
            return _with_full_names(sql, dataset)
        query = parse_sql(sql)
        # a table that never had a row is not in the schema, and maybe not in the database
        if schema.keys() >= {table.name for table in tables_of(query)}:
            query = qualify_query(query, schema)
        for table in list(tables_of(query)):
            full = exp.to_table(dataset.table(table.name), dialect=dialect)
            full.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias_or_name)))
            table.replace(full)
        text = translated(query, dialect)
        return exp.maybe_parse(text, dialect=dialect).sql(dialect, pretty=True)


def _with_full_names(sql: str, dataset: DatasetSql) -> str:
    """Writes the full names of tables into a query, and leaves the rest of its text as it is."""
    known = _tables(sql)

    def full(match: re.Match[str]) -> str:
        word, table = match.groups()
        name = _QUOTED.sub(r"\1", dataset.table(table)) if table in known else table
        return f"{word} {name}"

    return _READ.sub(full, sql)


def _body(sql: str) -> str:
    lines = sql.splitlines()
    return "\n".join(dropwhile(lambda line: line.startswith("--"), lines)).strip()


def _definition(sql: str) -> str:
    comments = takewhile(lambda line: line.startswith("--"), sql.splitlines())
    return " ".join(line.removeprefix("--").strip() for line in comments)


def _tables(sql: str) -> tuple[str, ...]:
    """Returns the tables that a file reads; by pattern, as parsing takes longer than running it."""
    parts = set(_PART.findall(sql))
    read = (table for _, table in _READ.findall(sql))
    return tuple(dict.fromkeys(table for table in read if table not in parts))


def _export_columns(columns: Collection[str]) -> dict[str, str]:
    """Returns the expressions for the columns of `exports`, of which early versions lack some."""
    texts = {}
    for suffix in (*COUNTS, LOADED, GONE, LATE):
        counts = [name for table in TABLES if (name := f"{table}_{suffix}") in columns]
        total = " + ".join(f"coalesce({name}, 0)" for name in counts)
        known = f"coalesce({', '.join(counts)}) is not null"
        texts[suffix] = f"case when {known} then {total} end" if counts else _NO_NUMBER
    texts[RECONCILED_AT] = RECONCILED_AT if RECONCILED_AT in columns else _NO_TIME
    return texts


def _date(day: date) -> str:
    return f"date '{day}'"
