import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import combinations
from typing import Any

import pytest

from coveo_source.api import retries
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.exceptions import (
    ApiError,
    ExportError,
    ExportExpired,
    ExportFailed,
    ExportTimedOut,
    QuotaReached,
    ServiceUnreachable,
    UnknownStatus,
)
from coveo_source.exports import job as export_module
from coveo_source.exports.job import Export, ExportOwner, ExportRequest, adopt_or_create, ours, wait
from coveo_source.exports.window import Window, WindowTables
from tests.support.export_requests import LEDGER, START, WINDOW, client_of, job_of, settings_of

Serve = Callable[..., DemoServer]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(export_module, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(retries, "RETRIES", 1)
    monkeypatch.setattr(retries, "CONNECT_RETRIES", 0)


# --- what an export is known by ---

OTHER_SETTINGS: dict[str, dict[str, Any]] = {
    "organization": {"org": "acme2"},
    "host": {"base_url": "https://platform-eu.cloud.coveo.com"},
    "format": {"export_format": "NO_NEWLINE"},
    "filter": {"filters": ("(a=='b')",)},
    "filter of searches": {"search_filters": ("(a=='b')",)},
    "filter of custom events": {"custom_event_filters": ("(a=='b')",)},
    "two filters": {"filters": ("(a=='b')", "(c=='d')")},
}
OTHER_JOBS: dict[str, ExportRequest] = {
    "as it is": job_of(),
    **{name: job_of(settings=settings_of(None, **c)) for name, c in OTHER_SETTINGS.items()},
    "start": job_of(
        part=WindowTables(Window(START - timedelta(minutes=1), WINDOW.end), ("searches",))
    ),
    "end": job_of(
        part=WindowTables(Window(START, WINDOW.end + timedelta(minutes=1)), ("searches",))
    ),
    "tables": job_of(part=WindowTables(WINDOW, ("searches",))),
    "dimensions": job_of(dimensions=("id",)),
    "other dimensions": job_of(dimensions=("id", "datetime")),
    "pipeline": job_of(owner=ExportOwner("coveo2", "coveo_ua")),
    "dataset": job_of(owner=ExportOwner("coveo", "coveo_ua2")),
}


@pytest.mark.parametrize(("one", "other"), list(combinations(OTHER_JOBS, 2)))
def test_whatever_changes_the_export_changes_its_fingerprint(one: str, other: str) -> None:
    assert OTHER_JOBS[one].fingerprint != OTHER_JOBS[other].fingerprint


def test_what_does_not_change_the_export_leaves_its_fingerprint() -> None:
    job = job_of(dimensions=("id", "datetime"))
    reordered = replace(
        job, part=WindowTables(WINDOW, ("clicks", "searches")), dimensions=("datetime", "id")
    )
    assert reordered.fingerprint == job.fingerprint
    patient = settings_of(None, poll_timeout=timedelta(days=1), keep_exports=True, api_key="new")
    assert replace(job, settings=patient).fingerprint == job.fingerprint


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert job_of().fingerprint == job_of().fingerprint
    assert re.fullmatch(r"[0-9a-f]{20}", job_of().fingerprint)


def test_a_description_begins_with_the_tag_and_tells_tables_and_window() -> None:
    description = job_of().description
    assert description.startswith(f"coveo_source coveo/coveo_ua #{job_of().fingerprint} ")
    for word in ("2026-03-03", "2026-03-04", "searches", "clicks"):
        assert word in description
    assert description.isascii()


def test_the_token_is_not_in_what_is_sent_beside_it() -> None:
    job = job_of(settings=settings_of(None, api_key="secret-key"))
    assert "secret-key" not in f"{job!r} {job.query} {job.body} {job.description}"


def test_query_and_body_ask_for_the_same(serve: Serve) -> None:
    server = serve()
    settings = settings_of(
        server,
        filters=("(mobile=='true')",),
        search_filters=("(originLevel2=='All')",),
        custom_event_filters=("(eventType=='x')",),
        export_format="NO_NEWLINE",
    )
    job = job_of(settings=settings, dimensions=("id", "clickId", "datetime"))
    client = client_of(server)
    client.create_export(job.query)
    client.create_export_from_body(job.body)
    by_query, by_body = (export.order for export in server.exports)
    for name in ("start", "last", "tables", "filters", "dimensions", "description", "format"):
        assert getattr(by_query, name) == getattr(by_body, name), name
    assert (by_query.start, by_query.end) == WINDOW


def test_long_filters_go_into_a_body(serve: Serve) -> None:
    server = serve()
    long = " AND ".join("(originLevel1!='%s')" % ("x" * 100) for _ in range(50))
    made = job_of(settings=settings_of(server, filters=(long,))).create(client_of(server))
    assert (server.requests[-1].method, server.requests[-1].path) == (
        "POST",
        "/rest/ua/v15/exports/create",
    )
    assert server.exports[0].id == made.id
    assert server.exports[0].order.filters == {"f": (long,)}
    job_of(server).create(client_of(server))
    assert server.requests[-1].path == "/rest/ua/v15/exports"


# --- what the server says of it ---

ANSWER: dict[str, Any] = {
    "id": "e1",
    "status": "available",
    "from": 1772496000000,
    "to": 1772582399999,
    "startDate": 1773230400123,
    "tables": ["SEARCHES", "clicks"],
    "description": None,
    "size": 17,
}


def test_an_export_object_is_read() -> None:
    export = Export.parse(ANSWER)
    assert export == Export(
        id="e1",
        status="AVAILABLE",
        description="",
        window=WINDOW,
        tables=("searches", "clicks"),
        made=datetime(2026, 3, 11, 12, 0, 0, 123_000, tzinfo=timezone.utc),
        size=17,
    )
    assert str(export) == "The export e1 of 2026-03-03 to 2026-03-04"


@pytest.mark.parametrize(
    "description",
    ["", "weekly #1 Z/Z all", "A-Z #7 A-Z/0-Z all", "#1 2026-99-99Z/2026-01-01Z x", "ü #é {0}"],
)
def test_an_export_of_others_may_be_called_anything(description: str) -> None:
    assert Export.parse({**ANSWER, "description": description}).window == WINDOW


def test_an_export_may_lack_what_is_not_always_there() -> None:
    answer = {name: value for name, value in ANSWER.items() if name not in ("tables", "size")}
    assert Export.parse(answer).tables == ()


def test_only_the_exports_of_this_pipeline_and_dataset_are_ours() -> None:
    def described(text: str) -> Export:
        return Export.parse({**ANSWER, "description": text})

    mine = described(job_of().description)
    others = [
        described(""),
        described("coveo_source"),
        described(job_of(owner=ExportOwner("coveo2", "coveo_ua")).description),
        described(job_of(owner=ExportOwner("coveo", "coveo_ua2")).description),
        described(job_of(owner=ExportOwner("coveo", "coveo")).description),
        described(f"copy of {job_of().description}"),
    ]
    assert ours([*others, mine], LEDGER) == [mine]


# --- adopting and creating ---


def posts(server: DemoServer) -> list[Request]:
    return [request for request in server.requests if request.method == "POST"]


def test_an_export_is_created_where_there_is_none(serve: Serve) -> None:
    server = serve()
    made = adopt_or_create(job_of(server), client_of(server))
    assert [export.id for export in server.exports] == [made.id]
    assert made.window == WINDOW
    assert made.tables == ("searches", "clicks")


def finished(server: DemoServer, export: Export, limit: timedelta = timedelta(minutes=1)) -> Export:
    return wait(export, client_of(server), limit)


@pytest.mark.parametrize("ready", [False, True])
def test_an_export_that_is_there_is_used_again(serve: Serve, ready: bool) -> None:
    server = serve(export_seconds=0 if ready else 600)
    made = job_of(server).create(client_of(server))
    if ready:
        finished(server, made)
    adopted = adopt_or_create(job_of(server), client_of(server))
    assert adopted.id == made.id
    assert adopted.status == ("AVAILABLE" if ready else "PENDING")
    assert len(posts(server)) == 1


def test_of_two_exports_the_one_that_has_its_file_is_used(serve: Serve) -> None:
    server = serve(export_seconds=600)
    client = client_of(server)
    first, second, third = (job_of(server).create(client) for _ in range(3))
    server.exports[1].status = "AVAILABLE"
    assert adopt_or_create(job_of(server), client).id == second.id
    server.exports[1].status = "PENDING"
    assert adopt_or_create(job_of(server), client).id in (first.id, second.id, third.id)
    assert len(posts(server)) == 3


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_an_export_without_a_file_is_not_used_again(serve: Serve, status: Any) -> None:
    server = serve()
    client = client_of(server)
    finished(server, job_of(server).create(client))
    server.exports[0].status = status
    made = adopt_or_create(job_of(server), client)
    assert [export.id for export in server.exports][1:] == [made.id]


@pytest.mark.parametrize("name", [name for name in OTHER_JOBS if name != "as it is"])
def test_an_export_of_something_else_is_not_used(serve: Serve, name: str) -> None:
    server = serve()
    client = client_of(server)
    client.create_export({**WINDOW.wire, "d": OTHER_JOBS[name].description})
    client.create_export({**WINDOW.wire, "d": "made by hand"})
    made = adopt_or_create(job_of(server), client)
    assert [export.id for export in server.exports][2:] == [made.id]


def losing_answers(server: DemoServer, answers: Sequence[Response | None]) -> None:
    """Lets the server create, and then gives these answers in place of its own.

    None is no answer: the line breaks.
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
def test_an_export_whose_creation_was_answered_by_nobody_is_found(
    serve: Serve, answer: Response | None
) -> None:
    server = serve()
    losing_answers(server, [answer])
    made = adopt_or_create(job_of(server), client_of(server))
    assert [export.id for export in server.exports] == [made.id]
    assert len(posts(server)) == 1


def test_creating_is_tried_again_when_nothing_was_created(serve: Serve) -> None:
    failures = [Response(503), Response(500)]

    def intercept(request: Request) -> Response | None:
        return failures.pop() if request.method == "POST" and failures else None

    server = serve(intercept=intercept)
    made = adopt_or_create(job_of(server), client_of(server))
    assert [export.id for export in server.exports] == [made.id]
    assert len(posts(server)) == 3


def test_creating_ends_with_the_error_when_it_fails_for_ever(serve: Serve) -> None:
    def intercept(request: Request) -> Response | None:
        return Response(503) if request.method == "POST" else None

    server = serve(intercept=intercept)
    with pytest.raises(ApiError, match=r"create an export.*HTTP 503"):
        adopt_or_create(job_of(server), client_of(server))
    assert len(posts(server)) == export_module.CREATE_TRIES


def test_a_line_that_breaks_for_ever_ends_with_the_error(serve: Serve) -> None:
    def intercept(request: Request) -> Response | None:
        if request.method == "POST":
            raise ConnectionError
        return None

    server = serve(intercept=intercept)
    with pytest.raises(ServiceUnreachable):
        adopt_or_create(job_of(server), client_of(server))
    assert server.exports == []


def test_a_refusal_to_create_is_not_tried_again(serve: Serve) -> None:
    server = serve(quota=1)
    client_of(server).create_export({**WINDOW.wire, "d": "made by hand"})
    with pytest.raises(QuotaReached):
        adopt_or_create(job_of(server), client_of(server))
    assert len(posts(server)) == 2
    assert len(server.exports) == 1


# --- waiting ---


def test_waiting_ends_when_the_file_is_there(serve: Serve) -> None:
    server = serve(export_seconds=0.15)
    made = job_of(server).create(client_of(server))
    seen: list[float] = []
    ready = wait(made, client_of(server), timedelta(minutes=1), seen.append)
    assert (ready.id, ready.status) == (made.id, "AVAILABLE")
    assert seen == sorted(seen)
    assert len(seen) == len([r for r in server.requests if r.path.endswith(made.id)])


def test_a_file_that_is_there_is_not_waited_for(serve: Serve) -> None:
    server = serve(export_seconds=0)
    client = client_of(server)
    ready = finished(server, job_of(server).create(client))
    before = len(server.requests)
    assert wait(ready, client, timedelta()) == ready
    assert len(server.requests) == before


def changing(server: DemoServer, change: Callable[[dict[str, Any]], Response]) -> None:
    """Answers for a single export with something else than the server would."""

    def intercept(request: Request) -> Response | None:
        if request.method == "GET" and re.search(r"/exports/[0-9a-f-]{36}$", request.path):
            [export] = server.exports
            return change(export.content(""))
        return None

    server.intercept = intercept


def unfulfilled(server: DemoServer, limit: timedelta = timedelta(minutes=1)) -> ExportError:
    made = job_of(server).create(client_of(server))
    with pytest.raises(ExportError) as error:
        wait(made, client_of(server), limit)
    assert made.id in str(error.value)
    assert "2026-03-03 to 2026-03-04" in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("FAILED", ExportFailed, ["FAILED", "Run again", "support"]),
        ("EXPIRED", ExportExpired, ["EXPIRED", "Run again"]),
        ("ARCHIVED", UnknownStatus, ["'ARCHIVED'", "newer version"]),
        ("failed", ExportFailed, ["FAILED"]),
    ],
)
def test_a_status_without_a_file_ends_the_wait_with_advice(
    serve: Serve, status: str, error: type[ExportError], words: list[str]
) -> None:
    server = serve(export_seconds=600)
    changing(server, lambda content: Response.json({**content, "status": status}))
    raised = unfulfilled(server)
    assert type(raised) is error
    for word in words:
        assert word in str(raised)


def test_an_export_that_really_fails_ends_the_wait(serve: Serve) -> None:
    assert isinstance(unfulfilled(serve(row_limit=1)), ExportFailed)


def test_an_export_that_was_deleted_meanwhile_ends_the_wait(serve: Serve) -> None:
    server = serve(export_seconds=600)
    changing(server, lambda content: Response.json({"message": "no such export"}, 404))
    raised = unfulfilled(server)
    assert isinstance(raised, ExportExpired)
    assert "Somebody deleted it" in str(raised)
    assert "Run again" in str(raised)


def test_waiting_has_an_end_and_leaves_the_export(serve: Serve) -> None:
    server = serve(export_seconds=600)
    raised = unfulfilled(server, timedelta(seconds=0.1))
    assert isinstance(raised, ExportTimedOut)
    assert "poll_timeout_minutes" in str(raised)
    assert "run again" in str(raised)
    assert len(server.exports) == 1
    # at pauses of a hundredth of a second and more, a tenth of a second is over by now
    assert len([request for request in server.requests if request.method == "GET"]) < 30


def test_the_pauses_grow_up_to_a_bound(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(export_module, "FIRST_WAIT", 1.0)
    monkeypatch.setattr(export_module, "LONGEST_WAIT", 30.0)
    monkeypatch.setattr("coveo_source.exports.job.time.sleep", pauses.append)
    server = serve(export_seconds=600)
    changing(
        server,
        lambda content: Response.json(
            {**content, "status": "PENDING" if len(pauses) < 15 else "AVAILABLE"}
        ),
    )
    wait(job_of(server).create(client_of(server)), client_of(server), timedelta(hours=1))
    assert pauses[0] == 1
    assert pauses == sorted(pauses)
    assert max(pauses) == 30
    assert len(pauses) == 15
