"""What has to be true when a run has come to its end, however many were killed before it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import duckdb
from dlt.common.versioned_state import decompress_state, json_decode_state

from coveo_source.exports.window import Window, union
from coveo_source.models.state import BUILDS, CONSUMED_LOADS, UNITS
from coveo_source.tables import EXPORTS, REJECTED, SOURCE, TABLES
from tests.promises.crash.trials import PENDING, Ended, Workshop
from tests.support.cli_user import DATASET

BY_NATURE = {
    EXPORTS: {
        "export_id",
        "made_at",
        "fetched_at",
        "wait_seconds",
        "read_seconds",
        "reconciled_at",
    },
    REJECTED: {"export_id"},
}
"""Columns that differ from run to run."""

WORK = {BUILDS, CONSUMED_LOADS, UNITS}
"""Tables that say what of the models has to be built, and so differ with every way to the end."""

Content = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Evidence:
    """What a run left.

    types: name and type of every column of every table
    rows: of every table, sorted, without what differs by nature
    audit: what `exports` says, as dicts, the columns that differ by nature too
    rejected: number of rejected cells by export
    impossible: what cannot be, whatever a clean run leaves
    memory: the source's part of the pipeline's state, here and in the destination
    """

    types: dict[str, dict[str, str]]
    rows: Content
    audit: list[dict[str, Any]]
    rejected: Counter[str]
    impossible: list[str]
    memory: list[Any]

    @property
    def windows(self) -> list[Window]:
        """The windows that were loaded, one for each export."""
        return sorted(Window(row["window_start"], row["window_end"]) for row in self.audit)

    def covered(self, table: str) -> list[str]:
        """The stretches of time that were loaded of a table."""
        rows = [row for row in self.audit if table in row["tables"].split(",")]
        return [
            str(part) for part in union(Window(r["window_start"], r["window_end"]) for r in rows)
        ]


def evidence_of(shop: Workshop) -> Evidence:
    """Reads all that a run left."""
    with duckdb.connect(str(shop.database), read_only=True) as database:
        database.execute(f"use {DATASET}")
        database.execute("set timezone = 'UTC'")
        types = column_types(database)
        return Evidence(
            types,
            {table: content(database, table, types[table]) for table in types},
            audit(database),
            Counter(
                export
                for (export,) in database.execute(f"select export_id from {REJECTED}").fetchall()
            ),
            [
                *(problem for table in types for problem in orphans(database, table, types[table])),
                *loaded_twice(database),
            ],
            [memory_here(shop), memory_there(database)],
        )


def column_types(database: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Name and type of every column of all tables but dlt's own, and the lists of work."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in database.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        f" where table_schema = '{DATASET}' and not starts_with(table_name, '_dlt_')"
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    return {table: columns for table, columns in found.items() if table not in WORK}


def content(
    database: duckdb.DuckDBPyConnection, table: str, types: dict[str, str]
) -> list[tuple[Any, ...]]:
    """All rows of a table in a fixed order, without what differs by nature."""
    different = BY_NATURE.get(table, set()) | {"_dlt_load_id", "_dlt_id"}
    names = ", ".join(f'"{name}"' for name in sorted(types) if name not in different)
    return database.execute(f"select {names} from {table} order by all").fetchall()


def audit(database: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of `exports`."""
    rows = database.execute(f"select * from {EXPORTS}")
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def orphans(database: duckdb.DuckDBPyConnection, table: str, types: dict[str, str]) -> list[str]:
    """Says so if there are rows of a load that never was completed."""
    if "_dlt_load_id" not in types:
        return []
    [(count,)] = database.execute(
        f"select count(*) from {table} where _dlt_load_id not in"
        " (select load_id from _dlt_loads where status = 0)"
    ).fetchall()
    return [f"{table}: {count} rows of a load that was not completed"] if count else []


def loaded_twice(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Says so if a load was completed more than once."""
    found = database.execute(
        "select load_id from _dlt_loads group by load_id having count(*) > 1"
    ).fetchall()
    return [f"_dlt_loads: {load_id} is there more than once" for (load_id,) in found]


def memory_here(shop: Workshop) -> Any:
    """The source's state in the working folder."""
    return of_source(json_decode_state((shop.working_dir / "state.json").read_text()))


def memory_there(database: duckdb.DuckDBPyConnection) -> Any:
    """The source's state in the destination."""
    [(state,)] = database.execute(
        "select state from _dlt_pipeline_state order by version desc, created_at desc limit 1"
    ).fetchall()
    return of_source(decompress_state(state))


def of_source(state: Any) -> Any:
    """The source's part of a state, without the id that every dataset has of its own."""
    return {name: value for name, value in state["sources"][SOURCE].items() if name != "dataset_id"}


def problems(shop: Workshop, clean: Evidence) -> list[str]:
    """All that is not as it has to be; nothing if all is well."""
    last = shop.runs[-1]
    if last.code != 0:
        return [f"the last run ended with {last.code}: {last.output[-2000:]}"]
    found = evidence_of(shop)
    return [
        *differences(found, clean),
        *found.impossible,
        *miscounted(shop, found),
        *(f"left on the server: {export.id}" for export in shop.server.exports),
        *(f"created although a usable one was there: {double}" for double in shop.doubles),
        *silences(shop.runs),
        *leftovers(shop),
    ]


def differences(found: Evidence, clean: Evidence) -> list[str]:
    """Where the tables or the memory are not as after a clean run."""
    wrong = [] if found.types == clean.types else [f"columns: {found.types} {clean.types}"]
    same_windows = found.windows == clean.windows
    for table in clean.rows:
        if table in BY_NATURE and not same_windows:
            continue
        mine, theirs = Counter(found.rows.get(table, ())), Counter(clean.rows[table])
        if mine != theirs:
            missing, extra = list((theirs - mine).elements()), list((mine - theirs).elements())
            wrong.append(
                f"{table}: {len(missing)} rows are missing, {len(extra)} are too many:"
                f" {missing[:1]} {extra[:1]}"
            )
    wrong += [
        f"exports of {table} cover {found.covered(table)}, not {clean.covered(table)}"
        for table in TABLES
        if found.covered(table) != clean.covered(table)
    ]
    if cells(found) != cells(clean):
        wrong.append(f"{REJECTED}: {cells(found) ^ cells(clean)}")
    wrong += [
        f"memory: {memory}, not {clean.memory[0]}"
        for memory in found.memory
        if memory != clean.memory[0]
    ]
    return wrong


def cells(evidence: Evidence) -> set[tuple[Any, ...]]:
    """The rejected cells, whichever exports they came with."""
    names = sorted(set(evidence.types[REJECTED]) - {"export_id", "_dlt_load_id", "_dlt_id"})
    keep = [index for index, name in enumerate(names) if name != "record"]
    return {tuple(row[index] for index in keep) for row in evidence.rows[REJECTED]}


def miscounted(shop: Workshop, found: Evidence) -> list[str]:
    """Where `exports` tells other counts than the traffic has."""
    wrong = []
    for row in found.audit:
        truth = shop.server.traffic.counts(
            row["window_start"], row["window_end"], arrived_by=row["made_at"]
        )
        tables = row["tables"].split(",")
        for table in tables:
            told = row[f"{table}_records"], row[f"{table}_rows"]
            if told != (truth[table], truth[table]):
                wrong.append(f"exports: {row['export_id']} {table} {told}, not {truth[table]}")
        rejected = sum(row[f"{table}_rejected"] for table in tables)
        if rejected != found.rejected[row["export_id"]]:
            wrong.append(f"exports: {rejected} rejected, not {found.rejected[row['export_id']]}")
    strange = set(found.rejected) - {row["export_id"] for row in found.audit}
    return wrong + [f"{REJECTED}: of an unknown export {export}" for export in strange]


def silences(runs: list[Ended]) -> list[str]:
    """Runs that did not say that they loaded a pending package, or said it without one."""
    wrong = []
    for number, run in enumerate(runs, 1):
        said = PENDING in run.output
        # one that was killed early may not have come to say it
        if said != run.pending and (said or "Window" in run.output or not run.killed):
            wrong.append(f"run {number}: pending is {run.pending}, said is {said}")
    return wrong


def leftovers(shop: Workshop) -> list[str]:
    """Files with rows that nothing will ever read or remove."""
    places = ("coveo_exports/**/*", "normalize/**/*.parquet", "load/new/**/*.parquet")
    files = [path for place in places for path in shop.working_dir.glob(place) if path.is_file()]
    return [f"left on disk: {path.relative_to(shop.working_dir)}" for path in files]


def unloaded(shop: Workshop) -> set[str]:
    """Exports that were created and thrown away unused; after a full refresh none can be told."""
    if shop.runs[-1].code or any("--full-refresh" in each.words for each in shop.scenario.commands):
        return set()
    return set(shop.created) - {row["export_id"] for row in evidence_of(shop).audit}
