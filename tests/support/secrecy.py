"""Where a secret might be after a run, and the ways to write it there."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from coveo_source.demo.faults import SPELLINGS

TOKEN = "xx5ecre7/0000+4000-8000=70ken0000000"
"""A token with characters that most encodings escape."""


def traces_of(secret: str) -> dict[str, str]:
    """Returns what is left of a secret in each spelling, in whatever it may stand."""
    spelled = {name: spell(secret) for name, spell in SPELLINGS.items()}
    thirds = {name: len(form) // 3 for name, form in spelled.items()}
    return {
        # at the ends base64 depends on what is around the secret
        name: (form[thirds[name] : -thirds[name]] if len(form) > 36 else form).lower()
        for name, form in spelled.items()
    }


def assert_absent(secret: str, folder: Path, *texts: str) -> None:
    """Checks that a secret is in none of these texts, nor in any file below a folder."""
    traces = traces_of(secret)
    for text in map(str.lower, texts):
        assert [name for name, trace in traces.items() if trace in text] == [], text
    for path in folder.rglob("*"):
        content = path.read_bytes().lower() if path.is_file() else b""
        assert [name for name, trace in traces.items() if trace.encode() in content] == [], path


def tree_of(error: BaseException) -> list[BaseException]:
    """Returns an error with all that it says of others: causes, contexts and arguments."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            waiting += [each.__cause__, each.__context__, *each.args, *vars(each).values()]
    return found


@contextlib.contextmanager
def logging_to(handler: logging.Handler) -> Iterator[None]:
    """Hands all that is logged to a handler, at every level; dlt's logger does not propagate."""
    logging_by_itself = [logging.getLogger(), logging.getLogger("dlt")]
    # drivers of databases that other tests have imported may have silenced these
    loggers = [*logging_by_itself, *map(logging.getLogger, ("urllib3", "urllib3.util.retry"))]
    levels = [logger.level for logger in loggers]
    for logger in logging_by_itself:
        logger.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
