"""The notebook of a report: Python that runs as it stands, with the report's queries and charts."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.report import (
    ReportRequest,
    dlt_connection,
    duckdb_connection,
    make_notebook,
)
from coveo_source.report.catalog import ALL_CHARTS, ALL_TABLES
from coveo_source.report.notebook import quoted
from tests.report.conftest import END, START
from tests.report.pages import Page, database_of, opened_database, origin
from tests.report.test_edges import one_visit
from tests.sql.event_rows import click, merged, search

CONNECTION = duckdb_connection("coveo.duckdb")


def export(notebook: Path) -> str:
    """Runs a notebook without a browser, as marimo does; returns what it shows."""
    out = notebook.with_suffix(".html")
    command = [sys.executable, "-m", "marimo", "export", "html", str(notebook), "-o", str(out)]
    completed = subprocess.run(
        [*command, "--force", "--no-sandbox"], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr
    assert "Error" not in completed.stderr
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def notebook(folder: Path) -> Path:
    with opened_database(folder) as place:
        request = ReportRequest(START, END)
        code = make_notebook(place, origin(), request, "report.py", CONNECTION)
    file = folder / "report.py"
    file.write_text(code, encoding="utf-8")
    return file


@pytest.mark.slow
def test_the_notebook_runs_without_a_browser_and_draws_every_chart(notebook: Path) -> None:
    shown = export(notebook)
    assert shown.count("vega-lite/v") >= len(ALL_CHARTS)
    for title in [*(chart.title for chart in ALL_CHARTS), *ALL_TABLES]:
        assert title == "Newest exports" or f"## {title}" in notebook.read_text(encoding="utf-8")


def test_the_notebook_has_the_queries_of_the_page(notebook: Path, page: Page) -> None:
    code = notebook.read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    texts = [ast.literal_eval(each.args[0]) for each in calls if ast.unparse(each.func) == "query"]
    plain = {re.sub(r"\s+", " ", text.strip()) for text in texts}
    charts = [card for card in page.cards if card.tone == "chart"]
    assert len(charts) == len(ALL_CHARTS)
    for card in charts:
        assert re.sub(r"\s+", " ", card.sql.strip()) in plain, card.title


def test_marimo_finds_no_mistake_in_the_notebook(notebook: Path) -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "marimo", "check", str(notebook)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr


@pytest.mark.slow
def test_a_notebook_of_one_visit_runs(own_folder: Path) -> None:
    with database_of(one_visit()) as place:
        code = make_notebook(place, origin(), ReportRequest(), "report.py", CONNECTION)
    Path("report.py").write_text(code, encoding="utf-8")
    assert "vega-lite/v" in export(own_folder / "report.py")


@pytest.mark.slow
def test_texts_of_strangers_do_not_become_code_of_the_notebook(own_folder: Path) -> None:
    text = '"""\n__import__("pathlib").Path("hacked").touch()\n"""'
    rows = merged(
        [
            {
                "searches": [search(f"s{n}", "10:00:00", text, visitId=f"v{n}")],
                "clicks": [click(f"c{n}", "10:00:05", f"s{n}", sourceName=text)],
            }
            for n in range(2)
        ]
    )
    named = origin()._replace(organization=text)
    with database_of(rows) as place:
        code = make_notebook(place, named, ReportRequest(), text, CONNECTION)
    Path("report.py").write_text(code, encoding="utf-8")
    export(own_folder / "report.py")
    assert not Path("hacked").exists()


@given(st.text())
def test_any_query_becomes_one_text_of_the_notebook(sql: str) -> None:
    assert ast.literal_eval(quoted(sql)).strip("\n") == sql.strip("\n")


def test_a_notebook_of_another_database_uses_dlt() -> None:
    connection = dlt_connection("coveo", "postgres", "coveo_ua")
    with database_of(one_visit()) as place:
        code = make_notebook(place, origin(), ReportRequest(), "report.py", connection)
    ast.parse(code)
    assert "dlt.pipeline('coveo', destination='postgres', dataset_name='coveo_ua')" in code
    assert '"coveo-source"' in code


def test_days_without_a_former_period_are_compared_with_none() -> None:
    with database_of(one_visit()) as place:
        code = make_notebook(place, origin(), ReportRequest(), "report.py", CONNECTION)
    assert "('2026-03-08', None)," in code
