"""Errors of settings, pipelines, datasets and models."""

from datetime import timedelta

from dlt.common.exceptions import TerminalException, TransientException

from ..command_lines import verb_command
from .base import CoveoSourceError


class SettingError(CoveoSourceError, TerminalException):
    """A setting is missing or not accepted.

    value: as the user gave it; None if it is missing
    accepted: a sentence that says what is accepted, or where to write the setting
    """

    def __init__(self, setting: str, value: object, accepted: str) -> None:
        self.setting = setting
        self.value = value
        self.accepted = accepted
        problem = "is missing" if value is None else f"is {value!r}, which is not accepted"
        super().__init__(f"The setting {setting} {problem}. {accepted}")


class SourceMisused(CoveoSourceError, TerminalException):
    """The source is used in a way that would lose rows, or cannot work."""


class TooEarly(CoveoSourceError, TransientException):
    """The range has not ended, or its last events may not be with Coveo yet.

    settled: when they are expected to be, as people read it
    """

    def __init__(self, settled: str, patience: timedelta) -> None:
        minutes = patience.total_seconds() / 60
        super().__init__(
            f"It is too early to load this range: Coveo may take until {settled} to have all of its"
            f" events, and wait_minutes is {minutes:g}. Nothing was loaded; run again then."
        )


class PipelineMismatch(CoveoSourceError, TerminalException):
    """The pipeline or the dataset belongs to another organization, pipeline or source."""


class NothingLoaded(PipelineMismatch):
    """The pipeline holds nothing at all in the dataset."""


class PipelineBusy(CoveoSourceError, TransientException):
    """Another process is loading into the pipeline."""

    def __init__(self, pipeline: str, holder: str) -> None:
        super().__init__(
            f"Another run is loading into the pipeline {pipeline} ({holder}). Wait until it ends,"
            " then run again; nothing was changed."
        )


class DatasetBusy(PipelineBusy):
    """Another run is writing to the dataset, maybe on another machine."""

    def __init__(self, holder: str, expires_at: object) -> None:
        CoveoSourceError.__init__(
            self,
            f"Another run is writing to the dataset ({holder}); nothing was changed. Wait until it"
            f" ends, then run again. If it was killed, its lease ends by itself at {expires_at}.",
        )


class DatabaseUnusable(CoveoSourceError, TransientException):
    """The file of the database cannot be opened."""


class DatabaseHeld(DatabaseUnusable):
    """Another process has the file open, and did not close it in time.

    holder: the process, as people read it
    is_read: whether that process only reads it
    patience: how long a run waits
    """

    def __init__(self, file: str, holder: str, is_read: bool, patience: timedelta) -> None:
        minutes = patience.total_seconds() / 60
        does = "reads it" if is_read else "writes to it, maybe another run"
        todo = "Close it there, or wait until that ends, then run again."
        if is_read:
            todo += " Readers of the copy that the setting publish asks for are never in the way."
        super().__init__(
            f"The database {file} could not be opened within {minutes:g} minutes (wait_minutes):"
            f" {holder} has it open and {does}. What was loaded stays loaded. {todo}"
        )


class FolderMissing(DatabaseUnusable):
    """The folder of the database is not where the pipeline remembers it.

    ways: sentences that say what to do
    """

    def __init__(self, pipeline: str, folder: str, ways: str) -> None:
        super().__init__(
            f"The pipeline {pipeline} keeps its database in the folder {folder}, which is not there"
            f" (any more). Nothing was changed. {ways}"
        )


class CopyNotWritten(CoveoSourceError, TransientException):
    """The copy for readers could not be written; a former one is as it was.

    why: a sentence
    """

    def __init__(self, copy: str, why: str) -> None:
        super().__init__(
            f"Everything is loaded, but the copy for readers could not be written to {copy}: {why}"
            " A former copy is as it was. Run again when the cause is gone, or change the setting"
            " publish."
        )


class LeaseLost(CoveoSourceError, TransientException):
    """Another run has taken over the dataset."""

    def __init__(self) -> None:
        super().__init__(
            "Another run has taken over the dataset, since this one could not renew its lease for"
            " minutes. What it loaded stays loaded. Wait until the other ends, then run again."
        )


class PackageNotLoaded(CoveoSourceError):
    """The destination refuses a load package, which stays on disk.

    package: its id, with windows and tables
    why: a sentence, with the table that failed if one did
    is_lasting: whether the destination will refuse it again as long as nothing is changed
    """

    def __init__(self, pipeline: str, package: str, why: str, is_lasting: bool) -> None:
        self.is_lasting = is_lasting
        drop = (
            f"`{verb_command(pipeline, 'run', '--drop-pending')}` drops it, and exports and loads"
            " its windows again; the setting dimensions leaves out what the database cannot store"
        )
        todo = (
            "If the database refuses what it accepted before, undo the change there and run again."
            " A table that cannot be mended may be dropped there: the next run makes it anew, with"
            f" all of its history. If the package itself is the cause, {drop}."
            if is_lasting
            else f"Run again when the cause is gone: it is loaded without a new export. {drop}."
        )
        super().__init__(
            f"The load package {package} could not be loaded: {why} Nothing was lost. {todo}"
        )


class TableUnusable(CoveoSourceError, TerminalException):
    """A table lacks a column without which its rows are not what they were."""

    def __init__(self, pipeline: str, table: str, columns: str) -> None:
        super().__init__(
            f"The table {table} no longer has {columns}, without which nothing can be loaded into"
            " it. Nothing was changed. Put the table back from a backup and run again, or drop it"
            " in the database: the next run makes it anew, with all of its history."
        )


class CountMismatch(CoveoSourceError, TerminalException):
    """The destination holds other rows than were read from the file.

    expected, what: the number and what it counts, as in "rows were read"
    found: the number that was loaded
    """

    def __init__(self, table: str, window: str, expected: int, what: str, found: int) -> None:
        super().__init__(
            f"{table} of {window}: {expected:,} {what}, but {found:,} were loaded. Somebody else"
            " may have written to the dataset at the same time; if not, this is a bug, please"
            " report it. The next run loads the window again."
        )


class UnsafeReplacement(CoveoSourceError, TerminalException):
    """A replacement might remove rows that Coveo still has, or that nobody wants to lose.

    doubt: a sentence that says why
    """

    def __init__(self, window: str, doubt: str) -> None:
        super().__init__(
            f"The window {window} is loaded, but nothing was removed from it: {doubt} If the rows"
            " are really to go, run again with --force."
        )


class ErasureUnfinished(CoveoSourceError, TransientException):
    """Rows are erased, but something still holds values of them.

    where: a sentence that says what holds them, and what to do about it
    """

    def __init__(self, where: str) -> None:
        super().__init__(
            f"The rows are erased, but not yet all traces of them. {where} The next run, models or"
            " erase tries again."
        )


class ModelError(CoveoSourceError, TerminalException):
    """A SQL model failed; the load before it is intact."""


class CheckError(ModelError):
    """A data test of a model cannot be run as written."""


class ReportError(CoveoSourceError):
    """The database refuses a query of a report."""

    def __init__(self, part: str, problem: str) -> None:
        super().__init__(
            f"The report cannot be made: {part}: {problem} All loaded data is complete. If the"
            " models were built by an early version, build them anew with models --full-refresh."
        )


class ProjectError(CoveoSourceError, TerminalException):
    """A dbt project cannot be written to the given folder."""
