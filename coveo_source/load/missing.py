"""Makes tables and columns anew that somebody removed from the database behind dlt's back.

dlt creates only what its schema gains, so it would fail to load into them again and again. What
should be there is what dlt wrote down in the dataset: the working folder may be ahead of it.
"""

from collections.abc import Callable, Iterable

import dlt
from dlt.common.schema import Schema
from dlt.pipeline.helpers import pipeline_drop

from ..dataset import open_dataset
from ..exceptions import TableBroken
from ..tables import CURSOR, EXPORTS, REJECTED, REMOVED, SOURCE, TABLES

_Say = Callable[[str], None]

_VERSION = "_dlt_version"
_DLTS = (_VERSION, "_dlt_loads", "_dlt_pipeline_state")
"""dlt's own tables."""


def restore_missing(pipeline: dlt.Pipeline, say: _Say) -> None:
    """Makes tables and columns anew that the dataset should have and has not, and says so.

    A table of Coveo's is loaded again, like after `dlt pipeline NAME drop`; the values of a column
    come back with the windows that are loaded again.

    Raises:
        TableBroken: if a table has lost a column that cannot be made anew
    """
    schema, lost = _lost_columns(pipeline)
    if not schema or not lost:
        return
    ours = [name for name in TABLES if name in lost]
    tables = [name for name in ours if lost[name] == set(schema.get_table_columns(name))]
    for name in {*ours} - {*tables}:
        _check_mendable(schema, name, lost[name])
        say(
            f"Somebody removed {_listed(sorted(lost[name]))} from {name}: made anew, and empty in"
            " the rows that are loaded. To load them again, give --from and --to."
        )
    client, _ = pipeline._get_destination_clients(schema)
    with client:
        client.update_stored_schema(only_tables=list(lost.keys() - {*tables}), force=True)
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


def forget_schema(pipeline: dlt.Pipeline) -> None:
    """Makes dlt create its own tables anew if somebody removed one of them.

    It looks into `_dlt_version` to tell whether all tables are there.
    """
    with open_dataset(pipeline) as dataset:
        found = dataset.columns(*_DLTS) if dataset else {}
        if dataset and found[_VERSION] and not all(found.values()):
            dataset.execute(f"drop table {dataset.table(_VERSION)}")


def _lost_columns(pipeline: dlt.Pipeline) -> tuple[Schema | None, dict[str, set[str]]]:
    """Returns the schema in the dataset, and by table the columns of it that are not there."""
    with open_dataset(pipeline) as dataset:
        schema = dataset.schema(SOURCE) if dataset else None
        if not dataset or not schema:
            return None, {}
        known = schema.data_table_names(seen_data_only=True)
        ours = [name for name in (*TABLES, EXPORTS, REJECTED, REMOVED) if name in known]
        lost = {
            name: {each for each in schema.get_table_columns(name) if each.lower() not in stored}
            for name, stored in dataset.columns(*ours).items()
        }
    return schema, {name: columns for name, columns in lost.items() if columns}


def _check_mendable(schema: Schema, table: str, columns: Iterable[str]) -> None:
    """Raises TableBroken if a table without some columns cannot be given them again."""
    known = schema.get_table_columns(table)
    required = {name for name, hints in known.items() if not hints.get("nullable", True)}
    # a row without a time would belong to no window
    if needed := sorted(required.union([CURSOR]).intersection(columns)):
        raise TableBroken(table, _listed(needed))


def _listed(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
