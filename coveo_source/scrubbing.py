"""The last doors that a secret could leave by: what is raised, logged, printed or traced.

A command scrubs all that it prints, the source all that it raises, and whoever makes requests the
logs and dlt's trace of the whole process.
"""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO, cast

from .secrets import MASK, scrub

_LOGGERS = ("dlt", "urllib3", "requests")
"""The loggers of these packages and of their modules see requests, or quote errors of them."""
_HTTP = ("requests", "urllib3", "http")
"""Packages whose errors carry the request, with its headers, and the whole connection."""
_LONGEST = 100_000
"""Bytes or characters: nobody reads more of an error, which may carry half of a file."""
_PRINTED = ("strerror", "filename", "filename2", "object", "reason", "text", "msg")
"""What built-in errors print beside their arguments."""


@contextmanager
def scrubbed_errors() -> Iterator[None]:
    """Scrubs the errors that are raised inside."""
    try:
        yield
    except Exception as error:
        scrub_error(error)
        raise


def scrub_error(error: BaseException) -> None:
    """Masks the secrets in an error and its causes, and in all that they carry."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            waiting += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
            waiting += [*each.args, *vars(each).values()]
            _scrub_one(each)


def _scrub_one(error: BaseException) -> None:
    if (arguments := scrubbed(error.args)) is not error.args:
        error.args = arguments
    is_http = type(error).__module__.partition(".")[0] in _HTTP
    for name in {*vars(error), *_PRINTED}:
        value = getattr(error, name, None)
        plain = isinstance(value, (str, bytes, int, float, BaseException))
        clean = scrubbed(value) if plain or not is_http else None
        if clean is not value:
            with suppress(AttributeError, TypeError):
                setattr(error, name, clean)


def scrubbed(value: Any) -> Any:
    """Returns a value, and what is in it, without secrets; the same object if it has none."""
    if isinstance(value, str):
        clean = scrub(value[:_LONGEST])
        return value if clean == value else clean
    if isinstance(value, bytes):
        text = value[:_LONGEST].decode("latin-1")
        return value if len(value) <= _LONGEST and scrub(text) == text else MASK.encode()
    if type(value) in (list, tuple, set):
        items = [scrubbed(item) for item in value]
        return value if _are_same(items, value) else type(value)(items)
    if type(value) is dict:
        pairs = {scrubbed(name): scrubbed(item) for name, item in value.items()}
        same = _are_same(pairs, value) and _are_same(pairs.values(), value.values())
        return value if same else pairs
    return value


def _are_same(some: Iterable[Any], others: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(some, others, strict=False))


class _ScrubbingFilter(logging.Filter):
    """Masks the secrets in whatever is logged, before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg} {record.args}"
        clean = scrub(message)
        if clean != message:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1]:
            # whoever raised the error may still need it as it is
            traceback = logging.Formatter().formatException(record.exc_info)
            clean = scrub(traceback)
            if clean != traceback:
                record.exc_info, record.exc_text = None, clean
        return True


class _TraceScrubber:
    """A dlt tracker that masks the secrets in the errors of a step, before dlt stores them."""

    def on_end_trace_step(
        self, trace: Any, step: Any, pipeline: Any, step_info: Any, send_state: bool
    ) -> None:
        errors = ("step_exception", "exception_traces")
        trace.steps[-1] = step._replace(**{name: scrubbed(getattr(step, name)) for name in errors})

    def _ignore(self, *_: object) -> None:
        """Does nothing; dlt requires a method for each event."""

    on_start_trace = on_start_trace_step = on_end_trace = _ignore


_FILTER = _ScrubbingFilter()
_TRACE_SCRUBBER = _TraceScrubber()


def scrub_records() -> None:
    """Has the logs of the libraries that see requests scrubbed from now on, and dlt's trace."""
    # dlt imports the package at every start of its command
    from dlt.pipeline import trace

    # a filter of a logger does not see what the loggers below it log
    for name in [*_LOGGERS, *logging.Logger.manager.loggerDict]:
        if name.partition(".")[0] in _LOGGERS:
            logging.getLogger(name).addFilter(_FILTER)
    if _TRACE_SCRUBBER not in trace.TRACKING_MODULES:
        trace.TRACKING_MODULES.insert(0, _TRACE_SCRUBBER)


class _ScrubbingStream:
    """A stream that masks the secrets in what is written to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        # libraries that probe a stream write bytes to it, and expect an error
        return self._stream.write(scrub(text) if isinstance(text, str) else text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def scrubbed_output() -> Iterator[None]:
    """Scrubs all that is printed meanwhile, and the errors that are raised."""
    out, err = (cast(TextIO, _ScrubbingStream(each)) for each in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err), scrubbed_errors():
        yield
