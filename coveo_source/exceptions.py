"""What can go wrong, as one tree.

CoveoSourceError
 x SettingError            a setting is missing or not accepted; nothing was requested yet
 x PipelineMismatch        the pipeline holds another organization's or another source's data
 x PipelineBusy            another process is loading into the pipeline
 x ServiceUnreachable      no answer from a host after all retries
 x ApiError                Coveo refused a request
   x AccessDenied          401 or 403: the key or its privileges
   x ExportNotFound        404: no such export
   x QuotaReached          the organization may not keep one more export
 x UnknownAnswer           an answer is not as Coveo documents it
 x ExportError             an export will never become a file
   x ExportFailed          Coveo ended it as FAILED
   x ExportExpired         its file is gone
   x ExportTimedOut        still PENDING after the time limit
   x UnknownStatus         a status that this version does not know
   x RowLimitReached       the smallest window still holds more rows than one export may
 x UnsafeAddress           Coveo sent us where nothing should be fetched from
 x FileError               the downloaded file is not what Coveo describes
   x ArchiveError          the ZIP should not be opened
     x ArchiveDamaged      the ZIP cannot be opened, or breaks off
   x TableError            a CSV file cannot be read as the table that it is named for
     x ValueRejected       with `strict`: a cell or a record does not fit
 x CountMismatch           other rows are in the destination than the file held
 x ModelError              a SQL model failed; the load before it is untouched
   x CheckError            a data test of a model cannot be run as it is written
 x ProjectError            a dbt project cannot be written where it should go

Those that another run may heal are transient in dlt's terms, the others terminal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from dlt.common.exceptions import DltException, TerminalException, TransientException


class CoveoSourceError(DltException):
    """Base of all errors that coveo_source raises on purpose."""


class SettingError(CoveoSourceError, TerminalException):
    """A setting is missing or not accepted."""

    def __init__(self, setting: str, value: object, accepted: str) -> None:
        self.setting = setting
        self.value = value
        self.accepted = accepted
        given = "is missing" if value is None else f"is {value!r}, which is not accepted"
        super().__init__(f"The setting {setting} {given}. {accepted}")


class PipelineMismatch(CoveoSourceError, TerminalException):
    """The pipeline belongs to another organization, host or source."""


class PipelineBusy(CoveoSourceError, TransientException):
    """Another process is loading into the pipeline."""

    def __init__(self, pipeline: str, holder: str) -> None:
        super().__init__(
            f"Another run is loading into the pipeline {pipeline} ({holder}). Wait until it ends,"
            " then run again; nothing was changed."
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

    status: the HTTP status code
    message, kind: what the body says (`message` or `detail`; `type`, `errorCode` or `title`)
    request_id: the header X-Request-ID, for Coveo's support
    """

    advice = (
        "Nothing was lost: run again, and if it goes on, ask Coveo's support with the request's id."
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
        details = ", ".join(
            part
            for part in (f"HTTP {status}", kind, f"request {request_id}" if request_id else None)
            if part
        )
        super().__init__(f"Coveo refused to {action}: {message} ({details}). {self.advice}")


class AccessDenied(ApiError):
    """The key is wrong, or lacks a privilege, or belongs to another organization."""

    advice = (
        "Check api_key, org and region. The key needs the privileges Analytics - Data exports -"
        " Edit and View in this organization."
    )


class ExportNotFound(ApiError):
    """There is no such export; somebody may have deleted it."""

    advice = "Somebody may have deleted it; run again and a new one is made."


class QuotaReached(ApiError):
    """The organization may not keep one more export."""

    advice = (
        "Delete exports that nobody needs in Coveo's administration console, or have the"
        " limit raised, then run again."
    )

    def with_occupants(self, occupants: str) -> "QuotaReached":
        """The same, with the exports that fill the quota, one a line."""
        listed = f"It keeps these:\n{occupants}" if occupants else "It keeps none."
        told = QuotaReached(self.action, self.status, self.message, self.kind, self.request_id)
        told.args = (f"{self} {listed}",)
        return told


class UnknownAnswer(CoveoSourceError, TransientException):
    """An answer is not as Coveo documents it."""

    def __init__(self, action: str, what: str) -> None:
        super().__init__(
            f"Coveo's answer to {action!r} is not as it is documented: {what}. Nothing was lost:"
            " run again, and if it goes on, look for a newer version of coveo-source."
        )


class ExportError(CoveoSourceError, TransientException):
    """An export will never become a file."""

    def __init__(self, export: str, what: str, advice: str) -> None:
        super().__init__(f"{export} {what}. {advice}")


class ExportFailed(ExportError):
    """Coveo ended the export as FAILED."""


class ExportExpired(ExportError):
    """Coveo no longer keeps the export's file."""


class ExportTimedOut(ExportError):
    """Coveo was still building the export after poll_timeout_minutes."""


class UnknownStatus(ExportError):
    """Coveo answered with a status that this version does not know."""


class RowLimitReached(CoveoSourceError, TerminalException):
    """The smallest window still holds more rows than one export may."""

    def __init__(self, window: str, rows: int, limit: int) -> None:
        super().__init__(
            f"The window {window} cannot be made smaller, and Coveo expects {rows:,} rows in it"
            f" where the row limit of one export is {limit:,}. What comes before it is loaded."
            " Load fewer tables or use filters, or have the limit raised, then run again; to leave"
            " it out, load what comes after it with --from and --to."
        )


class UnsafeAddress(CoveoSourceError, TerminalException):
    """Coveo sent us where nothing should be fetched from."""


class FileError(CoveoSourceError, TerminalException):
    """The downloaded file is not what Coveo describes."""


class ArchiveError(FileError):
    """The ZIP should not be opened."""


class ArchiveDamaged(ArchiveError):
    """The ZIP cannot be opened, or breaks off; another download may be sound."""


class TableError(FileError):
    """A CSV file cannot be read as the table that it is named for."""


class ValueRejected(TableError):
    """A cell or a record does not fit, and `strict` is set."""

    def __init__(
        self, export: str, file: str, record: int, column: str, raw: str, why: str
    ) -> None:
        super().__init__(
            f"{export}: record {record:,} of {file}, column {column}, {why}: {raw[:200]!r}."
            " Nothing of this window was loaded. Without strict it is kept in rejected_rows and"
            " the rest is loaded."
        )


class CountMismatch(CoveoSourceError, TerminalException):
    """Other rows are in the destination than were read from the file."""

    def __init__(self, table: str, window: str, expected: int, what: str, found: int) -> None:
        super().__init__(
            f"{table} of {window}: {expected:,} {what}, but {found:,}. Somebody else may have"
            " written to the dataset at the same time; if not, this is a defect, please report it."
            " To load the window again, give --from and --to."
        )


class ModelError(CoveoSourceError, TerminalException):
    """A SQL model failed."""


class CheckError(ModelError):
    """A data test of a model cannot be run as it is written."""


class ProjectError(CoveoSourceError, TerminalException):
    """A dbt project cannot be written where it should go."""


@contextmanager
def with_context(place: str, known_by: object) -> Iterator[None]:
    """Says where it was before what happened, in errors that do not say so.

    known_by: what stands in an error that says so
    """
    try:
        yield
    except CoveoSourceError as error:
        if str(known_by) not in str(error):
            error.args = (f"{place}: {error}",)
        raise


Known = TypeVar("Known", bound=BaseException)


def find_cause(error: BaseException, kind: type[Known]) -> Known | None:
    """The first error of a kind inside of what was wrapped around it; None if there is none."""
    return next((each for each in causes(error) if isinstance(each, kind)), None)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from, to the innermost."""
    # an error that was raised again is its own cause's cause
    seen: set[int] = set()
    inner: BaseException | None = error
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        yield inner
        inner = inner.__cause__ or inner.__context__


def reason(error: BaseException) -> str:
    """The innermost message of an error, as one sentence."""
    *_, innermost = causes(error)
    text = " ".join(str(innermost).split()) or type(innermost).__name__
    return text if text.endswith((".", "^")) else f"{text}."
