"""What several tests begin with: it is made once in a session, and each test gets a copy."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coveo_source.demo import DemoServer
from coveo_source.file_lock import FileLock
from tests.support.cli_user import PIPELINE, load

_POLL_SECONDS = 0.05
_CONFIGURED = ("SOURCES__", "DESTINATION__", "EXTRACT__", "NORMALIZE__", "LOAD__", "DATA_WRITER__")
"""How the environment variables begin on which the result of a load hangs."""

_shared = Path()


def share(folder: Path) -> None:
    """Says which folder all processes of this session have in common."""
    global _shared
    _shared = folder


def once(name: str, make: Callable[[Path], None]) -> Path:
    """Returns a folder that the first who asks for it has filled with `make`; only to be read."""
    folder = _shared / hashlib.sha256(name.encode()).hexdigest()[:16]
    lock = FileLock(folder.with_suffix(".lock"))
    while not lock.acquire():
        time.sleep(_POLL_SECONDS)
    try:
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
    finally:
        lock.release()
    return folder


def load_once(server: DemoServer, *, with_models: bool = False, **settings: Any) -> None:
    """Does what `load` does in an empty folder; the first of equal loads is copied by the others.

    For what a test begins with, not for what it proves: a copy asks the server for nothing.
    """
    assert server.intercept is None
    assert not list(Path().iterdir())
    here = {"work": Path.cwd(), "dlt": Path(os.environ["DLT_DATA_DIR"])}

    def make(folder: Path) -> None:
        load(server, with_models=with_models, **settings)
        for name, place in here.items():
            shutil.copytree(place, folder / name)
        (folder / "here").write_text(json.dumps(str(here["work"])), "utf-8")

    copied = once(_key(server, with_models, settings), make)
    for name, place in here.items():
        shutil.copytree(copied / name, place, dirs_exist_ok=True)
    # dlt remembers in which folder a pipeline was made
    state = here["dlt"] / "pipelines" / PIPELINE / "state.json"
    former = json.loads((copied / "here").read_text("utf-8"))
    text = state.read_text("utf-8").replace(_in_json(former), _in_json(str(here["work"])))
    state.write_text(text, "utf-8")


def _key(server: DemoServer, with_models: bool, settings: dict[str, Any]) -> str:
    """Returns a text that is the same for equal loads only."""
    traffic = server.traffic
    configured = {name: os.environ[name] for name in os.environ if name.startswith(_CONFIGURED)}
    return repr(
        (
            *(type(traffic).__module__, traffic, server.clock(), server.org, server.api_key),
            *(with_models, sorted(settings.items()), sorted(configured.items())),
        )
    )


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]
