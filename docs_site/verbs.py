"""The page of verbs: what their parsers accept, and what they say about it."""

import argparse
from collections.abc import Iterator

from coveo_source.plugin import VERBS, Verb

from .markdown import code, listed, page, table

_INTRODUCTION = """\
A verb stands behind the name of a pipeline: `dlt pipeline NAME run`. The same verbs work without
dlt's command as `coveo-source NAME run` and as `python -m coveo_source NAME run`. `NAME` is yours
to choose; everything that a pipeline remembers is kept under it, and its DuckDB file is called
like it.

All exit with 0 for success, 1 for failure (nothing is lost: run again) or 2 for wrong use. An
option that is also a [setting](settings.md) comes before the setting. Before the verb,
`--pipelines-dir FOLDER` says where dlt keeps its working folders. dlt's own verbs work too, among
them `dlt pipeline NAME info`, and `dlt pipeline NAME drop keywords`, after which the next run
loads that table again, and no other."""

_MORE = {
    "run": "More: [when a run cannot go on](recovery.md), [performance](performance.md).",
    "models": "More: [models](models.md), [data tests and dbt](dbt.md).",
    "report": "More: [reports](reports.md).",
    "freshness": "More: [alarms](alarms.md).",
    "erase": "More: [erasing](erasing.md).",
}
"""Where pages say more about a verb."""


def verbs_page() -> str:
    """Returns the page of all verbs."""
    return page("Verbs", _INTRODUCTION, *(part for verb in VERBS for part in _section(verb)))


def parser_of(verb: type[Verb]) -> argparse.ArgumentParser:
    """Returns the parser of a verb."""
    parser = argparse.ArgumentParser(add_help=False)
    verb().configure_parser(parser)
    return parser


def _section(verb: type[Verb]) -> Iterator[str]:
    parser = parser_of(verb)
    yield f"## {verb.command}"
    yield f"{verb.help_string}."
    yield (verb.description or "").strip()
    yield _MORE.get(verb.command, "")
    yield table(("option", "meaning"), map(_row, parser._actions))
    # a group of one leaves nothing to choose
    choices = (each for each in parser._mutually_exclusive_groups if len(each._group_actions) > 1)
    for group in choices:
        names = listed(action.option_strings[0] for action in group._group_actions)
        yield f"{'One' if group.required else 'At most one'} of these: {names}."


def _row(action: argparse.Action) -> tuple[str, str]:
    """Returns an option with what it takes, and its meaning."""
    return code(" ".join(_words(action))), action.help or ""


def _words(action: argparse.Action) -> Iterator[str]:
    """Yields the words of an option, as one types them."""
    yield ", ".join(action.option_strings)
    if action.nargs != 0:
        yield str(action.metavar or "|".join(action.choices or ()) or action.dest.upper())
    if action.nargs == "+":
        yield "…"
