"""The verbs under `dlt pipeline NAME`, registered with dlt's plugin system.

dlt imports this package at every start of its command, so anything heavy is imported only when a
verb runs. https://dlthub.com/docs/plugins
"""

import argparse
from collections.abc import Callable

from dlt.common.configuration import plugins
from dlt.common.configuration.plugins import SupportsCliCommand, only_host

from .verb import Verb
from .verbs import VERBS


def _is_taken(verb: str) -> bool:
    """Returns True if dlt has a verb of this name, with which its whole command would fail."""
    from dlt._workspace.cli.commands import PipelineCommand

    parser = argparse.ArgumentParser()
    PipelineCommand().configure_parser(parser)
    return any(
        verb in action.choices
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    )


def _hook(verb: type[Verb]) -> Callable[[str], type[SupportsCliCommand] | None]:
    """Returns the hook by which dlt finds a verb."""

    @plugins.hookimpl(specname="plug_cli")
    @only_host("dlt")
    def plug_cli(host: str) -> type[SupportsCliCommand] | None:
        return None if _is_taken(verb.command) else verb

    return plug_cli


# dlt registers every hook that it finds in the module
(
    plug_cli_run,
    plug_cli_plan,
    plug_cli_models,
    plug_cli_report,
    plug_cli_freshness,
    plug_cli_erase,
) = map(_hook, VERBS)
