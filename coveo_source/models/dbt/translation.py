"""The models' SQL as dbt is to run it: as it is for DuckDB, translated for other databases.

In either case the names of tables become Jinja. A translated query names every column, so it is
written for the tables and columns that the pipeline has loaded so far.
"""

import re
from collections.abc import Iterable, Mapping
from typing import cast

from sqlglot import Dialect, exp, parse_one
from sqlglot.dialects.dialect import NormalizationStrategy

from ...tables import REMOVED, TABLES
from ..dialects import translated
from ..files import DIALECT, SEEDS, Model, parse_sql, tables_of
from ..qualify import Schema, known_columns, qualify_query, readable
from ..state import UNITS
from .adapters import Adapter

_TEXT = "varchar"

_PLACEHOLDER = re.compile(r"jinja__(\w+?)__jinja")

_TYPE = re.compile(r"(?<=data_type: )\w+|(?<= as )varchar(?=\))")
"""The type of a column in YAML, or one to which a data test casts."""


class SqlWriter:
    """Writes queries over the tables of a pipeline in the SQL of an adapter."""

    def __init__(self, adapter: Adapter, schema: Schema, models: Iterable[Model] = ()) -> None:
        """Takes note of the columns of all tables.

        schema: with all columns of the tables
        models: those that may be read, each after those that it reads
        """
        self._dialect = adapter.dialect
        self.translates = adapter.is_translated
        read = readable(schema)
        self._schema: dict[str, Mapping[str, str]] = {
            **{name: read[name] for name in TABLES if name in read},
            REMOVED: known_columns(REMOVED),
            UNITS: {"unit": _TEXT, "value": _TEXT},
            **{seed: {"action_cause": _TEXT, "kind": _TEXT} for seed in SEEDS},
        }
        for model in models if self.translates else ():
            self._schema[model.name] = _column_types(qualify_query(model.query, self._schema))

    def query(self, sql: str, replacements: Mapping[str, str]) -> str:
        """Returns a query in DuckDB's SQL for dbt.

        replacements: Jinja expression by name of the table
        """
        if not self.translates:
            return with_jinja(sql, replacements)
        query = self._quoted(qualify_query(parse_sql(sql), self._schema))
        for table in list(tables_of(query)):
            if table.name.lower() in replacements:
                table.set("this", exp.to_identifier(f"jinja__{table.name.lower()}__jinja"))
        text = translated(query, self._dialect, pretty=True)
        return _PLACEHOLDER.sub(lambda found: f"{{{{ {replacements[found[1]]} }}}}", text)

    def expression(self, sql: str) -> str:
        """Returns an expression in DuckDB's SQL for dbt."""
        if not self.translates:
            return sql
        return self._quoted(parse_one(sql, read=DIALECT)).sql(self._dialect)

    def described(self, yaml: str) -> str:
        """Returns the YAML of a model or seed, with the names of types as the database has them."""
        return _TYPE.sub(lambda found: self._type(found[0]), yaml) if self.translates else yaml

    def _type(self, kind: str) -> str:
        return exp.DataType.build(kind, dialect=DIALECT).sql(self._dialect)

    def _quoted(self, tree: exp.Expr) -> exp.Query:
        """Quotes all names, since a dimension may be called like a keyword; changes the tree."""
        rules = Dialect.get_or_raise(self._dialect)
        upper = rules.normalization_strategy is NormalizationStrategy.UPPERCASE
        for name in tree.find_all(exp.Identifier):
            # so it is still the name that is meant without quotes
            text = name.name.upper() if upper else name.name
            name.replace(exp.to_identifier(text, quoted=True))
        return cast(exp.Query, tree)


def _column_types(query: exp.Query) -> dict[str, str]:
    return {
        select.alias_or_name: cast(exp.DataType, select.type).sql(DIALECT).lower()
        for select in query.selects
    }


def with_jinja(sql: str, replacements: Mapping[str, str]) -> str:
    """Returns SQL with the names of tables replaced by Jinja, and nothing else changed.

    replacements: Jinja expression by name of the table
    """
    tables = [table for table in tables_of(parse_sql(sql)) if table.name in replacements]
    for table in sorted(tables, key=lambda table: -int(table.this.meta["start"])):
        text = f"{{{{ {replacements[table.name]} }}}}"
        if is_subquery(replacements[table.name]) and not table.alias:
            text += f" as {table.name}"
        sql = sql[: table.this.meta["start"]] + text + sql[table.this.meta["end"] + 1 :]
    return sql


def is_subquery(replacement: str) -> bool:
    """Returns True if the Jinja expression stands for a subquery, not for the name of a table."""
    return replacement.startswith("complete_")
