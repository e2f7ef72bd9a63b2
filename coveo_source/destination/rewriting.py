"""Writes a DuckDB file anew: of rows that were deleted, the old file still holds the bytes.

DuckDB marks their blocks as free and overwrites them some day; a fresh copy never had them.
"""

import glob
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.dataset.utils import get_destination_client_initial_config

from ..causes import reason
from ..exceptions import DatabaseUnusable, ErasureUnfinished
from ..private_files import delete_folder, private_folder
from .opening import Patience
from .tuning import loading

_CONTENTS = {
    "schema": "schema_name, schema_name, comment from duckdb_schemas() where not internal",
    "type": "schema_name, type_name, labels from duckdb_types() where not internal",
    "macro": "schema_name, function_name, parameters, macro_definition from duckdb_functions()"
    " where not internal",
    "sequence": "schema_name, sequence_name, sql, last_value from duckdb_sequences() where true",
    "table": "schema_name, table_name, sql, comment from duckdb_tables() where not internal",
    "column": "schema_name, table_name, column_name, comment from duckdb_columns()"
    " where not internal",
    "view": "schema_name, view_name, sql, comment from duckdb_views() where not internal",
    "index": "schema_name, index_name, sql, comment from duckdb_indexes() where true",
}
"""What a database holds, by kind: queries for schema, name and definition of each."""


def database_file(pipeline: dlt.Pipeline) -> Path | None:
    """Returns the file of a pipeline's dataset; None if that is not in a file of DuckDB's own."""
    if not isinstance(pipeline.destination, dlt.destinations.duckdb):
        return None
    destination: Any = pipeline.destination
    # a client would read the schema of the pipeline first
    asked = get_destination_client_initial_config(destination, pipeline.dataset_name)
    location = destination.configuration(asked).data_location() or ":"
    return None if location.startswith(":") else Path(location).resolve()


def remove_copy(file: Path) -> None:
    """Removes the copy that a killed process left beside a database."""
    delete_folder(_folder(file))


def rewrite(file: Path, patience: Patience | None = None) -> None:
    """Replaces a database by a fresh copy of itself, in one step.

    No connection to it may be open in this process, and none may be opened meanwhile: to close one
    would release the lock that keeps other processes out.

    patience: with those who have it open; the usual one by default

    Raises:
        ErasureUnfinished: if it is left as it is
    """
    try:
        name = (patience or Patience()).opened(partial(empty_log, file))
        with private_folder(_folder(file)) as folder, _attached(file, name, folder) as database:
            copy = folder / file.name
            _copy(database, name, copy)
            _keep_owner_and_mode(file, copy)
            if sys.platform == "win32":
                # there, an open file cannot be replaced
                database.execute(f"detach {_quoted(name)}")
            copy.replace(file)
    except (duckdb.Error, OSError, DatabaseUnusable) as error:
        why = str(error) if isinstance(error, DatabaseUnusable) else reason(error)
        raise ErasureUnfinished(
            f"{file} still holds the bytes of erased rows, until it is written anew. That failed:"
            f" {why} Remove what stands in the way, or copy the database yourself."
        ) from error
    # what DuckDB moved to disk for lack of memory, in a process that was killed
    delete_folder(Path(f"{file}.tmp"))


def _folder(file: Path) -> Path:
    return file.with_name(f"{file.name}.rewriting")


def logs_of(file: Path) -> list[Path]:
    """Returns the write-ahead log of a database, if there is one."""
    return list(file.parent.glob(f"{glob.escape(file.name)}.wal*"))


def empty_log(file: Path) -> str:
    """Moves what is in the write-ahead log into the file; returns the name of the database."""
    with closing(duckdb.connect(str(file))) as database:
        database.execute("checkpoint")
        ((name,),) = database.execute("select current_database()").fetchall()
    check_log(file)
    return str(name)


def check_log(file: Path) -> None:
    """Raises an OSError if a database has a log: another file would lack what is in it."""
    if logs := [path.name for path in logs_of(file)]:
        raise OSError(f"{', '.join(logs)} could not be emptied")


@contextmanager
def _attached(file: Path, name: str, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yields a connection with the database attached under its own name, which views may hold.

    As long as it lasts, other processes can read the database, but not write to it.
    """
    settings = {**loading(), "temp_directory": str(folder / "tmp")}
    with closing(duckdb.connect(":memory:", config=settings)) as database:
        database.execute(f"attach {_literal(file)} as {_quoted(name)} (read_only)")
        yield database


def _copy(database: duckdb.DuckDBPyConnection, name: str, copy: Path) -> None:
    """Copies a database into a new file, and compares the two."""
    ((version,),) = database.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = ?", [name]
    ).fetchall()
    fresh = f"{name}_fresh"
    options = f"(storage_version {_literal(version.rstrip('+'))})" if version else ""
    database.execute(f"attach {_literal(copy)} as {_quoted(fresh)} {options}")
    database.execute(f"copy from database {_quoted(name)} to {_quoted(fresh)}")
    _compare(database, name, fresh)
    database.execute(f"detach {_quoted(fresh)}")
    check_log(copy)


def _compare(database: duckdb.DuckDBPyConnection, name: str, fresh: str) -> None:
    """Raises an OSError if a copy does not hold what the database holds."""
    for kind, query in _CONTENTS.items():
        held, copied = (
            {str(row) for row in _select(database, f"{query} and {_is_in(each)}")}
            for each in (name, fresh)
        )
        if held != copied:
            raise OSError(f"a copy would not have the same {kind}: {min(held ^ copied)}")
    for schema, table, *_ in _select(database, f"{_CONTENTS['table']} and {_is_in(name)}"):
        place = f"{_quoted(schema)}.{_quoted(table)}"
        [rows], [rows_copied] = (
            _select(database, f"count(*) from {_quoted(each)}.{place}") for each in (name, fresh)
        )
        if rows != rows_copied:
            raise OSError(f"a copy of {place} would have {rows_copied[0]:,} rows, not {rows[0]:,}")


def _select(database: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return database.execute(f"select {query}").fetchall()


def _is_in(name: str) -> str:
    return f"database_name = {_literal(name)}"


def _keep_owner_and_mode(file: Path, copy: Path) -> None:
    shutil.copymode(file, copy)
    if sys.platform != "win32":
        owner = file.stat()
        os.chown(copy, owner.st_uid, owner.st_gid)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"
