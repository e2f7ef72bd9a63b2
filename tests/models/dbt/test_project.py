"""The dbt project builds the same tables from the same models, and rebuilds touched units only."""

import re
from datetime import timedelta
from pathlib import Path

import dlt
import duckdb
import pytest
import yaml

from coveo_source.cli.models import write_dbt_project
from coveo_source.cli.pipeline import Options
from coveo_source.demo import DemoServer
from coveo_source.exceptions import ProjectError
from coveo_source.models.dbt.project import Target, profile, write_project
from coveo_source.models.files import SEEDS, sql_folder
from coveo_source.models.properties import VISIT
from coveo_source.tables import REMOVED
from tests.models.incremental import history
from tests.models.incremental.random_rows import EVENING, large_load
from tests.models.incremental.removal import Removal, events_of, remove
from tests.support.cli_user import PIPELINE, dlt_command, load, query
from tests.support.clock import Clock
from tests.support.dbt_user import (
    DBT_SCHEMA,
    MODELS,
    ROOT,
    dbt,
    expected_tables,
    needs_dbt,
    schema_tables,
)
from tests.support.once import load_once

DATABASE = Path(f"{PIPELINE}.duckdb")

NAME = re.compile(
    r"\{\{ (?:(?:source\('coveo_ua', |ref\()'(\w+)'\) \}\}|complete_(\w+)\(\) \}\} as \w+)"
)


def project() -> Path:
    """Writes the project of the pipeline, or overwrites it; returns its folder."""
    folder = Path("project").resolve()
    write_project(dlt.attach(PIPELINE), folder)
    return folder


def set_country(visit: str, country: str | None) -> str | None:
    """Changes the country of a visit in dbt's table; returns the former value."""
    with duckdb.connect(str(DATABASE)) as connection:
        select = f"select country from {DBT_SCHEMA}.visits where visit_id = ?"
        (former,) = connection.execute(select, [visit]).fetchall()[0]
        update = f"update {DBT_SCHEMA}.visits set country = ? where visit_id = ?"
        connection.execute(update, [country, visit])
        return str(former) if former else None


@pytest.mark.slow
@needs_dbt
def test_after_a_later_load_dbt_s_tables_equal_our_runner_s_and_a_full_refresh(
    demo: DemoServer, clock: Clock
) -> None:
    load_once(demo, from_date="2026-03-07")
    folder = project()
    assert "ERROR=0" in dbt(folder, "build")
    (visit,) = query(f"select visit_id from {DBT_SCHEMA}.visits order by started_at limit 1")[0]
    country = set_country(visit, "untouched")
    clock.advance(days=1)
    load(demo, with_models=True)
    dbt(folder, "run")
    assert set_country(visit, country) == "untouched"
    ours = schema_tables("coveo_ua", DATABASE)
    assert schema_tables(DBT_SCHEMA, DATABASE) == ours
    dbt(folder, "run", "--full-refresh")
    assert schema_tables(DBT_SCHEMA, DATABASE) == ours
    assert not (folder / ".user.yml").exists()


@pytest.mark.thorough
@pytest.mark.slow
@needs_dbt
def test_after_loads_that_move_and_change_rows_all_tables_are_up_to_date() -> None:
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    history.load(pipeline, large_load(1))
    dbt(project(), "build", "--exclude-resource-type", "test")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)
    # some ids come again, in other visits, with other queries and documents
    again = {table: rows[:3] for table, rows in large_load(2).items()}
    history.load(pipeline, again, dimension="c_theme")
    # a run builds one model only, and a load follows before the next run
    dbt(project(), "run", "--select", "all_events")
    history.load(pipeline, {table: rows[-2:] for table, rows in large_load(3).items()})
    dbt(project(), "run")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)


@pytest.mark.thorough
@pytest.mark.slow
@needs_dbt
def test_removed_rows_are_gone_even_if_the_project_was_written_before_their_table_came() -> None:
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    late = EVENING + timedelta(days=40)
    other = {"clickId": "c90", "searchId": "s5", "visitId": "v90", "datetime": late}
    history.load(pipeline, large_load(1))
    lone = {"id": "s90", "visitId": "lone", "datetime": EVENING}
    history.load(pipeline, {"clicks": [other], "searches": [lone]})
    history.drop_table(pipeline, REMOVED)
    folder = project()
    dbt(folder, "build", "--exclude-resource-type", "test")
    country = set_country("lone", "untouched")
    history.load(pipeline, {"clicks": []})
    removals = [
        *events_of("v3"),
        Removal("searches", "id = 's5'"),
        Removal("keywords", "search_id = 's2'"),
        Removal("clicks", "click_id = (select min(click_id) from coveo_ua.clicks)"),
    ]
    remove(pipeline, removals)
    dbt(folder, "run")
    assert set_country("lone", country) == "untouched"
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)
    remove(pipeline, [Removal("clicks", "true"), *events_of(None)])
    dbt(folder, "run")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)


@pytest.mark.thorough
@pytest.mark.slow
@needs_dbt
def test_a_dropped_table_and_a_changed_seed_cause_a_full_rebuild() -> None:
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    history.load(pipeline, large_load(1))
    folder = project()
    dbt(folder, "build", "--exclude-resource-type", "test")
    history.drop_table(pipeline, "keywords")
    history.load(pipeline, {"keywords": large_load(1)["keywords"][:2]})
    dbt(folder, "run")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)
    seed = folder / "seeds/search_causes.csv"
    seed.write_text(seed.read_text().replace("searchboxSubmit,manual", "searchboxSubmit,automatic"))
    dbt(folder, "build", "--exclude-resource-type", "test")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)


@pytest.mark.thorough
@pytest.mark.slow
@needs_dbt
def test_the_project_builds_where_only_some_tables_and_dimensions_are_loaded(
    demo: DemoServer,
) -> None:
    load(
        demo,
        from_date="2026-03-09",
        tables=["searches", "keywords"],
        dimensions=["queryExpression"],
        with_models=True,
    )
    assert "ERROR=0" in dbt(project(), "build")
    assert schema_tables(DBT_SCHEMA, DATABASE) == schema_tables("coveo_ua", DATABASE)


def test_only_the_names_of_tables_are_replaced_in_the_sql(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-10")
    folder = project()
    for name, model in MODELS.items():
        head, _, rest = (folder / f"models/{name}.sql").read_bytes().decode().partition("\n")
        body, _, foot = rest.partition("{% if is_incremental() %}")
        assert head == '{{ config(incremental_strategy="touched_units") }}'
        assert foot == f"\nwhere {{{{ touched_{name}() }}}}\n{{% endif %}}\n"
        # the condition reads the timeline, and dbt has to know
        reads = "" if model.unit == VISIT else "-- depends_on: {{ ref('all_events') }}\n"
        assert body.startswith(reads)
        body = body.removeprefix(reads)
        assert NAME.sub(lambda match: match[1] or match[2], body) == model.sql
        replaced = {match[1] or match[2] for match in NAME.finditer(body)}
        assert replaced == model.reads
        assert not [line for line in body.splitlines() if re.search(r"--.*\{\{", line)]


def test_yaml_files_and_seeds_are_copied(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-10")
    folder = project()
    for name, model in MODELS.items():
        assert (folder / f"models/{name}.yml").read_bytes().decode() == model.properties.text
    for seed in SEEDS:
        for suffix in ("yml", "csv"):
            copied = (folder / f"seeds/{seed}.{suffix}").read_bytes()
            assert copied == (sql_folder() / f"{seed}.{suffix}").read_bytes()


@pytest.mark.slow
@needs_dbt
def test_the_project_is_written_for_the_settings_in_force(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("causes.csv").write_text("action_cause,kind\ninterfaceLoad,manual\n")
    for name, value in {
        "TIME_ZONE": "Australia/Sydney",
        "MODEL_DIMENSIONS": '["c_product"]',
        "SEARCH_CAUSES": "causes.csv",
    }.items():
        monkeypatch.setenv(f"SOURCES__COVEO_SOURCE__{name}", value)
    load(demo, from_date="2026-03-07", with_models=True)
    write_dbt_project(Options(PIPELINE), Path("project").resolve())
    assert "ERROR=0" in dbt(Path("project").resolve(), "build")
    assert schema_tables(DBT_SCHEMA, DATABASE) == schema_tables("coveo_ua", DATABASE)
    assert query("select count(distinct c_product) > 1 from daily_metrics") == [(True,)]
    kinds = "select distinct cause_kind from search_outcomes where action_cause = 'interfaceLoad'"
    assert query(kinds) == [("manual",)]


def test_the_project_reads_the_pipeline_s_tables_and_builds_in_a_schema_of_its_own(
    demo: DemoServer,
) -> None:
    load(demo, from_date="2026-03-10", tables=["searches", "clicks"], dataset="other")
    folder = project()
    (source,) = yaml.safe_load((folder / "models/sources.yml").read_text())["sources"]
    assert source["schema"] == "other"
    assert [table["name"] for table in source["tables"]] == [
        *("searches", "clicks"),
        *("dimensions", "removed_rows", "_dlt_loads"),
    ]
    outputs = yaml.safe_load((folder / "profiles.yml").read_text())["coveo_ua"]["outputs"]
    assert outputs["dev"] == {
        "type": "duckdb",
        "schema": "other_dbt",
        "threads": 1,
        "path": str(DATABASE.resolve()),
    }
    flags = yaml.safe_load((folder / "dbt_project.yml").read_text())["flags"]
    assert flags["send_anonymous_usage_stats"] is False


def test_the_profile_for_another_destination_says_what_the_user_must_add() -> None:
    text = profile(Target("snowflake", "coveo_ua"))
    assert "# Install dbt-snowflake and write its connection here" in text
    assert yaml.safe_load(text)["coveo_ua"]["outputs"]["dev"]["type"] == "snowflake"


def test_a_pipeline_without_tables_is_refused() -> None:
    pipeline = dlt.pipeline("empty", destination="duckdb", dataset_name="coveo_ua")
    with pytest.raises(ProjectError, match=r"empty has no tables yet.*dlt pipeline empty run"):
        write_project(pipeline, Path("project"))
    assert not Path("project").exists()


def test_dbt_and_the_package_are_pinned_to_the_same_duckdb() -> None:
    pins = [
        re.findall(r"^duckdb==.+", (ROOT / name).read_text(), flags=re.MULTILINE)
        for name in ("constraints.txt", "constraints-dbt.txt")
    ]
    assert pins[0] == pins[1] != []


@pytest.mark.slow
def test_the_command_overwrites_its_project_but_no_other_folder(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-10")
    for _ in range(2):
        completed = dlt_command("pipeline", PIPELINE, "models", "--dbt", "project")
        assert completed.returncode == 0, completed.stderr
        assert completed.stdout.splitlines()[-1] == "Try:    cd project && dbt build"
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    completed = dlt_command("pipeline", PIPELINE, "models", "--dbt", "mine")
    assert completed.returncode == 2
    assert "mine is not empty" in completed.stderr
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]
