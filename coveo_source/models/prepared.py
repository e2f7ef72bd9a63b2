"""What the steps of a build are made of, kept from one build to the next.

To parse, qualify and write the SQL of all models takes longer than to run it on the rows of a day.
What comes out depends on nothing but the SQL, the tables that there are, and this code.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from ..destination import Step

_FILE = "coveo_models.json"
_MOST = 200
"""Steps that a process keeps; a build has some twenty."""

_known: dict[str, Any] = {}
"""What this process has prepared or read."""


class Prepared(NamedTuple):
    """A step, but for its place among the others.

    columns: dlt's hints for the columns of its table
    names: of the columns that its rows have
    """

    step: Step
    columns: Mapping[str, Any]
    names: Sequence[str]


class Preparations:
    """The steps that were prepared for a pipeline, in a file of its working folder.

    A file that is not there, or damaged, costs no more than the time to prepare them again.
    """

    def __init__(self, working_folder: Path) -> None:
        self._file = working_folder / _FILE
        self._stored: dict[str, Any] | None = None
        self._used: dict[str, Any] = {}

    def get(self, made_from: Iterable[object], make: Callable[[], Prepared]) -> Prepared:
        """Returns a step that is made from some values, and prepares it if it is not known.

        made_from: all that it depends on, beside this code; written as `repr` writes it
        """
        key = sha256("\n".join([_code(), *map(repr, made_from)]).encode()).hexdigest()
        known = _known.get(key) or self._read().get(key)
        found = _prepared_of(known)
        if found is None:
            made = make()
            known = [asdict(made.step), made.columns, made.names]
            found = made._replace(columns=_copy(made.columns))
        _keep(key, known)
        self._used[key] = known
        return found

    def save(self) -> None:
        """Writes the steps that were asked for into the file, if it lacks any."""
        stored = self._read()
        if self._used.keys() <= stored.keys():
            return
        # those for a build in full and those for single days take turns
        kept = dict(list({**stored, **self._used}.items())[-_MOST // 2 :])
        unfinished = self._file.with_suffix(".unfinished")
        with suppress(OSError):
            unfinished.write_text(json.dumps(kept), "utf-8")
            unfinished.replace(self._file)
        self._stored = kept

    def _read(self) -> dict[str, Any]:
        if self._stored is None:
            self._stored = {}
            with suppress(OSError, ValueError):
                found = json.loads(self._file.read_text("utf-8"))
                self._stored = found if isinstance(found, dict) else {}
        return self._stored


def _prepared_of(known: Any) -> Prepared | None:
    """Returns what was written down of a step; None if it is not known, or not as we write it."""
    with suppress(TypeError, KeyError, ValueError):
        step, columns, names = known
        return Prepared(Step.of(step), _copy(columns), names)
    return None


def _copy(columns: Mapping[str, Any]) -> dict[str, Any]:
    # dlt may change the hints that it gets
    return {name: dict(columns[name]) for name in columns}


def _keep(key: str, known: Any) -> None:
    while len(_known) >= _MOST and key not in _known:
        del _known[next(iter(_known))]
    _known[key] = known


@cache
def _code() -> str:
    """Returns a text that is another one if this package, or what writes the SQL, is another."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    seen = ((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    return repr([*map(version, ("coveo-source", "dlt", "sqlglot")), *seen])
