"""How the API refuses a request."""

from uuid import uuid4

from .wire import Response


class ApiError(Exception):
    """A request that is refused.

    status: of HTTP
    code: what kind of refusal, in the upper case of Coveo's platform APIs
    message: what is wrong and what is accepted, for a person
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> Response:
        """The answer to such a request.

        That errors are JSON with `message` and a `type` is documented for the API by which
        events are written, and Coveo's own client reads `message`, `type`, `errorCode` and
        `code`; that the exports API sends `message`, `type` and `errorCode` at once, and these
        codes, is inferred.
        """
        kind = "".join(word.capitalize() for word in self.code.split("_"))
        content = {"message": self.message, "errorCode": self.code, "type": kind}
        return Response.json(content, self.status)


def invalid(message: str) -> ApiError:
    """A parameter that cannot be used."""
    return ApiError(400, "INVALID_PARAMETER", message)


def request_id() -> str:
    """A new value for the header `X-Request-ID`."""
    return str(uuid4())
