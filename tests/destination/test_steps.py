"""The steps of a build, in the files of a load package and in the database."""

from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.common.destination.client import SqlModel
from dlt.common.exceptions import TerminalException

from coveo_source.destination import Slices, Step, embed_step, tuned_destination
from coveo_source.destination.steps import StepsMissing, read_step, read_steps
from coveo_source.models.resources import step_resource
from tests.support.cli_user import PIPELINE

STEP = Step(
    place=1,
    query="""select 'it''s {not} %s a "template"\\n' as a, \n '$load_id$' as b""",
    scope="a in ('x''y')",
    marks={"things": "digest"},
    others=["delete from others"],
    ranges={"time": "select 1, 2"},
    slices=Slices(2, "select 'v'", "", ""),
    count=2,
)


def package_of(folder: Path, *steps: tuple[str, str, Step]) -> Path:
    """Writes the files of a load package.

    steps: the state of each job, its table, and the step
    """
    for state, table, step in steps:
        file = folder / f"{state}_jobs" / f"{table}.0123abcd.0.model"
        file.parent.mkdir(exist_ok=True)
        query = embed_step(step, ["a", "b"])
        file.write_text(f"dialect: duckdb\n{SqlModel(query, 'duckdb').to_sql()}")
    return folder


def test_a_step_is_read_as_it_was_written(tmp_path: Path) -> None:
    package = package_of(tmp_path, ("new", "things", STEP))
    [file] = package.glob("new_jobs/*")
    step = read_step(file)
    assert step
    assert step == Step(**{**vars(STEP), "query": step.query, "table": "things"})
    assert step.query == f'SELECT "a", "b" FROM ({STEP.query})'


def test_any_other_query_is_no_step(tmp_path: Path) -> None:
    file = tmp_path / "things.0123abcd.0.model"
    file.write_text("dialect: duckdb\nselect 1 as a\n")
    assert read_step(file) is None


def test_steps_are_in_their_order_wherever_their_files_are(tmp_path: Path) -> None:
    first = Step(0, "select 1 as a", count=3)
    last = Step(2, "select 3 as a", count=3)
    middle = Step(1, "select 2 as a", count=3)
    package = package_of(
        tmp_path, ("new", "c", middle), ("completed", "b", first), ("started", "a", last)
    )
    assert [step.table for step in read_steps(package)] == ["b", "c", "a"]


def test_a_package_without_all_of_its_steps_is_not_loaded(tmp_path: Path) -> None:
    package = package_of(tmp_path, ("new", "things", STEP))
    with pytest.raises(StepsMissing) as caught:
        read_steps(package)
    assert isinstance(caught.value, TerminalException)


def rows_of(pipeline: Any, table: str) -> list[tuple[Any, ...]]:
    with pipeline.sql_client() as client:
        return list(client.execute_sql(f"select a from {table} order by rowid") or ())


def run_steps(pipeline: Any, *steps: tuple[str, Step]) -> None:
    """Loads steps in one package, and the table in which they are written down."""
    hints: Any = {name: {"name": name, "data_type": "text"} for name in ("model", "fingerprint")}
    hints |= {
        name: {"name": name, "data_type": "text", "nullable": False}
        for name in ("_dlt_load_id", "_dlt_id")
    }
    pipeline.run([{"a": "none"}], table_name="any")
    dataset = pipeline.dataset()
    marks = Step(
        0, "select '' as model, '' as fingerprint, '$load_id$' as _dlt_load_id, '' as _dlt_id"
    )
    columns: Any = {"a": {"name": "a", "data_type": "text"}}
    count = len(steps) + 1
    made = [
        step_resource(dataset, table, Step(**{**vars(step), "count": count}), columns, ["a"])
        for table, step in steps
    ]
    first = step_resource(
        dataset, "model_builds", Step(**{**vars(marks), "count": count}), hints, list(hints)
    )
    pipeline.run([*reversed(made), first])


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_step_reads_what_earlier_ones_wrote_whichever_file_comes_first(
    own_folder: Path, jobs: int
) -> None:
    destination: Any = tuned_destination(
        dlt.destinations.duckdb("steps.duckdb", max_parallel_load_jobs=jobs)
    )
    pipeline = dlt.pipeline(PIPELINE, destination=destination, dataset_name="coveo_ua")
    tables = [f"t{n}" for n in range(6)]
    steps = [("t0", Step(1, "select '0' as a", "1 = 1"))]
    for n in range(1, 6):
        query = f"select a || '{n}' as a from coveo_ua.t{n - 1}"
        steps.append((tables[n], Step(n + 1, query, "1 = 1")))
    run_steps(pipeline, *steps)
    assert [rows_of(pipeline, table) for table in tables] == [
        [("012345"[: n + 1],)] for n in range(6)
    ]


def test_slices_are_ascending_and_lack_no_value(own_folder: Path) -> None:
    pipeline = dlt.pipeline(
        PIPELINE, destination=tuned_destination("duckdb"), dataset_name="coveo_ua"
    )
    values = ["", "a", "é", "z", "ß", "\U0010ffff", "B", "a"]
    listed = ", ".join(f"('{value}')" for value in values)
    source = f"(values {listed}) as given (a)"
    part = "a >= '$from$' and (a < '$to$' or '$to$' = '')"
    query = f"select a from {source} where {part} order by a"
    slices = Slices(5, f"select a from {source}", "", "")
    run_steps(pipeline, ("sliced", Step(1, query, slices=slices)))
    assert rows_of(pipeline, "sliced") == [(value,) for value in sorted(values)]
