"""Errors of the service: no answer, or one that cannot be used."""

from dlt.common.exceptions import TerminalException, TransientException

from .base import CoveoSourceError


class ServiceUnreachable(CoveoSourceError, TransientException):
    """A host did not answer, after all retries.

    way: how requests reach it, as in " through the proxy X"
    advice: what to do, as a clause
    """

    def __init__(self, host: str, reason: str, way: str = "", advice: str | None = None) -> None:
        self.host = host
        todo = advice or "check the network and the settings region and base_url"
        super().__init__(
            f"No answer from {host}{way}: {reason}. Nothing was lost: {todo}, then run again."
        )


class TooSlow(ServiceUnreachable):
    """A host sends at a lower rate than min_download_rate.

    received, seconds: the bytes that came in the time that was waited for them
    least: bytes a second
    what: what happened, as a clause
    least_bytes: what should have come in that time
    """

    def __init__(self, host: str, received: int, seconds: float, least: float) -> None:
        self.host = host
        self.least_bytes = least * seconds
        self.what = (
            f"{host} sends too slowly, {received:,} bytes in {seconds:,.3g} s, which is less than"
            f" the {least:,g} bytes a second of min_download_rate"
        )
        CoveoSourceError.__init__(
            self,
            f"{self.what}. Nothing was lost: check the network, then run again. With a lower"
            " min_download_rate slower ones are waited for, with 0 all of them.",
        )


class ApiError(CoveoSourceError, TerminalException):
    """Coveo refused a request.

    action: what the request was for, as in "list the exports"
    status: the HTTP status code
    message, kind: from the body (`message` or `detail`; `type`, `errorCode` or `title`)
    request_id: the header X-Request-ID, which Coveo's support asks for
    retry_after: seconds that Coveo asks to wait, if it does
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
        retry_after: float | None = None,
    ) -> None:
        self.action = action
        self.status = status
        self.message = message
        self.kind = kind
        self.request_id = request_id
        self.retry_after = retry_after
        pause = f" Coveo asks to wait {_duration(retry_after)}." if retry_after else ""
        request = f"request {request_id}" if request_id else None
        details = ", ".join(filter(None, [f"HTTP {status}", kind, request]))
        super().__init__(f"Coveo refused to {action}: {message} ({details}).{pause} {self.advice}")


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


class UnsafeAddress(CoveoSourceError, TerminalException):
    """Coveo named an address that must not be downloaded from."""


def _duration(seconds: float) -> str:
    """Returns a time as people say it."""
    if seconds < 120:
        return f"{seconds:,.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:,.0f} minutes"
    return f"{seconds / 3600:,.0f} hours"
