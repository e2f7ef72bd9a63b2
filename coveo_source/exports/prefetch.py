"""The file of the next export, fetched while the one before it is read and loaded.

Nothing depends on it. Whatever goes wrong is dropped here: whoever needs the file fetches it then,
heals what can heal and tells what cannot.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

from ..api.client import client_of
from ..private_files import private_folder
from .download import download_archive, size_of
from .export import Export
from .job import ExportRequest
from .polling import wait

LOOK_SECONDS = 0.1
"""How often it is looked at what a thread has fetched so far."""
END_SECONDS = 3.0
"""How long a thread that was stopped is waited for; it looks up at every piece that it gets."""


class Prefetch:
    """At most one file that is fetched before it is its turn.

    folder: where the files of a pipeline's exports lie, this one beside those that are read
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._fetching: Fetching | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """The folder is there, for nobody but its owner; afterwards it and the thread are gone."""
        with private_folder(self.folder):
            try:
                yield
            finally:
                self.drop()

    def begin(self, request: ExportRequest, export: Export) -> None:
        """Fetches the file of a request's export from now on, and no other."""
        self.drop()
        # its name is like no other's: a line that hangs may outlive the folder
        self._fetching = Fetching(request, export, self.folder / f"next_{uuid4().hex}")
        self._fetching.start()

    def take(self, export: Export, path: Path, on_bytes: Callable[[int], None]) -> bool:
        """Moves the file of an export to where it is read from; whether there is one.

        One that is half there is waited for; one that has not begun to come is not.

        on_bytes: called now and then with how much more has come
        """
        fetching = self._fetching
        if fetching and fetching.export.id == export.id:
            found = fetching.hand_over(path, on_bytes)
        else:
            found = False
        self.drop()
        return found

    def drop(self) -> None:
        """Stops fetching and removes what has come."""
        if self._fetching:
            self._fetching.stop()
            self._fetching = None


class Fetching(Thread):
    """The wait for an export and the download of its file, in a thread of its own.

    comes: whether Coveo has built it, and the download has begun
    done: whether the file is there, and whole
    """

    def __init__(self, request: ExportRequest, export: Export, path: Path) -> None:
        # the process may end without it
        super().__init__(name="prefetch", daemon=True)
        self.export = export
        self.path = path
        self.comes = False
        self.done = False
        self._request = request
        self._stopped = Event()

    def run(self) -> None:
        """Fetches the file, or leaves nothing; called by `start`."""
        with suppress(Exception):
            try:
                self._fetch()
            finally:
                if not self.done:
                    self.path.unlink(missing_ok=True)

    def hand_over(self, path: Path, on_bytes: Callable[[int], None]) -> bool:
        """Moves the file as soon as all of it is there; whether it was."""
        if not self.comes:
            return False
        told, alive = 0, True
        while alive:
            self.join(LOOK_SECONDS)
            # asked first: only then the size is the last
            alive = self.is_alive()
            size = size_of(self.path)
            on_bytes(size - told)
            told = size
        if self.done:
            self.path.replace(path)
        return self.done

    def stop(self) -> None:
        """Ends it, and removes what has come."""
        self._stopped.set()
        self.join(END_SECONDS)
        self.path.unlink(missing_ok=True)

    def _fetch(self) -> None:
        # a session of requests is not made to be used by two threads
        client = client_of(self._request.settings)
        try:
            export = wait(
                self.export, client, self._request.settings.poll_timeout, pause=self._pause
            )
            self.comes = True
            download_archive(
                client, export.id, self.path, self._request.tables, self._look_up, self._look_up
            )
            self.done = True
        finally:
            client.close()

    def _pause(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Stopped

    def _look_up(self, count: int) -> None:
        if self._stopped.is_set():
            raise Stopped


class Stopped(Exception):
    """Nobody wants the file any more."""
