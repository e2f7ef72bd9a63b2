"""A run in a process group of its own, killed when it reaches a point."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from coveo_source.demo.wire import Request, Response
from tests.promises.crash.points import POINTS, Kill, PathCounter, Point
from tests.support.cli_user import PIPELINE

_ROOT = Path(__file__).parents[3]
POLL_SECONDS = 0.0005
_TIMEOUT_SECONDS = 120.0


class Child:
    """One `dlt pipeline coveo …`, killed at most once.

    words: the verb and its options
    """

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        env: dict[str, str],
        working_dir: Path,
        kill: Kill | None,
    ) -> None:
        self._kill = kill
        self._point = POINTS.get(kill.point) if kill else None
        self._paths = PathCounter(working_dir, self._point) if self._point else None
        self._times_reached = 0
        self._ended = Event()
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.promises.crash.small_chunks",
                "pipeline",
                PIPELINE,
                *words,
            ],
            cwd=folder,
            env={**env, "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._threads = [Thread(target=self._read_output, daemon=True)]
        if kill:
            self._threads.append(Thread(target=self._watch, args=(kill,), daemon=True))
        for thread in self._threads:
            thread.start()

    def wait(self) -> tuple[int, str]:
        """Returns exit code and output; -SIGALRM if the run did not end in time."""
        try:
            code = self._process.wait(_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
            code = -signal.SIGALRM
        self._ended.set()
        for thread in self._threads:
            thread.join()
        return code, "".join(self._lines)

    def kill(self) -> None:
        """Kills the whole process group with SIGKILL."""
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def point_of(self, request: Request) -> Point | None:
        """Returns the point if the run is to be killed at this request."""
        if not (self._kill and self._point and self._point.request):
            return None
        return self._point if self._point.request(request) and self._count_reached() else None

    def response_that_kills(self, response: Response, half: bool) -> Response:
        """Returns a response that kills the run once it, or half of it, has been sent."""
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)

        def chunks() -> Iterator[bytes]:
            yield body[: len(body) // 2] if half else body
            self.kill()
            raise ConnectionAbortedError

        headers = {**response.headers, "Content-Length": str(len(body))}
        return Response(response.status, headers, chunks())

    def _count_reached(self, times: int = 1) -> bool:
        """Counts how often the point was reached; returns True if it is time to kill."""
        assert self._kill
        before = self._times_reached
        self._times_reached += times
        return before < self._kill.nth <= self._times_reached

    def _read_output(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.append(line)
            pattern = self._point.line if self._point else None
            if pattern and re.match(pattern, line) and self._count_reached():
                self.kill()

    def _watch(self, kill: Kill) -> None:
        """Kills the run when a file appears or the time is up."""
        if self._point is None:
            if not self._ended.wait(kill.seconds):
                self.kill()
        elif self._paths and self._point.files:
            while not self._ended.wait(POLL_SECONDS):
                if self._count_reached(self._paths.count_new()):
                    self.kill()
