"""The verbs that ask something of Coveo, and their options."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .answers import add_json_option, answering
from .exits import exit_codes
from .verb import Verb, is_quiet, options_of

if TYPE_CHECKING:
    from ..cli.report import ReportOptions

_COLLECTORS = ("tqdm", "log", "enlighten", "alive_progress")


class PlanVerb(Verb):
    """`plan`."""

    command = "plan"
    help_string = "Shows what run would load from Coveo; creates nothing"
    description = """
It lists the windows with their tables and estimated rows, and the most rows that Coveo puts into
one export. A window with too many rows is halved."""
    is_quietable = False

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that decide what to load."""
        super().configure_parser(parser)
        parser.add_argument("--from", dest="from_date", metavar="DATE", help="start of the range")
        parser.add_argument("--to", dest="to_date", metavar="DATE", help="end of the range")
        parser.add_argument("--tables", nargs="+", metavar="TABLE", help="default: all five")
        parser.add_argument("--window-days", type=float, metavar="N", help="default: 30")
        parser.add_argument(
            "--max-windows", type=int, metavar="N", help="load the N oldest windows that are due"
        )
        parser.add_argument(
            "--lookback-days",
            type=float,
            metavar="N",
            help="read so much again of what is loaded, for late events (default: 1)",
        )
        parser.add_argument(
            "--full-refresh", action="store_true", help="drop the tables and load them again"
        )
        parser.add_argument(
            "--demo", action="store_true", help="load from a local stand-in for Coveo"
        )
        add_json_option(parser)

    def execute(self, args: Namespace) -> None:
        """Prints the plan."""
        from ..cli.json_output import plan_json
        from ..cli.summary import plan_text
        from ..commands import plan

        with (
            answering(self.command, args.json) as answer,
            exit_codes(answer.failed),
            _settings(args) as overrides,
        ):
            planned = plan(options_of(args), **overrides)
            for notice in planned.notices:
                print(notice)
            print(plan_text(planned))
            answer.give(lambda: plan_json(planned, args.pipeline_name))


class RunVerb(PlanVerb):
    """`run`."""

    command = "run"
    help_string = "Loads what is due from Coveo's usage analytics, and builds the SQL models"
    description = """
The first run begins at `from_date`; each later one loads what is new, one window after the
other, and updates the models. A run that was killed goes on with the next one.

`--from` and `--to` together load a range again and do not change where the next run continues;
with `--replace`, rows that Coveo no longer has are removed there. Without it they stay, and are
counted."""
    is_quietable = True

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that decide how to load."""
        super().configure_parser(parser)
        parser.add_argument(
            "--replace",
            action="store_true",
            help="with --from and --to: also remove the rows that Coveo no longer has",
        )
        parser.add_argument(
            "--force", action="store_true", help="with --replace: even if most rows of a window go"
        )
        parser.add_argument(
            "--strict",
            action="store_true",
            help="stop at what does not fit, and at signs that an export is not whole",
        )
        parser.add_argument(
            "--allow-erased", action="store_true", help="also load what was erased from the dataset"
        )
        parser.add_argument(
            "--drop-pending",
            action="store_true",
            help="drop what an earlier run read and could not load, and read it again",
        )
        parser.add_argument("--no-models", action="store_true", help="leave the models as they are")
        parser.add_argument(
            "--report",
            type=Path,
            metavar="FILE",
            help="write a report at the end, as `report` does",
        )
        parser.add_argument(
            "--metrics",
            type=Path,
            metavar="FILE",
            help="write metrics for Prometheus's textfile collector (FILE.prom)",
        )
        parser.add_argument(
            "--progress", choices=_COLLECTORS, help="one of dlt's progress displays"
        )

    def execute(self, args: Namespace) -> None:
        """Loads, builds the models and prints a summary."""
        from ..cli.json_output import run_json
        from ..cli.metrics import MetricsFile
        from ..cli.run import run
        from ..cli.slack import tell_of_error, tell_of_run
        from ..cli.summary import outcome_text, warnings_text

        metrics = MetricsFile(args.metrics, args.pipeline_name)
        with (
            answering(self.command, args.json) as answer,
            exit_codes(answer.failed, metrics.failed, tell_of_error(args.pipeline_name)),
            _settings(args) as overrides,
        ):
            metrics.check()
            options = options_of(args)
            wanted = self._checked_report(args)
            outcome = run(options, overrides)
            if not is_quiet(args):
                print(outcome_text(outcome))
            elif warnings := warnings_text(outcome):
                print(warnings, file=sys.stderr)
            if wanted:
                from ..cli.report import write_report
                from ..cli.summary import report_text

                written = report_text(write_report(options, wanted))
                if not is_quiet(args):
                    print(written)
            answer.give(lambda: run_json(outcome, options.pipeline, args.report))
            metrics.done(outcome)
            tell_of_run(options.pipeline, outcome)

    def _checked_report(self, args: Namespace) -> "ReportOptions | None":
        """Returns what report to write; a wrong one is told now, not when everything is loaded."""
        if not args.report:
            return None
        from ..cli.report import ReportOptions, check_report
        from ..exceptions import SettingError

        if args.no_models:
            raise SettingError("report", str(args.report), "It shows the models: no --no-models.")
        wanted = ReportOptions(args.report)
        check_report(wanted)
        return wanted


@contextmanager
def _settings(args: Namespace) -> Iterator[dict[str, Any]]:
    """Yields the settings of the command line; with `--demo`, runs the demo server meanwhile."""
    given = {
        "from_date": args.from_date,
        "to_date": args.to_date,
        "tables": args.tables,
        "window_days": args.window_days,
        "max_windows": args.max_windows,
        "lookback_days": args.lookback_days,
        "strict": getattr(args, "strict", False) or None,
        "allow_erased": getattr(args, "allow_erased", False) or None,
    }
    if not args.demo:
        yield given
        return
    from ..demo import DemoServer, reached_directly

    with DemoServer() as server, reached_directly(server.base_url):
        yield {**given, "base_url": server.base_url, "org": server.org, "api_key": server.api_key}
