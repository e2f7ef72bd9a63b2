"""What a dbt project needs besides the models: names for its tables, and what was touched.

Rebuilding by unit works as in `rebuild`, with the same list and the same SQL, in macros.
"""

from collections.abc import Iterable, Mapping

import yaml

from ...tables import TABLES
from ..affected import Unit, touched_units, work_list
from ..files import SEED, Model, parse_sql, selected, tables_of
from ..qualify import Schema, missing
from ..state import UNITS

SOURCE = "coveo_ua"
"""Name of the dbt source, whatever the dataset is called."""

DLT_LOADS = "_dlt_loads"

NEW_LOADS = f"select value from {UNITS} where unit = 'load'"
"""Once they are on the list, the loads of which the models know nothing."""

KEPT = {UNITS: f"kept('{UNITS}')"}
"""The list of touched units is no model, but a table beside them."""


def with_jinja(sql: str, replacements: Mapping[str, str]) -> str:
    """SQL with Jinja for the names of tables; every other character stays.

    replacements: Jinja expression by name of the table
    """
    found = [table for table in tables_of(parse_sql(sql)) if table.name in replacements]
    for table in sorted(found, key=lambda table: -int(table.this.meta["start"])):
        text = f"{{{{ {replacements[table.name]} }}}}"
        if is_completed(replacements[table.name]) and not table.alias:
            text += f" as {table.name}"
        sql = sql[: table.this.meta["start"]] + text + sql[table.this.meta["end"] + 1 :]
    return sql


def names(schema: Schema) -> dict[str, str]:
    """What stands in dbt for the tables that the models read."""
    built = {name: f"ref('{name}')" for name in (SEED, *(model.name for model in selected(())))}
    return {**{name: source(name, schema) for name in TABLES}, **built}


def source(table: str, schema: Schema) -> str:
    """What stands in dbt for a table of the pipeline."""
    if missing(table, schema):
        return f"complete_{table}()"
    return f"source('{SOURCE}', '{table}')"


def is_completed(replacement: str) -> bool:
    """Whether a subquery stands for the table."""
    return replacement.startswith("complete_")


def completing(schema: Schema) -> str:
    """Macros for the tables of the catalogue that the pipeline has not, or not in full."""
    macros = ["{# What the pipeline does not load is null, so that the models need not know. #}"]
    for table in TABLES:
        if lacking := missing(table, schema):
            selects = [f'cast(null as {kind}) as "{name}"' for name, kind in lacking.items()]
            rows = "where false"
            if table in schema:
                selects.insert(0, "*")
                rows = f"from {{{{ source('{SOURCE}', '{table}') }}}}"
            listed = ",\n        ".join(selects)
            select = f"    select\n        {listed}\n    {rows}"
            macros.append(macro(f"complete_{table}", f"(\n{select}\n)"))
    return "\n\n".join(macros)


def touched(schema: Schema) -> str:
    """The macros that tell what is to be rebuilt."""
    described = {model.name: columns_of(model) for model in selected(())}
    units = [
        (model, Unit(model.unit, described[model.name][model.unit]))
        for model in selected(())
        if model.unit
    ]
    former = {name: f"former('{name}')" for name in described}
    listing = work_list(units, described, NEW_LOADS)
    loaded = [rows(name, schema) for name in TABLES if name in schema]
    return "\n\n".join(
        [
            "{# Made from the models and the tables of the pipeline; rebuild.sql says for what. #}",
            macro("rebuilt_models", returned(repr(model.name) for model, _ in units)),
            macro("loaded_tables", returned(loaded)),
            macro("touched_by_new_loads", with_jinja(listing, {**names(schema), **former, **KEPT})),
            *(
                macro(condition_macro(model), condition(model, unit, described, schema))
                for model, unit in units
            ),
        ]
    )


def columns_of(model: Model) -> dict[str, str]:
    """Name and SQL type of a model's columns, as its YAML describes them."""
    content = yaml.safe_load(model.path.with_suffix(".yml").read_text(encoding="utf-8"))
    columns = content["models"][0]["columns"]
    return {str(column["name"]): str(column["data_type"]) for column in columns}


def condition_macro(model: Model) -> str:
    """Name of the macro with the condition for the rows of a model that are to be rebuilt."""
    return f"touched_{model.name}"


def condition(model: Model, unit: Unit, described: Schema, schema: Schema) -> str:
    """That condition: its unit is on the list, or is that of a touched visit by now."""
    head = "select 1 where "
    among = unit.among(unit.column, touched_units(model, unit, described))
    text = with_jinja(head + among, {**names(schema), **KEPT}).removeprefix(head)
    return f"({{{{ everything_is_touched() }}}} or {text})"


def rows(table: str, schema: Schema) -> str:
    """A table to select from, as a Jinja expression."""
    name = source(table, schema)
    return f"{name} ~ ' as {table}'" if is_completed(name) else name


def returned(expressions: Iterable[str]) -> str:
    """A macro's body that returns a list."""
    return "{{ return([" + ", ".join(expressions) + "]) }}"


def macro(name: str, body: str) -> str:
    """A macro."""
    return f"{{% macro {name}() %}}\n{body}\n{{% endmacro %}}\n"
