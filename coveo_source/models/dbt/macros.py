"""The macros of the dbt project: the names of tables, and the units that a load touched.

dbt runs without this package, so files/macros/rebuild.sql does in Jinja what `runner` does in
Python, with state tables of its own and without predicate push-down. Both use the same query for
the touched units and the same condition for the rows to rebuild, generated here from `touched`.
"""

from collections.abc import Iterable, Mapping, Sequence

from ...tables import REMOVED, TABLES
from ..files import SEEDS, Model
from ..qualify import Schema, left_out, missing_columns
from ..state import UNITS
from ..touched import comparable, touched_by_loads, units_to_rebuild
from .translation import SqlWriter, is_subquery

DBT_SOURCE = "coveo_ua"
"""The name of the dbt source, whatever the dataset is called."""

DLT_LOADS = "_dlt_loads"

_NEW_LOADS = f"select value from {UNITS} where unit = 'load'"
"""The loads that the models have not consumed; they are listed first."""

_STATE_TABLES = {UNITS: f"state_table('dbt_{UNITS}')"}
"""The list of touched units is not a model, but a table next to the models."""


def jinja_names(models: Iterable[Model], schema: Schema, writer: SqlWriter) -> dict[str, str]:
    """Returns the Jinja expression for each table and model that the models read."""
    built = {name: f"ref('{name}')" for name in (*SEEDS, *(model.name for model in models))}
    if writer.translates:
        # what is missing is already null in the query
        return {**{name: _loaded(name) for name in (*TABLES, REMOVED) if name in schema}, **built}
    loaded = {name: _source(name, schema) for name in TABLES}
    return {**loaded, REMOVED: f"complete_{REMOVED}()", **built}


def _source(table: str, schema: Schema) -> str:
    as_it_is = not missing_columns(table, schema) and not left_out(table, schema)
    return _loaded(table) if as_it_is else f"complete_{table}()"


def _loaded(table: str) -> str:
    return f"source('{DBT_SOURCE}', '{table}')"


def completing_macros(schema: Schema) -> str:
    """Returns the macros that add documented columns and tables that are not loaded, as nulls.

    They also leave out the columns that models must not read.

    schema: with all columns of the tables
    """
    macros = [
        "{# Adds nulls for the columns and tables that the pipeline does not load, and leaves out"
        " columns whose names are reserved. #}"
    ]
    for table in TABLES:
        missing, hidden = missing_columns(table, schema), left_out(table, schema)
        if missing or hidden:
            selects = [f'cast(null as {kind}) as "{name}"' for name, kind in missing.items()]
            rows = "where false"
            if table in schema:
                selects.insert(0, f"* exclude ({', '.join(hidden)})" if hidden else "*")
                rows = f"from {{{{ {_loaded(table)} }}}}"
            listed = ",\n        ".join(selects)
            body = f"(\n    select\n        {listed}\n    {rows}\n)"
            macros.append(_macro(f"complete_{table}", body))
    return "\n\n".join(macros)


def touched_macros(models: Sequence[Model], schema: Schema, writer: SqlWriter) -> str:
    """Returns the macros that tell what to rebuild."""
    by_unit = [model for model in models if model.unit]
    names = jinja_names(models, schema, writer)
    previous = {model.name: f"previous('{model.name}')" for model in models}
    query = writer.query(touched_by_loads(_NEW_LOADS), {**names, **previous, **_STATE_TABLES})
    sources = {name: names[name] for name in TABLES if name in schema}
    loaded = [
        f"{source} ~ ' as {name}'" if is_subquery(source) else source
        for name, source in sources.items()
    ]
    return "\n\n".join(
        [
            "{# Generated from the models and the tables of the pipeline; see rebuild.sql. #}",
            _macro("rebuilt_models", _returning(repr(model.name) for model in by_unit)),
            _macro("seeds", _returning(map(repr, SEEDS))),
            _macro("loaded_tables", _returning(loaded)),
            _macro("touched_by_new_loads", query),
            *(_macro(condition_macro(each), _condition(each, names, writer)) for each in by_unit),
        ]
    )


def condition_macro(model: Model) -> str:
    """Returns the name of the macro with the condition for a model's rows to rebuild."""
    return f"touched_{model.name}"


def _condition(model: Model, names: Mapping[str, str], writer: SqlWriter) -> str:
    unit = writer.expression(comparable(model, str(model.unit)))
    units = writer.query(units_to_rebuild(model), {**names, **_STATE_TABLES})
    return f"({{{{ everything_is_touched() }}}} or {unit} in ({units}))"


def _returning(expressions: Iterable[str]) -> str:
    return "{{ return([" + ", ".join(expressions) + "]) }}"


def _macro(name: str, body: str) -> str:
    return f"{{% macro {name}() %}}\n{body}\n{{% endmacro %}}\n"
