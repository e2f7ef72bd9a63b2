"""Salted hashes of what was erased: later runs leave it out, and nobody can read whose it was."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from .sql import DatasetSql, StateTable, utc

KEY = "row_key"
"""The kind of what is erased that is not one of IDENTIFIERS: the first column of a row's key."""

_BETWEEN_CELLS = re.compile(r'[",\r\n]+')
_ERASED = StateTable("_coveo_erased", kind="text", hash="text", erased_at="timestamp")


class ErasedHash(NamedTuple):
    """The hash of an identifier, or of the key of a row, that was erased.

    kind: one of IDENTIFIERS, or KEY
    erased_at: events of the identifier until then are left out; a row of the key always is
    """

    kind: str
    hash: str
    erased_at: datetime


def cells_of(raw: str) -> set[str]:
    """Returns the cells of a rejected record, as far as they can be told apart."""
    try:
        cells = json.loads(raw).values()
    except (ValueError, AttributeError):
        cells = _BETWEEN_CELLS.split(raw)
    return {str(cell) for cell in cells if cell}


def prefix_of(salt: str, kind: str) -> str:
    """Returns what stands before a value when its hash is made."""
    return f"{salt}:{kind}:"


def read_erased(dataset: DatasetSql) -> list[ErasedHash]:
    """Returns the hashes of everything that was erased from a dataset."""
    if not dataset.columns(_ERASED.name)[_ERASED.name]:
        return []
    names = ", ".join(map(dataset.column, _ERASED.columns))
    found = dataset.rows(f"select {names} from {dataset.table(_ERASED.name)}")
    return [ErasedHash(kind, hashed, utc(at)) for kind, hashed, at in found]


def prepare_erased(dataset: DatasetSql) -> None:
    """Creates the table of the hashes; not to be called in a transaction."""
    dataset.create(_ERASED)


def erased_hashes(salt: str, values: Mapping[str, Iterable[str]], at: datetime) -> list[ErasedHash]:
    """Returns the hashes of values that are erased.

    values: by kind
    """
    return [
        ErasedHash(kind, sha256(f"{prefix_of(salt, kind)}{value}".encode()).hexdigest(), at)
        for kind in values
        for value in values[kind]
    ]


def remember_erased(dataset: DatasetSql, hashes: Iterable[ErasedHash]) -> None:
    """Adds hashes to those of what was erased."""
    dataset.insert_all(_ERASED.name, list(_ERASED.columns), hashes)
