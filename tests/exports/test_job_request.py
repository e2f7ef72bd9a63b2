"""Fingerprint, description, query and body of a request."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest

from tests.exports.builders import REQUESTS, WINDOW, Serve, client_of, request_of, settings_of


@pytest.mark.parametrize(("one", "other"), list(combinations(REQUESTS, 2)))
def test_requests_for_different_exports_have_different_fingerprints(one: str, other: str) -> None:
    assert REQUESTS[one].fingerprint != REQUESTS[other].fingerprint


def test_requests_for_the_same_export_have_the_same_fingerprint() -> None:
    request = request_of(dimensions=("id", "datetime"))
    reordered = replace(request, tables=("clicks", "searches"), dimensions=("datetime", "id"))
    assert reordered.fingerprint == request.fingerprint
    others = settings_of(poll_timeout=timedelta(days=1), keep_exports=True, api_key="new")
    assert replace(request, settings=others).fingerprint == request.fingerprint


def test_a_fingerprint_is_repeatable_and_has_20_hexadecimal_digits() -> None:
    assert request_of().fingerprint == request_of().fingerprint
    assert re.fullmatch(r"[0-9a-f]{20}", request_of().fingerprint)


def test_the_description_of_a_request_is_the_same_in_every_version() -> None:
    # or else a run would neither adopt nor delete the exports that an earlier version left
    times = "2026-03-03T00:00:00.000Z/2026-03-04T00:00:00.000Z"
    plain = request_of()
    assert plain.description == (
        f"coveo_source coveo/coveo_ua #df4a505cb2ffc4a9ebf5 {times} searches clicks"
    )
    settings = settings_of(
        filters=("(mobile=='true')",),
        search_filters=("(originLevel2=='All')",),
        custom_event_filters=("(eventType=='x')",),
        export_format="NO_NEWLINE",
    )
    everything = request_of(settings=settings, dimensions=("id", "datetime"))
    assert everything.description == (
        f"coveo_source coveo/coveo_ua #e3de6a2930a120876e59 {times} searches clicks"
    )


def test_a_description_starts_with_the_tag_and_names_the_window_and_the_tables() -> None:
    description = request_of().description
    assert description.startswith(f"coveo_source coveo/coveo_ua #{request_of().fingerprint} ")
    for word in ("2026-03-03", "2026-03-04", "searches", "clicks"):
        assert word in description
    assert description.isascii()


def test_the_token_is_not_in_the_query_the_body_or_the_description() -> None:
    request = request_of(settings=settings_of(api_key="secret-key"))
    assert "secret-key" not in f"{request!r} {request.query} {request.body} {request.description}"


def test_query_and_body_request_the_same_export(serve: Serve) -> None:
    server = serve()
    settings = settings_of(
        server,
        filters=("(mobile=='true')",),
        search_filters=("(originLevel2=='All')",),
        custom_event_filters=("(eventType=='x')",),
        export_format="NO_NEWLINE",
    )
    request = request_of(settings=settings, dimensions=("id", "clickId", "datetime"))
    client = client_of(server)
    client.create_export(request.query)
    client.create_export_from_body(request.body)
    by_query, by_body = (export.order for export in server.exports)
    for name in ("start", "last", "tables", "filters", "dimensions", "description", "format"):
        assert getattr(by_query, name) == getattr(by_body, name), name
    assert (by_query.start, by_query.end) == WINDOW


def test_long_filters_are_sent_in_a_body(serve: Serve) -> None:
    server = serve()
    long = " AND ".join("(originLevel1!='%s')" % ("x" * 100) for _ in range(50))
    created = request_of(settings=settings_of(server, filters=(long,))).create(client_of(server))
    assert (server.requests[-1].method, server.requests[-1].path) == (
        "POST",
        "/rest/ua/v15/exports/create",
    )
    assert server.exports[0].id == created.id
    assert server.exports[0].order.filters == {"f": (long,)}
    request_of(server).create(client_of(server))
    assert server.requests[-1].path == "/rest/ua/v15/exports"
