"""How a verb ends: its exit code, and one message if it failed."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from ..garbage import looked_for_less_often

Listener = Callable[[BaseException, int], None]
"""Is told of an error, and with which exit code the verb ends."""


@contextmanager
def exit_codes(*listeners: Listener) -> Iterator[None]:
    """After an error, prints one message and exits with 1 (run again) or 2 (wrong use).

    dlt would exit too, but with a pointer to its own manual. Its `--debug` shows the traceback.

    listeners: who else is told of it
    """
    from dlt._workspace.cli import _debug
    from dlt.common.configuration.exceptions import ConfigurationException

    from ..causes import find_cause, missing_packages
    from ..cli.summary import error_text
    from ..exceptions import PipelineMismatch, ProjectError, SettingError
    from ..scrubbing import scrub_records, scrubbed_output
    from ..sentry import protect_sentry, tell_sentry

    scrub_records()
    logged = nullcontext() if _debug.is_debug_enabled() else _short_log()
    with scrubbed_output(), logged, looked_for_less_often():
        try:
            protect_sentry()
            yield
        except (Exception, KeyboardInterrupt) as error:
            if _debug.is_debug_enabled():
                raise
            print(error_text(error), file=sys.stderr)
            misuse = (SettingError, PipelineMismatch, ProjectError, ConfigurationException)
            is_misuse = any(find_cause(error, kind) for kind in misuse) or missing_packages(error)
            code = 2 if is_misuse else 1
            for listener in (*listeners, tell_sentry):
                listener(error, code)
            raise SystemExit(code) from None


@contextmanager
def _short_log() -> Iterator[None]:
    """Keeps tracebacks out of dlt's log meanwhile."""
    logger = logging.getLogger("dlt")
    logger.addFilter(_shorten_traceback)
    try:
        yield
    finally:
        logger.removeFilter(_shorten_traceback)


def _shorten_traceback(record: logging.LogRecord) -> bool:
    """Cuts a traceback in dlt's log to its last line; the error is printed at the end anyway."""
    text, traceback, trace = record.getMessage().partition("Traceback (most recent call last)")
    record.msg = f"{text}{trace.strip().splitlines()[-1]}" if traceback else text
    record.args = ()
    record.exc_info = record.exc_text = None
    return True
