"""Does the steps of a build, in DuckDB."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
from dlt.common.destination.client import RunnableLoadJob
from dlt.destinations.exceptions import (
    DatabaseException,
    DatabaseTerminalException,
    DatabaseTransientException,
)
from dlt.destinations.sql_client import SqlClientBase

from .steps import FROM, LOAD_ID, TO, Slices, Step, first_of, last_of, read_steps

STEPS_DONE = "model_builds"
"""The table in which each step writes down that it is done, with the fingerprint of its table."""

_ONE_AT_A_TIME = threading.Lock()
_NO_RANGE = ("9999-12-31", "0001-01-01")
"""From after the end of time to before its beginning: no value is between them."""

Tell = Callable[[str, int | None], None]
"""Called with the name of a table before it is written, and after that with the rows it has."""


class StepError(DatabaseException):
    """A step failed; its table is as it was.

    table: that of the step
    """

    def __init__(self, table: str, error: Exception) -> None:
        super().__init__(error)
        self.table = table


class StepFailed(StepError, DatabaseTerminalException):
    """It would fail again."""


class StepInterrupted(StepError, DatabaseTransientException):
    """It may be done if it is tried again."""


class BuildJob(RunnableLoadJob):
    """Does all steps of its load package that are not done yet, whichever of them it was made for.

    tell: what is called with the tables
    """

    def __init__(self, file_path: str, tell: Tell) -> None:
        super().__init__(file_path)
        self._tell = tell

    def run(self) -> None:
        """Does the steps, each in one transaction."""
        client = self._job_client.sql_client  # type: ignore[attr-defined]
        with _ONE_AT_A_TIME:
            done = self._done(client)
            if self._load_table["name"] in done:
                return
            for step in read_steps(Path(self._file_path).parents[1]):
                if step.table not in done:
                    self._do(client, step)

    def _done(self, client: SqlClientBase[Any]) -> set[str]:
        rows = client.execute_sql(
            f"select model from {client.make_qualified_table_name(STEPS_DONE)}"
            " where _dlt_load_id = %s",
            self._load_id,
        )
        return {str(name) for (name,) in rows or ()}

    def _do(self, client: SqlClientBase[Any], step: Step) -> None:
        self._tell(step.table, None)
        try:
            with client.begin_transaction():
                for statement in self._statements(client, step):
                    client.execute_sql(statement)
                count = f"select count(*) from {client.make_qualified_table_name(step.table)}"
                ((rows,),) = client.execute_sql(count) or ()
        except DatabaseException as error:
            kind = StepFailed if is_lasting(error) else StepInterrupted
            raise kind(step.table, error.dbapi_exception) from error
        self._tell(step.table, int(rows))

    def _statements(self, client: SqlClientBase[Any], step: Step) -> Iterator[str]:
        step = step.filled({LOAD_ID: self._load_id})
        step = step.filled(_range_values(client, step))
        target = client.make_qualified_table_name(step.table)
        yield from step.others
        if step.scope:
            yield f"delete from {target} where {step.scope}"
        for query in _sliced_queries(client, step):
            yield f"insert into {target} by name {query}"
        for table, fingerprint in {step.table: "", **step.marks}.items():
            yield from self._marks(client, table, fingerprint)

    def _marks(self, client: SqlClientBase[Any], table: str, fingerprint: str) -> Iterator[str]:
        target = client.make_qualified_table_name(STEPS_DONE)
        columns = {"model": table, "fingerprint": fingerprint}
        columns["_dlt_load_id"] = self._load_id
        texts = {name: f"'{value}'" for name, value in columns.items()}
        texts["_dlt_id"] = "cast(uuid() as varchar)"
        yield f"delete from {target} where model = '{table}'"
        selected = ", ".join(f"{text} as {name}" for name, text in texts.items())
        yield f"insert into {target} by name select {selected}"


def is_lasting(error: DatabaseException) -> bool:
    """Returns True if what failed in the database would fail again; so does a lack of memory."""
    return isinstance(error, DatabaseTerminalException) or isinstance(
        error.dbapi_exception, duckdb.OutOfMemoryException
    )


def _range_values(client: SqlClientBase[Any], step: Step) -> dict[str, str]:
    values = {}
    for name, query in step.ranges.items():
        ((first, last),) = client.execute_sql(query) or ()
        found = _NO_RANGE if first is None else (first.isoformat(), last.isoformat())
        values[first_of(name)], values[last_of(name)] = found
    return values


def _sliced_queries(client: SqlClientBase[Any], step: Step) -> Iterator[str]:
    if not step.slices:
        yield step.query
        return
    for first, end in _bounds(client, step.slices):
        yield step.filled({FROM: first, TO: end}).query


def _bounds(client: SqlClientBase[Any], slices: Slices) -> Iterator[tuple[str, str]]:
    """Yields the first value of each slice and that after its last one, in ascending order."""
    sample = sorted(str(value) for (value,) in client.execute_sql(slices.values) or ())
    # by code points, as DuckDB compares texts by their bytes in UTF-8
    cuts = sorted({sample[len(sample) * n // slices.count] for n in range(1, slices.count)})
    starts = [slices.first, *(cut for cut in cuts if cut != slices.first)]
    yield from zip(starts, [*starts[1:], slices.last], strict=True)
