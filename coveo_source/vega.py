"""Vega, which draws charts, in a process of its own.

It is a JavaScript program that keeps Python from running while it starts and draws. Nothing heavy
is imported here, so that it can start before everything else.
"""

import json
import sys
from contextlib import suppress
from subprocess import PIPE, Popen
from tempfile import TemporaryFile

_PROGRAM = """
import sys
# nothing from the current folder, which is first in the path
sys.path[:] = filter(None, sys.path)
import json, vl_convert
vl_convert.vegalite_to_svg('{"data": {"values": []}, "mark": "bar"}')
for line in sys.stdin:
    try:
        answer = {"svg": vl_convert.vegalite_to_svg(line)}
    except Exception as error:
        answer = {"error": " ".join(str(error).partition("\\n    at ")[0].split())}
    print(json.dumps(answer), flush=True)
"""

_MOST_COMPLAINTS = 300
"""Letters of what it says when it ends by itself; a stack follows."""


class VegaError(Exception):
    """A chart cannot be drawn; the message says why."""


class Vega:
    """A process that draws one chart after the other; a context manager."""

    def __init__(self) -> None:
        self._complaints = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 closed by __exit__
        self._process = Popen(  # noqa: S603 a program of ours
            [sys.executable, "-c", _PROGRAM],
            stdin=PIPE,
            stdout=PIPE,
            stderr=self._complaints,
            text=True,
        )

    def __enter__(self) -> "Vega":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._complaints.close()

    def draw(self, specification: str) -> str:
        """Returns a chart as SVG.

        specification: of Vega-Lite, as JSON on one line

        Raises:
            VegaError: if it cannot be drawn
        """
        asked, answers = self._process.stdin, self._process.stdout
        line = ""
        with suppress(BrokenPipeError):
            print(specification, file=asked, flush=True)
            line = answers.readline() if answers else ""
        if not line:
            self._complaints.seek(0)
            said = " ".join(self._complaints.read(_MOST_COMPLAINTS).split())
            raise VegaError(said or "Vega has ended.")
        answer = json.loads(line)
        if "error" in answer:
            raise VegaError(answer["error"])
        return str(answer["svg"])
