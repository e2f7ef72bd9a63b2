"""The error answers of the API."""

from uuid import uuid4

from .wire import Response


class ApiError(Exception):
    """A request that the API refuses.

    status: the HTTP status code
    code: the kind of error, in upper case as in Coveo's platform APIs
    message: what is wrong and what is accepted
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> Response:
        """Returns the error as a JSON response.

        Inferred: that the exports API sends `message`, `type` and `errorCode` together, and the
        codes. Coveo documents errors with `message` and `type` for its write API, and its own
        client reads `message`, `type`, `errorCode` and `code`.
        """
        kind = "".join(word.capitalize() for word in self.code.split("_"))
        content = {"message": self.message, "errorCode": self.code, "type": kind}
        return Response.json(content, self.status)


def invalid_parameter(message: str) -> ApiError:
    """Returns the error for a parameter with an unusable value."""
    return ApiError(400, "INVALID_PARAMETER", message)


def new_request_id() -> str:
    """Returns a random value for the header `X-Request-ID`."""
    return str(uuid4())
