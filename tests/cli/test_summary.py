"""The texts at the end of a run."""

import subprocess
from pathlib import Path

import duckdb
import pytest

from coveo_source.cli.summary import Outcome, outcome_text


@pytest.mark.parametrize("database", ["coveo.duckdb", "my data's.duckdb"])
@pytest.mark.parametrize("dataset", ["coveo_ua", "2 Coveo-UA.x", "it's", 'say "no"', "$HOME `!`"])
def test_the_query_to_try_can_be_pasted_into_a_shell_whatever_the_names(
    dataset: str, database: str
) -> None:
    quoted = '"{}"'.format(dataset.replace('"', '""'))
    with duckdb.connect(database) as connection:
        connection.execute(f"create schema {quoted}")
        connection.execute(f"create table {quoted}.all_events as select 4711 as event_id")
    text = outcome_text(Outcome(dataset, database, database))
    command = text.splitlines()[-1].removeprefix("Try:").strip()
    tried = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert "4711" in tried.stdout
    assert Path(database).exists()
