"""The data tests of the YAML files: good rows pass, failing ones are counted and shown."""

import re
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from coveo_source.cli.model_texts import result_line, results_text
from coveo_source.demo import DemoServer
from coveo_source.exceptions import CheckError
from coveo_source.models.data_tests import Result, run_data_tests
from coveo_source.models.files import sql_folder
from coveo_source.models.properties import read_folder
from tests.support.cli_user import PIPELINE, dlt_command, load

VISITS = [
    {"visit_id": "v1", "clicks": 0, "device": "PC"},
    {"visit_id": "v2", "clicks": 3, "device": "Phone"},
    {"visit_id": "v3", "clicks": 3, "device": None},
]


def run_on(rows: list[dict[str, Any]], data_tests: str, column: str | None = None) -> list[Result]:
    """Runs the test of a model with these rows; returns its result, if it is not disabled."""
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    pipeline.run(rows, table_name="visits", write_disposition="replace")
    searches = [{"id": "s1", "visit_id": "v1"}, {"id": "s2", "visit_id": None}]
    pipeline.run(searches, table_name="searches", write_disposition="replace")
    return list(run_data_tests(pipeline, read_folder(yaml_with(data_tests, column))))


def yaml_with(data_tests: str, column: str | None = None) -> Path:
    """Returns a folder with the YAML of a model that has one test, of a column or of the table."""
    tests = f"[{data_tests}]"
    column_tests = f"columns: [{{name: {column}, data_tests: {tests}}}]"
    folder = Path("yaml")
    folder.mkdir(exist_ok=True)
    (folder / "visits.yml").write_text(
        f"version: 2\nmodels:\n  - name: visits\n    config: {{unique_key: visit_id}}\n"
        f"    {column_tests if column else f'data_tests: {tests}'}\n"
    )
    return folder


def row(**changed: Any) -> dict[str, Any]:
    """Returns a good row with some values changed."""
    return {"visit_id": "v9", "clicks": 1, "device": "PC", **changed}


CASES = [
    ("not_null", "clicks", row(clicks=None), {"visit_id": "v9"}),
    ("unique", "visit_id", row(visit_id="v1"), {"value": "v1", "row_count": 2}),
    (
        "accepted_values: {arguments: {values: [PC, Phone]}}",
        "device",
        row(device="TV"),
        {"value": "TV"},
    ),
    (
        "accepted_values: {arguments: {values: [0, 1, 3], quote: false}}",
        "clicks",
        row(clicks=2),
        {"value": 2},
    ),
    (
        "expression_is_true: {arguments: {expression: '>= 0'}}",
        "clicks",
        row(clicks=-1),
        {"visit_id": "v9", "clicks": -1},
    ),
    (
        "expression_is_true: {arguments: {expression: clicks >= 0 or device = 'PC'}}",
        None,
        row(clicks=-1, device="TV"),
        {"visit_id": "v9", "clicks": -1, "device": "TV"},
    ),
]


@pytest.mark.parametrize(("test", "column", "bad", "shown"), CASES)
def test_a_bad_row_fails_and_is_counted_and_shown(
    test: str, column: str | None, bad: dict[str, Any], shown: dict[str, Any]
) -> None:
    (good,) = run_on(VISITS, test, column)
    assert (good.status, good.failing, good.sample) == ("pass", 0, [])
    (result,) = run_on([*VISITS, bad], test, column)
    assert (result.status, result.failing) == ("FAIL", 1)
    assert shown.items() <= result.sample[0].items()


def test_a_value_missing_from_the_parent_table_fails_but_null_does_not() -> None:
    test = "relationships: {arguments: {to: \"source('coveo_ua', 'searches')\", field: visit_id}}"
    orphans = [row(visit_id=None), row(visit_id="v1"), row(visit_id="v7"), row(visit_id="v8")]
    (good,) = run_on(orphans[:2], test, "visit_id")
    assert good.status == "pass"
    (result,) = run_on(orphans, test, "visit_id")
    assert (result.status, result.failing) == ("FAIL", 2)
    assert sorted(row["value"] for row in result.sample) == ["v7", "v8"]


@pytest.mark.parametrize(
    ("test", "column"),
    [
        ("unique", "device"),
        ("accepted_values: {arguments: {values: [PC]}}", "device"),
        ("expression_is_true: {arguments: {expression: device = 'PC'}}", None),
    ],
)
def test_null_fails_not_null_only(test: str, column: str | None) -> None:
    (result,) = run_on([row(device="PC"), row(device=None), row(device=None)], test, column)
    assert result.status == "pass"


def test_only_rows_that_meet_the_where_condition_are_tested() -> None:
    rows = [row(), row(device="TV", clicks=None)]
    (result,) = run_on(rows, "not_null: {config: {where: device = 'PC'}}", "clicks")
    assert result.status == "pass"


def test_an_expression_of_several_columns_can_be_tested_for_uniqueness() -> None:
    rows = [row(), row(), row(visit_id="v8")]
    (result,) = run_on(rows, "unique: {column_name: visit_id || device}")
    assert (result.failing, result.sample) == (1, [{"value": "v9PC", "row_count": 2}])


def test_all_failing_rows_are_counted_and_only_some_are_shown() -> None:
    rows = [row(clicks=-number) for number in range(1, 41)]
    (result,) = run_on(rows, "expression_is_true: {arguments: {expression: '>= 0'}}", "clicks")
    assert (result.failing, len(result.sample)) == (40, 5)
    assert "FAIL  visits.clicks >= 0: 40 rows, such as\n        visit_id=v9  clicks=-" in (
        result_line(result)
    )


def test_a_test_with_severity_warn_does_not_fail() -> None:
    (result,) = run_on([row(), row(clicks=None)], "not_null: {config: {severity: warn}}", "clicks")
    assert result.status == "warn"
    assert results_text([result]) == "1 test: 1 warned."


@pytest.mark.parametrize(
    ("test", "column", "message"),
    [
        ("uniqe", "visit_id", r"visits.yml, visits.visit_id, test uniqe: there is no such test"),
        ("not_null", "clickz", r"there is no column clickz. There are .*clicks"),
        (
            "expression_is_true: {arguments: {expression: clickz > 0}}",
            None,
            "there is no column clickz",
        ),
        ("expression_is_true: {arguments: {expression: clicks > }}", None, "is not SQL"),
        (
            "expression_is_true: {arguments: {expr: clicks > 0}}",
            None,
            "missing argument expression",
        ),
        ("unique: {arguments: {colum: clicks}}", "clicks", "unknown argument colum"),
        ("unique: {config: {limit: 5}}", "clicks", "unknown setting limit"),
        ("unique: {config: {severity: bad}}", "clicks", "severity bad is unknown"),
        ("accepted_values: {values: [1]}", "clicks", r"values is in the wrong .* `arguments`"),
        ("unique: {severity: warn}", "clicks", r"severity is in the wrong .* `config`"),
        ("{not_null: {}, severity: warn}", "clicks", "test not_null: severity is beside it"),
        ("unique", None, "needs a column"),
        ("relationships: {arguments: {to: searches, field: id}}", "clicks", "Write ref"),
        (
            "relationships: {arguments: {to: \"ref('gone')\", field: id}}",
            "clicks",
            "no table gone yet",
        ),
        (
            "relationships: {arguments: {to: \"ref('searches')\", field: gone}}",
            "clicks",
            "no column gone",
        ),
    ],
)
def test_the_error_of_a_test_that_cannot_run_names_its_place_and_the_reason(
    test: str, column: str | None, message: str
) -> None:
    with pytest.raises(CheckError, match=message):
        run_on(VISITS, test, column)


def test_a_disabled_test_is_left_out() -> None:
    assert run_on(VISITS, "unique: {config: {enabled: false}}", "clicks") == []


@pytest.mark.slow
def test_the_command_prints_one_line_per_test_and_exits_with_1_only_if_one_fails(
    demo: DemoServer,
) -> None:
    load(demo, from_date="2026-03-08", with_models=True)
    done = dlt_command("pipeline", PIPELINE, "models", "--test")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    tests = [test for table in read_folder(sql_folder()) for test in table.data_tests]
    assert len(lines) == len(tests) + 1
    assert sum(line.startswith("warn  ") for line in lines) > 0
    assert re.fullmatch(rf"{len(tests)} tests: \d+ passed, \d+ warned\.", lines[-1])
    with duckdb.connect(f"{PIPELINE}.duckdb") as connection:
        connection.execute("update coveo_ua.visits set duration_ms = -1 where clicks = 0")
        count = connection.execute("select count(*) from coveo_ua.visits where duration_ms < 0")
        (failing,) = count.fetchall()[0]
    done = dlt_command("pipeline", PIPELINE, "models", "--test", "--select", "visits")
    assert done.returncode == 1
    assert failing > 5
    assert f"FAIL  visits.duration_ms >= 0: {failing} rows, such as" in done.stdout
    assert "        visit_id=" in done.stdout
    assert "search_outcomes" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("1 failed.")


@pytest.mark.thorough
@pytest.mark.slow
def test_the_tests_of_all_models_pass_where_only_some_tables_are_loaded(
    demo: DemoServer,
) -> None:
    load(demo, from_date="2026-03-10", tables=["clicks"], with_models=True)
    results = list(run_data_tests(dlt.attach(PIPELINE), read_folder(sql_folder())))
    assert [result_line(result) for result in results if result.status == "FAIL"] == []
