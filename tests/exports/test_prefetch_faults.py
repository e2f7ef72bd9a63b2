"""Nothing depends on a prefetch: what fails there is repeated when the file is needed."""

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import (
    Endpoint,
    Fault,
    Then,
    becomes,
    changed_file,
    cut_off,
    expired_link,
    flipped,
    hang_up,
    inject,
    is_deleted,
    refuse,
    reported,
    server_error,
)
from tests.exports.prefetching import (
    TWO_WINDOWS,
    Watch,
    about_second_window,
    downloads_second,
    prefetch_threads,
)
from tests.support.assertions import assert_failed_with, assert_loaded, run_against
from tests.support.cases import some_of
from tests.support.cli_user import create_requests

pytestmark = pytest.mark.usefixtures("hurried", "nothing_left")

REVOKED = refuse(401, "INVALID_TOKEN", "The access token is not valid.")
FAULTS: dict[str, tuple[Endpoint, Then, int, int, int]] = {
    # endpoint, fault, number of times; then the number of creations and of requests for files
    "500 while it is built": ("status", server_error, 2, 2, 2),
    "unknown status": ("status", reported("PAUSED"), 1, 2, 2),
    "export failed": ("status", becomes("FAILED"), 1, 3, 2),
    "export expired": ("status", becomes("EXPIRED"), 1, 3, 2),
    "export deleted": ("status", is_deleted, 1, 3, 2),
    "key refused": ("address", REVOKED, 1, 2, 2),
    "500 instead of a link": ("address", server_error, 2, 2, 2),
    "one link expired": ("file", expired_link, 1, 2, 3),
    "all links expired": ("file", expired_link, 5, 2, 7),
    "connection breaks once": ("file", cut_off(0.5), 1, 2, 3),
    "connection breaks always": ("file", hang_up, 10, 2, 12),
    "file damaged": ("file", changed_file(flipped), 1, 2, 3),
    "file damaged twice": ("file", changed_file(flipped), 2, 2, 4),
}


@pytest.mark.parametrize(
    "fault",
    some_of(FAULTS, "export deleted", "key refused", "all links expired", "file damaged twice"),
)
def test_a_failed_prefetch_is_made_up_for_when_the_file_is_needed(
    demo: DemoServer, fault: str
) -> None:
    where, then, times, creations, files = FAULTS[fault]
    injected = Fault(about_second_window(demo, where), then, times)
    inject(demo, injected)
    watch = Watch(demo, lambda watch: injected.seen > 0 and not prefetch_threads())
    ended = run_against(demo, *TWO_WINDOWS)
    assert watch.happened
    assert_loaded(ended)
    assert "again" not in ended.err
    assert len(create_requests(demo)) == creations
    assert len(demo.storage_requests) == files


def test_a_lasting_fault_is_reported_once_and_the_next_run_succeeds(demo: DemoServer) -> None:
    fault = Fault(about_second_window(demo, "address"), REVOKED, times=None)
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


def test_an_export_deleted_after_its_file_was_prefetched_is_created_again(demo: DemoServer) -> None:
    def delete_once_prefetched(watch: Watch) -> bool:
        if downloads_second(watch) and not prefetch_threads():
            demo._ledger.delete(demo.exports[-1].id)
            return True
        return False

    watch = Watch(demo, delete_once_prefetched)
    assert_loaded(run_against(demo, *TWO_WINDOWS))
    assert len(create_requests(demo)) == 3
    assert watch.downloads == [1, 2, 2]
    assert demo.exports == []
