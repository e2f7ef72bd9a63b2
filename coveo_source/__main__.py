"""The verbs without dlt's command: `python -m coveo_source NAME run …`."""

import argparse

from .plugin import VERBS


def main() -> None:
    """Runs one verb."""
    parser = argparse.ArgumentParser(prog="python -m coveo_source")
    parser.add_argument("pipeline_name", metavar="NAME", help="name of the pipeline")
    parser.add_argument("--pipelines-dir", help="where dlt keeps its working folders")
    verbs = parser.add_subparsers(title="verbs", required=True)
    for verb_class in VERBS:
        verb = verb_class()
        verb_parser = verbs.add_parser(verb.command, help=verb.help_string)
        verb.configure_parser(verb_parser)
        verb_parser.set_defaults(execute=verb.execute)
    args = parser.parse_args()
    args.execute(args)


if __name__ == "__main__":
    main()
