"""The verb `report`, and `run --report`, as a user types them."""

import os
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Any

import pytest

from coveo_source.cli.pipeline import Options
from coveo_source.cli.report import ReportOptions, write_report
from coveo_source.demo import DemoServer, Traffic
from tests.cli.commands import assert_refused, run_verb
from tests.report.pages import read_page
from tests.support.assertions import invoke
from tests.support.cli_user import PIPELINE, dlt_command, environment, load, query
from tests.support.clock import Clock
from tests.support.files import mode_of

DAYS = ("--from", "2026-03-02", "--to", "2026-03-04")


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """A pipeline with the events of ten days, and its models."""
    folder = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        patched.setenv("SOURCES__COVEO_SOURCE__CLOCK_TOLERANCE_MINUTES", "10000000")
        with DemoServer(Traffic(seed=3, visits_per_day=25), clock=Clock()) as server:
            load(server, with_models=True, from_date="2026-03-01", window_days=3)
    return Options(PIPELINE, pipelines_dir=str(folder / "dlt" / "pipelines"))


def report(options: Options, *words: str) -> Any:
    """Runs `report` on that pipeline."""
    return invoke("--pipelines-dir", str(options.pipelines_dir), PIPELINE, "report", *words)


def test_a_report_is_one_file_that_needs_nothing_else(options: Options) -> None:
    completed = report(options)
    assert completed.code == 0, completed.err
    assert completed.out.startswith("Report: report.html, ")
    html = Path("report.html").read_text(encoding="utf-8")
    assert len(html.encode()) < 2_000_000
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert not {"link", "img", "iframe", "base"} & read_page(Path("report.html")).tags
    assert [path.name for path in Path().iterdir()] == ["report.html"]


def test_days_are_half_open_as_in_a_run(options: Options) -> None:
    completed = report(options, *DAYS, "--out", "two-days.html")
    assert "2 March 2026 to 3 March 2026 (2 days)" in completed.out
    labels = read_page(Path("two-days.html")).chart("Searches").labels
    assert [label.split(":")[0] for label in labels] == ["Mon 2 Mar", "Tue 3 Mar"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--from", "yesterday"), "Write a day"),
        (("--from", "2026-03-04", "--to", "2026-03-04"), "after the last one"),
        (("--from", "2026-04-01"), "the last full day is 2026-03-10"),
        (("--to", "2026-01-01"), "the first full day is 2026-03-01"),
        (("--out", "missing/report.html"), "folder that exists"),
        (("--out", "."), "Name a file"),
        (("--visit", "nobody"), "No event"),
        (("--notebook", "a.py", "--visit", "nobody"), "neither with --visit"),
        (("--dataset-name", "elsewhere"), "holds no data of Coveo's"),
    ],
)
def test_what_cannot_be_shown_is_told_and_nothing_is_written(
    options: Options, words: tuple[str, ...], text: str
) -> None:
    completed = report(options, *words)
    assert completed.code == 2
    assert text in completed.err
    assert "Traceback" not in completed.err
    assert list(Path().iterdir()) == []


def test_a_pipeline_without_a_database_stays_without_one() -> None:
    completed = invoke("nothing", "report")
    assert completed.code == 2
    assert "Load some first: dlt pipeline nothing run" in completed.err
    assert list(Path().iterdir()) == []


def test_a_report_changes_neither_the_database_nor_the_pipeline(options: Options) -> None:
    folder = Path(str(options.pipelines_dir))
    database = folder.parents[1] / "coveo.duckdb"

    def contents() -> dict[Path, bytes]:
        files = [database, *(path for path in folder.rglob("*") if path.is_file())]
        return {path: path.read_bytes() for path in files}

    before = contents()
    assert report(options).code == 0
    assert contents() == before


def test_a_report_replaces_the_last_one_as_a_whole_and_others_may_read_it(
    options: Options,
) -> None:
    out = Path("report.html")
    out.write_text("old", encoding="utf-8")
    out.chmod(0o600)
    assert report(options).code == 0
    assert out.read_text(encoding="utf-8").endswith("</html>")
    assert mode_of(out) == "0o644"


def test_a_report_that_fails_leaves_the_last_one(options: Options) -> None:
    out = Path("report.html")
    out.write_text("old", encoding="utf-8")
    assert report(options, "--visit", "nobody").code == 2
    assert out.read_text(encoding="utf-8") == "old"


def test_open_shows_the_file_in_a_browser(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    write_report(options, ReportOptions(Path("my report.html"), open_it=True))
    assert opened == [Path("my report.html").resolve().as_uri()]


def test_any_visit_can_be_shown(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(str(options.pipelines_dir)).parents[1]
    here = Path.cwd()
    monkeypatch.chdir(folder)
    [[visit, events]] = query("select visit_id, events from visits order by events desc limit 1")
    monkeypatch.chdir(here)
    assert report(options, "--visit", visit).code == 0
    page = read_page(Path("report.html"))
    assert len(page.table("Timeline").cells) - 1 == events
    assert visit not in Path("report.html").read_text(encoding="utf-8")
    assert report(options, "--visit", visit, "--with-names").code == 0
    page = read_page(Path("report.html"))
    assert page.facts["Visit"] == visit
    assert f"visit_id = '{visit}'" in page.table("Timeline").sql


def test_a_notebook_that_exists_is_not_overwritten(options: Options) -> None:
    completed = report(options, "--notebook", "report.py")
    assert completed.code == 0, completed.err
    assert "marimo edit report.py" in completed.out
    assert not Path("report.html").exists()
    Path("report.py").write_text("my changes", encoding="utf-8")
    completed = report(options, "--notebook", "report.py")
    assert completed.code == 2
    assert "name a new file" in completed.err
    assert Path("report.py").read_text(encoding="utf-8") == "my changes"


@pytest.mark.slow
def test_a_notebook_finds_the_database_from_its_own_folder(options: Options) -> None:
    assert report(options, "--notebook", "report.py").code == 0
    command = [sys.executable, "-m", "marimo", "export", "html", "report.py", "-o", "out.html"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr


@pytest.mark.slow
def test_a_run_ends_with_a_report(demo: DemoServer) -> None:
    words = ("run", "--from", "2026-03-01", "--report", "report.html")
    completed = run_verb(demo, *words, models=True)
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.rstrip().splitlines()[-1].startswith("Report: report.html, ")
    assert read_page(Path("report.html")).tile("Searches").value != "0"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--report", "missing/report.html"), "folder that exists"),
        (("--report", "report.html", "--no-models"), "no --no-models"),
    ],
)
def test_a_report_that_cannot_be_written_is_told_before_anything_is_loaded(
    demo: DemoServer, words: tuple[str, ...], text: str
) -> None:
    assert_refused(run_verb(demo, "run", *words, models=True), 2, text)
    assert demo.requests == []
    assert list(Path().iterdir()) == []


WITHOUT_ALTAIR = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "altair" else found(name, *more)
sys.argv = ["coveo_source", "coveo", *sys.argv[1:]]
from coveo_source.__main__ import main
main()
"""


@pytest.mark.parametrize("words", [("report",), ("run", "--report", "report.html")])
def test_without_the_extra_both_say_how_to_install_it(
    demo: DemoServer, words: tuple[str, ...]
) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", WITHOUT_ALTAIR, *words],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 2
    assert "pip install 'coveo-source[report]'" in completed.stderr
    assert demo.requests == []


def test_other_verbs_do_not_need_the_extra() -> None:
    code = "import sys; sys.argv = ['dlt', '--help']\n"
    code += "import coveo_source.plugin, coveo_source.cli.run\n"
    code += "print([name for name in ('altair', 'jinja2', 'vl_convert') if name in sys.modules])"
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert completed.stdout.strip() == "[]", completed.stderr


def test_dlt_lists_the_verb() -> None:
    assert "report" in dlt_command("pipeline", "--help").stdout


READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
sys.stdin.read()
"""


def test_a_report_is_made_beside_others_who_read_the_file(options: Options) -> None:
    database = Path(str(options.pipelines_dir)).parents[1] / "coveo.duckdb"
    command = [sys.executable, "-c", READER, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"open\n"
        assert report(options).code == 0
        assert reader.stdin
        reader.stdin.close()


def test_a_report_on_another_machine_needs_only_the_database(options: Options) -> None:
    shutil.copy(Path(str(options.pipelines_dir)).parents[1] / "coveo.duckdb", "coveo.duckdb")
    completed = invoke(PIPELINE, "report")
    assert completed.code == 0, completed.err
    assert read_page(Path("report.html")).tile("Searches").value != "0"
