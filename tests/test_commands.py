"""The five functions for programs: they do what the verbs do."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pytest

from coveo_source import commands
from coveo_source.commands import checks, erase, models, plan, report
from coveo_source.demo import DemoServer
from coveo_source.exceptions import PipelineMismatch, SettingError
from coveo_source.tables import IDENTIFIERS
from tests.extract.sources import source
from tests.support.assertions import invoke
from tests.support.cli_user import (
    PIPELINE,
    connection_settings,
    create_requests,
    environment,
    open_pipeline,
    query,
    rows,
)

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
START = "2026-03-09"


def test_what_a_program_does_with_a_pipeline(demo: DemoServer, own_folder: Path) -> None:
    pipeline = open_pipeline()
    [step] = plan(pipeline, **connection_settings(demo), from_date=START).steps
    assert create_requests(demo) == []
    pipeline.run(source(demo, from_date=START))
    assert step.estimate == sum(len(rows(table)) for table in step.tables)

    built = models(pipeline)
    assert built.rows["visits"] == query("select count(*) from visits")[0][0] > 0
    assert models(pipeline).rows == {}
    assert set(models(pipeline, ["visits"], full_refresh=True).rows) == {"visits"}

    results = list(checks(pipeline, ["visits"]))
    assert {result.status for result in results} == {"pass"}

    written = report(pipeline, "pictures.html")
    assert "2026" in str(written.days)
    assert (own_folder / "pictures.html").read_text(encoding="utf-8").startswith("<!doctype html>")

    [(visit,)] = query("select visit_id from visits limit 1")
    erased = erase(pipeline, visit_id=visit)
    assert erased.is_done
    assert erased.found.counts["searches"] > 0
    assert query(f"select count(*) from searches where visit_id = '{visit}'") == [(0,)]
    assert dlt.current.pipeline() is pipeline


def test_functions_and_verbs_see_the_same_pipeline(demo: DemoServer) -> None:
    open_pipeline().run(source(demo, from_date="2026-03-10"))
    models(open_pipeline())
    assert "All models are up to date." in invoke(PIPELINE, "models").out
    assert invoke(PIPELINE, "run", "--no-models", env=environment(demo)).code == 0


def test_a_pipeline_keeps_its_destination_dataset_and_folder(
    demo: DemoServer, tmp_path: Path
) -> None:
    database = tmp_path / "elsewhere.duckdb"
    pipeline = dlt.pipeline(
        "another",
        pipelines_dir=str(tmp_path / "pipelines"),
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="behaviour",
    )
    pipeline.run(source(demo, from_date="2026-03-10"))
    built = models(pipeline).rows
    assert built["visits"] > 0
    assert dict(pipeline.dataset().row_counts().fetchall())["visits"] == built["visits"]
    assert report(pipeline).file == Path("report.html")


def test_an_erasure_that_is_not_wanted_changes_nothing(demo: DemoServer) -> None:
    pipeline = open_pipeline()
    pipeline.run(source(demo, from_date="2026-03-10"))
    [(visit,)] = query("select visit_id from searches limit 1")
    erased = erase(pipeline, visit_id=visit, confirm=lambda found: not found.counts)
    assert erased.found.counts
    assert not erased.is_done
    assert query(f"select count(*) > 0 from searches where visit_id = '{visit}'") == [(True,)]
    assert not erase(pipeline, visit_id="nobody's").is_done


@pytest.mark.parametrize("given", [{}, {"user_name": "a", "user_id": "b"}, {"user_name": " "}])
def test_an_erasure_needs_one_identifier(given: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        erase(open_pipeline(), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [models, report, lambda pipeline: list(checks(pipeline))])
def test_a_pipeline_without_data_is_refused(function: Callable[[dlt.Pipeline], Any]) -> None:
    with pytest.raises(PipelineMismatch, match="Load some first"):
        function(open_pipeline())


def test_every_identifier_is_a_parameter() -> None:
    assert set(IDENTIFIERS) <= set(inspect.signature(erase).parameters)


def test_the_page_lists_the_five_functions_and_no_other() -> None:
    page = PAGE.read_text(encoding="utf-8")
    functions = {name for name in commands.__all__ if inspect.isfunction(getattr(commands, name))}
    assert functions == set(re.findall(r"^\| `(\w+)\(", page, re.M))
    assert len(functions) == 5


def test_the_program_on_the_page_runs(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(demo).items():
        monkeypatch.setenv(name, value)
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    exec(program.replace("2026-01-01", "2026-03-09"), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("2026-03-09 to ")
    assert printed[-1] == "False"
