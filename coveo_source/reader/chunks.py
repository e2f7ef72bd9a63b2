"""A CSV file on its way to the parser: opened where it lies, and cut into pieces."""

import shutil
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import IO, NamedTuple, Protocol, cast

from ..private_files import private_file
from .grammar import Piece, Readable, pieces


class CsvFile(Protocol):
    """A CSV file, on disk or packed."""

    @property
    def folder(self) -> Path:
        """Where what is made of it may be written."""

    def open(self) -> Readable:
        """Begins to read it; may be called again."""


class OnDisk(NamedTuple):
    """A CSV file that is no member of an archive.

    folder: where what is made of it may be written
    """

    path: Path
    folder: Path

    def open(self) -> Readable:
        """Begins to read it."""
        return self.path.open("rb")


class Rest(NamedTuple):
    """The rest of a file from a record on that does not fit the grammar, on disk."""

    path: Path


def cut(file: CsvFile, export_format: str, width: int) -> Generator[Piece | Rest, None, None]:
    """The pieces of a file, each made when it is asked for; the caller removes the rest.

    width: how many cells a record has to have
    """
    with closing(file.open()) as opened:
        for piece in pieces(opened, export_format, width):
            yield piece if piece.records is not None else rest_of(piece, opened, file.folder)


def rest_of(piece: Piece, file: Readable, folder: Path) -> Rest:
    """Writes a piece that is damaged, and all that follows in the file."""
    path = folder / "rest.csv"
    with private_file(path) as target:
        target.write(piece.content)
        shutil.copyfileobj(cast(IO[bytes], file), target)
    return Rest(path)
