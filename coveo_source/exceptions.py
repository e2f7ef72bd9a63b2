"""The errors that coveo_source raises, as one tree.

CoveoSourceError
 x SettingError            a setting is missing or not accepted; before the load began
 x PipelineMismatch        the pipeline or dataset holds the data of another owner
 x PipelineBusy            another process is loading into the pipeline
   x DatasetBusy           another run is writing to the dataset, maybe on another machine
 x LeaseLost               another run has taken over the dataset
 x ServiceUnreachable      a host did not answer, after all retries
 x ApiError                Coveo refused a request
   x AccessDenied          401 or 403: wrong key or missing privileges
   x ExportNotFound        404: no such export
   x QuotaReached          the organization cannot keep another export
 x ClockMismatch           an answer of Coveo tells another time than this machine's clock
 x UnknownAnswer           an answer is not what Coveo documents
 x ExportError             an export will never have a file
   x ExportFailed          Coveo reports it as FAILED
   x ExportExpired         its file is gone
   x ExportTimedOut        still PENDING after the time limit
   x UnknownStatus         a status that this version does not know
 x RowLimitReached         the smallest window still has more rows than one export may
 x UnsafeAddress           Coveo named an address that must not be downloaded from
 x FileError               the downloaded file is not what Coveo describes
   x ArchiveError          the ZIP should not be opened
     x ArchiveDamaged      the ZIP is corrupt or incomplete
   x TableError            a CSV file cannot be read as the table that it is named for
     x ValueRejected       with `strict`: a cell or record does not fit
 x CountMismatch           the destination holds other rows than the file did
 x UnsafeReplacement       a replacement might remove rows that are not to go
 x ErasureUnfinished       rows are erased, but something still holds values of them
 x ModelError              a SQL model failed; the load before it is intact
   x CheckError            a data test of a model cannot be run as written
 x ProjectError            a dbt project cannot be written to the given folder

Errors that another run may get past are transient in dlt's terms, all others terminal.
"""

from dlt.common.exceptions import DltException, TerminalException, TransientException


class CoveoSourceError(DltException):
    """Base class of all errors that coveo_source raises on purpose."""


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


class PipelineMismatch(CoveoSourceError, TerminalException):
    """The pipeline or the dataset belongs to another organization, pipeline or source."""


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


class LeaseLost(CoveoSourceError, TransientException):
    """Another run has taken over the dataset."""

    def __init__(self) -> None:
        super().__init__(
            "Another run has taken over the dataset, since this one could not renew its lease for"
            " minutes. What it loaded stays loaded. Wait until the other ends, then run again."
        )


class ServiceUnreachable(CoveoSourceError, TransientException):
    """A host did not answer, after all retries."""

    def __init__(self, host: str, reason: str) -> None:
        self.host = host
        super().__init__(
            f"No answer from {host}: {reason}. Nothing was lost: check the network and the"
            " settings region and base_url, then run again."
        )


class ApiError(CoveoSourceError, TerminalException):
    """Coveo refused a request.

    action: what the request was for, as in "list the exports"
    status: the HTTP status code
    message, kind: from the body (`message` or `detail`; `type`, `errorCode` or `title`)
    request_id: the header X-Request-ID, which Coveo's support asks for
    """

    advice = (
        "Nothing was lost: run again, and if it keeps failing, contact Coveo's support and quote"
        " the request id."
    )

    def __init__(
        self,
        action: str,
        status: int,
        message: str,
        kind: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.action = action
        self.status = status
        self.message = message
        self.kind = kind
        self.request_id = request_id
        request = f"request {request_id}" if request_id else None
        details = ", ".join(filter(None, [f"HTTP {status}", kind, request]))
        super().__init__(f"Coveo refused to {action}: {message} ({details}). {self.advice}")


class AccessDenied(ApiError):
    """401 or 403: the key is wrong, lacks a privilege or belongs to another organization."""

    advice = (
        "Check api_key, org and region. The key needs the privileges Analytics - Data exports -"
        " Edit and View in this organization."
    )


class ExportNotFound(ApiError):
    """404: the export does not exist."""

    advice = "Somebody may have deleted it; run again to create a new one."


class QuotaReached(ApiError):
    """The organization cannot keep another export."""

    advice = (
        "Delete exports that are no longer needed in Coveo's administration console, or have the"
        " limit raised, then run again."
    )


class ClockMismatch(CoveoSourceError, TransientException):
    """An answer of Coveo tells another time than this machine's clock."""


class UnknownAnswer(CoveoSourceError, TransientException):
    """An answer is not what Coveo documents."""

    def __init__(self, action: str, what: str) -> None:
        super().__init__(
            f"Coveo's answer to {action!r} is not what its documentation says: {what}. Nothing was"
            " lost: run again, and if it keeps failing, look for a newer version of coveo-source."
        )


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


class UnsafeAddress(CoveoSourceError, TerminalException):
    """Coveo named an address that must not be downloaded from."""


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


class ProjectError(CoveoSourceError, TerminalException):
    """A dbt project cannot be written to the given folder."""
