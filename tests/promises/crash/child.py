"""A run in a process group of its own, which is killed when its time has come."""

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
from tests.promises.crash.points import POINTS, Kill, Point, Seen
from tests.support.cli_user import PIPELINE

POLL_SECONDS = 0.0005
TIMEOUT_SECONDS = 120.0


class Child:
    """One `dlt pipeline coveo run …`, killed at most once."""

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
        self._seen = Seen(working_dir, self._point) if self._point else None
        self._reached = 0
        self._over = Event()
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [str(Path(sys.executable).with_name("dlt")), "pipeline", PIPELINE, "run", *words],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._threads = [Thread(target=self._read, daemon=True)]
        if kill:
            self._threads.append(Thread(target=self._watch, args=(kill,), daemon=True))
        for thread in self._threads:
            thread.start()

    def wait(self) -> tuple[int, str]:
        """Exit code and output."""
        try:
            code = self._process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
            code = -signal.SIGALRM
        self._over.set()
        for thread in self._threads:
            thread.join()
        return code, "".join(self._lines)

    def kill(self) -> None:
        """Kills the whole process group, as nobody can prevent."""
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def point_of(self, request: Request) -> Point | None:
        """The point, if the run is to be killed at this request."""
        if not (self._kill and self._point and self._point.request):
            return None
        return self._point if self._point.request(request) and self._reach() else None

    def killed_in(self, response: Response, half: bool) -> Response:
        """The response, during which the run is killed."""
        whole = response.body if isinstance(response.body, bytes) else b"".join(response.body)

        def pieces() -> Iterator[bytes]:
            yield whole[: len(whole) // 2] if half else whole
            self.kill()
            raise ConnectionAbortedError

        headers = {**response.headers, "Content-Length": str(len(whole))}
        return Response(response.status, headers, pieces())

    def _reach(self, times: int = 1) -> bool:
        """Counts; whether this is the time to kill."""
        assert self._kill
        before = self._reached
        self._reached += times
        return before < self._kill.nth <= self._reached

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.append(line)
            pattern = self._point.line if self._point else None
            if pattern and re.match(pattern, line) and self._reach():
                self.kill()

    def _watch(self, kill: Kill) -> None:
        """Waits for a file to appear, or for a time."""
        if self._point is None:
            if not self._over.wait(kill.seconds):
                self.kill()
        elif self._seen and self._point.files:
            while not self._over.wait(POLL_SECONDS):
                if self._reach(self._seen.appeared()):
                    self.kill()
