"""What one more day reads and writes at a billion events: `python -m benchmarks.scale`.

Counts the statements of one more run after a short and a long history of the same traffic. What
both runs read alike belongs to the day, and what the second reads more belongs to the history. From
the two follows what a run reads after a history that no machine here could hold.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tempfile import TemporaryDirectory

from .counted import Counts, Day, Statement, one_more_day
from .extrapolated import WAREHOUSES, Key, Scale, Total

LENGTHS = (72, 317)
"""Days of history. The day after both is the 14th of its month, and a Friday."""

SLOPE = 0.01
"""Rows read for each event of the history, above which a statement counts as reading it."""


def by_table(statement: Statement) -> Key:
    """Returns the step and the table; the tables that do not grow with the events are one."""
    is_small = statement.table.startswith("_") or statement.table in (
        *("", "exports", "dimensions", "removed_rows", "rejected_rows", "erasures"),
        *("rebuilt_loads", "model_builds", "search_causes", "click_causes"),
    )
    return statement.step, "others" if is_small else statement.table


def by_action(statement: Statement) -> Key:
    """Returns the step and the table, and what the statement does."""
    text = statement.text.lstrip()
    action = "insert" if text.lower().startswith("insert") else "select"
    # dlt quotes like this in its own statements, and we do in the models
    if text.startswith('INSERT INTO "'):
        action = "query"
    return *by_table(statement), "delete" if text.lower().startswith("delete") else action


def report(scale: Scale) -> Iterator[str]:
    """Yields the lines of the tables from which docs/scale.md is made."""
    runs = (scale.short, scale.long)
    yield "| | " + " | ".join(f"{run.history:,} events" for run in runs) + " |\n|---|---:|---:|"
    yield f"| events of the day | {' | '.join(f'{run.events:,}' for run in runs)} |\n"
    yield "| step | table | rows read | | for an event of the day | of the history |" + _AT_SCALE
    totals = scale.totals(by_table)
    for key, total in totals.items():
        yield _line(scale, key, total)
    run = _sum(totals.values())
    yield _line(scale, ("all", ""), run)
    yield f"\nCPU seconds for a GB read: {run.long.cpu / 1e6 / (run.long.read_bytes / 1e9):.1f}"
    yield "\n| step | table | statement | rows | | of the day | of the history |" + _AT_SCALE
    actions = scale.totals(by_action).items()
    for key, total in sorted(actions, key=lambda item: -_rows_at_scale(scale, item[1])):
        if scale.parts(total.short.rows, total.long.rows)[1] > SLOPE:
            yield _line(scale, key, total)
    yield "\n| table | laid out by | rows for an event | bytes of a row | compressed | GB |"
    for name, size in scale.long.sizes.items():
        if name in scale.laid_out_by and size.rows:
            logical, compressed = sum(size.columns.values()), size.compressed / size.rows
            events = scale.long.history + scale.long.events
            yield (
                f"| `{name}` | `{scale.laid_out_by[name]}` | {size.rows / events:.3f} |"
                f" {logical:,.0f} |"
                f" {compressed:,.0f} | {scale.rows[name][0] * logical / 1e9:,.1f} |"
            )


_AT_SCALE = f" million rows | GB | million written | {' | '.join(WAREHOUSES)} | GB billed |"


def _sum(totals: Iterable[Total]) -> Total:
    short, long, paper, size = zip(*totals, strict=True)
    before, after = (Counts(*map(sum, zip(*each, strict=True))) for each in (short, long))
    return Total(before, after, [*map(sum, zip(*paper, strict=True))], sum(size))


def _rows_at_scale(scale: Scale, total: Total) -> float:
    return scale.at_scale(total.short.rows, total.long.rows)


def _line(scale: Scale, key: Key, total: Total) -> str:
    day, history = scale.parts(total.short.rows, total.long.rows)
    rows, size, written, _ = (
        scale.at_scale(*pair) for pair in zip(total.short, total.long, strict=True)
    )
    cells = [
        *key,
        *(f"{counts.rows:,.0f}" for counts in (total.short, total.long)),
        *(f"{day:,.1f}", f"{history:,.2f}", f"{rows / 1e6:,.0f}", f"{size / 1e9:,.0f}"),
        *(f"{written / 1e6:,.1f}", *(f"{rows / 1e6:,.0f}" for rows in total.paper)),
        f"{total.billed / 1e9:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def measured(lengths: Sequence[int], visits_per_day: int) -> Iterator[Day]:
    """Yields the runs after histories of some days."""
    with TemporaryDirectory() as work:
        for days in lengths:
            # a process can have one chDB
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                yield process.submit(one_more_day, days, visits_per_day, work).result()


def main() -> int:
    """Prints the figures of docs/scale.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--days", type=int, nargs=2, default=LENGTHS, metavar="N")
    parser.add_argument("--visits-per-day", type=int, default=500, metavar="N")
    parser.add_argument("--smoke", action="store_true", help="a few days: checks that it runs")
    options = parser.parse_args()
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    lengths, visits = ((3, 6), 20) if options.smoke else (options.days, options.visits_per_day)
    short, long = measured(lengths, visits)
    print("\n".join(report(Scale(short, long))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
