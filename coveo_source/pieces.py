"""A CSV file on its way to the parser: opened where it lies, and written piece by piece."""

import shutil
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import IO, NamedTuple, Protocol, cast

from .grammar import Piece, Readable, pieces
from .private import private_file


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


class Written(NamedTuple):
    """A piece on disk.

    records: how many it holds, the header included; None where it is damaged from its begin on,
        and then it is all the rest of the file
    """

    path: Path
    records: int | None


def written_pieces(file: CsvFile, export_format: str, width: int) -> Generator[Written, None, None]:
    """Writes the pieces of a file, each when it is asked for; the caller removes them.

    width: how many cells a record has to have
    """
    with closing(file.open()) as opened:
        for number, piece in enumerate(pieces(opened, export_format, width)):
            path = file.folder / f"piece_{number}.csv"
            write(piece, opened, path)
            yield Written(path, piece.records)


def write(piece: Piece, file: Readable, path: Path) -> None:
    """Writes a piece; behind one that is damaged all that follows in the file."""
    with private_file(path) as target:
        target.write(piece.content)
        if piece.records is None:
            shutil.copyfileobj(cast(IO[bytes], file), target)
