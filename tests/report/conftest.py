"""Two weeks of the demo's traffic, and reports of the second one."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from coveo_source.demo import Traffic
from coveo_source.report import ReportRequest
from coveo_source.tables import TABLES
from tests.report.pages import Page, database_of, html_of

START, END = date(2026, 3, 9), date(2026, 3, 16)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of 15 days; those at its ends are not whole."""
    folder = tmp_path_factory.mktemp("report")
    traffic = Traffic(seed=5, visits_per_day=200)
    start = datetime(2026, 3, 1, 9, tzinfo=timezone.utc)
    end = start + timedelta(days=15, hours=6)
    rows = {table: list(traffic.records(table, start, end)) for table in TABLES}
    with database_of(rows, folder=folder) as place:
        request = ReportRequest(START, END)
        for name in ("first.html", "second.html"):
            html = html_of(place, request)
            (folder / name).write_text(html, encoding="utf-8")
    return folder


@pytest.fixture
def page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The page of a report; the test runs in the folder with the database."""
    monkeypatch.chdir(folder)
    return Page((folder / "first.html").read_text(encoding="utf-8"))
