"""Makes tables and columns of the dataset again that somebody has dropped by hand.

dlt would not notice: it changes tables only if its own schema has changed, so that each load fails
from then on. What the dataset should have is what its own `_dlt_version` says.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import dlt
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.schema import Schema
from dlt.common.schema.typing import PIPELINE_STATE_TABLE_NAME, TColumnSchema
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.pipeline.helpers import pipeline_drop

from ..command_lines import dlt_command, relative
from ..dataset import open_dataset, restore_loads
from ..exceptions import TableUnusable
from ..tables import CURSOR, DIMENSIONS, EXPORTS, REJECTED, REMOVED, SOURCE, TABLES

_Say = Callable[[str], None]


def mend_dataset(pipeline: dlt.Pipeline, say: _Say) -> list[str]:
    """Makes audit tables, dlt's tables and columns again; returns the tables of rows that are gone.

    Raises:
        TableUnusable: if a table lacks a column that cannot be made again
    """
    client: Any
    client, _ = pipeline._get_destination_clients(Schema(SOURCE))
    if not isinstance(client, SqlJobClientBase):
        return []
    with client:
        schema = _stored_schema(client, pipeline)
    if not schema:
        return []
    names = _expected(schema)
    client, _ = pipeline._get_destination_clients(schema)
    with client:
        stored = dict(client.get_storage_tables(names))
        gone = [name for name in TABLES if name in names and not stored.get(name)]
        _make(client, pipeline, [each for each in names if each not in gone], say)
        staged = [name for name in names if client.should_load_data_to_staging_dataset(name)]
        if staged:
            with client.with_staging_dataset():
                client.initialize_storage()
                _make(client, pipeline, staged)
    with open_dataset(pipeline) as dataset:
        if dataset and (loads := restore_loads(dataset, schema)):
            say(f"dlt's list of loads was not complete: {loads:,} are restored from exports.")
    return gone


def forget_tables(pipeline: dlt.Pipeline, tables: Iterable[str], say: _Say) -> None:
    """Makes dlt forget tables that are gone, so that they are made anew and catch up."""
    tables = list(tables)
    say(
        f"{', '.join(tables)}: no longer in the dataset, although loaded before. Everything that"
        " was ever loaded is loaded again."
    )
    pipeline_drop(pipeline, resources=tables)()


def _stored_schema(client: SqlJobClientBase, pipeline: dlt.Pipeline) -> Schema | None:
    """Returns the schema that the dataset says it has; a bare one if it has lost all of them."""
    with suppress(DestinationUndefinedEntity):
        if found := client.get_stored_schema(SOURCE):
            known = pipeline.schemas.get(SOURCE)
            if known and known.version_hash == found.version_hash:
                # reading it anew would take longer than all else here
                return known
            return Schema.from_dict(json.loads(found.schema))
    return client.schema if dict(client.get_storage_tables([EXPORTS]))[EXPORTS] else None


def _expected(schema: Schema) -> list[str]:
    """Returns the tables that a dataset should have, dlt's own among them."""
    ours = (*TABLES, EXPORTS, REJECTED, REMOVED, DIMENSIONS, PIPELINE_STATE_TABLE_NAME)
    loaded = {*schema.data_table_names(seen_data_only=True), *schema.dlt_table_names()}
    own = (schema.version_table_name, schema.loads_table_name)
    return [*own, *(name for name in ours if name in loaded)]


def _make(
    client: SqlJobClientBase,
    pipeline: dlt.Pipeline,
    names: list[str],
    say: _Say = lambda text: None,
) -> None:
    """Makes the tables and columns that are missing, of tables whose rows are not."""
    stored = list(client.get_storage_tables(names))
    statements, missing = client._build_schema_update_sql(stored)
    existing = {name for name, columns in stored if columns}
    for name, table in missing.items():
        columns = table["columns"]
        if name not in existing:
            say(f"The table {name} is no longer in the dataset: it is made anew, empty.")
        elif needed := [each for each, hints in columns.items() if _is_needed(each, hints)]:
            raise TableUnusable(pipeline.pipeline_name, name, ", ".join(needed))
        else:
            say(
                f"{name} no longer has {', '.join(columns)}: added again, without the values that"
                f" were there. To load these too, run `{_drop_command(pipeline, name)}` before the"
                " next run."
            )
    client.sql_client.execute_many(statements)


def _drop_command(pipeline: dlt.Pipeline, table: str) -> str:
    folder = pipeline.pipelines_dir
    elsewhere = None if folder == get_dlt_pipelines_dir() else relative(folder)
    return dlt_command(pipeline.pipeline_name, "drop", table, pipelines_dir=elsewhere)


def _is_needed(column: str, hints: TColumnSchema) -> bool:
    """Returns True if a table cannot do without a column. Rows without a time are in no window."""
    return column == CURSOR or not hints.get("nullable", True)
