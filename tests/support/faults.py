"""Faults that need a test's help."""

import time
from collections.abc import Callable, Iterator

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Then, content_of, cut_off


def stall_halfway(reached: Callable[[], object], seconds: float = 60) -> Then:
    """Sends half of the file, calls `reached`, and then sends nothing more."""

    def then(server: DemoServer, request: Request) -> Response:
        response = cut_off(0.5)(server, request)

        def chunks() -> Iterator[bytes]:
            yield content_of(response)
            reached()
            time.sleep(seconds)

        return Response(response.status, response.headers, chunks())

    return then
