"""What a statement scans on paper: which columns of which tables, of all time or of a few months.

A warehouse skips rows by columns that say when an event was. So a table is read in part if a
statement compares one of these columns with constants, and else as a whole.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.scope import Scope, traverse_scope

SEPARATOR = "___"
"""Between the name of the dataset and that of a table, in dlt's tables in ClickHouse."""

_COMPARISONS = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


class Scan(NamedTuple):
    """A place where a statement reads a table.

    in_part: whether only the partitions of some time are read
    deletes: whether rows of these partitions are deleted, for which all columns are read
    """

    table: str
    columns: frozenset[str]
    in_part: bool
    deletes: bool = False


def scans(statement: str, times: Mapping[str, Collection[str]]) -> Iterator[Scan]:
    """Yields the places where a statement reads one of some tables.

    times: the tables, each with the columns by which the warehouse skips rows
    """
    if not statement.lstrip().lower().startswith(("select", "insert", "delete")):
        return
    parsed: Any = sqlglot.parse_one(statement, read="clickhouse")
    deleted = ""
    if isinstance(parsed, exp.Delete):
        deleted = _name(parsed.this)
        parsed = exp.select("1").from_(parsed.this).where(parsed.args["where"].this)
    query = parsed.expression if isinstance(parsed, exp.Insert) else parsed
    if not isinstance(query, exp.Query) or times.keys().isdisjoint(
        map(_name, query.find_all(exp.Table))
    ):
        return
    # as every optimizer does: unused columns are not read, and conditions go down to the tables
    query = pushdown_projections(pushdown_predicates(query))
    for scope in traverse_scope(query):
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table) and (name := _name(source)) in times:
                columns = frozenset(
                    column.name for column in scope.columns if column.table in (alias, "")
                )
                in_part = _compares(scope, times[name])
                yield Scan(name, columns, in_part, name == deleted and scope.is_root)


def _name(table: exp.Table) -> str:
    dataset, _, name = table.name.partition(SEPARATOR)
    return "" if dataset.endswith("_staging") else name


def _compares(scope: Scope, columns: Collection[str]) -> bool:
    """Returns True if a query compares one of some columns with constants."""
    where = scope.expression.args.get("where")
    if where is None:
        return False
    conditions = where.this.flatten() if isinstance(where.this, exp.And) else [where.this]
    return any(
        isinstance(each, _COMPARISONS)
        and isinstance(each.this, exp.Column)
        and each.this.name in columns
        and not any(side.find(exp.Column, exp.Query) for side in _others(each))
        for each in conditions
    )


def _others(comparison: exp.Expression) -> Sequence[exp.Expression]:
    return [side for side in comparison.iter_expressions() if side is not comparison.this]


def billed(
    found: Sequence[Scan],
    rows: Mapping[str, tuple[float, float]],
    sizes: Mapping[str, Mapping[str, float]],
) -> float:
    """Returns the bytes that BigQuery bills for a statement: each column once, however often read.

    A delete bills all columns of the partitions that it changes.

    rows: all rows of each table, and those of a month
    sizes: average bytes of each column
    """
    columns: dict[tuple[str, str], float] = {}
    changed = 0.0
    for scan in found:
        read = rows[scan.table][scan.in_part]
        for column in scan.columns & sizes[scan.table].keys():
            key = (scan.table, column)
            columns[key] = max(columns.get(key, 0), read * sizes[scan.table][column])
        if scan.deletes:
            changed += rows[scan.table][True] * sum(sizes[scan.table].values())
    return sum(columns.values()) + changed
