"""A model's SQL in the words of a database, where sqlglot's translation is not enough.

What stands here was found by running the models: PostgreSQL and ClickHouse give the same tables
as DuckDB. BigQuery and Redshift could only be read up on.
"""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from .files import DIALECT

Rewrite = Callable[[exp.Expression], exp.Expression]
"""Changes one node of a query; called for each."""


def translated(query: exp.Query, dialect: str) -> str:
    """A query of DuckDB's as text in another dialect of sqlglot's. The query stays as it is."""
    mend = REWRITES.get(dialect)
    return (query.transform(mend) if mend else query).sql(dialect)


def for_postgres(node: exp.Expression) -> exp.Expression:
    """Texts are ordered by their bytes, as in DuckDB, whatever the collation of the database."""
    if isinstance(node, exp.Ordered) and node.this.is_type(*exp.DataType.TEXT_TYPES):
        # "C" does the same, but dlt writes all names in lower case
        bytewise = exp.Collate(this=node.this, expression=exp.to_identifier("ucs_basic"))
        return exp.Ordered(**{**node.args, "this": bytewise})
    return node


def for_bigquery(node: exp.Expression) -> exp.Expression:
    """Differences of times have a function of their own; that of dates knows no milliseconds."""
    if isinstance(node, exp.DateDiff):
        return exp.TimestampDiff(
            this=node.this, expression=node.expression, unit=node.args.get("unit")
        )
    return node


def for_redshift(node: exp.Expression) -> exp.Expression:
    """An ordered list is `listagg(…) within group (order by …)`."""
    if isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Order):
        order = node.this
        unordered = exp.GroupConcat(this=order.this, separator=node.args.get("separator"))
        return exp.WithinGroup(this=unordered, expression=exp.Order(expressions=order.expressions))
    return node


def for_clickhouse(node: exp.Expression) -> exp.Expression:
    """Aggregates know no order, and `lower` no letters beyond ASCII."""
    if isinstance(node, exp.Lower):
        return call("lowerUTF8", node.this)
    if isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Order):
        order = node.this
        [key] = (each.this for each in order.expressions)
        pairs = call("arraySort", call("groupArray", call("tuple", key, order.this)))
        second = exp.Lambda(
            this=call("tupleElement", exp.column("pair"), exp.Literal.number(2)),
            expressions=[exp.to_identifier("pair")],
        )
        return call("arrayStringConcat", call("arrayMap", second, pairs), node.args["separator"])
    return node


def call(name: str, *arguments: Any) -> exp.Expression:
    """A call of a function that sqlglot does not know."""
    return exp.Anonymous(this=name, expressions=[*arguments])


def for_duckdb(node: exp.Expression) -> exp.Expression:
    """What is the same to DuckDB but for time and memory.

    An ordered list is sorted when its group is complete: an aggregate that sorts takes thrice the
    time. A part that only picks columns and rows of a table is read again for each that uses it,
    and not kept.
    """
    if isinstance(node, exp.CTE) and only_reads(node.this):
        node.set("materialized", False)
    if not isinstance(node, exp.GroupConcat) or not isinstance(node.this, exp.Order):
        return node
    value, (order,) = node.this.this, node.this.expressions
    if order.args.get("desc") or not order.args.get("nulls_first"):
        return node
    own = all(column == order.this for column in value.find_all(exp.Column))
    values = sorted_texts(value, order.this) if own else sorted_values(value, order.this)
    return call("array_to_string", exp.maybe_parse(values, dialect=DIALECT), node.args["separator"])


def only_reads(query: exp.Query) -> bool:
    """Whether a query only picks columns and rows of a table, be it by a list of their values."""
    bare = query.copy()
    for listed in list(bare.find_all(exp.In)):
        # with `or` it is no join, and all columns of all rows are read
        if listed.args.get("query") and not listed.find_ancestor(exp.Or):
            listed.replace(exp.true())
    return not bare.find(*MORE_THAN_READING)


def sorted_texts(value: exp.Expression, key: exp.Expression) -> str:
    """The list of a value that is made of its key alone, as SQL.

    As one text until it is complete: a list has room for more, in memory, for each group.
    """
    item = value.transform(lambda node: exp.column("item") if node == key else node)
    text = f"string_agg({key.sql(DIALECT)}, {BETWEEN})"
    return f"[{item.sql(DIALECT)} for item in list_sort(string_split({text}, {BETWEEN}))]"


def sorted_values(value: exp.Expression, key: exp.Expression) -> str:
    """The list of a value that is sorted by another one, as SQL; null is no part of it."""
    text = value.sql(DIALECT)
    pairs = f"list({{'key': {key.sql(DIALECT)}, 'value': {text}}})"
    return f"[pair.value for pair in list_sort({pairs} filter (where {text} is not null))]"


BETWEEN = "(chr(10) || chr(65535))"
"""What stands in no text: the second is no character, and never will be one."""

MORE_THAN_READING = (
    exp.AggFunc,
    exp.Distinct,
    exp.Group,
    exp.Join,
    exp.SetOperation,
    exp.Subquery,
    exp.Window,
)

REWRITES: dict[str, Rewrite] = {
    DIALECT: for_duckdb,
    "postgres": for_postgres,
    "bigquery": for_bigquery,
    "redshift": for_redshift,
    "clickhouse": for_clickhouse,
}
