"""A dataset has one owner: an organization and a pipeline."""

from collections.abc import Callable
from pathlib import Path

import dlt
import pytest

from coveo_source import coveo_source
from coveo_source.causes import find_cause
from coveo_source.cli.models import build_models
from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer, Traffic
from coveo_source.exceptions import PipelineMismatch, ServiceUnreachable
from tests.support.assertions import speed_up_retries
from tests.support.cli_user import connection_settings, load, query, tables
from tests.support.once import load_once

Serve = Callable[..., DemoServer]
FROM_DATE = "2026-03-10"


@pytest.fixture(autouse=True)
def one_database(monkeypatch: pytest.MonkeyPatch, own_folder: Path) -> None:
    """Has all pipelines load into the same database, as into a warehouse."""
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(own_folder / "coveo.duckdb"))
    speed_up_retries(monkeypatch)


def load_as(
    pipeline: str, server: DemoServer, dataset: str = "coveo_ua", **settings: object
) -> None:
    options = Options(pipeline, dataset=dataset)
    run(options, {**connection_settings(server), "from_date": FROM_DATE, **settings})


def another_organization(serve: Serve) -> DemoServer:
    return serve(Traffic(seed=8, visits_per_day=25), org="another")


@pytest.mark.slow
def test_another_organization_under_another_pipeline_name_is_refused(serve: Serve) -> None:
    load_once(serve(), from_date=FROM_DATE)
    before = tables()
    with pytest.raises(PipelineMismatch, match="--dataset-name") as error:
        load_as("other", another_organization(serve))
    assert "coveodemo" in str(error.value)
    assert "another" in str(error.value)
    assert tables() == before
    assert query("select org, pipeline_name, holder from _coveo_dataset") == [
        ("coveodemo", "coveo", None)
    ]


@pytest.mark.slow
@pytest.mark.thorough
def test_the_way_out_that_the_message_names_works(serve: Serve) -> None:
    load(serve(), from_date=FROM_DATE)
    before = tables()
    load_as("other", another_organization(serve), dataset="another_ua")
    assert tables() == before
    assert query("select count(*) > 0 from another_ua.searches") == [(True,)]


@pytest.mark.slow
def test_another_pipeline_of_the_same_organization_is_refused(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE, with_models=True)
    before = query("from search_outcomes order by all")
    assert before
    with pytest.raises(PipelineMismatch, match="pipeline coveo"):
        load_as("other", demo, tables=["clicks"])
    assert query("from search_outcomes order by all") == before


@pytest.mark.slow
def test_a_library_user_s_pipeline_is_refused_too(serve: Serve) -> None:
    load_once(serve(), from_date=FROM_DATE)
    before = tables()
    pipeline = dlt.pipeline("other", destination="duckdb", dataset_name="coveo_ua")
    source = coveo_source(from_date=FROM_DATE, **connection_settings(another_organization(serve)))
    with pytest.raises(Exception) as error:  # noqa: PT011 (dlt wraps it)
        pipeline.run(source)
    assert find_cause(error.value, PipelineMismatch)
    assert tables() == before


@pytest.mark.slow
def test_another_pipeline_does_not_build_models_there(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE, with_models=True)
    with pytest.raises(PipelineMismatch):
        build_models(Options("other"), [])


@pytest.mark.slow
def test_a_dataset_that_nothing_was_loaded_into_belongs_to_nobody(serve: Serve) -> None:
    with pytest.raises(ServiceUnreachable):
        load(serve(), from_date=FROM_DATE, org="mistyped", base_url="http://127.0.0.1:9")
    load(serve(), from_date=FROM_DATE)
    assert query("select org, host from _coveo_dataset") == [("coveodemo", "127.0.0.1")]


@pytest.mark.slow
def test_a_dataset_in_which_organizations_were_mixed_before_is_refused(serve: Serve) -> None:
    import duckdb

    server = serve()
    load(server, from_date=FROM_DATE)
    with duckdb.connect("coveo.duckdb") as database:
        database.execute("drop table coveo_ua._coveo_dataset")
        database.execute(
            "insert into coveo_ua.exports select * replace ('another' as org, 'x' as export_id)"
            " from coveo_ua.exports"
        )
    with pytest.raises(PipelineMismatch, match="another and coveodemo"):
        load(server)
