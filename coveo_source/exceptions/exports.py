"""Errors of exports that will never have a file."""

from collections.abc import Iterable

from dlt.common.exceptions import TerminalException, TransientException

from .base import CoveoSourceError


class ExportError(CoveoSourceError, TransientException):
    """An export will never have a file.

    export: the export and its window, as the beginning of a sentence
    """

    def __init__(self, export: str, what: str, advice: str) -> None:
        self.export = export
        super().__init__(f"{export} {what}. {advice}")


class ExportFailed(ExportError):
    """Coveo reports the export as FAILED.

    message: why, if Coveo says so
    """

    def __init__(
        self,
        export: str,
        message: str | None,
        advice: str = "Run again; if it fails again, contact Coveo's support and quote this id.",
    ) -> None:
        self.message = message
        why = f"Coveo says: {message!r}" if message else "Coveo does not say why"
        super().__init__(export, f"ended as FAILED, and {why}", advice)

    def for_good(self, expected: int | None, limit: int | None) -> "ExportFailed":
        """Returns the error for an export that there is no other way to try.

        expected, limit: the rows in it, and the most that it may have; None if unknown
        """
        rows = "an unknown number of rows" if expected is None else f"{expected:,} rows"
        bound = "no row limit is known" if limit is None else f"the row limit is {limit:,}"
        return ExportFailed(
            self.export,
            self.message,
            f"Coveo expects {rows} in it, and {bound}. What was loaded before stays loaded. Run"
            " again later; if it still fails, try fewer tables (--tables) or shorter windows"
            " (--window-days), and quote this id to Coveo's support. To skip this window, load"
            " what comes after it with --from and --to.",
        )


class ExportExpired(ExportError):
    """Coveo no longer has the export's file."""


class ExportTimedOut(ExportError):
    """Coveo was still building the export after poll_timeout_minutes."""


class UnknownStatus(ExportError):
    """Coveo reports a status that this version does not know."""


class IncompleteExport(CoveoSourceError, TerminalException):
    """With `strict`: an export may not be whole.

    signs: clauses that say why
    """

    def __init__(self, export: str, signs: Iterable[str]) -> None:
        super().__init__(
            f"{export} may not be whole: {'; '.join(signs)}. Nothing of this window was loaded, and"
            " the export is kept. Run again without strict to load it as it is; or delete it in"
            " Coveo's console and run again, and a new one is made."
        )


class RowLimitReached(CoveoSourceError, TerminalException):
    """The smallest window still has more rows than one export may."""

    def __init__(self, window: str, rows: int, limit: int) -> None:
        super().__init__(
            f"The window {window} cannot be made smaller, but Coveo expects {rows:,} rows in it"
            f" and the row limit of one export is {limit:,}. Everything before it is loaded."
            " Load fewer tables, add filters or have the limit raised, then run again; to skip"
            " this window, load what comes after it with --from and --to."
        )
