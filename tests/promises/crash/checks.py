"""What must be true when a run has ended, however many were killed before it."""

import json
from collections import Counter
from itertools import product

from coveo_source.dataset.audit_tables import BY_AGE, CHANGED, LATE
from coveo_source.tables import REJECTED, TABLES
from tests.promises.crash.evidence import VARYING_COLUMNS, Evidence, collect_evidence
from tests.promises.crash.sandbox import RunResult, Sandbox

_PENDING_MESSAGE = "Loading first what an earlier run had read"


def find_problems(sandbox: Sandbox, clean: Evidence) -> list[str]:
    """Returns all that is not as it must be, compared with a clean run."""
    last = sandbox.runs[-1]
    if last.code != 0:
        return [f"the last run ended with {last.code}: {last.output[-2000:]}"]
    evidence = collect_evidence(sandbox)
    return [
        *_differences(evidence, clean),
        *evidence.inconsistencies,
        *_wrong_counts(sandbox, evidence),
        *_wrong_look_backs(evidence, clean),
        *_wrong_ages(evidence),
        *(f"left on the server: {export.id}" for export in sandbox.server.exports),
        *(f"created although a usable one existed: {export}" for export in sandbox.duplicates),
        *_wrong_messages(sandbox.runs),
        *_leftover_files(sandbox),
        *_traces(sandbox),
    ]


def _differences(evidence: Evidence, clean: Evidence) -> list[str]:
    """Returns where tables or state differ from those of a clean run."""
    found = []
    if evidence.types != clean.types:
        found.append(f"columns: {evidence.types}, not {clean.types}")
    found += _row_differences(evidence, clean)
    for table in TABLES:
        ranges, expected = evidence.loaded_ranges(table), clean.loaded_ranges(table)
        if ranges != expected:
            found.append(f"exports of {table} cover {ranges}, not {expected}")
    if evidence.rejected_cells() != clean.rejected_cells():
        found.append(f"{REJECTED}: {evidence.rejected_cells() ^ clean.rejected_cells()}")
    found += [
        f"state: {state}, not {clean.states[0]}"
        for state in evidence.states
        if state != clean.states[0]
    ]
    return found


def _row_differences(evidence: Evidence, clean: Evidence) -> list[str]:
    """Returns which tables hold other rows; those by export only count if the windows agree."""
    found = []
    same_windows = evidence.windows == clean.windows
    for table in clean.rows:
        if table in VARYING_COLUMNS and not same_windows:
            continue
        rows, expected = Counter(evidence.rows.get(table, ())), Counter(clean.rows[table])
        missing, extra = list((expected - rows).elements()), list((rows - expected).elements())
        if missing or extra:
            found.append(
                f"{table}: {len(missing)} rows are missing, {len(extra)} are too many:"
                f" {missing[:1]} {extra[:1]}"
            )
    return found


def _wrong_counts(sandbox: Sandbox, evidence: Evidence) -> list[str]:
    """Returns where `exports` has other counts than the traffic."""
    found = []
    for row in evidence.audit:
        true_counts = sandbox.server.traffic.counts(
            row["window_start"],
            row["window_end"],
            arrived_by=row["made_at"],
            keep=sandbox.filters.get(row["export_id"]),
        )
        tables = row["tables"].split(",")
        for table in tables:
            counts, true_count = (row[f"{table}_records"], row[f"{table}_rows"]), true_counts[table]
            if counts != (true_count, true_count):
                found.append(f"exports: {row['export_id']} {table} {counts}, not {true_count}")
        rejected = sum(row[f"{table}_rejected"] for table in tables)
        # what was erased was counted before
        if not sandbox.scenario.erased and rejected != evidence.rejected[row["export_id"]]:
            true_count = evidence.rejected[row["export_id"]]
            found.append(f"exports: {rejected} rejected, not {true_count}")
    unknown = set(evidence.rejected) - {row["export_id"] for row in evidence.audit}
    return found + [f"{REJECTED}: of an unknown export {export}" for export in unknown]


def _wrong_look_backs(evidence: Evidence, clean: Evidence) -> list[str]:
    """Returns of which tables more rows are called late or changed than in a clean run.

    Fewer may be: of what a killed run left, nobody knows what was there before.
    """
    if evidence.windows != clean.windows:
        return []
    return [
        f"exports: {found} rows of {table} are {kind}, not {most}"
        for table in TABLES
        for kind in (LATE, CHANGED)
        if (found := evidence.looked_back(table, kind)) > (most := clean.looked_back(table, kind))
    ]


def _wrong_ages(evidence: Evidence) -> list[str]:
    """Returns where the rows by age are others than the rows of all ages."""
    found = []
    for row in evidence.audit:
        ages = None if row[BY_AGE] is None else json.loads(row[BY_AGE])
        for table, kind in product(row["tables"].split(","), (LATE, CHANGED)):
            total = row[f"{table}_{kind}"]
            by_age = sum(each.get(kind, 0) for each in ages or () if each["table"] == table)
            if by_age != (total or 0) or (ages is None) != (total is None):
                found.append(f"exports: {row[BY_AGE]} for {total} {kind} rows of {table}")
    return found


def _wrong_messages(runs: list[RunResult]) -> list[str]:
    """Returns which runs loaded a pending package without a message, or the other way round."""
    found = []
    for number, run in enumerate(runs, 1):
        announced = _PENDING_MESSAGE in run.output
        # a run that was killed early may not have come to the message
        had_time = "Window" in run.output or not run.killed
        if announced != run.pending and (announced or had_time):
            found.append(f"run {number}: pending is {run.pending}, announced is {announced}")
    return found


def _leftover_files(sandbox: Sandbox) -> list[str]:
    """Returns files with rows that no run will ever read or remove."""
    patterns = ("coveo_exports/**/*", "normalize/**/*.parquet", "load/new/**/*.parquet")
    paths = [path for pattern in patterns for path in sandbox.working_dir.glob(pattern)]
    return [
        f"left on disk: {path.relative_to(sandbox.working_dir)}" for path in paths if path.is_file()
    ]


def _traces(sandbox: Sandbox) -> list[str]:
    """Returns the files that still hold what was to be erased."""
    erased = sandbox.scenario.erased.encode()
    paths = [path for path in sandbox.folder.rglob("*") if path.is_file()] if erased else []
    return [
        f"not erased: {path.relative_to(sandbox.folder)}"
        for path in paths
        if erased in path.read_bytes()
    ]


def unused_exports(sandbox: Sandbox) -> set[str]:
    """Returns exports that were created but not loaded; nothing after a full refresh or failure.

    A full refresh removes the audit trail of the runs before it.
    """
    refreshed = any("--full-refresh" in command.words for command in sandbox.scenario.commands)
    if sandbox.runs[-1].code or refreshed:
        return set()
    return set(sandbox.created) - {row["export_id"] for row in collect_evidence(sandbox).audit}
