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
    raw: the text that does not fit; None if it is not to be shown
    why: a clause that follows the name of the column
    """

    def __init__(
        self, export: str, file: str, record: int, column: str, raw: str | None, why: str
    ) -> None:
        shown = "" if raw is None else f": {raw[:200]!r}"
        super().__init__(
            f"{export}: record {record:,} of {file}, column {column}, {why}{shown}."
            " Nothing of this window was loaded. Without strict, the value is kept in"
            " rejected_rows and the rest is loaded."
        )


class TooManyRejected(TableError):
    """So much of a file does not fit that it must be written in another way than we know.

    rejected, records: how many records have something that does not fit, of how many
    columns: what does not fit where, with samples, and what is accepted
    most: the setting max_rejected_share
    """

    def __init__(
        self, export: str, file: str, rejected: int, records: int, columns: str, most: float
    ) -> None:
        super().__init__(
            f"{export}: {rejected:,} of the {records:,} records of {file} do not fit. {columns}."
            " Nothing of this window was loaded, and no cursor was moved; the export is kept. If"
            " the file is right, report it, so that it can be read. To load the rest all the same,"
            f" and keep these in rejected_rows, set max_rejected_share = 1 (it is {most:g})."
        )
