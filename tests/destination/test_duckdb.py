"""DuckDB's settings, as the connection of a pipeline has them."""

from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from coveo_source.dataset import Owner, hold_lease
from coveo_source.destination import tuned_destination
from coveo_source.destination.duckdb import TunedDuckDb, building_settings, loading_settings
from coveo_source.destination.tuning import (
    LOADING_THREADS,
    TABLES_AT_ONCE,
    building,
    cores,
)
from tests.support.cli_user import PIPELINE


def settings(pipeline: Any) -> dict[str, Any]:
    """Returns DuckDB's settings, by name."""
    with pipeline.sql_client() as client:
        rows = client.execute_sql("select name, value from duckdb_settings()")
    return dict(list(rows or ()))


def pipeline_of(**options: Any) -> Any:
    return dlt.pipeline(PIPELINE, dataset_name="coveo_ua", **options)


def test_a_load_has_one_thread_and_little_memory_and_all_else_the_budget(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__MEMORY_LIMIT", "2GB")
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    default = settings(pipeline)
    assert default["memory_limit"] == "1.6 GiB"
    assert default["threads"] == str(cores())
    with loading_settings(pipeline):
        loading = settings(pipeline)
        assert loading["threads"] == str(LOADING_THREADS)
        assert loading["memory_limit"] == "190.7 MiB"
    assert settings(pipeline)["memory_limit"] == default["memory_limit"]
    assert settings(pipeline)["threads"] == default["threads"]


def test_a_load_takes_half_of_a_small_budget(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__MEMORY_LIMIT", "512MB")
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    with loading_settings(pipeline):
        assert settings(pipeline)["memory_limit"] == "148.7 MiB"


def test_models_are_built_within_the_budget_and_write_one_row_group_at_a_time(
    own_folder: Path,
) -> None:
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    default = settings(pipeline)
    with building_settings(pipeline):
        built_with = settings(pipeline)
    with duckdb.connect(config=dict(building())) as database:
        limit = database.sql("select value from duckdb_settings() where name = 'memory_limit'")
        assert limit.fetchall() == [(built_with["memory_limit"],)]
    assert built_with["memory_limit"] == default["memory_limit"]
    assert built_with["write_buffer_row_group_count"] == "1"
    assert settings(pipeline)["write_buffer_row_group_count"] != "1"


def test_models_are_built_by_the_budget_and_with_little_of_it_in_one_thread(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__MEMORY_LIMIT", "712MiB")
    with building_settings(pipeline):
        built_with = settings(pipeline)
    assert (built_with["threads"], built_with["memory_limit"]) == ("1", "520.7 MiB")
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__MEMORY_LIMIT", "1TB")
    with building_settings(pipeline):
        assert settings(pipeline)["threads"] == str(cores())


def test_the_database_file_stays_open_while_models_are_built(own_folder: Path) -> None:
    with building_settings(pipeline := pipeline_of(destination=tuned_destination("duckdb"))):
        settings(pipeline)
        # like another process, a connection with other settings cannot open it
        with pytest.raises(duckdb.ConnectionException):
            duckdb.connect(f"{PIPELINE}.duckdb", config={"threads": 7})
    duckdb.connect(f"{PIPELINE}.duckdb", config={"threads": 7}).close()


def test_a_connection_beside_a_load_leaves_its_settings(own_folder: Path) -> None:
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    with hold_lease(pipeline, Owner(PIPELINE, "acme", "localhost")) as lease:
        assert lease
        with loading_settings(pipeline), pipeline.sql_client() as loading:
            lease._renew()
            rows = loading.execute_sql("select current_setting('threads')")
    assert rows == [(LOADING_THREADS,)]


def test_settings_of_the_user_take_precedence(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG", '{"threads": 3}')
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__DATABASE", "theirs.duckdb")
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    with loading_settings(pipeline):
        loading = settings(pipeline)
    assert (loading["threads"], loading["memory_limit"]) == ("3", "190.7 MiB")
    with building_settings(pipeline):
        assert settings(pipeline)["threads"] == "3"
    assert (own_folder / "theirs.duckdb").exists()


def test_each_client_has_connections_and_settings_of_its_own(own_folder: Path) -> None:
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    with loading_settings(pipeline):
        loading = pipeline.destination_client().config.credentials
    other = pipeline.destination_client().config.credentials
    assert loading.conn_pool is not other.conn_pool
    assert (loading.global_config["threads"], other.global_config["threads"]) == (
        LOADING_THREADS,
        cores(),
    )


def test_another_folder_for_the_file_is_used_from_then_on(own_folder: Path) -> None:
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    before = pipeline.destination_client().config.data_location()
    pipeline.destination.config_params["local_dir"] = str(own_folder / "elsewhere")
    after = pipeline.destination_client().config.data_location()
    assert Path(before).parent == own_folder
    assert Path(after).parent == own_folder / "elsewhere"


def test_a_database_given_as_a_path_is_used(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", "duckdb:///theirs.duckdb")
    with loading_settings(pipeline := pipeline_of(destination=tuned_destination("duckdb"))):
        assert settings(pipeline)["threads"] == "1"
    assert (own_folder / "theirs.duckdb").exists()


def test_a_pipeline_records_dlts_own_destination(own_folder: Path) -> None:
    pipeline = pipeline_of(destination=tuned_destination("duckdb"))
    pipeline.run([{"id": 1}], table_name="numbers")
    restored = dlt.attach(PIPELINE)
    assert restored.destination is not None
    assert type(restored.destination) is dlt.destinations.duckdb


def test_a_named_destination_of_type_duckdb_is_tuned_too(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "duckdb")
    destination = tuned_destination("warehouse")
    assert isinstance(destination, TunedDuckDb)
    assert destination.destination_name == "warehouse"
    assert destination.capabilities().max_parallel_load_jobs == TABLES_AT_ONCE


def test_other_destinations_are_not_changed(own_folder: Path) -> None:
    destination = tuned_destination("postgres")
    assert type(destination) is dlt.destinations.postgres
    with loading_settings(pipeline_of(destination=destination)):
        pass
