"""The object that a verb prints with `--json`."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any


def add_json_option(parser: ArgumentParser) -> None:
    """Adds the option `--json`."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object; all other text goes to stderr"
    )


class Answer:
    """The answer of a verb to a program: nothing, unless it was asked for.

    verb: its name
    stream: where to print the object; None to print nothing
    """

    def __init__(self, verb: str, stream: Any = None) -> None:
        self._verb = verb
        self._stream = stream

    def give(self, found: Callable[[], dict[str, Any]]) -> None:
        """Prints what was found."""
        from ..cli.json_output import as_text

        if self._stream:
            print(as_text(found()), file=self._stream, flush=True)

    def failed(self, error: BaseException, code: int) -> None:
        """Prints why the verb failed.

        code: its exit code
        """
        from ..cli.json_output import error_json

        self.give(lambda: error_json(self._verb, error, code))


@contextmanager
def answering(verb: str, as_json: bool) -> Iterator[Answer]:
    """Yields the answer of a verb; with an object on stdout, all that is printed goes to stderr."""
    stream = sys.stdout if as_json else None
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        yield Answer(verb, stream)
