"""Runs the data tests of the models inside of the destination.

Each test is one SELECT of the rows that fail it, as in dbt: a null fails `not_null` alone, and an
expression that is null is not false.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import dlt
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from ..exceptions import CheckError, reason
from .files import DIALECT, parse_sql, tables_of
from .properties import DataTest, Described
from .qualify import Schema, qualify_query, sql_schema

SAMPLE = 5
"""How many of the rows that fail a test are shown."""

COUNT = "failing_rows"

Status = Literal["pass", "warn", "FAIL"]


class Result(NamedTuple):
    """What a test found.

    failing: number of rows of its SELECT
    sample: a few of them, by column
    """

    check: DataTest
    failing: int
    sample: list[dict[str, Any]]

    @property
    def status(self) -> Status:
        """Whether the rows are as they should be, and if not, how bad that is."""
        if not self.failing:
            return "pass"
        return "warn" if self.check.severity == "warn" else "FAIL"


def run_data_tests(pipeline: dlt.Pipeline, tables: Iterable[Described]) -> Iterator[Result]:
    """Runs all tests of some models and seeds, one by one.

    Raises:
        CheckError: if a table or column that a test needs is not there, before any test is run
    """
    schema = sql_schema(pipeline)
    queries = [
        (check, failing_rows(check, table.keys, schema))
        for table in tables
        for check in table.checks
    ]
    with pipeline.dataset() as dataset:
        for check, query in queries:
            yield run_data_test(dataset, check, query, schema)


def run_data_test(
    dataset: dlt.Dataset, check: DataTest, failing_rows: str, schema: Schema
) -> Result:
    """Runs one test.

    Raises:
        CheckError: if the database refuses its SQL
    """
    sql = f"select *, count(*) over () as {COUNT} from ({failing_rows}) as failing limit {SAMPLE}"
    query = parse_sql(sql)
    read = {table.name: schema[table.name] for table in tables_of(query) if table.name in schema}
    try:
        query = qualify_query(query, read)
        rows = dataset(query.sql(dataset.destination_dialect)).fetchall()
        found = [dict(zip(query.named_selects, row, strict=True)) for row in rows]
    except Exception as error:
        raise CheckError(f"{place(check)} failed: {reason(error)} Its SQL: {sql}") from error
    failing = int(found[0][COUNT]) if found else 0
    return Result(check, failing, [{k: v for k, v in row.items() if k != COUNT} for row in found])


def failing_rows(check: DataTest, keys: Iterable[str], present: Mapping[str, Iterable[str]]) -> str:
    """The SELECT of the rows that fail a test, in DuckDB's dialect.

    keys: the columns, or SQL expressions of them, by which a row that fails is shown
    present: the columns of each table that there is

    Raises:
        CheckError: if a table or a column is not there
    """
    columns = columns_in(check, check.table, present)
    mentioned = [name for text in expressions(check) for name in names_in(check, text, columns)]
    rows = check.table
    if check.where:
        rows = f"(select * from {check.table} where {check.where}) as {check.table}"
    if check.kind == "relationships":
        return orphans(check, rows, present)
    if check.kind in ("unique", "accepted_values"):
        return values(check, rows)
    shown = [name for key in keys for name in names_in(check, key, columns)]
    shown += mentioned if check.kind == "expression_is_true" else []
    listed = ", ".join(dict.fromkeys(shown)) or "*"
    if check.kind == "not_null":
        return f"select {listed} from {rows} where {check.column} is null"
    return f"select {listed} from {rows} where not ({expression(check)})"


def expressions(check: DataTest) -> Iterator[str]:
    """The SQL that a test applies to its table."""
    if check.kind == "expression_is_true":
        yield expression(check)
    elif check.column:
        yield check.column
    if check.where:
        yield check.where


def expression(check: DataTest) -> str:
    """What has to be true: of a column, what stands behind its name."""
    return " ".join(filter(None, [check.column, str(check.arguments["expression"])]))


def values(check: DataTest, rows: str) -> str:
    """The values that fail, with the number of their rows."""
    per_value = f"select {check.column} as value, count(*) as row_count from {rows}"
    if check.kind == "unique":
        return f"{per_value} where {check.column} is not null group by 1 having count(*) > 1"
    quoted = check.arguments.get("quote", True)
    accepted = [
        text_literal(value) if quoted else str(value) for value in check.arguments["values"]
    ]
    return (
        f"select value, row_count from ({per_value} group by 1) as found"
        f" where value not in ({', '.join(accepted)})"
    )


def orphans(check: DataTest, rows: str, present: Mapping[str, Iterable[str]]) -> str:
    """The values that the table referred to does not have."""
    parent, column = check.parent, str(check.arguments["field"])
    names_in(check, column, columns_in(check, parent, present))
    return (
        f"select child.value from (select {check.column} as value from {rows}"
        f" where {check.column} is not null) as child"
        f" left join (select {column} as value from {parent}) as parent"
        " on child.value = parent.value where parent.value is null"
    )


def columns_in(check: DataTest, table: str, present: Mapping[str, Iterable[str]]) -> set[str]:
    """The columns of a table."""
    if table not in present:
        raise CheckError(f"{place(check)}: there is no table {table} yet. Build the models first.")
    return set(present[table])


def names_in(check: DataTest, sql: str, columns: set[str]) -> list[str]:
    """The columns that an expression names, each of which has to be there."""
    try:
        parsed = parse_one(sql, read=DIALECT)
    except SqlglotError as error:
        raise CheckError(f"{place(check)}: {sql!r} is not SQL: {error}") from error
    names = [column.name for column in parsed.find_all(exp.Column)]
    for name in names:
        if name not in columns:
            raise CheckError(
                f"{place(check)}: there is no column {name}."
                f" There are {', '.join(sorted(columns))}."
            )
    return names


def place(check: DataTest) -> str:
    """Where a test is written."""
    return f"{check.file.name}, test {check.label}"


def text_literal(value: object) -> str:
    """A text as SQL."""
    return exp.Literal.string(str(value)).sql(DIALECT)
