"""Errors of exports that will never have a file."""

from dlt.common.exceptions import TerminalException, TransientException

from .base import CoveoSourceError


class ExportError(CoveoSourceError, TransientException):
    """An export will never have a file."""

    def __init__(self, export: str, what: str, advice: str) -> None:
        super().__init__(f"{export} {what}. {advice}")


class ExportFailed(ExportError):
    """Coveo reports the export as FAILED."""


class ExportExpired(ExportError):
    """Coveo no longer has the export's file."""


class ExportTimedOut(ExportError):
    """Coveo was still building the export after poll_timeout_minutes."""


class UnknownStatus(ExportError):
    """Coveo reports a status that this version does not know."""


class RowLimitReached(CoveoSourceError, TerminalException):
    """The smallest window still has more rows than one export may."""

    def __init__(self, window: str, rows: int, limit: int) -> None:
        super().__init__(
            f"The window {window} cannot be made smaller, but Coveo expects {rows:,} rows in it"
            f" and the row limit of one export is {limit:,}. Everything before it is loaded."
            " Load fewer tables, add filters or have the limit raised, then run again; to skip"
            " this window, load what comes after it with --from and --to."
        )
