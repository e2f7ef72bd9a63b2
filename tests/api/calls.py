"""Every call of the client, and servers that answer in their own way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.exceptions import CoveoSourceError
from tests.support.clock import ANY_TIME

DAY = {"from": "2026-03-03T00:00:00.000Z", "to": "2026-03-03T23:59:59.999Z"}
TOKEN = "xx-a-token-that-nobody-may-see"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

Serve = Callable[..., DemoServer]
Call = Callable[[CoveoClient], object]
CALLS: dict[str, Call] = {
    "list the exports": lambda client: client.exports(),
    "read the export e1": lambda client: client.export("e1"),
    "create an export": lambda client: client.create_export(DAY),
    "delete the export e1": lambda client: client.delete_export("e1"),
    "read the row limit": lambda client: client.row_limit(),
    "estimate an export": lambda client: client.estimate(DAY),
    "list the exportable dimensions": lambda client: client.exportable_dimensions(),
    "download the export e1": lambda client: client.download_address("e1"),
}
READS = {action: call for action, call in CALLS.items() if action != "create an export"}


def client_of(
    server: DemoServer,
    api_key: str | None = None,
    clock_tolerance: timedelta = ANY_TIME,
    **options: Any,
) -> CoveoClient:
    key = api_key or server.api_key
    return CoveoClient(server.base_url, server.org, key, clock_tolerance=clock_tolerance, **options)


def answering(*answers: Response | type[ConnectionError]) -> Callable[[Request], Response | None]:
    """Returns an interceptor that gives these answers, and repeats the last one forever."""
    left = list(answers)

    def intercept(_: Request) -> Response | None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, type):
            raise answer
        return answer

    return intercept


def once(*answers: Response | type[ConnectionError]) -> Callable[[Request], Response | None]:
    """Returns an interceptor that gives these answers, then lets the server answer."""
    left = list(answers)

    def intercept(_: Request) -> Response | None:
        answer = left.pop(0) if left else None
        if isinstance(answer, type):
            raise answer
        return answer

    return intercept


def failure(call: Call, client: CoveoClient) -> CoveoSourceError:
    with pytest.raises(CoveoSourceError) as error:
        call(client)
    return error.value
