"""What all verbs have in common.

Whatever does their work is imported only when a verb runs, because dlt imports this package at
every start of its command.
"""

from argparse import SUPPRESS, ArgumentParser, Namespace
from typing import TYPE_CHECKING

from dlt.common.configuration.plugins import SupportsCliCommand

if TYPE_CHECKING:
    from ..cli.pipeline import Options


class Verb(SupportsCliCommand):
    """Base of the verbs."""

    parent = "pipeline"
    docs_url = None
    description: str | None = None
    is_quietable = True
    """False if somebody has to see what the verb prints."""

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options of every verb."""
        parser.add_argument("--destination", default="duckdb", help="a dlt destination")
        parser.add_argument("--dataset-name", default="coveo_ua", help="default: coveo_ua")
        volume = parser.add_mutually_exclusive_group()
        # dlt's own command takes it wherever it stands, and a default would hide that
        volume.add_argument(
            "-v",
            "--verbose",
            dest="verbosity",
            action="count",
            default=SUPPRESS,
            help="show more: each request, the ids of exports, and dlt's log",
        )
        if self.is_quietable:
            volume.add_argument(
                "-q", "--quiet", action="store_true", help="print warnings and errors only"
            )


def options_of(args: Namespace) -> "Options":
    """Returns the options of any verb."""
    from ..cli.folders import pipelines_dir
    from ..cli.pipeline import Options
    from ..cli.progress import Volume

    volume = Volume.VERBOSE if getattr(args, "verbosity", 0) else Volume.NORMAL
    is_demo = getattr(args, "demo", False)
    return Options(
        pipeline=args.pipeline_name,
        pipelines_dir=args.pipelines_dir or pipelines_dir(args.pipeline_name, is_demo),
        destination=args.destination,
        dataset=args.dataset_name,
        full_refresh=getattr(args, "full_refresh", False),
        replace=getattr(args, "replace", False),
        force=getattr(args, "force", False),
        drop_pending=getattr(args, "drop_pending", False),
        with_models=not getattr(args, "no_models", False),
        progress=getattr(args, "progress", None),
        volume=Volume.QUIET if is_quiet(args) else volume,
    )


def is_quiet(args: Namespace) -> bool:
    """Returns True if only warnings and errors are wanted."""
    return getattr(args, "quiet", False)
