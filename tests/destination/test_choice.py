"""A destination that would not hold what is loaded is refused before anything is asked of Coveo."""

import os
import subprocess
import sys
from typing import Any

import dlt
import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from coveo_source.destination import check_destination, tuned_destination
from coveo_source.exceptions import SettingError
from tests.cli.commands import assert_refused
from tests.support.cli_user import connection_settings, dlt_command, environment

APPENDS = ("filesystem", "lancedb", "qdrant", "weaviate")
NOT_TRANSLATED = ("mssql", "synapse", "fabric", "athena", "dremio", "sqlalchemy")
WORKING = (
    *("duckdb", "ducklake", "motherduck", "postgres", "clickhouse"),
    *("databricks", "bigquery", "snowflake", "redshift"),
)


@pytest.mark.parametrize("name", WORKING)
def test_what_works_is_taken_and_recorded_under_dlts_name(name: str) -> None:
    assert tuned_destination(name).destination_type == f"dlt.destinations.{name}"


@pytest.mark.parametrize("name", APPENDS)
def test_what_cannot_replace_rows_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="cannot replace rows by their key"):
        tuned_destination(name)


@pytest.mark.parametrize("name", NOT_TRANSLATED)
def test_what_the_models_are_not_translated_to_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="not translated to its SQL"):
        tuned_destination(name)


def test_a_function_of_your_own_is_refused() -> None:
    @dlt.destination(name="printer")
    def printer(items: Any, table: Any) -> None:
        """Does nothing."""

    with pytest.raises(SettingError, match="cannot replace rows by their key"):
        check_destination(printer())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("filesystem", "every run would load some of them twice"),
        ("sqlalchemy", "The models cannot be built there"),
        ("postgress", "dlt knows none of this name"),
    ],
)
def test_a_run_into_it_is_refused_with_what_works(demo: DemoServer, name: str, reason: str) -> None:
    completed = dlt_command(
        "pipeline", "coveo", "run", "--destination", name, env=environment(demo)
    )
    assert_refused(completed, 2, f"The setting destination is '{name}'", reason, "use ducklake")
    assert demo.requests == []


WITHOUT_DRIVERS = """
import sys

class Missing:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ("psycopg2", "snowflake", "google"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing)
from coveo_source.__main__ import main
main()
"""


@pytest.mark.parametrize("verb", ["run", "plan", "models"])
@pytest.mark.parametrize("name", ["postgres", "redshift", "snowflake", "bigquery"])
def test_one_whose_driver_is_missing_is_refused_with_what_to_install(
    demo: DemoServer, verb: str, name: str
) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVERS, "coveo", verb, "--destination", name],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert_refused(completed, 2, f"pip install 'dlt[{name}]'")
    assert demo.requests == []


def test_a_script_that_loads_into_it_is_refused(demo: DemoServer) -> None:
    pipeline = dlt.pipeline("coveo", destination=dlt.destinations.filesystem("files"))
    with pytest.raises(Exception, match="every run would load some of them twice"):
        pipeline.run(coveo_source(from_date="2026-03-10", **connection_settings(demo)))
    assert demo.requests == []


@pytest.mark.parametrize(
    "name", ["duckdb", "ducklake", "motherduck", "postgres", "redshift", "snowflake"]
)
def test_a_load_is_one_transaction_where_there_are_some(name: str) -> None:
    assert tuned_destination(name).capabilities().supports_transactions is True


def test_named_destinations_keep_their_name_and_what_they_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "postgres")
    destination = tuned_destination("warehouse")
    assert destination.destination_name == "warehouse"
    assert type(destination) is dlt.destinations.postgres
