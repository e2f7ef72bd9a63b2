"""A run of the pipeline in ClickHouse in this process, chDB, and what its statements read.

Needs the extra `dev`.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

from .history import Account

DATASET = "coveo_ua"
ADDRESS = "clickhouse://loader:any@localhost:9000/default"

COUNTERS = (
    "SelectedRows",
    "SelectedBytes",
    "InsertedRows",
    "OSCPUVirtualTimeMicroseconds",
)
"""ClickHouse's own: rows and uncompressed bytes read, rows inserted, CPU time."""

_TABLE = re.compile(rf"{DATASET}(?:_staging)?___(\w+)")


class Counts(NamedTuple):
    """What ClickHouse counted while a statement ran."""

    rows: float
    read_bytes: float
    written: float
    cpu: float


class Statement(NamedTuple):
    """A statement of a run.

    step: `load` or `models`
    table: the first that it names, which is the one that it writes, if any; or empty
    """

    step: str
    table: str
    text: str
    counts: Counts


class Size(NamedTuple):
    """The size of a table.

    columns: the bytes that BigQuery counts for a value of each column, on average
    """

    rows: int
    compressed: int
    columns: Mapping[str, float]


class Day(NamedTuple):
    """A run after a history.

    history: events before it
    events: events of the day, which come twice in the load, as it looks back for a day
    """

    history: int
    events: int
    statements: Sequence[Statement]
    sizes: Mapping[str, Size]


class Counter:
    """Counts what each statement reads and writes while it has a step."""

    def __init__(self) -> None:
        self.step = ""
        self.statements: list[Statement] = []
        self._driver = cast("Any", import_module("tests.warehouses.drivers.clickhouse"))
        self._run: Callable[..., bytes] = self._driver._run
        self._driver._run = self._counted
        self._driver.install()

    def rows(self, query: str) -> list[list[str]]:
        """Returns the rows of a query that is not counted."""
        text = self._run(query, "TSV").decode()
        return [line.split("\t") for line in text.splitlines()]

    def _counted(self, statement: str, form: str = "CSV") -> bytes:
        if not self.step:
            return self._run(statement, form)
        # other threads wait, so that the counters are of this statement alone
        with self._driver._turn:
            idle, before = self._counters(), self._counters()
            result = self._run(statement, form)
            after = self._counters()
        # reading the counters counts too
        counts = Counts(*(c - b - (b - a) for a, b, c in zip(idle, before, after, strict=True)))
        table = _TABLE.search(statement)
        self.statements.append(Statement(self.step, table[1] if table else "", statement, counts))
        return result

    def _counters(self) -> list[int]:
        found = dict(self.rows("select event, value from system.events"))
        return [int(found.get(name, 0)) for name in COUNTERS]

    def sizes(self) -> dict[str, Size]:
        """Returns the size of each table."""
        kinds: dict[str, dict[str, str]] = {}
        found = self.rows(
            "select table, name, type from system.columns where database = 'default'"
            f" and table like '{DATASET}____%'"
        )
        for table, column, kind in found:
            kinds.setdefault(table, {})[column] = kind
        return {
            table.removeprefix(f"{DATASET}___"): self._size(table, kinds[table]) for table in kinds
        }

    def _size(self, table: str, kinds: Mapping[str, str]) -> Size:
        # https://cloud.google.com/bigquery/pricing#data
        columns = ", ".join(
            f"sum(ifNull(length(`{name}`) + 2, 0))"
            if "String" in kind
            else f"count(`{name}`) * {1 if 'Bool' in kind else 8}"
            for name, kind in kinds.items()
        )
        [[rows, *totals]] = self.rows(f"select count(), {columns} from `{table}`")
        [[compressed]] = self.rows(
            "select sum(data_compressed_bytes) from system.parts"
            f" where active and table = '{table}'"
        )
        averages = {name: int(n) / max(int(rows), 1) for name, n in zip(kinds, totals, strict=True)}
        return Size(int(rows), int(compressed), averages)

    def events(self) -> int:
        """Returns the number of events that are loaded."""
        tables = ("searches", "clicks", "custom_events")
        counts = (self.rows(f"select count() from {DATASET}___{table}") for table in tables)
        return sum(int(count) for [[count]] in counts)


class _InClickHouse(Account):
    def options(self, **more: Any) -> Any:
        return super().options(destination="clickhouse", **more)


def one_more_day(days: int, visits_per_day: int, work: str) -> Day:
    """Loads a history into an empty database, and then counts the run of one more day."""
    folder = Path(work, str(days))
    folder.mkdir()
    os.chdir(folder)
    os.environ["CHDB_FOLDER"] = str(folder / "chdb")
    os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
    os.environ["DESTINATION__CLICKHOUSE__CREDENTIALS"] = ADDRESS
    counter = Counter()
    with _InClickHouse(visits_per_day, folder) as account:
        account.advance(days)
        account.load()
        account.build()
        history = counter.events()
        account.advance(1)
        for counter.step, action in (("load", account.load), ("models", account.build)):
            action()
    counter.step = ""
    return Day(history, counter.events() - history, counter.statements, counter.sizes())
