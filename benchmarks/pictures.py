"""The time and size of a report: `python -m benchmarks.pictures`.

Loads about a million events with their models, then takes turns with `report` and dlt's own `info`,
each as a whole process; the fastest counts. Also draws one chart in the two ways that need no
network: as SVG, which is what a report has, and with Vega's runtime in the page.
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from .large import EVENTS_PER_VISIT, run
from .measure import Measured, PartFailed, measured
from .suite import dlt_env

CHART = """
import altair as alt
values = [{"day": day, "count": day % 7} for day in range(28)]
chart = alt.Chart(alt.Data(values=values)).mark_line().encode(x="day:Q", y="count:Q")
"""
WAYS = {
    "15 charts as SVG": CHART
    + """
import vl_convert
drawn = [vl_convert.vegalite_to_svg(chart.to_json()) for _ in range(15)]
print(sum(map(len, drawn)))
""",
    "15 charts with the runtime inline": CHART
    + """
import vl_convert
runtime = vl_convert.javascript_bundle()
print(len(runtime) + sum(len(chart.to_json()) for _ in range(15)))
""",
}


def fastest(rounds: int, arguments: list[str], folder: Path) -> Measured:
    """Returns the fastest of several runs."""
    taken = [measured(arguments, folder, dlt_env(folder)) for _ in range(rounds)]
    return min(taken, key=lambda each: each.seconds)


def main() -> int:
    """Prints a table. Returns the exit code: 1 if something failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("--events", type=float, default=1e6, help="about (default: 1 million)")
    parser.add_argument("--visits-per-day", type=int, default=4_000, metavar="N")
    parser.add_argument("--window-days", type=int, default=30, help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--work", type=Path, default=Path(gettempdir()), help="folder for the run")
    options = parser.parse_args()
    options.more = []
    days = round(options.events / options.visits_per_day / EVENTS_PER_VISIT)
    with TemporaryDirectory(dir=options.work) as name:
        folder = Path(name)
        named = ["--pipelines-dir", str(folder / "pipelines"), "benchmark"]
        try:
            run(days, options, folder)
            report = fastest(options.repeat, ["-m", "coveo_source", *named, "report"], folder)
            code = "from dlt._workspace.cli._dlt import _main; _main()"
            info = fastest(options.repeat, ["-c", code, "pipeline", *named, "info"], folder)
            ways = {
                way: fastest(options.repeat, ["-c", code], folder) for way, code in WAYS.items()
            }
        except PartFailed as error:
            print(f"It failed: {error}", file=sys.stderr)
            return 1
        size = (folder / "report.html").stat().st_size
    print(f"{'':36}{'seconds':>10}{'CPU':>10}{'MB':>10}")
    lines = {"report": (report, size), "info, for comparison": (info, 0)}
    lines |= {way: (taken, json.loads(taken.output)) for way, taken in ways.items()}
    for label, (taken, size) in lines.items():
        shown = f"{size / 1e6:.2f}" if size else ""
        print(f"{label:36}{taken.seconds:>10.1f}{taken.cpu_seconds:>10.1f}{shown:>10}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
