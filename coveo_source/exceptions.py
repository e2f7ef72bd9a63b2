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
 x ExportError             an export will never become a file
   x ExportFailed          Coveo ended it as FAILED
   x ExportExpired         its file is gone
   x ExportTimedOut        still PENDING after the time limit
   x UnknownStatus         a status that this version does not know
   x RowLimitReached       the smallest window still holds more rows than one export may
 x FileError               the downloaded file is not what Coveo describes
   x ArchiveError          the ZIP cannot be opened, or should not be
   x TableError            a CSV file cannot be read as the table that it is named for
     x ValueRejected       a cell does not fit the type of its column
 x CountMismatch           other rows were loaded than a file holds
 x ModelError              a SQL model failed; the load before it is untouched
   x CheckError            a data test of a model cannot be run as it is written
 x ProjectError            a dbt project cannot be written where it should go

Those that another run may heal are transient in dlt's terms, the others terminal.
"""

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

    advice = "See the message above; nothing was lost."

    def __init__(
        self,
        action: str,
        status: int,
        message: str,
        kind: str | None = None,
        request_id: str | None = None,
    ) -> None:
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


class FileError(CoveoSourceError, TerminalException):
    """The downloaded file is not what Coveo describes."""


class ArchiveError(FileError):
    """The ZIP cannot be opened, or should not be."""


class TableError(FileError):
    """A CSV file cannot be read as the table that it is named for."""


class ValueRejected(TableError):
    """A cell does not fit the type of its column."""


class CountMismatch(CoveoSourceError, TerminalException):
    """Other rows were loaded than were read from a file."""

    def __init__(self, table: str, window: str, read: int, written: int) -> None:
        super().__init__(
            f"{table} of {window}: {read:,} rows were read, {written:,} were written. This is a"
            " defect; please report it. To load the window again, give --from and --to."
        )


class ModelError(CoveoSourceError, TerminalException):
    """A SQL model failed."""


class CheckError(ModelError):
    """A data test of a model cannot be run as it is written."""


class ProjectError(CoveoSourceError, TerminalException):
    """A dbt project cannot be written where it should go."""
