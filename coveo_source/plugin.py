"""The verbs under `dlt pipeline NAME`, as dlt's plugin system wants them.

dlt imports this module at every start of its command, so everything heavy is imported when a
verb runs.
"""

import argparse
import logging
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlt.common.configuration import plugins
from dlt.common.configuration.plugins import SupportsCliCommand, only_host

if TYPE_CHECKING:
    from .cli.session import Options

PARENT = "pipeline"
COLLECTORS = ("tqdm", "log", "enlighten", "alive_progress")


class Verb(SupportsCliCommand):
    """What the verbs have in common."""

    parent = PARENT
    docs_url = None
    description: str | None = None

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that every verb knows."""
        parser.add_argument("--destination", default="duckdb", help="a dlt destination")
        parser.add_argument("--dataset-name", default="coveo_ua", help="default: coveo_ua")


class PlanVerb(Verb):
    """`plan`."""

    command = "plan"
    help_string = "Shows what run would load from Coveo; creates nothing"

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that decide what is due."""
        super().configure_parser(parser)
        parser.add_argument("--from", dest="from_date", metavar="DATE", help="start of the range")
        parser.add_argument("--to", dest="to_date", metavar="DATE", help="end of the range")
        parser.add_argument("--tables", nargs="+", metavar="TABLE", help="default: all five")
        parser.add_argument("--window-days", type=float, metavar="N", help="default: 30")
        parser.add_argument(
            "--full-refresh", action="store_true", help="load everything anew, from the beginning"
        )
        parser.add_argument(
            "--demo", action="store_true", help="load from a local stand-in for Coveo"
        )

    def execute(self, args: Namespace) -> None:
        """Prints the plan."""
        from .cli.session import session
        from .cli.summary import plan_text

        with exit_codes(), service(args) as overrides, session(options(args), overrides) as here:
            here.attach()
            plan = here.plan()
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
            "--strict", action="store_true", help="stop at a value or record that does not fit"
        )
        parser.add_argument("--no-models", action="store_true", help="leave the models as they are")
        parser.add_argument("--progress", choices=COLLECTORS, help="one of dlt's progress displays")

    def execute(self, args: Namespace) -> None:
        """Loads, and prints what was loaded."""
        from .cli.run import run
        from .cli.summary import outcome_text

        with exit_codes(), service(args) as overrides:
            print(outcome_text(run(options(args), overrides)))


class ModelsVerb(Verb):
    """`models`."""

    command = "models"
    help_string = "Brings the SQL models up to date, from what is loaded; asks nothing of Coveo"

    def configure_parser(self, parser: ArgumentParser) -> None:
        """Adds the options that decide what to build."""
        super().configure_parser(parser)
        parser.add_argument("--select", nargs="+", default=(), metavar="NAME", help="default: all")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument(
            "--full-refresh", action="store_true", help="build them as a whole, not by what changed"
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
        """Builds and prints what was built, or what else was asked for."""
        from .cli.models import rebuild_models
        from .cli.summary import models_text

        with exit_codes():
            if args.test:
                self.test(args)
            elif args.dbt:
                self.write_dbt_project(args)
            else:
                print(models_text(rebuild_models(options(args), args.select)))

    def test(self, args: Namespace) -> None:
        """Prints what each data test finds; ends the process with 1 if one fails."""
        from .cli.findings import check_line, checks_text
        from .cli.models import run_tests

        results = []
        for result in run_tests(options(args), args.select):
            print(check_line(result), flush=True)
            results.append(result)
        print(checks_text(results))
        if any(result.status == "FAIL" for result in results):
            raise SystemExit(1)

    def write_dbt_project(self, args: Namespace) -> None:
        """Writes the project, which is of all models, and says how to go on."""
        from .cli.findings import project_text
        from .cli.models import as_dbt_project
        from .exceptions import SettingError

        if args.select:
            given = " ".join(args.select)
            raise SettingError("select", given, "A dbt project is of all models: leave it out.")
        print(project_text(args.dbt, as_dbt_project(options(args), args.dbt)))


VERBS: tuple[type[Verb], ...] = (RunVerb, PlanVerb, ModelsVerb)


def options(args: Namespace) -> "Options":
    """What the command line says beside the settings."""
    from .cli.session import Options

    return Options(
        pipeline=args.pipeline_name,
        pipelines_dir=args.pipelines_dir,
        destination=args.destination,
        dataset=args.dataset_name,
        full_refresh=args.full_refresh,
        with_models=not getattr(args, "no_models", False),
        progress=getattr(args, "progress", None),
    )


@contextmanager
def service(args: Namespace) -> Iterator[dict[str, Any]]:
    """The settings given on the command line, and the demo's address and key if it is wanted."""
    given = {
        "from_date": args.from_date,
        "to_date": args.to_date,
        "tables": args.tables,
        "window_days": args.window_days,
        "strict": getattr(args, "strict", False) or None,
    }
    if not args.demo:
        yield given
        return
    from .demo import DemoServer

    with DemoServer() as server:
        yield {**given, "base_url": server.base_url, "org": server.org, "api_key": server.api_key}


@contextmanager
def exit_codes() -> Iterator[None]:
    """Ends the process with one message and 1 (run again) or 2 (wrong use) after an error.

    dlt would end it too, but pointing to its own manual; with its `--debug` it shows the trace.
    """
    from dlt._workspace.cli import _debug
    from dlt.common.configuration.exceptions import ConfigurationException

    from .cli.summary import error_text
    from .exceptions import PipelineMismatch, ProjectError, SettingError, find_cause

    if not _debug.is_debug_enabled():
        logging.getLogger("dlt").addFilter(without_traceback)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if _debug.is_debug_enabled():
            raise
        print(error_text(error), file=sys.stderr)
        misuse = (SettingError, PipelineMismatch, ProjectError, ConfigurationException)
        raise SystemExit(2 if any(find_cause(error, kind) for kind in misuse) else 1) from None


def without_traceback(record: logging.LogRecord) -> bool:
    """Leaves of a traceback that dlt logs its last line; the error is told in full at the end."""
    text, traceback, trace = record.getMessage().partition("Traceback (most recent call last)")
    record.msg = f"{text}{trace.strip().splitlines()[-1]}" if traceback else text
    record.args = ()
    record.exc_info = None
    return True


def taken(verb: str) -> bool:
    """Whether dlt has a verb of this name itself, which would make its whole command fail."""
    from dlt._workspace.cli.commands import PipelineCommand

    parser = argparse.ArgumentParser()
    PipelineCommand().configure_parser(parser)
    return any(
        verb in action.choices
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    )


@plugins.hookimpl(specname="plug_cli")
@only_host("dlt")
def plug_cli_run(host: str) -> type[SupportsCliCommand] | None:
    """Registers `run`."""
    return None if taken(RunVerb.command) else RunVerb


@plugins.hookimpl(specname="plug_cli")
@only_host("dlt")
def plug_cli_plan(host: str) -> type[SupportsCliCommand] | None:
    """Registers `plan`."""
    return None if taken(PlanVerb.command) else PlanVerb


@plugins.hookimpl(specname="plug_cli")
@only_host("dlt")
def plug_cli_models(host: str) -> type[SupportsCliCommand] | None:
    """Registers `models`."""
    return None if taken(ModelsVerb.command) else ModelsVerb
