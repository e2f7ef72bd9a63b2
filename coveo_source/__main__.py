"""The verbs without dlt's command: `coveo-source NAME run …`, or `python -m coveo_source …`."""

import argparse
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import shtab

from .command_lines import SCRIPT
from .plugin import VERBS


def main() -> None:
    """Runs one verb."""
    args = make_parser().parse_args()
    args.execute(args)


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of all verbs; what it accepts can be completed by a shell."""
    is_script = Path(sys.argv[0]).stem == SCRIPT
    parser = argparse.ArgumentParser(
        prog=SCRIPT if is_script else "python -m coveo_source",
        description="Coveo's usage analytics in your own database, as SQL.",
    )
    parser.add_argument("--version", action="version", version=_versions())
    shtab.add_argument_to(parser, help="print a script that completes words in this shell")
    parser.add_argument("pipeline_name", metavar="NAME", help="name of the pipeline")
    parser.add_argument(
        "--pipelines-dir", metavar="FOLDER", help="where dlt keeps its working folders"
    )
    verbs = parser.add_subparsers(title="verbs", required=True)
    for verb_class in VERBS:
        verb = verb_class()
        told = f"{verb.help_string}. {verb.description or ''}"
        verb_parser = verbs.add_parser(verb.command, help=verb.help_string, description=told)
        verb.configure_parser(verb_parser)
        verb_parser.set_defaults(execute=verb.execute)
        for action in verb_parser._actions:
            if action.type is Path:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return parser


def _versions() -> str:
    """Returns what somebody who looks into a problem has to know."""
    needed = ", ".join(f"{name} {version(name)}" for name in ("dlt", "duckdb"))
    return f"{SCRIPT} {version(SCRIPT)}, {needed}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
