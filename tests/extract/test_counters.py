"""What library users see in dlt's displays while Coveo builds exports and they are fetched."""

import re
from collections.abc import Callable
from io import StringIO

import dlt
from dlt.common.runtime.collector import LogCollector

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from coveo_source.extract import counting
from coveo_source.watching import ExportEvent
from tests.support.cli_user import DATASET, PIPELINE, connection_settings

Serve = Callable[..., DemoServer]


def test_dlts_displays_count_what_is_waited_for_and_fetched(serve: Serve) -> None:
    server, shown = serve(export_seconds=2), StringIO()
    # each of dlt's updates is shown
    display = LogCollector(log_period=0, logger=shown, dump_system_stats=False)
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name=DATASET, progress=display)
    pipeline.run(coveo_source(from_date="2026-03-10", **connection_settings(server)))
    assert re.search(r"bytes downloaded: [1-9]", shown.getvalue())
    assert re.search(r"seconds waited for Coveo: [1-9]", shown.getvalue())
    assert re.search(r"^clicks: [1-9]", shown.getvalue(), re.M)


def test_what_is_fetched_again_is_counted_again() -> None:
    shown = StringIO()
    display = LogCollector(log_period=0, logger=shown, dump_system_stats=False)
    with display("Extract"):
        watch = counting(display, print)
        for done in (0, 100, 250, 0, 50):
            watch(ExportEvent("a window", "fetching", done, 250, "e1"))
        watch(ExportEvent("another", "fetching", 7, 9, "e2"))
    assert re.findall(r"bytes downloaded: (\d+)", shown.getvalue())[-1] == "307"


def test_what_is_waited_for_is_said_once_for_each_export() -> None:
    said: list[str] = []
    display = LogCollector(logger=StringIO(), dump_system_stats=False)
    with display("Extract"):
        watch = counting(display, said.append)
        for seconds in (0, 1, 2):
            watch(ExportEvent("a window", "building", seconds, 90, "e1"))
        watch(ExportEvent("a window", "reading", 5, None, "e1"))
    assert said == [
        "The export e1 of a window is being built by Coveo: waiting for it, 1.5 minutes at most"
        " (poll_timeout_minutes)."
    ]
