"""The tables that the pipeline loads, as dbt's sources: `models/sources.yml`.

`dbt source freshness` tells by them whether loads still come. Tables have no time of their load,
but the load's id, which is the time as seconds since 1970.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dlt
from dlt.common.schema.typing import C_DLT_LOAD_ID

from ...tables import DIMENSIONS, EVENT_TABLES, REMOVED, TABLES
from .macros import DBT_SOURCE, DLT_LOADS
from .target import Target
from .translation import SqlWriter
from .yaml_text import literal, yaml_of

# in whole seconds, because not every database takes others
_LOADED_AT = f"to_timestamp(cast(cast({C_DLT_LOAD_ID} as double) as bigint))"

_FRESH: Mapping[str, Mapping[str, int]] = {
    **{table: {"warn_after": 7 * 24} for table in (*TABLES, DIMENSIONS)},
    **{table: {"warn_after": 3 * 24} for table in EVENT_TABLES},
    DLT_LOADS: {"warn_after": 36, "error_after": 3 * 24},
}
"""After how many hours without a load dbt warns, or reports an error, by table.

A daily run lists a load even if there was no traffic, so only its absence is an error. A weekend
may pass without clicks, a week without keywords, and years without rows to remove.
"""


def sources(target: Target, tables: Sequence[Mapping[str, Any]]) -> str:
    """Returns the YAML file.

    tables: as dbt describes them
    """
    named = (
        {"name": table["name"], "identifier": literal(f"{target.prefix}{table['name']}"), **table}
        for table in tables
    )
    source = {
        "name": DBT_SOURCE,
        "description": "Coveo's usage analytics, as coveo_source loads them.",
        "schema": literal(target.place or target.dataset),
        "tables": [*named] if target.prefix else tables,
    }
    return yaml_of({"version": 2, "sources": [source]})


def described_sources(schema: dlt.Schema, writer: SqlWriter) -> Iterator[dict[str, Any]]:
    """Yields the tables that are loaded, with what dlt's schema says of them."""
    loaded = schema.data_table_names(seen_data_only=True)
    for name in (*TABLES, DIMENSIONS, REMOVED):
        if name in loaded:
            hints = schema.get_table_columns(name)
            columns = [_with_text({"name": literal(each)}, hints[each]) for each in hints]
            table = _with_text({"name": name}, schema.tables[name])
            if name in _FRESH and C_DLT_LOAD_ID in hints:
                table |= _freshness(name, writer.expression(_LOADED_AT))
            yield {**table, "columns": columns}
        elif name == REMOVED:
            # the models read it as soon as it is there
            yield {"name": name, "description": "One row per row that was removed."}
    yield {
        "name": DLT_LOADS,
        "description": "One row per load, written by dlt.",
        **_freshness(DLT_LOADS, "inserted_at"),
    }


def _freshness(table: str, loaded_at: str) -> dict[str, Any]:
    """Returns the configuration by which dbt tells how fresh a table is."""
    limits = {name: {"count": hours, "period": "hour"} for name, hours in _FRESH[table].items()}
    return {"config": {"loaded_at_field": loaded_at, "freshness": limits}}


def _with_text(entry: dict[str, Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """Adds the description from dlt's schema to an entry, if there is one."""
    text = hints.get("description")
    return {**entry, "description": literal(text)} if text else entry
