"""The data tests of the models' YAML: good rows pass, bad ones are counted and shown."""

import re
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from coveo_source.cli.summary import result_line, results_text
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
    """The tests that a YAML of one model asks for, on these rows of it."""
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    pipeline.run(rows, table_name="visits", write_disposition="replace")
    searches = [{"id": "s1", "visit_id": "v1"}, {"id": "s2", "visit_id": None}]
    pipeline.run(searches, table_name="searches", write_disposition="replace")
    return list(run_data_tests(pipeline, read_folder(yaml_with(data_tests, column))))


def yaml_with(data_tests: str, column: str | None = None) -> Path:
    """A folder with the YAML of one model that has one test, of a column or as a whole."""
    tests = f"[{data_tests}]"
    place = f"columns: [{{name: {column}, data_tests: {tests}}}]"
    folder = Path("yaml")
    folder.mkdir(exist_ok=True)
    (folder / "visits.yml").write_text(
        f"version: 2\nmodels:\n  - name: visits\n    config: {{unique_key: visit_id}}\n"
        f"    {place if column else f'data_tests: {tests}'}\n"
    )
    return folder


def row(**changed: Any) -> dict[str, Any]:
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
def test_bad_rows_fail_and_are_counted_and_shown(
    test: str, column: str | None, bad: dict[str, Any], shown: dict[str, Any]
) -> None:
    (good,) = run_on(VISITS, test, column)
    assert (good.status, good.failing, good.sample) == ("pass", 0, [])
    (found,) = run_on([*VISITS, bad], test, column)
    assert (found.status, found.failing) == ("FAIL", 1)
    assert shown.items() <= found.sample[0].items()


def test_a_value_that_its_parent_table_lacks_fails_and_null_does_not() -> None:
    test = "relationships: {arguments: {to: \"source('coveo_ua', 'searches')\", field: visit_id}}"
    orphans = [row(visit_id=None), row(visit_id="v1"), row(visit_id="v7"), row(visit_id="v8")]
    (good,) = run_on(orphans[:2], test, "visit_id")
    assert good.status == "pass"
    (found,) = run_on(orphans, test, "visit_id")
    assert (found.status, found.failing) == ("FAIL", 2)
    assert sorted(each["value"] for each in found.sample) == ["v7", "v8"]


@pytest.mark.parametrize(
    ("test", "column"),
    [
        ("unique", "device"),
        ("accepted_values: {arguments: {values: [PC]}}", "device"),
        ("expression_is_true: {arguments: {expression: device = 'PC'}}", None),
    ],
)
def test_null_fails_no_test_but_not_null(test: str, column: str | None) -> None:
    (found,) = run_on([row(device="PC"), row(device=None), row(device=None)], test, column)
    assert found.status == "pass"


def test_only_the_rows_of_where_are_tested() -> None:
    rows = [row(), row(device="TV", clicks=None)]
    (found,) = run_on(rows, "not_null: {config: {where: device = 'PC'}}", "clicks")
    assert found.status == "pass"


def test_a_unique_expression_of_several_columns() -> None:
    rows = [row(), row(), row(visit_id="v8")]
    (found,) = run_on(rows, "unique: {column_name: visit_id || device}")
    assert (found.failing, found.sample) == (1, [{"value": "v9PC", "row_count": 2}])


def test_many_bad_rows_are_counted_in_full_and_shown_in_part() -> None:
    rows = [row(clicks=-number) for number in range(1, 41)]
    (found,) = run_on(rows, "expression_is_true: {arguments: {expression: '>= 0'}}", "clicks")
    assert (found.failing, len(found.sample)) == (40, 5)
    assert "FAIL  visits.clicks >= 0: 40 rows, such as\n        visit_id=v9  clicks=-" in (
        result_line(found)
    )


def test_a_warning_is_no_failure() -> None:
    (found,) = run_on([row(), row(clicks=None)], "not_null: {config: {severity: warn}}", "clicks")
    assert found.status == "warn"
    assert results_text([found]) == "1 test: 1 warned."


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
def test_a_test_that_cannot_be_run_says_where_it_is_and_why(
    test: str, column: str | None, message: str
) -> None:
    with pytest.raises(CheckError, match=message):
        run_on(VISITS, test, column)


def test_a_test_that_is_turned_off_is_left_out() -> None:
    assert run_on(VISITS, "unique: {config: {enabled: false}}", "clicks") == []


@pytest.mark.slow
def test_the_command_prints_a_line_a_test_and_ends_with_1_only_if_one_fails(
    demo: DemoServer,
) -> None:
    load(demo, from_date="2026-03-08", with_models=True)
    done = dlt_command("pipeline", PIPELINE, "models", "--test")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    tests = [check for each in read_folder(sql_folder()) for check in each.data_tests]
    assert len(lines) == len(tests) + 1
    assert sum(line.startswith("warn  ") for line in lines) > 0
    assert re.fullmatch(rf"{len(tests)} tests: \d+ passed, \d+ warned\.", lines[-1])
    with duckdb.connect(f"{PIPELINE}.duckdb") as connection:
        connection.execute("update coveo_ua.visits set duration_ms = -1 where clicks = 0")
        count = connection.execute("select count(*) from coveo_ua.visits where duration_ms < 0")
        (bad,) = count.fetchall()[0]
    done = dlt_command("pipeline", PIPELINE, "models", "--test", "--select", "visits")
    assert done.returncode == 1
    assert bad > 5
    assert f"FAIL  visits.duration_ms >= 0: {bad} rows, such as" in done.stdout
    assert "        visit_id=" in done.stdout
    assert "search_outcomes" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("1 failed.")


@pytest.mark.slow
def test_all_tests_of_the_models_can_be_run_where_only_some_tables_are_loaded(
    demo: DemoServer,
) -> None:
    load(demo, from_date="2026-03-10", tables=["clicks"], with_models=True)
    results = list(run_data_tests(dlt.attach(PIPELINE), read_folder(sql_folder())))
    assert [result_line(result) for result in results if result.status == "FAIL"] == []
