"""The second door: `python -m coveo_source NAME run …` does what `dlt pipeline NAME run …` does."""

import argparse
import sys

from dlt._workspace.cli.exceptions import CliCommandException

from .plugin import VERBS


def main() -> int:
    """Runs one verb; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m coveo_source")
    parser.add_argument("pipeline_name", metavar="NAME", help="name of the pipeline")
    parser.add_argument("--pipelines-dir", help="where dlt keeps its working folders")
    verbs = parser.add_subparsers(title="verbs", required=True)
    for kind in VERBS:
        verb = kind()
        verb_parser = verbs.add_parser(verb.command, help=verb.help_string)
        verb.configure_parser(verb_parser)
        verb_parser.set_defaults(execute=verb.execute)
    args = parser.parse_args()
    try:
        args.execute(args)
    except CliCommandException as error:
        print(error.raiseable_exception or error, file=sys.stderr)
        return error.error_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
