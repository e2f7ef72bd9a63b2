"""Errors of downloaded files."""

from dlt.common.exceptions import TerminalException

from .base import CoveoSourceError


class FileError(CoveoSourceError, TerminalException):
    """The downloaded file is not what Coveo describes."""


class ArchiveError(FileError):
    """The ZIP should not be opened."""


class ArchiveDamaged(ArchiveError):
    """The ZIP is corrupt or incomplete; another download may be sound."""


class TableError(FileError):
    """A CSV file cannot be read as the table that it is named for."""


class ValueRejected(TableError):
    """A cell or record does not fit, and `strict` is set.

    record: number of the record in the file
    raw: the text that does not fit
    why: a clause that follows the name of the column
    """

    def __init__(
        self, export: str, file: str, record: int, column: str, raw: str, why: str
    ) -> None:
        super().__init__(
            f"{export}: record {record:,} of {file}, column {column}, {why}: {raw[:200]!r}."
            " Nothing of this window was loaded. Without strict, the value is kept in"
            " rejected_rows and the rest is loaded."
        )
