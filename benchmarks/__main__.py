"""`python -m benchmarks [--mb 500] …`: measures the package and its alternatives, prints tables."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .exports import DIALECTS, SHAPES
from .measure import PartFailed
from .report import as_json, heading, phase_table, result_table
from .suite import PARTS, Result, Suite, cached_export, missing

SMOKE_MB = 3.0


def argument_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--mb", type=float, default=100.0, help="size of the CSV files (default: 100)"
    )
    parser.add_argument("--dialect", choices=DIALECTS, default=DIALECTS[0])
    parser.add_argument(
        "--shape", choices=SHAPES, default=SHAPES[0], help="the length of visits (default: long)"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help=", ".join(PARTS))
    parser.add_argument(
        "--repeat", type=int, default=1, help="runs of each part; the fastest counts (default: 1)"
    )
    parser.add_argument("--phases", action="store_true", help="also measure the phases of run")
    parser.add_argument(
        "--cprofile",
        type=Path,
        metavar="FILE",
        help="like --phases, with cProfile's statistics in FILE",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="load a few MB to check the rows; the times mean nothing",
    )
    temporary = Path(tempfile.gettempdir())
    parser.add_argument(
        "--cache",
        type=Path,
        default=temporary / "coveo_source_benchmarks",
        help="folder that keeps the exports (default: %(default)s)",
    )
    parser.add_argument(
        "--work", type=Path, default=temporary, help="folder for the runs (default: %(default)s)"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 if a part failed or its rows differ from those of the files."""
    options = argument_parser().parse_args(arguments)
    megabytes = SMOKE_MB if options.smoke else options.mb
    export = cached_export(megabytes, options.dialect, options.shape, options.cache.absolute())
    suite = Suite(export, options.work.absolute(), max(1, options.repeat))
    print(heading(export), flush=True)
    results, notes, failures = run_all(suite, options.only or tuple(PARTS))
    if results:
        print(f"\n{result_table(results)}")
    phases: Mapping[str, float] = {}
    if options.phases or options.cprofile or options.smoke:
        try:
            phases = suite.phases(options.cprofile)
            print(f"\n{phase_table(phases)}")
        except PartFailed as error:
            failures.append(f"phases failed: {error}")
    for note in (*notes, *failures):
        print(f"\n{note}")
    if options.json:
        options.json.write_text(
            json.dumps(as_json(export, results, phases, [*notes, *failures]), indent=2)
        )
    return 1 if failures else 0


def run_all(suite: Suite, names: Sequence[str]) -> tuple[list[Result], list[str], list[str]]:
    """Runs the parts. Returns their results, notes, and failures."""
    results: list[Result] = []
    notes: list[str] = []
    failures: list[str] = []
    for name in names:
        if reason := missing(name):
            notes.append(f"{name} was skipped: {reason}")
            continue
        # other tools cannot read the documented escape, which is not a failure of the package
        problems = failures if name.startswith("run") or not suite.is_escaped else notes
        print(f"  {name} …", file=sys.stderr, flush=True)
        try:
            for result in PARTS[name](suite):
                results.append(result)
                if not result.agrees:
                    problems.append(disagreement(result))
        except PartFailed as error:
            problems.append(f"{name} failed: {error}")
    return results, notes, failures


def disagreement(result: Result) -> str:
    """Describes how the rows of a part differ from the expected ones."""
    return f"{result.name}: {result.rows} rows, expected {result.expected}"


if __name__ == "__main__":
    sys.exit(main())
