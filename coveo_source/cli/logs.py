"""What libraries log and warn of, as a display writes it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from io import TextIOBase
from typing import TextIO, cast

_Say = Callable[[str], None]


class _SaidLog(logging.Handler):
    """Has a display write what is logged."""

    def __init__(self, say: _Say) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(self.format(record))


class _SaidStream(TextIOBase):
    """Has a display write what is written, line by line."""

    def __init__(self, say: _Say) -> None:
        self._say = say
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = f"{self._begun}{text}".split("\n")
        for line in lines:
            self._say(line)
        return len(text)


@contextmanager
def said_output(say: _Say) -> Iterator[None]:
    """Has dlt's log, and what is written to stderr, said meanwhile; it would tear a display."""
    logger = logging.getLogger("dlt")
    handlers = [each for each in logger.handlers if type(each) is logging.StreamHandler]
    said = _SaidLog(say)
    for handler in handlers:
        said.setFormatter(handler.formatter)
        logger.removeHandler(handler)
    if handlers:
        logger.addHandler(said)
    try:
        with redirect_stderr(cast(TextIO, _SaidStream(say))):
            yield
    finally:
        logger.removeHandler(said)
        for handler in handlers:
            logger.addHandler(handler)


@contextmanager
def detailed_logs(say: _Say) -> Iterator[None]:
    """Has dlt log what it does meanwhile, and says each request."""
    requests, log = logging.getLogger("urllib3.connectionpool"), logging.getLogger("dlt")
    said, before = _SaidLog(say), (requests.level, log.level)
    requests.addHandler(said)
    requests.setLevel(logging.DEBUG)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        requests.removeHandler(said)
        requests.setLevel(before[0])
        log.setLevel(before[1])
