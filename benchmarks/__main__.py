"""`python -m benchmarks [--mb 500] …`: measures, prints tables."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .exports import DIALECTS
from .measure import PartFailed
from .report import as_json, heading, phase_table, result_table
from .suite import PARTS, Result, Suite, cached_export, missing

SMOKE_MB = 3.0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument("--mb", type=float, default=100.0, help="CSV of the export (default: 100)")
    made.add_argument("--dialect", choices=DIALECTS, default=DIALECTS[0])
    made.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help=", ".join(PARTS))
    made.add_argument("--repeat", type=int, default=1, help="of each, the fastest counts")
    made.add_argument("--phases", action="store_true", help="also where the time of run goes")
    made.add_argument("--cprofile", type=Path, metavar="FILE", help="and its statistics, to FILE")
    made.add_argument("--json", type=Path, metavar="FILE", help="writes all numbers to FILE")
    made.add_argument(
        "--smoke", action="store_true", help="a small export; checks rows, and says nothing of time"
    )
    temporary = Path(tempfile.gettempdir())
    made.add_argument(
        "--cache",
        type=Path,
        default=temporary / "coveo_source_benchmarks",
        help="keeps the exports (default: %(default)s)",
    )
    made.add_argument(
        "--work", type=Path, default=temporary, help="for what runs write (default: %(default)s)"
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 if a part failed, or left other rows than the files hold."""
    options = parser().parse_args(arguments)
    megabytes = SMOKE_MB if options.smoke else options.mb
    export = cached_export(megabytes, options.dialect, options.cache.absolute())
    suite = Suite(export, options.work.absolute(), max(1, options.repeat))
    print(heading(export), flush=True)
    results, notes, wrong = run_all(suite, options.only or tuple(PARTS))
    if results:
        print(f"\n{result_table(results)}")
    phases: Mapping[str, float] = {}
    if options.phases or options.cprofile or options.smoke:
        try:
            phases = suite.phases(options.cprofile)
            print(f"\n{phase_table(phases)}")
        except PartFailed as error:
            wrong.append(f"phases failed: {error}")
    for note in (*notes, *wrong):
        print(f"\n{note}")
    if options.json:
        options.json.write_text(
            json.dumps(as_json(export, results, phases, [*notes, *wrong]), indent=2)
        )
    return 1 if wrong else 0


def run_all(suite: Suite, names: Sequence[str]) -> tuple[list[Result], list[str], list[str]]:
    """Runs the parts; returns their results, what was left out, and what went wrong."""
    results: list[Result] = []
    notes: list[str] = []
    wrong: list[str] = []
    for name in names:
        if reason := missing(name):
            notes.append(f"{name} was left out: {reason}")
            continue
        # the documented escape is more than others read: that they do not is no failure of ours
        troubles = wrong if name.startswith("run") or not suite.is_escaped else notes
        print(f"  {name} …", file=sys.stderr, flush=True)
        try:
            for result in PARTS[name](suite):
                results.append(result)
                if not result.agrees:
                    troubles.append(disagreement(result))
        except PartFailed as error:
            troubles.append(f"{name} failed: {error}")
    return results, notes, wrong


def disagreement(result: Result) -> str:
    """What is wrong with the rows of a part."""
    return f"{result.name}: {result.rows} rows, expected {result.expected}"


if __name__ == "__main__":
    sys.exit(main())
