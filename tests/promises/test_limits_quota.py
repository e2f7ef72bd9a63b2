"""Coveo's limit on the number of exports that an organization keeps."""

from collections.abc import Callable

import pytest
import requests

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject, server_error
from tests.support.assertions import RUN_AGAIN, TRAFFIC, assert_loaded, run_against
from tests.support.cli_user import create_requests

Serve = Callable[..., DemoServer]

LOW_ROW_LIMIT = 150
"""Rows; the default window has more, and so takes several exports."""


def create_foreign_exports(server: DemoServer, count: int) -> list[str]:
    """Creates exports as somebody does in Coveo's console; returns their ids."""
    query = {"from": "2026-03-01T00:00:00.000Z", "to": "2026-03-01T23:59:59.999Z", "d": "weekly"}
    responses = [
        requests.post(
            f"{server.base_url}/rest/ua/v15/exports",
            params=query,
            headers={"Authorization": f"Bearer {server.api_key}"},
            timeout=5,
        )
        for _ in range(count)
    ]
    server.requests.clear()
    return [str(response.json()["id"]) for response in responses]


@pytest.mark.slow
def test_a_quota_of_one_export_is_enough(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=1, row_limit=LOW_ROW_LIMIT)
    assert_loaded(run_against(server))
    assert len(create_requests(server)) > 1


@pytest.mark.slow
def test_exports_of_an_earlier_run_are_deleted_before_new_ones_are_created(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=1)
    inject(server, Fault(at("delete"), server_error, times=None))
    assert_loaded(run_against(server))
    assert len(server.exports) == 1
    inject(server)
    assert_loaded(run_against(server, "--full-refresh"))
    assert server.exports == []


@pytest.mark.slow
def test_a_loaded_export_makes_room_for_the_next(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=1, row_limit=LOW_ROW_LIMIT)
    # the first export cannot be deleted after its load: one try and one retry fail
    inject(server, Fault(at("delete"), server_error, times=2))
    assert_loaded(run_against(server))
    assert server.exports == []


def test_the_message_about_a_full_quota_lists_the_exports_that_fill_it(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=2)
    foreign = create_foreign_exports(server, 2)
    completed = run_against(server)
    assert completed.code == 1
    assert "Traceback" not in completed.err
    for text in (*foreign, "2026-03-01", "available", "demo@example.com", RUN_AGAIN):
        assert text in completed.err, completed.err
    assert [export.id for export in server.exports] == foreign


def test_exports_of_others_are_never_deleted(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=2)
    foreign = create_foreign_exports(server, 2)
    assert run_against(server).code == 1
    assert [export.id for export in server.exports] == foreign
    server._ledger.delete(foreign.pop())
    assert_loaded(run_against(server))
    assert [export.id for export in server.exports] == foreign
