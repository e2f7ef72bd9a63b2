"""A database that another process has open is waited for, whoever opens it."""

import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import dlt
import duckdb
import pytest
from dlt.common.runtime import signals

from coveo_source.dataset import open_dataset
from coveo_source.destination import be_patient, tuned_destination, without_waiting
from coveo_source.destination.opening import Patience
from coveo_source.exceptions import DatabaseHeld, DatabaseUnusable
from coveo_source.signals import find_signal
from tests.support.cli_user import PIPELINE
from tests.support.readers import holding

LONG = timedelta(minutes=10)
FILE = Path(f"{PIPELINE}.duckdb")


@pytest.fixture(autouse=True)
def file(own_folder: Path) -> Path:
    duckdb.connect(str(FILE)).close()
    return FILE


open_file = partial(duckdb.connect, str(FILE))


@pytest.mark.parametrize("does", ["reads", "writes to"])
def test_an_opening_waits_until_the_other_process_closes_the_file_and_says_who_it_is(
    does: str,
) -> None:
    told: list[str] = []
    with holding(FILE, does) as reader:

        def say(text: str) -> None:
            told.append(text)
            reader.stop()

        Patience(LONG, say).opened(open_file).close()
    [text] = told
    assert f"{reader.name}, which {does} it" in text
    assert "for up to 10 minutes" in text
    assert str(FILE.resolve()) in text


@pytest.mark.parametrize("does", ["reads", "writes to"])
def test_an_opening_that_waited_too_long_says_who_has_the_file_and_what_to_do(does: str) -> None:
    with holding(FILE, does) as reader, pytest.raises(DatabaseHeld) as raised:
        Patience(timedelta(0)).opened(open_file)
    for text in (reader.name, f"has it open and {does} it", "wait_minutes", "run again"):
        assert text in str(raised.value)
    assert ("publish" in str(raised.value)) == (does == "reads")


def test_without_a_limit_of_its_own_an_opening_waits_as_long_as_the_setting_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__WAIT_MINUTES", "0.001")
    with holding(FILE), pytest.raises(DatabaseHeld, match=r"within 0\.001 minutes"):
        Patience().opened(open_file)


def test_where_nobody_is_to_wait_an_opening_fails_at_once_and_starts_no_wait() -> None:
    told: list[str] = []
    patience = Patience(LONG, told.append)
    with holding(FILE), without_waiting(), pytest.raises(DatabaseHeld):
        patience.opened(open_file)
    assert told == []


def test_after_a_signal_nothing_waits_and_the_signal_is_told_as_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signals, "_received_signal", signal.SIGTERM)
    with holding(FILE), pytest.raises(DatabaseHeld) as raised:
        Patience(LONG).opened(open_file)
    assert find_signal(raised.value) == "SIGTERM"


@pytest.mark.parametrize("name", ["own", "dlt's"])
def test_every_connection_of_ours_waits_also_to_the_destination_of_a_library_user(
    name: str,
) -> None:
    destination = tuned_destination("duckdb") if name == "own" else dlt.destinations.duckdb()
    pipeline = dlt.pipeline(PIPELINE, destination=destination, dataset_name="coveo_ua")
    with holding(FILE) as reader:
        be_patient(pipeline.destination, LONG, lambda text: reader.stop())
        with open_dataset(pipeline) as dataset:
            assert dataset
            assert not dataset.exists


def test_every_connection_of_dlt_waits_too_if_the_destination_is_ours() -> None:
    destination = tuned_destination("duckdb")
    pipeline = dlt.pipeline(PIPELINE, destination=destination, dataset_name="coveo_ua")
    told: list[str] = []
    with holding(FILE) as reader:

        def say(text: str) -> None:
            told.append(text)
            reader.stop()

        be_patient(destination, LONG, say)
        pipeline.run([{"a": 1}], table_name="numbers")
    with duckdb.connect(str(FILE)) as database:
        assert database.sql("from coveo_ua.numbers select a").fetchall() == [(1,)]
    assert len(told) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that not even root can write to")
def test_a_file_in_a_folder_that_cannot_be_written_to_is_named_with_the_folder() -> None:
    with pytest.raises(DatabaseUnusable) as raised:
        Patience(LONG).opened(partial(duckdb.connect, "/sys/coveo.duckdb"))
    assert "/sys/coveo.duckdb cannot be opened: " in str(raised.value)
    assert "its folder, /sys" in str(raised.value)
