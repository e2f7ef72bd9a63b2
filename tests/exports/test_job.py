"""An export that is on the server is adopted; if there is none, it is created once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.exceptions import ApiError, QuotaReached, ServiceUnreachable
from coveo_source.exports.export import Export, wait
from coveo_source.exports.job import CREATE_TRIES, ExportOwner, adopt_or_create, owned_by
from tests.exports.builders import ANSWER, OWNER, REQUESTS, WINDOW, Serve, client_of, request_of

pytestmark = pytest.mark.usefixtures("short_pauses")


def creations(server: DemoServer) -> list[Request]:
    return [request for request in server.requests if request.method == "POST"]


def test_only_the_exports_of_this_pipeline_and_dataset_are_ours() -> None:
    def described(text: str) -> Export:
        return Export.parse({**ANSWER, "description": text})

    mine = described(request_of().description)
    others = [
        described(""),
        described("coveo_source"),
        described(request_of(owner=ExportOwner("coveo2", "coveo_ua")).description),
        described(request_of(owner=ExportOwner("coveo", "coveo_ua2")).description),
        described(request_of(owner=ExportOwner("coveo", "coveo")).description),
        described(f"copy of {request_of().description}"),
    ]
    assert owned_by([*others, mine], OWNER) == [mine]


def test_an_export_is_created_if_there_is_none(serve: Serve) -> None:
    server = serve()
    created = adopt_or_create(request_of(server), client_of(server))
    assert [export.id for export in server.exports] == [created.id]
    assert created.window == WINDOW
    assert created.tables == ("searches", "clicks")


@pytest.mark.parametrize("ready", [False, True])
def test_an_existing_export_is_adopted(serve: Serve, ready: bool) -> None:
    server = serve(export_seconds=0 if ready else 600)
    created = request_of(server).create(client_of(server))
    if ready:
        wait(created, client_of(server), timedelta(minutes=1))
    adopted = adopt_or_create(request_of(server), client_of(server))
    assert adopted.id == created.id
    assert adopted.status == ("AVAILABLE" if ready else "PENDING")
    assert len(creations(server)) == 1


def test_of_several_exports_one_that_has_its_file_is_adopted(serve: Serve) -> None:
    server = serve(export_seconds=600)
    client = client_of(server)
    first, second, third = (request_of(server).create(client) for _ in range(3))
    server.exports[1].status = "AVAILABLE"
    assert adopt_or_create(request_of(server), client).id == second.id
    server.exports[1].status = "PENDING"
    assert adopt_or_create(request_of(server), client).id in (first.id, second.id, third.id)
    assert len(creations(server)) == 3


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_an_export_that_will_never_have_a_file_is_not_adopted(serve: Serve, status: Any) -> None:
    server = serve()
    client = client_of(server)
    wait(request_of(server).create(client), client, timedelta(minutes=1))
    server.exports[0].status = status
    created = adopt_or_create(request_of(server), client)
    assert [export.id for export in server.exports][1:] == [created.id]


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "plain"])
def test_an_export_of_another_request_is_not_adopted(serve: Serve, name: str) -> None:
    server = serve()
    client = client_of(server)
    client.create_export({**WINDOW.wire, "d": REQUESTS[name].description})
    client.create_export({**WINDOW.wire, "d": "made by hand"})
    created = adopt_or_create(request_of(server), client)
    assert [export.id for export in server.exports][2:] == [created.id]


def lose_answers(server: DemoServer, answers: Sequence[Response | None]) -> None:
    """Lets the server create exports, but replaces its answers by these.

    None stands for a broken connection.
    """
    left = list(answers)

    def intercept(request: Request) -> Response | None:
        if request.method != "POST" or not left:
            return None
        server.answer(request)
        answer = left.pop(0)
        if answer is None:
            raise ConnectionError
        return answer

    server.intercept = intercept


@pytest.mark.parametrize("answer", [None, Response(502), Response(504), Response(500)])
def test_an_export_is_found_if_the_answer_to_its_creation_was_lost(
    serve: Serve, answer: Response | None
) -> None:
    server = serve()
    lose_answers(server, [answer])
    created = adopt_or_create(request_of(server), client_of(server))
    assert [export.id for export in server.exports] == [created.id]
    assert len(creations(server)) == 1


def test_a_creation_that_created_nothing_is_retried(serve: Serve) -> None:
    failures = [Response(503), Response(500)]

    def intercept(request: Request) -> Response | None:
        return failures.pop() if request.method == "POST" and failures else None

    server = serve(intercept=intercept)
    created = adopt_or_create(request_of(server), client_of(server))
    assert [export.id for export in server.exports] == [created.id]
    assert len(creations(server)) == 3


def test_a_creation_that_keeps_failing_ends_with_the_error(serve: Serve) -> None:
    def intercept(request: Request) -> Response | None:
        return Response(503) if request.method == "POST" else None

    server = serve(intercept=intercept)
    with pytest.raises(ApiError, match=r"create an export.*HTTP 503"):
        adopt_or_create(request_of(server), client_of(server))
    assert len(creations(server)) == CREATE_TRIES


def test_a_connection_that_keeps_breaking_ends_with_the_error(serve: Serve) -> None:
    def intercept(request: Request) -> Response | None:
        if request.method == "POST":
            raise ConnectionError
        return None

    server = serve(intercept=intercept)
    with pytest.raises(ServiceUnreachable):
        adopt_or_create(request_of(server), client_of(server))
    assert server.exports == []


def test_a_creation_that_is_refused_is_not_retried(serve: Serve) -> None:
    server = serve(quota=1)
    client_of(server).create_export({**WINDOW.wire, "d": "made by hand"})
    with pytest.raises(QuotaReached):
        adopt_or_create(request_of(server), client_of(server))
    assert len(creations(server)) == 2
    assert len(server.exports) == 1
