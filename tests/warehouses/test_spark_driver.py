"""The driver that stands for Databricks' takes what dlt sends, whether or not our job needs it."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.warehouses.engines import SPARK, USER_SETTINGS, Settings

pytestmark = [pytest.mark.slow, pytest.mark.warehouses]

PROGRAM = """
import sys
from datetime import datetime, timezone
from tests.warehouses.drivers.spark.connection import connect

cursor = connect().cursor()
moment = datetime(2026, 3, 1, 12, 30, 0, 457123, timezone.utc)
for statement in sys.argv[1:]:
    cursor.execute(statement, (moment,) if "%s" in statement else None)
sys.stdout.write(repr(cursor.fetchall()))
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with SPARK.start(tmp_path_factory.mktemp("spark")) as found:
        yield found


def answer(settings: Settings, *statements: str) -> str:
    """Returns the rows of the last statement, or the error, as a text."""
    # in a process of its own: Spark's Python part knows one server only
    completed = subprocess.run(
        (sys.executable, "-c", PROGRAM, *statements),
        env={**os.environ, **USER_SETTINGS, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    return completed.stdout or completed.stderr


def test_tables_may_be_clustered_and_have_properties(settings: Settings) -> None:
    assert "[('b', 1)]" in answer(
        settings,
        "CREATE SCHEMA `lake`.`clustered`",
        "CREATE TABLE `lake`.`clustered`.`t` (`a` STRING  NOT NULL, `b` BIGINT)"
        " CLUSTER BY (`a`,`b`) TBLPROPERTIES ('x'='y', 'n'=3)",
        "CREATE TABLE `lake`.`clustered`.`u` (`a` STRING) PARTITIONED BY (`a`) CLUSTER BY AUTO",
        "ALTER TABLE `lake`.`clustered`.`t` CLUSTER BY (`a`)",
        "INSERT INTO `lake`.`clustered`.`t`(`b`, `a`) VALUES (1, 'b');",
        "SELECT `a`, `b` FROM `lake`.`clustered`.`t`",
    )


def test_a_time_is_kept_to_the_microsecond_and_other_columns_are_null(settings: Settings) -> None:
    moment = "datetime.datetime(2026, 3, 1, 12, 30, 0, 457123, tzinfo=datetime.timezone.utc)"
    assert f"[({moment}, None)]" in answer(
        settings,
        "CREATE SCHEMA `lake`.`times`",
        "CREATE TABLE `lake`.`times`.`t` (`a` TIMESTAMP, `b` BIGINT)",
        "INSERT INTO `lake`.`times`.`t` (`a`) VALUES (%s)",
        "SELECT * FROM `lake`.`times`.`t` WHERE `a` = '2026-03-01 12:30:00.457123 +0000'",
    )


def test_a_table_that_is_missing_has_the_error_that_dlt_looks_for(settings: Settings) -> None:
    error = answer(settings, "SELECT * FROM `lake`.`nowhere`.`t`")
    assert "ServerOperationError: [TABLE_OR_VIEW_NOT_FOUND]" in error
