"""MetricFlow accepts the semantic layer, and its numbers are those of the models."""

import re
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
import yaml
from sqlglot import exp, parse_one

from coveo_source.demo import DemoServer
from coveo_source.model_settings import DEFAULTS, ModelSettings
from coveo_source.models.dbt import project, write_project
from coveo_source.models.dbt.semantics import semantic_layer
from coveo_source.models.files import models
from tests.support.cli_user import PIPELINE, load, query
from tests.support.dbt_user import ROOT, dbt, mf, mf_query, needs_dbt, needs_metricflow
from tests.support.once import load_once

MEANINGS = {
    "search_outcomes": {
        "searches": "count(*)",
        "manual_searches": "count(*) filter (cause_kind = 'manual')",
        "search_clickthrough": "count(*) filter (clicks > 0) / count(*)",
        "average_click_rank": "sum(click_rank_sum) / nullif(sum(ranked_clicks), 0)",
        "share_without_results": "count(*) filter (has_results = false) / count(*)",
    },
    "visits": {
        "visits": "count(*)",
        "visitors": "count(distinct visitor_id)",
        "visit_clickthrough": "count(*) filter (clicks > 0) / count(*)",
    },
    "query_visits": {
        "query_visits": "count(*)",
        "query_visit_success": "count(*) filter (outcome in ('clicked', 'answered')) / count(*)",
    },
    "generated_answers": {
        "answer_rate": "count(*) filter (has_answer) / count(*)",
        "citation_rate": """
            count(*) filter (has_answer and citation_clicks > 0)
            / nullif(count(*) filter (has_answer), 0)
        """,
    },
    "case_visits": {
        "case_visits": "count(*)",
        "case_deflection": "count(*) filter (not is_submitted) / count(*)",
    },
}
"""By model, what metrics are in SQL."""

METRICS = {name: meaning for meanings in MEANINGS.values() for name, meaning in meanings.items()}

HOSTILE = (
    *("day", "searches", "visit", "select", "metric_time", "date", "hour_of_day", "x", "_"),
    *("C-Product", "c_product", "c__product", "c_product_", "1st", "origin", "region"),
)
"""Columns whose names MetricFlow does not accept, or that mean something else in it."""

Numbers = dict[str, float | None]


def metrics_by_country_and_product() -> dict[tuple[str, ...], Numbers]:
    """Returns the metrics of people for every slice of their visits, from our own tables."""
    slices: dict[tuple[str, ...], Numbers] = {}
    for model, meanings in MEANINGS.items():
        rows = query(
            "select coalesce(sliced.country, ''), coalesce(sliced.c_product, ''),"
            f" {', '.join(meanings.values())} from (from {model} where is_person) as measured"
            " left join (select visit_id, country, c_product from visits) as sliced"
            " using (visit_id) group by 1, 2"
        )
        for country, product, *values in rows:
            # what no row counts is 0, and what divides by that is unknown
            nothing = {name: None if "/" in meaning else 0.0 for name, meaning in METRICS.items()}
            numbers = slices.setdefault((country, product), nothing)
            numbers |= dict(zip(meanings, map(rounded, values), strict=True))
    return slices


def rounded(value: Any) -> float | None:
    return round(float(value), 9) if value not in (None, "") else None


@pytest.mark.slow
@needs_dbt
@needs_metricflow
def test_metricflow_accepts_it_and_its_numbers_are_those_of_our_models(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__MODEL_DIMENSIONS", '["c_product"]')
    load_once(demo, from_date="2026-03-07", with_models=True)
    folder = Path("project").resolve()
    write_project(dlt.attach(PIPELINE), folder, ModelSettings(model_dimensions=("c_product",)))
    dbt(folder, "build", "--exclude-resource-type", "test")
    assert "ERRORS: 0" in mf(folder, "validate-configs")

    slicers = ("visit__country", "visit__c_product")
    found = {
        (country, product): dict(zip(METRICS, map(rounded, values), strict=True))
        for country, product, *values in mf_query(folder, METRICS, slicers)
    }
    assert found == metrics_by_country_and_product()
    assert len(found) > 10

    sums = ("searches", "clicks", "searches_with_clicks", "searches_without_results")
    days = mf_query(folder, sums, ("metric_time__day", "search__origin"))
    ours = query(
        f"select day, origin, {', '.join(f'sum({name})' for name in sums)}"
        " from query_performance group by all order by all"
    )
    assert [(day[:10], *others) for day, *others in days] == [tuple(map(str, row)) for row in ours]
    spine = query("select date_day from coveo_ua_dbt.time_spine order by all")
    assert spine == query("select distinct day from daily_metrics order by all")


def test_measures_and_dimensions_read_columns_that_their_model_has() -> None:
    for semantic_model in semantic_layer(models(), DEFAULTS)["semantic_models"]:
        columns = models()[semantic_model["name"]].properties.columns
        for part in ("entities", "dimensions", "measures"):
            for each in semantic_model[part]:
                read = parse_one(each["expr"], read="duckdb").find_all(exp.Column)
                assert {column.name for column in read} <= columns.keys()
                assert part == "entities" or each["description"].endswith(".")


def test_all_metrics_are_in_the_documentation() -> None:
    named = re.findall(r"`(\w+)`", (ROOT / "docs/dbt.md").read_text())
    assert {each["name"] for each in semantic_layer(models(), DEFAULTS)["metrics"]} <= {*named}


def test_dimensions_of_the_setting_are_slicers_whatever_they_are_called() -> None:
    layer = semantic_layer(models(), ModelSettings(model_dimensions=HOSTILE))
    elsewhere = {each["name"] for model in layer["semantic_models"] for each in model["measures"]}
    elsewhere |= {each["name"] for model in layer["semantic_models"] for each in model["entities"]}
    for semantic_model in layer["semantic_models"]:
        names = [each["name"] for each in semantic_model["dimensions"]]
        assert len({*names}) == len(names)
        assert not {*names} & elsewhere
        assert not [name for name in names if not re.fullmatch(r"(?!.*__)[a-z]\w*[a-z\d]", name)]
        read = [each["expr"].strip('"') for each in semantic_model["dimensions"]]
        if semantic_model["name"] in ("search_outcomes", "visits", "query_visits"):
            assert {*HOSTILE} - {'a "b"'} <= {*read}


@pytest.mark.thorough
@pytest.mark.slow
@needs_dbt
def test_dbt_parses_dimensions_whatever_they_are_called(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-10")
    folder = Path("project").resolve()
    write_project(dlt.attach(PIPELINE), folder)
    layer = semantic_layer(models(), ModelSettings(model_dimensions=HOSTILE))
    (folder / "models/semantic_models.yml").write_text(yaml.safe_dump(layer))
    dbt(folder, "parse")


def test_the_time_spine_of_a_dataset_without_events_is_empty() -> None:
    folder = Path(project.__file__).parent / "files/models"
    sql = (folder / "time_spine.sql").read_text().replace("{{ ref('all_events') }}", "all_events")
    with duckdb.connect() as connection:
        connection.execute("create table all_events (event_day date)")
        assert connection.execute(sql).fetchall() == []
        connection.execute("insert into all_events values ('2026-02-27'), ('2026-03-01')")
        assert [day.isoformat() for (day,) in connection.execute(sql).fetchall()] == [
            *("2026-02-27", "2026-02-28", "2026-03-01")
        ]
