"""The next file is fetched while a window is loaded."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, at, content_of, inject, reported, rewritten
from coveo_source.exports.prefetch import Prefetch
from tests.exports.builders import client_of, request_of
from tests.exports.prefetching import (
    THREE_WINDOWS,
    TWO_WINDOWS,
    Watch,
    about_second_window,
    downloads_second,
    happens,
    prefetch_threads,
)
from tests.support.assertions import (
    FROM_DATE,
    LOADED_TABLES,
    assert_loaded,
    clean_run_tables,
    run_against,
)
from tests.support.cli_user import connection_settings, create_requests, open_pipeline, tables

pytestmark = pytest.mark.usefixtures("hurried", "nothing_left")


def test_the_next_file_is_fetched_while_a_window_is_loaded(demo: DemoServer) -> None:
    def when_its_rows_are_loaded(server: DemoServer, request: Request) -> Response:
        assert happens(lambda: downloads_second(watch))
        return server.answer(request)

    inject(demo, Fault(at("delete"), when_its_rows_are_loaded))
    watch = Watch(demo, lambda watch: True)
    assert_loaded(run_against(demo, *THREE_WINDOWS))
    first, *others = watch.steps
    assert [first, *others[:2]] == [("file", 1), ("file", 2), ("delete", 1)]
    # only one file is prefetched at a time
    assert sorted(others[2:]) == [("delete", 2), ("delete", 3), ("file", 3)]
    assert len(create_requests(demo)) == 3
    assert all("authorization" not in request.headers for request in demo.storage_requests)


def test_without_exports_ahead_nothing_is_prefetched(demo: DemoServer) -> None:
    watch = Watch(demo, lambda watch: True)
    assert_loaded(run_against(demo, *THREE_WINDOWS, exports_ahead=0))
    assert watch.steps == [(where, number) for number in (1, 2, 3) for where in ("file", "delete")]


def test_a_single_load_of_several_windows_prefetches_too(demo: DemoServer) -> None:
    watch = Watch(demo, downloads_second)
    open_pipeline().run(source(demo))
    assert watch.happened
    assert tables(LOADED_TABLES) == clean_run_tables()
    assert watch.downloads == [1, 2, 3]
    assert demo.exports == []


def source(server: DemoServer) -> Any:
    """Returns a source that loads three windows at once."""
    settings = {"window_days": 0.5, **connection_settings(server)}
    return coveo_source(from_date=FROM_DATE, tables=list(LOADED_TABLES), **settings)


def test_a_load_that_fails_leaves_no_thread_and_no_file(demo: DemoServer) -> None:
    watch = Watch(demo, downloads_second)

    def fail(_: object) -> None:
        raise ValueError(f"prefetched: {happens(lambda: downloads_second(watch))}")

    failing = source(demo)
    failing.resources["clicks"].add_map(fail)
    with pytest.raises(Exception, match="prefetched: True"):
        open_pipeline().run(failing)
    assert prefetch_threads() == []


def test_an_export_that_is_still_being_built_is_waited_for_when_it_is_needed(
    demo: DemoServer,
) -> None:
    polled: list[Request] = []

    def pending(server: DemoServer, request: Request) -> Response:
        if watch.happened:
            polled.append(request)
        answer = DemoServer.answer if len(polled) > 3 else reported("PENDING")
        return answer(server, request)

    none_ready = rewritten(lambda exports: [{**export, "status": "PENDING"} for export in exports])
    inject(
        demo,
        Fault(about_second_window(demo, "status"), pending, times=None),
        Fault(at("list"), none_ready, times=None),
    )
    watch = Watch(demo, lambda watch: ("status", 2) in watch.requests)
    assert_loaded(run_against(demo, *TWO_WINDOWS))
    assert watch.happened
    assert len(polled) > 3
    assert len(create_requests(demo)) == len(demo.storage_requests) == 2


def test_a_partly_prefetched_file_is_not_downloaded_twice(demo: DemoServer) -> None:
    def slowly(server: DemoServer, request: Request) -> Response:
        answer = server.answer(request)
        content = content_of(answer)

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(content), 1000):
                yield content[start : start + 1000]
                if not start:
                    happens(lambda: watch.happened is not None)
                    time.sleep(0.5)

        return Response(answer.status, answer.headers, pieces())

    inject(demo, Fault(about_second_window(demo, "file"), slowly))
    watch = Watch(demo, downloads_second)
    assert_loaded(run_against(demo, *TWO_WINDOWS))
    assert watch.happened
    assert len(demo.storage_requests) == 2


def test_prefetched_bytes_are_counted_when_the_file_is_taken(
    demo: DemoServer, own_folder: Path
) -> None:
    request, sizes = request_of(demo), list[int]()
    export = request.create(client_of(demo))
    path = own_folder / "file"
    prefetch = Prefetch(own_folder / "coveo_exports")
    with prefetch.opened():
        prefetch.begin(request, export)
        assert happens(lambda: not prefetch_threads())
        assert sizes == []
        assert prefetch.take(export, path, sizes.append, print)
        assert not prefetch.take(export, path, sizes.append, print)
    assert sum(sizes) == path.stat().st_size == demo.exports[0].size
