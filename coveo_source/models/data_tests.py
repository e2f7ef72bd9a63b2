"""Runs the data tests of the models inside the destination.

As in dbt, each test is one SELECT of the rows that fail it. Null fails `not_null` only, and an
expression that is null passes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import dlt
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from ..causes import reason
from ..exceptions import CheckError
from .files import DIALECT, parse_sql, tables_of
from .properties import DataTest, Properties
from .qualify import Schema, qualify_query, sql_schema
from .resources import to_relation

_SAMPLE_ROWS = 5
"""Number of failing rows that are shown."""

Status = Literal["pass", "warn", "FAIL"]


class Result(NamedTuple):
    """The result of a test.

    failing: number of rows that fail
    sample: a few of these rows, by column
    """

    test: DataTest
    failing: int
    sample: list[dict[str, Any]]

    @property
    def status(self) -> Status:
        """`pass` without failing rows, else `warn` or `FAIL` by the test's severity."""
        if not self.failing:
            return "pass"
        return "warn" if self.test.severity == "warn" else "FAIL"


def run_data_tests(pipeline: dlt.Pipeline, tables: Iterable[Properties]) -> Iterator[Result]:
    """Runs the tests of some models and seeds, one by one; yields the result of each.

    Raises:
        CheckError: before any test runs, if a table or column that a test needs is missing; or
            if the database refuses the SQL of a test
    """
    schema = sql_schema(pipeline)
    queries = [
        (test, _failing_rows(test, table.key, schema))
        for table in tables
        for test in table.data_tests
    ]
    with pipeline.dataset() as dataset:
        for test, query in queries:
            yield _run_data_test(dataset, test, query, schema)


def _run_data_test(dataset: dlt.Dataset, test: DataTest, query: str, schema: Schema) -> Result:
    rows = parse_sql(query)
    read = {table.name: schema[table.name] for table in tables_of(rows) if table.name in schema}
    try:
        rows = qualify_query(rows, read)
        failing = _count(dataset, rows)
        sample = _sample(dataset, rows) if failing else []
    except Exception as error:
        raise CheckError(f"{_place(test)} failed: {reason(error)} Its SQL: {query}") from error
    return Result(test, failing, sample)


def _count(dataset: dlt.Dataset, rows: exp.Query) -> int:
    # beside the rows, count(*) over () would do; but on several threads, DuckDB fails by it now
    # and then where no row is left, and refuses all that follows
    count = exp.Count(this=exp.Star()).as_("failing_rows")
    counted = exp.select(count).from_(rows.subquery("failing"))
    return int(to_relation(dataset, counted).fetchall()[0][0])


def _sample(dataset: dlt.Dataset, rows: exp.Query) -> list[dict[str, Any]]:
    shown = to_relation(dataset, rows.limit(_SAMPLE_ROWS)).fetchall()
    return [dict(zip(rows.named_selects, row, strict=True)) for row in shown]


def _failing_rows(test: DataTest, key: Iterable[str], schema: Schema) -> str:
    """Returns the SELECT of the rows that fail a test, in DuckDB's dialect.

    key: the columns, or SQL expressions, that are shown of a failing row
    """
    columns = _columns(test, test.table, schema)
    used = [name for text in _expressions(test) for name in _column_names(test, text, columns)]
    rows = test.table
    if test.where:
        rows = f"(select * from {test.table} where {test.where}) as {test.table}"
    if test.kind == "relationships":
        return _orphans(test, rows, schema)
    if test.kind in ("unique", "accepted_values"):
        return _failing_values(test, rows)
    shown = [name for part in key for name in _column_names(test, part, columns)]
    shown += used if test.kind == "expression_is_true" else []
    listed = ", ".join(dict.fromkeys(shown)) or "*"
    if test.kind == "not_null":
        return f"select {listed} from {rows} where {test.column} is null"
    return f"select {listed} from {rows} where not ({_expression(test)})"


def _expressions(test: DataTest) -> Iterator[str]:
    if test.kind == "expression_is_true":
        yield _expression(test)
    elif test.column:
        yield test.column
    if test.where:
        yield test.where


def _expression(test: DataTest) -> str:
    # for a column, the expression is what follows its name
    return " ".join(filter(None, [test.column, str(test.arguments["expression"])]))


def _failing_values(test: DataTest, rows: str) -> str:
    """Returns the SELECT of the values that fail, each with its number of rows."""
    per_value = f"select {test.column} as value, count(*) as row_count from {rows}"
    if test.kind == "unique":
        return f"{per_value} where {test.column} is not null group by 1 having count(*) > 1"
    values = test.arguments["values"]
    if test.arguments.get("quote", True):
        values = [exp.Literal.string(str(value)).sql(DIALECT) for value in values]
    return (
        f"select value, row_count from ({per_value} group by 1) as counted"
        f" where value not in ({', '.join(map(str, values))})"
    )


def _orphans(test: DataTest, rows: str, schema: Schema) -> str:
    """Returns the SELECT of the values that are missing from the parent table."""
    parent, column = test.parent, str(test.arguments["field"])
    _column_names(test, column, _columns(test, parent, schema))
    return (
        f"select child.value from (select {test.column} as value from {rows}"
        f" where {test.column} is not null) as child"
        f" left join (select {column} as value from {parent}) as parent"
        " on child.value = parent.value where parent.value is null"
    )


def _columns(test: DataTest, table: str, schema: Schema) -> Mapping[str, str]:
    if table not in schema:
        raise CheckError(f"{_place(test)}: there is no table {table} yet. Build the models first.")
    return schema[table]


def _column_names(test: DataTest, sql: str, columns: Iterable[str]) -> list[str]:
    """Returns the columns that an expression uses, all of which must exist."""
    try:
        parsed = parse_one(sql, read=DIALECT)
    except SqlglotError as error:
        raise CheckError(f"{_place(test)}: {sql!r} is not SQL: {error}") from error
    names = [column.name for column in parsed.find_all(exp.Column)]
    for name in names:
        if name not in columns:
            raise CheckError(
                f"{_place(test)}: there is no column {name}."
                f" There are {', '.join(sorted(columns))}."
            )
    return names


def _place(test: DataTest) -> str:
    return f"{test.file.name}, test {test.label}"
