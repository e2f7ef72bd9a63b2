"""What less memory costs: `python -m benchmarks.memory`.

Runs the package on one export with several budgets (the setting `memory_limit`), each in a process
of its own. The peak is of the whole process, and may exceed the budget by what Python and Arrow
take beyond what the package counts for them. The exit code is 1 if a run fails or its rows differ.
"""

import argparse
import sys
from pathlib import Path
from tempfile import gettempdir

from .exports import DIALECTS, SHAPES
from .measure import PartFailed
from .suite import Suite, cached_export

BUDGETS = ("512MB", "1GB", "2GB", "4GB")


def main() -> int:
    """Prints a table. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--mb", type=float, default=494, help="size of the CSV (default: 494)")
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0])
    parser.add_argument("--budgets", nargs="+", default=BUDGETS, metavar="SIZE")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each (default: 1)")
    parser.add_argument("--cache", type=Path, default=Path(gettempdir(), "coveo_source_benchmarks"))
    parser.add_argument("--work", type=Path, default=Path(gettempdir()), help="folder for the runs")
    options = parser.parse_args()
    export = cached_export(options.mb, DIALECTS[0], options.shape, options.cache.absolute())
    suite = Suite(export, options.work.absolute(), max(1, options.repeat))
    print(
        f"{export.csv_bytes / 1e6:,.0f} MB of CSV, {options.shape} visits, `run` with all models\n"
    )
    print("| memory_limit | seconds | CPU seconds | peak MB |\n|---|---:|---:|---:|")
    failures = 0
    for budget in options.budgets:
        try:
            [result] = suite.run_within(budget)
        except PartFailed as error:
            failures += 1
            print(f"| {budget} | failed: {error} | | |", flush=True)
            continue
        failures += not result.agrees
        numbers = f"{result.seconds:.1f} | {result.cpu_seconds:.1f} | {result.peak_mb:,.0f}"
        print(f"| {budget} | {numbers} |", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
