"""The verbs about what is loaded, and their options; they ask nothing of Coveo."""

import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..tables import IDENTIFIERS
from .answers import add_json_option, answering
from .exits import exit_codes
from .verb import Verb, is_quiet, options_of

if TYPE_CHECKING:
    from ..commands import FoundRows


class ModelsVerb(Verb):
    """`models`."""

    command = "models"
    help_string = "Brings the SQL models up to date with what is loaded; asks nothing of Coveo"
    description = """
It rebuilds the visits, days and weeks that new rows belong to. A run does the same at its end:
this verb is for a run with `--no-models`, another setting of the models, or the data tests."""

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that decide what to build."""
        super().configure_parser(parser)
        parser.add_argument("--select", nargs="+", default=(), metavar="NAME", help="default: all")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument(
            "--full-refresh", action="store_true", help="build them in full, not only what changed"
        )
        instead.add_argument(
            "--test", action="store_true", help="run their data tests, and build nothing"
        )
        instead.add_argument(
            "--dbt",
            type=Path,
            metavar="FOLDER",
            help="write them as a dbt project",
        )
        parser.add_argument(
            "--adapter",
            metavar="NAME",
            help="the dbt adapter to write it for (default: that of the destination)",
        )

    def execute(self, args: Namespace) -> None:
        """Builds the models, tests them, or writes them as a dbt project."""
        from ..cli.model_texts import models_text
        from ..commands import models
        from ..exceptions import SettingError

        with exit_codes():
            if args.adapter and not args.dbt:
                raise SettingError("adapter", args.adapter, "It is for --dbt FOLDER only.")
            if args.test:
                self._test(args)
            elif args.dbt:
                self._write_dbt_project(args)
            else:
                built = models(options_of(args), args.select, full_refresh=args.full_refresh)
                if not is_quiet(args):
                    print(models_text(*built))

    def _test(self, args: Namespace) -> None:
        """Prints the result of each data test; exits with 1 if one fails."""
        from ..cli.model_texts import result_line, results_text
        from ..commands import checks

        results = []
        for result in checks(options_of(args), args.select):
            if result.status != "pass" or not is_quiet(args):
                print(result_line(result), flush=True)
            results.append(result)
        if not is_quiet(args):
            print(results_text(results))
        if any(result.status == "FAIL" for result in results):
            raise SystemExit(1)

    def _write_dbt_project(self, args: Namespace) -> None:
        """Writes the dbt project of all models, and prints how to build it."""
        from ..cli.model_texts import project_text
        from ..cli.models import write_dbt_project
        from ..exceptions import SettingError

        if args.select:
            given = " ".join(args.select)
            raise SettingError("select", given, "A dbt project has all models: leave it out.")
        written = write_dbt_project(options_of(args), args.dbt, args.adapter)
        if not is_quiet(args):
            print(project_text(args.dbt, written))


class ReportVerb(Verb):
    """`report`."""

    command = "report"
    help_string = "Writes one HTML file with pictures of what is loaded; asks nothing of Coveo"
    description = """
It needs `pip install 'coveo-source[report]'`. Without `--from` and `--to` it shows the last four
weeks, or as many days as were loaded twice over, compared with as many days before."""

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that decide what to show, and where."""
        super().configure_parser(parser)
        parser.add_argument("--from", dest="from_date", metavar="DATE", help="first day")
        parser.add_argument("--to", dest="to_date", metavar="DATE", help="day after the last one")
        parser.add_argument(
            "--out", type=Path, metavar="FILE", default="report.html", help="default: report.html"
        )
        parser.add_argument("--open", action="store_true", help="open it in a browser")
        parser.add_argument(
            "--with-names",
            action="store_true",
            help="show names and ids of users, and what only one visit asked or opened",
        )
        parser.add_argument("--visit", metavar="ID", help="show the timeline of this visit")
        parser.add_argument(
            "--notebook", type=Path, metavar="FILE", help="write a marimo notebook instead"
        )

    def execute(self, args: Namespace) -> None:
        """Writes the report, or the notebook."""
        from ..vega import Vega

        # it starts while everything else is imported
        with exit_codes(), Vega() as vega:
            from ..cli.summary import report_text
            from ..commands import report

            written = report(
                options_of(args),
                args.out,
                from_date=args.from_date,
                to_date=args.to_date,
                with_names=args.with_names,
                visit=args.visit,
                notebook=args.notebook,
                open_it=args.open,
                vega=vega,
            )
            if not is_quiet(args):
                print(report_text(written))


class FreshnessVerb(Verb):
    """`freshness`."""

    command = "freshness"
    help_string = "Shows how new the data is; exits with 1 if it is too old, or not whole"
    is_quietable = False

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that decide what is too old."""
        super().configure_parser(parser)
        parser.add_argument(
            "--max-hours",
            type=float,
            metavar="N",
            default=26.0,
            help="hours since the end of the newest window, beyond which a table is too old"
            " (default: 26, for a daily run that may take up to an hour and a half)",
        )
        parser.add_argument(
            "--tables", nargs="+", metavar="TABLE", help="default: all that were ever loaded"
        )
        add_json_option(parser)

    def execute(self, args: Namespace) -> None:
        """Prints how new each table is; what is wrong goes to stderr, so that cron can mail it."""
        from ..cli.freshness import check_freshness, freshness_json, freshness_text
        from ..cli.slack import tell_of_alarms, tell_of_error

        name = args.pipeline_name
        with (
            answering(self.command, args.json) as answer,
            exit_codes(answer.failed, tell_of_error(name)),
        ):
            found = check_freshness(options_of(args), args.max_hours, args.tables)
            if found.tables:
                print(freshness_text(found), flush=True)
            for alarm in found.alarms:
                print(alarm, file=sys.stderr)
            answer.give(lambda: freshness_json(found))
            if found.alarms:
                tell_of_alarms(name, found.alarms)
                raise SystemExit(1)


class EraseVerb(Verb):
    """`erase`."""

    command = "erase"
    help_string = "Erases the rows of a person or a visit, so that runs do not load them again"
    description = """
It shows how many rows of which table would go, and asks. All traces of them in models, database
and working folder go too."""
    is_quietable = False

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the identifiers, of which one is needed."""
        super().configure_parser(parser)
        whose = parser.add_mutually_exclusive_group(required=True)
        for kind in IDENTIFIERS:
            named = kind.replace("_", " ")
            option = f"--{kind.replace('_', '-')}"
            whose.add_argument(option, metavar="X", help=f"of the events whose {named} is X")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def execute(self, args: Namespace) -> None:
        """Shows what would go, asks, and erases it."""
        from ..cli.summary import erasure_text
        from ..commands import erase

        with exit_codes():
            given = {kind: getattr(args, kind) for kind in IDENTIFIERS}
            erased = erase(options_of(args), **given, confirm=partial(_is_wanted, args.yes))
            print(erasure_text(erased))


def _is_wanted(is_confirmed: bool, found: "FoundRows") -> bool:
    """Shows what was found, and asks the user whether to erase it.

    Raises:
        SettingError: if there is no terminal to ask on
    """
    from dlt._workspace.cli import echo

    from ..cli.summary import found_text
    from ..exceptions import SettingError
    from ..signals import interruptible

    print(found_text(found), flush=True)
    # dlt's command takes `--yes` off the command line for itself
    if is_confirmed or echo.ALWAYS_CONFIRM:
        return True
    if not sys.stdin.isatty():
        raise SettingError("yes", None, "Nothing was erased: without a terminal, give --yes.")
    with interruptible():
        return input("Erase them? This cannot be undone. [y/N] ").strip().lower() in ("y", "yes")
