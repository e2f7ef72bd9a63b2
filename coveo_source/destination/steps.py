"""A build as steps: one for each table that it writes, in order, each a file of the load package.

dlt loads the files of a package in no order. So whichever of them comes first has all steps done,
and each of the others finds itself done. A step is one transaction, in which it also writes down
that it is done; if a build is killed, the rest of its steps is done by whoever loads the package.
"""

import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dlt.common.destination.client import SqlModel
from dlt.common.exceptions import TerminalException
from dlt.common.storages import FileStorage
from sqlglot import exp

LOAD_ID = "$load_id$"
"""Stands for the id of the load package in the SQL of a step: it is not known beforehand."""

FROM, TO = "$from$", "$to$"
"""Stand for the first value of a slice, and for that after its last one, in the SQL of a step."""

_QUERY = "query"
"""DuckDB's table function that runs a query given as text."""
_EMBEDDED = re.compile(rf"\b{_QUERY}\('((?:[^']|'')*)'\)", re.IGNORECASE)
_STEP = '{"place": '
"""How the text of a step begins."""

_TRIES, _PAUSE = 100, 0.02
"""How often, and with how many seconds between, files are looked for that dlt is moving."""


class StepsMissing(TerminalException):
    """A load package does not have all of its steps any more."""


@dataclass(frozen=True)
class Slices:
    """How a large result is written, one part after the other, so that each fits into memory.

    count: of parts
    values: the query for a sample of the values by which it is cut, as text
    first, last: what stands for the least and the greatest value
    """

    count: int
    values: str
    first: str
    last: str


@dataclass(frozen=True)
class Step:
    """How one table of a build is written.

    place: where in the order, from 0
    count: how many steps the package has
    table: its name; set when it is read from a package
    query: for the rows, in DuckDB's SQL
    scope: the condition for the rows that they replace; none for no rows
    marks: fingerprints of what tables are made from, which are written down
    others: statements for other tables, which are run first
    ranges: queries for a least and a greatest value, by name; `first_of` and `last_of` stand for
        the values
    slices: None if the rows are written at once
    """

    place: int
    query: str
    scope: str | None = None
    marks: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[str] = ()
    ranges: Mapping[str, str] = field(default_factory=dict)
    slices: Slices | None = None
    table: str = ""
    count: int = 1

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Step":
        """Returns the step that `asdict` has turned into a dictionary."""
        slices = given["slices"] and Slices(**given["slices"])
        return cls(**{**given, "slices": slices})

    def filled(self, values: Mapping[str, str]) -> "Step":
        """Returns the step with texts in the place of what stands for them."""

        def fill(sql: str) -> str:
            for name, value in values.items():
                sql = sql.replace(name, value.replace("'", "''"))
            return sql

        return replace(
            self,
            query=fill(self.query),
            scope=self.scope and fill(self.scope),
            ranges={name: fill(query) for name, query in self.ranges.items()},
        )


def first_of(name: str) -> str:
    """Returns what stands for the least value of a range."""
    return f"$first_{name}$"


def last_of(name: str) -> str:
    """Returns what stands for the greatest value of a range."""
    return f"$last_{name}$"


def embed_query(query: str, columns: Iterable[str]) -> str:
    """Returns a query that holds another one as text and selects its columns.

    While a load package is made, dlt parses a query four times and writes it three times; of this
    one it sees only the columns.
    """
    names = (exp.column(name, quoted=True) for name in columns)
    call = exp.Anonymous(this=_QUERY, expressions=[exp.Literal.string(query)])
    return exp.select(*names).from_(call).sql("duckdb")


def unfold_query(query: str) -> str:
    """Returns a query with the one that it holds as text in its place.

    DuckDB can run an embedded query as text too, but reports errors at the wrong position.
    """
    return _EMBEDDED.sub(lambda match: f"({_unescaped(match)})", query, count=1)


def embed_step(step: Step, columns: Iterable[str]) -> str:
    """Returns a query that holds a step as text and selects the columns of its rows."""
    return embed_query(json.dumps(asdict(step)), columns)


def read_step(file: str | Path) -> Step | None:
    """Returns the step in a file of a load package, with dlt's columns; None if there is none."""
    with FileStorage.open_zipsafe_ro(str(file), encoding="utf-8") as text:
        outer = SqlModel.from_file(text).to_sql()
    embedded = _EMBEDDED.search(outer)
    if not embedded or not _unescaped(embedded).startswith(_STEP):
        return None
    step = Step.of(json.loads(_unescaped(embedded)))
    # a query of many columns: its text must not be taken as a template
    query = f"{outer[: embedded.start()]}({step.query}){outer[embedded.end() :]}"
    return replace(step, query=query, table=Path(file).name.split(".")[0])


def read_steps(package: Path) -> list[Step]:
    """Returns the steps of a load package in their order, whatever has become of their files.

    Raises:
        StepsMissing: if the file of a step is gone
    """
    for _ in range(_TRIES):
        found: dict[int, Step] = {}
        # dlt moves files from folder to folder meanwhile
        with suppress(FileNotFoundError):
            files = list(package.glob("*_jobs/*.model"))
            found = {step.place: step for step in map(read_step, files) if step}
        if found and len(found) == found[min(found)].count:
            return [found[place] for place in sorted(found)]
        time.sleep(_PAUSE)
    raise StepsMissing(f"The load package {package.name} has lost files, so it cannot be loaded.")


def _unescaped(embedded: re.Match[str]) -> str:
    return embedded[1].replace("''", "'")
