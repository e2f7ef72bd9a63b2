"""The cost of starting a command: `python -m benchmarks.startup`.

Compares `dlt --help` with and without the package, and `run` with nothing due with dlt's own
`info` on the same pipeline. The commands take turns, and the fastest run of each counts.
"""

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from coveo_source.demo import DemoServer, Traffic

from .measure import Measured, measured
from .suite import dlt_env

NOW = datetime(2025, 3, 1, tzinfo=timezone.utc)
"""The server's time, which does not advance, so that a second run has nothing to load."""

DLT = "from dlt._workspace.cli._dlt import _main; _main()"
HIDDEN = f"""
import importlib.metadata as metadata
original = metadata.distributions
metadata.distributions = lambda **options: (
    package for package in original(**options) if "coveo_source-" not in str(package._path)
)
{DLT}
"""
"""dlt's command as if the package were not installed."""


def main() -> int:
    """Prints a table. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--repeat", type=int, default=10, help="runs of each command (default: 10)")
    options = parser.parse_args()
    server = DemoServer(Traffic(visits_per_day=20), clock=lambda: NOW, export_seconds=0)
    with TemporaryDirectory() as name, server:
        folder = Path(name)
        settings = {
            "BASE_URL": server.base_url,
            "API_KEY": server.api_key,
            "ORG": server.org,
            "FROM_DATE": "2025-02-20",
            "LOOKBACK_DAYS": "0",
        }
        account = {f"SOURCES__COVEO_SOURCE__{key}": value for key, value in settings.items()}
        env = {**dlt_env(folder), **account}
        pipeline = ["-c", DLT, "pipeline", "benchmark"]
        run = [*pipeline, "run"]
        measured(run, folder, env)
        commands = {
            "dlt --help without the package": ["-c", HIDDEN, "--help"],
            "dlt --help": ["-c", DLT, "--help"],
            "dlt pipeline NAME info": [*pipeline, "info"],
            "dlt pipeline NAME run, nothing due": run,
        }
        taken: dict[str, list[Measured]] = {label: [] for label in commands}
        for _ in range(options.repeat):
            for label, arguments in commands.items():
                taken[label].append(measured(arguments, folder, env))
    print("| command | seconds | CPU seconds |\n|---|---:|---:|")
    for label, runs in taken.items():
        seconds, cpu = min(r.seconds for r in runs), min(r.cpu_seconds for r in runs)
        print(f"| {label} | {seconds:.2f} | {cpu:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
