"""Rewrites of DuckDB's SQL for databases where sqlglot's translation is not enough.

The rewrites for PostgreSQL, ClickHouse and Databricks were found by running the models there, the
last ones in Spark: they give the same tables as DuckDB. Those for Snowflake and BigQuery are based
on their manuals and were run in emulators; those for Redshift are based on its manual only.
"""

from collections.abc import Callable
from typing import Any, cast

from sqlglot import exp

from .files import DIALECT

_Rewrite = Callable[[exp.Expression], exp.Expression]
"""Rewrites one node of a query; called for every node."""


def translated(query: exp.Expr, dialect: str, pretty: bool = False) -> str:
    """Returns DuckDB's SQL as text in another dialect of sqlglot; does not change the query."""
    if dialect in _JSON_TEXTS:
        query = query.transform(_with_json_texts, _JSON_TEXTS[dialect], dialect)
    rewrite = REWRITES.get(dialect)
    return (query.transform(rewrite) if rewrite else query).sql(dialect, pretty=pretty)


def _with_json_texts(node: exp.Expression, text_of_json: str, dialect: str) -> exp.Expression:
    """Writes a text as JSON in a dialect, where DuckDB casts `to_json` of it to text."""
    if not isinstance(node, exp.Cast) or node.this.name != "to_json":
        return node
    [value] = node.this.expressions
    call: exp.Expr = exp.maybe_parse(text_of_json, dialect=dialect)
    for column in call.find_all(exp.Column):
        column.replace(value.copy())
    return cast(exp.Expression, call)


def _for_postgres(node: exp.Expression) -> exp.Expression:
    """Sorts texts by their bytes, as DuckDB does, whatever the collation of the database."""
    if isinstance(node, exp.Ordered) and node.this.is_type(*exp.DataType.TEXT_TYPES):
        # "C" does the same, but dlt writes all names in lower case
        bytewise = exp.Collate(this=node.this, expression=exp.to_identifier("ucs_basic"))
        return exp.Ordered(**{**node.args, "this": bytewise})
    if isinstance(node, exp.RegexpExtract):
        # with a group in the pattern, it returns what the group matches
        return _call("substring", node.this, node.expression)
    return node


def _for_snowflake(node: exp.Expression) -> exp.Expression:
    """Writes patterns without flags and without groups that are not captured, which it lacks."""
    return _posix_extract(node) if isinstance(node, exp.RegexpExtract) else node


def _posix_extract(node: exp.RegexpExtract) -> exp.Expression:
    """Returns the call for what the first group of a pattern matches, from the first place on."""
    pattern = node.expression.name
    flags = "ie" if pattern.startswith("(?i)") else "e"
    text, one = exp.Literal.string, exp.Literal.number(1)
    plain = text(pattern.removeprefix("(?i)").replace("(?:", "("))
    return _call("regexp_substr", node.this, plain, one, one.copy(), text(flags))


def _for_bigquery(node: exp.Expression) -> exp.Expression:
    """Uses TIMESTAMP_DIFF, because DATE_DIFF does not know milliseconds; begins weeks on Monday."""
    if isinstance(node, exp.DateDiff):
        return exp.TimestampDiff(
            this=node.this, expression=node.expression, unit=node.args.get("unit")
        )
    if isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)) and node.text("unit") == "WEEK":
        return _call("date_trunc", node.this, exp.var("ISOWEEK"))
    return node


def _for_redshift(node: exp.Expression) -> exp.Expression:
    """Writes an ordered list as `listagg(…) within group (order by …)`."""
    if isinstance(node, exp.RegexpExtract):
        return _posix_extract(node)
    if isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Order):
        order = node.this
        unordered = exp.GroupConcat(this=order.this, separator=node.args.get("separator"))
        return exp.WithinGroup(this=unordered, expression=exp.Order(expressions=order.expressions))
    return node


def _for_clickhouse(node: exp.Expression) -> exp.Expression:
    """Sorts lists with a function, as aggregates cannot; lower-cases letters beyond ASCII.

    Times have microseconds: its type `DateTime`, which sqlglot would take, has seconds only.
    """
    if isinstance(node, exp.Cast) and node.to.is_type(*_TIMES):
        node.set("to", _DATETIME64.copy())
    if isinstance(node, exp.Lower):
        return _call("lowerUTF8", node.this)
    if isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Order):
        order = node.this
        [key] = (ordered.this for ordered in order.expressions)
        pairs = _call("arraySort", _call("groupArray", _call("tuple", key, order.this)))
        second = exp.Lambda(
            this=_call("tupleElement", exp.column("pair"), exp.Literal.number(2)),
            expressions=[exp.to_identifier("pair")],
        )
        return _call("arrayStringConcat", _call("arrayMap", second, pairs), node.args["separator"])
    return node


def _for_databricks(node: exp.Expression) -> exp.Expression:
    """Sorts lists with a function, as aggregates cannot before Spark 4."""
    if not isinstance(node, exp.GroupConcat) or not isinstance(node.this, exp.Order):
        return node
    value, (order,) = node.this.this, node.this.expressions
    if order.args.get("desc") or not order.args.get("nulls_first"):
        return node
    text, key, separator = (
        each.sql("databricks") for each in (value, order.this, node.args["separator"])
    )
    pairs = f"array_sort(collect_list(named_struct('key', {key}, 'value', {text})))"
    values = f"array_join(transform({pairs}, pair -> pair.value), {separator})"
    listed: exp.Expr = exp.maybe_parse(
        f"case when count({text}) > 0 then {values} end", dialect="databricks"
    )
    return cast(exp.Expression, listed)


def _call(name: str, *arguments: Any) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=[*arguments])


def _for_duckdb(node: exp.Expression) -> exp.Expression:
    """Saves time and memory without changing the result."""
    if isinstance(node, exp.CTE) and _only_reads(node.this):
        # reading the table again is cheaper than keeping the rows in memory
        node.set("materialized", False)
    if not isinstance(node, exp.GroupConcat) or not isinstance(node.this, exp.Order):
        return node
    value, (order,) = node.this.this, node.this.expressions
    if order.args.get("desc") or not order.args.get("nulls_first"):
        return node
    # sorts once the group is complete: an aggregate that sorts takes three times as long
    only_key = all(column == order.this for column in value.find_all(exp.Column))
    sort = _sorted_keys if only_key else _sorted_by_key
    values: exp.Expr = exp.maybe_parse(sort(value, order.this), dialect=DIALECT)
    return _call("array_to_string", values, node.args["separator"])


def _only_reads(query: exp.Query) -> bool:
    """Returns True if a query only picks columns and rows of a table; `in (select …)` is fine."""
    more = (exp.AggFunc, exp.Distinct, exp.Group, exp.Join, exp.SetOperation, exp.Subquery)
    return all(_is_in_list(node, query) for node in query.find_all(*more, exp.Window))


def _is_in_list(node: exp.Expr, query: exp.Query) -> bool:
    """Returns True if a part of a query belongs to an `in (select …)`."""
    while node is not query and node.parent:
        node = node.parent
        # below an `or` DuckDB does not turn it into a join, and would read all columns of all rows
        if isinstance(node, exp.In) and node.args.get("query") and not node.find_ancestor(exp.Or):
            return True
    return False


def _sorted_keys(value: exp.Expression, key: exp.Expression) -> str:
    """Returns SQL for the sorted list of a value that is made from its sort key alone."""
    # the keys are collected as one text, because a list would reserve memory for each group
    item = value.transform(lambda node: exp.column("item") if node == key else node)
    text = f"string_agg({key.sql(DIALECT)}, {_SEPARATOR})"
    return f"[{item.sql(DIALECT)} for item in list_sort(string_split({text}, {_SEPARATOR}))]"


def _sorted_by_key(value: exp.Expression, key: exp.Expression) -> str:
    """Returns SQL for the list of a value, sorted by another one; nulls are left out."""
    text = value.sql(DIALECT)
    pairs = f"list({{'key': {key.sql(DIALECT)}, 'value': {text}}})"
    return f"[pair.value for pair in list_sort({pairs} filter (where {text} is not null))]"


_JSON_TEXTS = {
    "snowflake": "to_json(to_variant(value))",
    "bigquery": "to_json_string(value)",
    # it takes no plain text, only what contains one
    "databricks": "substring(to_json(array(value)), 2, length(to_json(array(value))) - 2)",
    "redshift": "json_serialize(cast(value as super))",
    # it escapes slashes, which is JSON too, but another text
    "clickhouse": r"replace(toJSONString(value), '\\/', '/')",
}
"""How databases write the text `value` as JSON, where they do not do so like DuckDB."""

_TIMES = tuple(exp.DataType.Type[f"TIMESTAMP{zone}"] for zone in ("", "TZ", "NTZ"))
_DATETIME64 = exp.DataType.build("Nullable(DateTime64(6, 'UTC'))", dialect="clickhouse")

_SEPARATOR = "(chr(10) || chr(65535))"
"""Occurs in no text: code point 65535 is guaranteed never to be a character."""

REWRITES: dict[str, _Rewrite] = {
    DIALECT: _for_duckdb,
    "postgres": _for_postgres,
    "snowflake": _for_snowflake,
    "bigquery": _for_bigquery,
    "databricks": _for_databricks,
    "redshift": _for_redshift,
    "clickhouse": _for_clickhouse,
}
