"""Makes tables and columns anew that somebody removed from the database behind dlt's back.

dlt creates only what its schema gains, so it would fail to load into them again and again.
"""

from collections.abc import Callable, Mapping
from typing import Any

import dlt
from dlt.pipeline.helpers import pipeline_drop

from ..dataset import open_dataset
from ..tables import EXPORTS, REJECTED, REMOVED, SOURCE, TABLES

_Say = Callable[[str], None]

_VERSION = "_dlt_version"
_DLTS = (_VERSION, "_dlt_loads", "_dlt_pipeline_state")
"""dlt's own tables."""


def restore_missing(pipeline: dlt.Pipeline, say: _Say) -> None:
    """Makes tables and columns anew that the schema has and the database lacks, and says so.

    A table of Coveo's is loaded again, like after `dlt pipeline NAME drop`; the values of a column
    come back with the windows that are loaded again.
    """
    stored = _stored_columns(pipeline)
    tables = [name for name in stored if name in TABLES and _is_broken(pipeline, name, stored)]
    if tables:
        say(
            f"Somebody removed {_listed(tables)} from the dataset: everything that was ever loaded"
            " of it is loaded again."
        )
        if pipeline.has_pending_data:
            # what is pending cannot be loaded, and its windows are due again
            pipeline.drop()
            pipeline.sync_destination()
        pipeline_drop(pipeline, resources=tables)()
    if lost := {name: columns for name in stored if (columns := _lost(pipeline, name, stored))}:
        for name, columns in lost.items():
            if stored[name] and name in TABLES:
                say(
                    f"Somebody removed {_listed(columns)} from {name}: made anew, and empty in the"
                    " rows that are loaded. To load them again, give --from and --to."
                )
        with pipeline.destination_client() as client:
            client.update_stored_schema(only_tables=list(lost), force=True)


def forget_schema(pipeline: dlt.Pipeline) -> None:
    """Makes dlt create its own tables anew if somebody removed one of them.

    It looks into `_dlt_version` to tell whether all tables are there.
    """
    with open_dataset(pipeline) as dataset:
        found = dataset.columns(*_DLTS) if dataset else {}
        if dataset and found[_VERSION] and not all(found.values()):
            dataset.execute(f"drop table {dataset.table(_VERSION)}")


def _stored_columns(pipeline: dlt.Pipeline) -> dict[str, set[str]]:
    """Returns the columns in the database of each table that should be there, by table."""
    if SOURCE not in pipeline.schema_names:
        return {}
    known = pipeline.schemas[SOURCE].data_table_names(seen_data_only=True)
    ours = [name for name in (*TABLES, EXPORTS, REJECTED, REMOVED) if name in known]
    client: Any
    with pipeline.destination_client(SOURCE) as client:
        # destinations without SQL have no tables
        if not ours or not hasattr(client, "get_storage_tables"):
            return {}
        return {name: set(columns) for name, columns in client.get_storage_tables(ours)}


def _is_broken(pipeline: dlt.Pipeline, table: str, stored: Mapping[str, set[str]]) -> bool:
    """Returns True if a table is missing, or a column without which it has no rows."""
    columns = pipeline.schemas[SOURCE].get_table_columns(table)
    needed = {name for name, hints in columns.items() if not hints.get("nullable", True)}
    return not needed <= stored[table]


def _lost(pipeline: dlt.Pipeline, table: str, stored: Mapping[str, set[str]]) -> list[str]:
    """Returns the columns of a table that the schema has and the database lacks."""
    schema = pipeline.schemas[SOURCE]
    if table not in schema.tables:
        return []
    return sorted(schema.get_table_columns(table).keys() - stored[table])


def _listed(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
