"""The verbs: what they are called, and the options that each one takes.

Whatever does their work is imported only when a verb runs, because dlt imports this module at every
start of its command.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlt.common.configuration.plugins import SupportsCliCommand

from ..tables import IDENTIFIERS
from .exits import exit_codes

if TYPE_CHECKING:
    from ..cli.pipeline import Options
    from ..cli.report import ReportOptions

_COLLECTORS = ("tqdm", "log", "enlighten", "alive_progress")


class Verb(SupportsCliCommand):
    """Base of the verbs."""

    parent = "pipeline"
    docs_url = None
    description: str | None = None

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options of every verb."""
        parser.add_argument("--destination", default="duckdb", help="a dlt destination")
        parser.add_argument("--dataset-name", default="coveo_ua", help="default: coveo_ua")


class PlanVerb(Verb):
    """`plan`."""

    command = "plan"
    help_string = "Shows what run would load from Coveo; creates nothing"

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that decide what to load."""
        super().configure_parser(parser)
        parser.add_argument("--from", dest="from_date", metavar="DATE", help="start of the range")
        parser.add_argument("--to", dest="to_date", metavar="DATE", help="end of the range")
        parser.add_argument("--tables", nargs="+", metavar="TABLE", help="default: all five")
        parser.add_argument("--window-days", type=float, metavar="N", help="default: 30")
        parser.add_argument(
            "--full-refresh", action="store_true", help="drop the tables and load them again"
        )
        parser.add_argument(
            "--demo", action="store_true", help="load from a local stand-in for Coveo"
        )

    def execute(self, args: Namespace) -> None:
        """Prints the plan."""
        from ..cli.session import open_preview
        from ..cli.summary import plan_text

        with (
            exit_codes(),
            _settings(args) as overrides,
            open_preview(_options(args), overrides) as session,
        ):
            plan = session.plan()
            for notice in plan.notices:
                print(notice)
            print(plan_text(plan))


class RunVerb(PlanVerb):
    """`run`."""

    command = "run"
    help_string = "Loads what is due from Coveo's usage analytics, and builds the SQL models"

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
            "--progress", choices=_COLLECTORS, help="one of dlt's progress displays"
        )

    def execute(self, args: Namespace) -> None:
        """Loads, builds the models and prints a summary."""
        from ..cli.run import run
        from ..cli.summary import outcome_text

        with exit_codes(), _settings(args) as overrides:
            options = _options(args)
            wanted = self._checked_report(args)
            print(outcome_text(run(options, overrides)))
            if wanted:
                from ..cli.report import write_report

                print(write_report(options, wanted))

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


class ModelsVerb(Verb):
    """`models`."""

    command = "models"
    help_string = "Brings the SQL models up to date with what is loaded; asks nothing of Coveo"

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

    def execute(self, args: Namespace) -> None:
        """Builds the models, tests them, or writes them as a dbt project."""
        from ..cli.model_texts import models_text
        from ..cli.models import build_models

        with exit_codes():
            if args.test:
                self._test(args)
            elif args.dbt:
                self._write_dbt_project(args)
            else:
                print(models_text(*build_models(_options(args), args.select)))

    def _test(self, args: Namespace) -> None:
        """Prints the result of each data test; exits with 1 if one fails."""
        from ..cli.model_texts import result_line, results_text
        from ..cli.models import run_model_tests

        results = []
        for result in run_model_tests(_options(args), args.select):
            print(result_line(result), flush=True)
            results.append(result)
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
        print(project_text(args.dbt, write_dbt_project(_options(args), args.dbt)))


class ReportVerb(Verb):
    """`report`."""

    command = "report"
    help_string = "Writes one HTML file with pictures of what is loaded; asks nothing of Coveo"

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
            from ..cli.report import ReportOptions, write_report

            wanted = ReportOptions(
                out=args.out,
                start=args.from_date,
                end=args.to_date,
                with_names=args.with_names,
                visit=args.visit,
                open_it=args.open,
                notebook=args.notebook,
            )
            print(write_report(_options(args), wanted, vega))


class EraseVerb(Verb):
    """`erase`."""

    command = "erase"
    help_string = "Erases the rows of a person or a visit, so that runs do not load them again"

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the identifiers, of which one is needed."""
        super().configure_parser(parser)
        whose = parser.add_mutually_exclusive_group(required=True)
        for kind in IDENTIFIERS:
            whose.add_argument(f"--{kind.replace('_', '-')}", metavar="X")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def execute(self, args: Namespace) -> None:
        """Shows what would go, asks, and erases it."""
        from ..cli.erase import erase

        with exit_codes():
            given = {kind: getattr(args, kind) for kind in IDENTIFIERS}
            for text in erase(_options(args), given, args.yes):
                print(text, flush=True)


VERBS: tuple[type[Verb], ...] = (RunVerb, PlanVerb, ModelsVerb, ReportVerb, EraseVerb)


def _options(args: Namespace) -> "Options":
    from ..cli.folders import pipelines_dir
    from ..cli.pipeline import Options

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
    )


@contextmanager
def _settings(args: Namespace) -> Iterator[dict[str, Any]]:
    """Yields the settings of the command line; with `--demo`, runs the demo server meanwhile."""
    given = {
        "from_date": args.from_date,
        "to_date": args.to_date,
        "tables": args.tables,
        "window_days": args.window_days,
        "strict": getattr(args, "strict", False) or None,
        "allow_erased": getattr(args, "allow_erased", False) or None,
    }
    if not args.demo:
        yield given
        return
    from ..demo import DemoServer

    with DemoServer() as server:
        yield {**given, "base_url": server.base_url, "org": server.org, "api_key": server.api_key}
