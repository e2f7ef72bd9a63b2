"""DuckDB's file stays open between short connections, but not while Coveo is waited for."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, at, changed_file, inject
from coveo_source.demo.faults.tables import with_content
from coveo_source.destination import tuned_destination
from coveo_source.destination.open_file import keep_open_if_free, kept_open, let_go
from tests.support.cli_user import DATASET, PIPELINE, load
from tests.support.readers import holding

FILE = Path(f"{PIPELINE}.duckdb")


def is_open() -> bool:
    """Returns whether this process has the file open: other settings cannot be given to it then."""
    with suppress(duckdb.ConnectionException):
        duckdb.connect(str(FILE), config={"threads": 7}).close()
        return False
    return True


def pipeline_of(destination: Any) -> dlt.Pipeline:
    return dlt.pipeline(PIPELINE, destination=destination, dataset_name=DATASET)


def test_the_file_is_open_between_two_connections_until_it_is_let_go(own_folder: Path) -> None:
    pipeline = pipeline_of(tuned_destination("duckdb"))
    with kept_open(pipeline):
        with pipeline.sql_client():
            pass
        assert is_open()
        let_go(pipeline)
        assert not is_open()
    assert not is_open()


def test_a_file_that_another_process_has_is_not_waited_for_if_it_is_not_needed(
    own_folder: Path,
) -> None:
    duckdb.connect(str(FILE)).close()
    pipeline = pipeline_of(tuned_destination("duckdb"))
    with holding(FILE, "writes to"):
        keep_open_if_free(pipeline)
    assert not is_open()
    keep_open_if_free(pipeline)
    assert is_open()
    let_go(pipeline)


def test_other_destinations_are_left_alone(own_folder: Path) -> None:
    with kept_open(pipeline_of("duckdb")):
        assert not is_open()


def requests_with_open_file(server: DemoServer, loads: Callable[[], object]) -> list[str]:
    """Returns the methods of the requests during which a run has the file open."""
    found: list[str] = []

    def look(request: Request) -> Response | None:
        if is_open():
            found.append(request.method)
        return None

    server.intercept = look
    loads()
    return found


@pytest.mark.parametrize(
    "settings", [{}, {"window_days": 2, "exports_ahead": 0}, {"to_date": "2026-03-09"}]
)
def test_coveo_is_not_waited_for_while_the_file_is_open(
    serve: Callable[..., DemoServer], settings: dict[str, Any]
) -> None:
    server = serve()
    open_then = requests_with_open_file(
        server, lambda: load(server, from_date="2026-03-05", **settings)
    )
    # what is loaded is deleted there
    assert set(open_then) <= {"DELETE"}
    assert "DELETE" in open_then


def test_a_run_with_models_ends_with_the_file_closed(serve: Callable[..., DemoServer]) -> None:
    load(serve(), from_date="2026-03-09", with_models=True)
    assert not is_open()


def test_the_file_is_closed_after_an_error_that_comes_while_it_is_open(
    serve: Callable[..., DemoServer],
) -> None:
    server = serve()
    load(server, from_date="2026-03-09", to_date="2026-03-10")
    not_a_table = changed_file(with_content("clicks", b"neither,of,these\n1,2,3\n"))
    inject(server, Fault(at("file"), not_a_table, times=None))
    with pytest.raises(PipelineStepFailed):
        load(server, from_date="2026-03-09")
    assert not is_open()
