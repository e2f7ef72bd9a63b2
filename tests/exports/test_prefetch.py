"""The next file is fetched while the window before it is loaded, and nothing depends on it."""

import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import (
    Endpoint,
    Fault,
    Then,
    When,
    at,
    becomes,
    changed_file,
    content_of,
    cut_off,
    endpoint,
    expired_link,
    flipped,
    hang_up,
    inject,
    is_deleted,
    refuse,
    reported,
    rewritten,
    server_error,
)
from coveo_source.exports.prefetch import Prefetch
from tests.support.assertions import (
    FROM_DATE,
    LOADED_TABLES,
    assert_failed_with,
    assert_loaded,
    clean_run_tables,
    run_against,
    speed_up_retries,
)
from tests.support.cli_user import (
    connection_settings,
    create_requests,
    export_files,
    open_pipeline,
    tables,
)
from tests.support.export_requests import client_of, job_of
from tests.support.faults import stall_halfway
from tests.support.processes import start_run, wait_for_exit

TWO_WINDOWS = ("--window-days", "1")
THREE_WINDOWS = ("--window-days", "0.5")
PATIENCE = 20
"""Seconds in which everything comes that comes at all."""


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> Iterator[None]:
    """Whatever a test does, no thread and no file is left in the end."""
    yield
    assert threads() == []
    assert export_files(tmp_path) == []


def threads() -> list[threading.Thread]:
    """Those that fetch ahead."""
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def soon(event: Callable[[], bool]) -> bool:
    """Waits until something happens; whether it did."""
    until = time.monotonic() + PATIENCE
    while not (happened := event()) and time.monotonic() < until:
        time.sleep(0.01)
    return happened


class Watch:
    """Notes in what order a server is asked for the exports of the windows.

    event: the turn of the second window does not begin before this is true
    asked: what the requests were for, and the number of the window
    happened: whether it was true when the turn began; None before
    """

    def __init__(self, server: DemoServer, event: Callable[["Watch"], bool]) -> None:
        self.asked: list[tuple[Endpoint, int]] = []
        self.happened: bool | None = None
        self._server = server
        self._event = event
        self._faults = server.intercept
        server.intercept = self._intercept

    @property
    def steps(self) -> list[tuple[Endpoint, int]]:
        """The downloads and the deletions."""
        return [step for step in self.asked if step[0] in ("file", "delete")]

    def fetches(self, number: int) -> bool:
        """Whether the file of a window was asked for."""
        return ("file", number) in self.asked

    def _intercept(self, request: Request) -> Response | None:
        # what comes first when a turn begins; exports are asked for ahead before the first file
        if endpoint(request) == "list" and self.fetches(1) and self.happened is None:
            self.happened = soon(lambda: self._event(self))
        if number := window_of(self._server, request):
            self.asked.append((endpoint(request), number))
        return self._faults(request) if self._faults else None


def window_of(server: DemoServer, request: Request) -> int | None:
    """The number of the window whose export a request is about."""
    starts = sorted({query["from"][0] for query in create_requests(server)})
    for export in server.exports:
        if export.id in request.path:
            return starts.index(f"{export.order.start:%Y-%m-%dT%H:%M:%S.000Z}") + 1
    return None


def second(server: DemoServer, where: Endpoint) -> When:
    """Such requests about the second window."""
    return lambda request: endpoint(request) == where and window_of(server, request) == 2


# --- what is fetched ahead ---


@pytest.mark.slow
def test_the_next_file_is_fetched_while_the_window_before_it_is_loaded(demo: DemoServer) -> None:
    def when_its_rows_are_loaded(server: DemoServer, request: Request) -> Response:
        assert soon(lambda: watch.fetches(2))
        return server.answer(request)

    inject(demo, Fault(at("delete"), when_its_rows_are_loaded))
    watch = Watch(demo, lambda watch: True)
    assert_loaded(run_against(demo, *THREE_WINDOWS))
    first, *others = watch.steps
    assert [first, *others[:2]] == [("file", 1), ("file", 2), ("delete", 1)]
    # no more than one of them
    assert sorted(others[2:]) == [("delete", 2), ("delete", 3), ("file", 3)]
    assert len(create_requests(demo)) == 3
    assert all("authorization" not in request.headers for request in demo.storage_requests)


@pytest.mark.slow
def test_nothing_is_fetched_ahead_where_nothing_is_asked_for_ahead(demo: DemoServer) -> None:
    watch = Watch(demo, lambda watch: True)
    assert_loaded(run_against(demo, *THREE_WINDOWS, exports_ahead=0))
    assert watch.steps == [(to, each) for each in (1, 2, 3) for to in ("file", "delete")]


def test_one_load_of_several_windows_fetches_ahead_too(demo: DemoServer) -> None:
    watch = Watch(demo, lambda watch: watch.fetches(2))
    open_pipeline().run(source(demo))
    assert watch.happened
    assert tables(LOADED_TABLES) == clean_run_tables()
    assert [each for to, each in watch.steps if to == "file"] == [1, 2, 3]
    assert demo.exports == []


def source(server: DemoServer) -> Any:
    """Three windows for one load."""
    return coveo_source(
        from_date=FROM_DATE,
        tables=list(LOADED_TABLES),
        window_days=0.5,
        **connection_settings(server),
    )


def test_one_load_that_is_broken_leaves_neither_thread_nor_file(demo: DemoServer) -> None:
    watch = Watch(demo, lambda watch: watch.fetches(2))
    loading = source(demo)
    rows = loading.resources["clicks"]
    rows.add_map(lambda table: broken(soon(lambda: watch.fetches(2))))
    with pytest.raises(Exception, match="fetched ahead: True"):
        open_pipeline().run(loading)
    assert threads() == []


def broken(fetched: bool) -> None:
    raise ValueError(f"fetched ahead: {fetched}")


@pytest.mark.slow
def test_an_export_that_is_still_being_built_is_waited_for_in_its_turn(demo: DemoServer) -> None:
    polled: list[Request] = []

    def pending(server: DemoServer, request: Request) -> Response:
        if watch.happened:
            polled.append(request)
        return server.answer(request) if len(polled) > 3 else not_yet(server, request)

    not_yet = reported("PENDING")
    none_is_ready = rewritten(lambda exports: [{**each, "status": "PENDING"} for each in exports])
    inject(
        demo,
        Fault(second(demo, "status"), pending, times=None),
        Fault(at("list"), none_is_ready, times=None),
    )
    watch = Watch(demo, lambda watch: ("status", 2) in watch.asked)
    assert_loaded(run_against(demo, *TWO_WINDOWS))
    assert watch.happened
    assert len(polled) > 3
    assert len(create_requests(demo)) == len(demo.storage_requests) == 2


def test_a_file_of_which_a_part_has_come_is_not_fetched_twice(demo: DemoServer) -> None:
    def slowly(server: DemoServer, request: Request) -> Response:
        true = server.answer(request)
        content = content_of(true)

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(content), 1000):
                yield content[start : start + 1000]
                if not start:
                    soon(lambda: watch.happened is not None)
                    time.sleep(0.5)

        return Response(true.status, true.headers, pieces())

    inject(demo, Fault(second(demo, "file"), slowly))
    watch = Watch(demo, lambda watch: watch.fetches(2))
    assert_loaded(run_against(demo, *TWO_WINDOWS))
    assert watch.happened
    assert len(demo.storage_requests) == 2


def test_what_came_ahead_is_counted_when_it_is_taken(demo: DemoServer, own_folder: Path) -> None:
    job, sizes = job_of(demo), list[int]()
    export = job.create(client_of(demo))
    path = own_folder / "file"
    prefetch = Prefetch(own_folder / "coveo_exports")
    with prefetch.opened():
        prefetch.begin(job, export)
        assert soon(lambda: not threads())
        assert sizes == []
        assert prefetch.take(export, path, sizes.append)
        assert not prefetch.take(export, path, sizes.append)
    assert sum(sizes) == path.stat().st_size == demo.exports[0].size


# --- what goes wrong ahead ---

REVOKED = refuse(401, "INVALID_TOKEN", "The access token is not valid.")

FAULTS: dict[str, tuple[Endpoint, Then, int, int, int]] = {
    # where, what, how often; how many exports are made then, and how often files are asked for
    "500 while it is built": ("status", server_error, 2, 2, 2),
    "unknown status": ("status", reported("PAUSED"), 1, 2, 2),
    "export failed": ("status", becomes("FAILED"), 1, 3, 2),
    "export expired": ("status", becomes("EXPIRED"), 1, 3, 2),
    "export deleted": ("status", is_deleted, 1, 3, 2),
    "key refused": ("address", REVOKED, 1, 2, 2),
    "500 instead of a link": ("address", server_error, 2, 2, 2),
    "one link expired": ("file", expired_link, 1, 2, 3),
    "all links expired": ("file", expired_link, 5, 2, 7),
    "line breaks once": ("file", cut_off(0.5), 1, 2, 3),
    "line breaks always": ("file", hang_up, 10, 2, 12),
    "file damaged": ("file", changed_file(flipped), 1, 2, 3),
    "file damaged twice": ("file", changed_file(flipped), 2, 2, 4),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_ahead_is_healed_in_its_turn(demo: DemoServer, fault: str) -> None:
    where, then, times, posts, files = FAULTS[fault]
    struck = Fault(second(demo, where), then, times)
    inject(demo, struck)
    watch = Watch(demo, lambda watch: struck.seen > 0 and not threads())
    done = run_against(demo, *TWO_WINDOWS)
    assert watch.happened
    assert_loaded(done)
    assert "again" not in done.err
    assert len(create_requests(demo)) == posts
    assert len(demo.storage_requests) == files


def test_what_stays_wrong_is_told_once_and_the_next_run_goes_on(demo: DemoServer) -> None:
    fault = Fault(second(demo, "address"), REVOKED, times=None)
    inject(demo, fault)
    watch = Watch(demo, lambda watch: fault.seen > 0)
    failed = run_against(demo, *TWO_WINDOWS)
    assert watch.happened
    assert_failed_with(failed, "HTTP 401", "api_key", "2026-03-11")
    assert failed.err.count("HTTP 401") == 1
    assert fault.seen == 2
    inject(demo)
    assert_loaded(run_against(demo, *TWO_WINDOWS, lookback_days=0))
    assert len(create_requests(demo)) == 2
    assert demo.exports == []


def test_an_export_that_is_lost_after_its_file_was_fetched_is_made_again(demo: DemoServer) -> None:
    def lost(watch: Watch) -> bool:
        if watch.fetches(2) and not threads():
            demo._ledger.delete(demo.exports[-1].id)
            return True
        return False

    watch = Watch(demo, lost)
    assert_loaded(run_against(demo, *TWO_WINDOWS))
    assert len(create_requests(demo)) == 3
    assert [each for to, each in watch.steps if to == "file"] == [1, 2, 2]
    assert demo.exports == []


# --- signals ---


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("phase", ["waiting", "downloading", "downloading in its turn"])
def test_a_signal_ends_the_run_within_seconds_and_leaves_no_file(
    demo: DemoServer, number: signal.Signals, phase: str
) -> None:
    struck: list[float] = []

    def strike() -> None:
        struck.append(time.monotonic())
        process.send_signal(number)

    def while_waiting(server: DemoServer, request: Request) -> Response:
        strike()
        return reported("PENDING")(server, request)

    def its_turn_comes(watch: Watch) -> bool:
        if watch.fetches(2) and phase == "downloading in its turn":
            # a moment after the answer to what is asked for now
            threading.Timer(1, strike).start()
        return watch.fetches(2) or bool(struck)

    if phase == "waiting":
        inject(demo, Fault(second(demo, "status"), while_waiting))
    else:
        when_half = strike if phase == "downloading" else lambda: None
        inject(demo, Fault(second(demo, "file"), stall_halfway(when_half)))
    Watch(demo, its_turn_comes)
    with start_run(demo, words=TWO_WINDOWS) as process:
        told = wait_for_exit(process)
        took = time.monotonic() - struck[0]
    assert_failed_with(told, "un again")
    assert took < 10
    assert next_files() == []
    inject(demo)
    assert_loaded(run_against(demo, *TWO_WINDOWS, lookback_days=0))
    assert len(create_requests(demo)) == 2
    assert demo.exports == []


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason=f"{sys.platform} has no SIGKILL")
def test_what_a_killed_run_had_fetched_ahead_is_private_and_gone_after_the_next(
    demo: DemoServer,
) -> None:
    reached = threading.Event()
    inject(demo, Fault(second(demo, "file"), stall_halfway(reached.set)))
    Watch(demo, lambda watch: watch.fetches(2))
    with start_run(demo, words=TWO_WINDOWS) as process:
        assert reached.wait(PATIENCE)
        # it is written a moment after it is sent
        assert soon(lambda: bool(next_files()))
        process.send_signal(signal.SIGKILL)
        process.wait()
    [path] = next_files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    inject(demo)
    assert_loaded(run_against(demo, *TWO_WINDOWS, lookback_days=0))
    assert next_files() == []
    assert len(create_requests(demo)) == 2


def next_files() -> list[Path]:
    """What was fetched ahead."""
    return list(Path(os.environ["DLT_DATA_DIR"]).rglob("coveo_exports/next_*"))
