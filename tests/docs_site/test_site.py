"""The site: it builds without a warning, leads nowhere that is missing, and needs no network."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from docs_site.hooks import linked_on_site, site_path
from docs_site.pages import ROOT

pytestmark = pytest.mark.slow

SOURCES = ("docs", "docs_site", "sql", "tests", "benchmarks", "coveo_source")


def build(checkout: Path, site: Path) -> "subprocess.CompletedProcess[str]":
    command = ["mkdocs", "build", "--strict", "-f", str(checkout / "mkdocs.yml"), "-d", str(site)]
    return subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "HTTPS_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture
def checkout(own_folder: Path) -> Path:
    """A copy of what the site is made of, to break it."""
    skipped = shutil.ignore_patterns("__pycache__", "*.gz", "*.zip")
    for name in SOURCES:
        shutil.copytree(ROOT / name, own_folder / name, ignore=skipped)
    for file in [*ROOT.glob("*.md"), *ROOT.glob("*.txt"), ROOT / "mkdocs.yml"]:
        shutil.copy(file, own_folder)
    for name in (".github", ".ci", "examples"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, own_folder / name, ignore=skipped)
    return own_folder


class Loaded(HTMLParser):
    """What a browser loads by itself when it shows a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "link" and found.get("rel") in ("canonical", "next", "prev"):
            return
        if tag in ("script", "img", "iframe", "link", "video", "source"):
            self.addresses += [each for key in ("src", "href") if (each := found.get(key))]


def pages(site: Path) -> Iterator[tuple[Path, str]]:
    return ((page, page.read_text(encoding="utf-8")) for page in site.rglob("*.html"))


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for page, html in pages(site):
        addresses = Loaded(html).addresses
        assert addresses, page
        assert not [each for each in addresses if re.match(r"(https?:)?//", each)], page
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", style.read_text()), style


def test_the_readme_is_the_first_page_and_every_page_is_there(site: Path) -> None:
    assert "Try it without an account" in (site / "index.html").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT / "docs").with_suffix("") / "index.html").exists()


def test_a_link_out_of_the_docs_leads_to_the_file_on_the_site(site: Path) -> None:
    assert "One row per visit" in (site / "source/sql/visits.sql/index.html").read_text()
    promises = (site / "promises/index.html").read_text(encoding="utf-8")
    tests = re.findall(r'href="(\.\./source/tests/[^"#]+)"', promises)
    assert len(tests) > 50
    assert all((site / "promises" / link / "index.html").exists() for link in tests)
    assert not [page for page, html in pages(site) if re.search(r'href="[^":]+\.md["#]', html)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("[gone](gone.md)", "gone.md"),
        ("[gone](../sql/gone.sql)", "gone.sql"),
        ("[gone](settings.md#gone)", "#gone"),
        ("[gone](../CONTRIBUTING.md#gone)", "#gone"),
    ],
)
def test_a_link_that_leads_nowhere_stops_the_build(
    change: str, complaint: str, checkout: Path
) -> None:
    with (checkout / "docs/recovery.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{change}\n")
    done = build(checkout, checkout / "site")
    assert done.returncode == 1
    assert complaint in done.stderr


def test_a_page_that_is_not_in_the_navigation_stops_the_build(checkout: Path) -> None:
    (checkout / "docs/lost.md").write_text("# Lost\n")
    done = build(checkout, checkout / "site")
    assert done.returncode == 1
    assert "lost.md" in done.stderr


@pytest.mark.parametrize(
    ("source", "link", "there"),
    [
        ("README.md", "docs/settings.md#settings", "settings.md#settings"),
        ("README.md", "docs/report.png", "report.png"),
        ("docs/dbt.md", "../sql", "source/sql.md"),
        ("docs/models/visits.md", "../../sql/visits.sql", "../source/sql/visits.sql.md"),
        ("docs/settings.md", "promises.md", "promises.md"),
        ("docs/performance.md", "../benchmarks/README.md", "benchmarks/README.md"),
        ("benchmarks/README.md", "../docs/scale.md", "../scale.md"),
        ("docs/start.md", "../README.md#more", "index.md#more"),
        ("docs/start.md", "https://example.com/a.md", "https://example.com/a.md"),
        ("docs/start.md", "../gone.md", "../gone.md"),
    ],
)
def test_links_lead_to_where_files_are_on_the_site(source: str, link: str, there: str) -> None:
    assert linked_on_site(source, f"see [it]({link}).") == f"see [it]({there})."
    block = f"```\n[it]({link})\n```"
    assert linked_on_site(source, block) == block


def test_code_has_a_place_that_no_page_has() -> None:
    names: list[Any] = ["README.md", "docs/a.md", "CONTRIBUTING.md", "sql/a.sql", "sql"]
    assert list(map(site_path, names)) == [
        *("index.md", "a.md", "CONTRIBUTING.md", "source/sql/a.sql.md", "source/sql.md"),
    ]
