"""The dbt project: the same models, the same tables, and rebuilt by what a load touched."""

import re
from pathlib import Path

import dlt
import duckdb
import pytest
import yaml

from coveo_source.demo import DemoServer
from coveo_source.exceptions import ProjectError
from coveo_source.models.dbt.project import Target, profile, write_project
from coveo_source.models.files import sql_folder
from tests.models.incremental import history
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

DATABASE = Path(f"{PIPELINE}.duckdb")

NAME = re.compile(r"\{\{ (?:source\('coveo_ua', |ref\()'(\w+)'\) \}\}")


def project() -> Path:
    """The project of the pipeline, written (again)."""
    folder = Path("project").resolve()
    write_project(dlt.attach(PIPELINE), folder)
    return folder


def set_country(visit: str, country: str | None) -> str | None:
    """Changes one row of a model by hand; returns what it held."""
    with duckdb.connect(str(DATABASE)) as connection:
        found = f"{DBT_SCHEMA}.visits where visit_id = ?"
        (held,) = connection.execute(f"select country from {found}", [visit]).fetchall()[0]
        changed = f"update {DBT_SCHEMA}.visits set country = ? where visit_id = ?"
        connection.execute(changed, [country, visit])
        return str(held) if held else None


@needs_dbt
def test_a_build_passes_and_what_comes_later_ends_as_in_a_full_refresh_and_in_our_own_runner(
    demo: DemoServer, clock: Clock
) -> None:
    load(demo, from_date="2026-03-07")
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


@needs_dbt
def test_after_loads_that_move_and_change_rows_all_tables_equal_their_queries() -> None:
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    history.load(pipeline, history.much(1))
    dbt(project(), "build", "--exclude-resource-type", "test")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)
    # some of the same ids, in other visits, with other queries and documents
    again = {table: rows[:3] for table, rows in history.much(2).items()}
    history.load(pipeline, again, dimension="c_theme")
    # a run that did not come to its end, and a load before the next one
    dbt(project(), "run", "--select", "all_events")
    history.load(pipeline, {table: rows[-2:] for table, rows in history.much(3).items()})
    dbt(project(), "run")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)


@needs_dbt
def test_a_table_that_was_dropped_and_a_cause_that_was_changed_rebuild_everything() -> None:
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    history.load(pipeline, history.much(1))
    folder = project()
    dbt(folder, "build", "--exclude-resource-type", "test")
    history.drop(pipeline, "keywords")
    history.load(pipeline, {"keywords": history.much(1)["keywords"][:2]})
    dbt(folder, "run")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)
    seed = folder / "seeds/search_causes.csv"
    seed.write_text(seed.read_text().replace("searchboxSubmit,manual", "searchboxSubmit,automatic"))
    dbt(folder, "build", "--exclude-resource-type", "test")
    assert schema_tables(DBT_SCHEMA, DATABASE) == expected_tables(pipeline, DATABASE)


@needs_dbt
def test_the_project_builds_from_the_tables_and_dimensions_that_there_are(demo: DemoServer) -> None:
    load(
        demo,
        from_date="2026-03-09",
        tables=["searches", "keywords"],
        dimensions=["queryExpression"],
        with_models=True,
    )
    assert "ERROR=0" in dbt(project(), "build")
    assert schema_tables(DBT_SCHEMA, DATABASE) == schema_tables("coveo_ua", DATABASE)


def test_of_the_sql_only_the_names_of_tables_are_replaced(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-10")
    folder = project()
    for name, model in MODELS.items():
        original = (sql_folder() / f"{name}.sql").read_bytes().decode()
        head, _, rest = (folder / f"models/{name}.sql").read_bytes().decode().partition("\n")
        body, _, foot = rest.partition("{% if is_incremental() %}")
        assert head == '{{ config(incremental_strategy="touched_units") }}'
        assert foot == f"\nwhere {{{{ touched_{name}() }}}}\n{{% endif %}}\n"
        assert NAME.sub(lambda match: match[1], body) == original
        replaced = {match[1] for match in NAME.finditer(body)}
        assert replaced == model.reads
        assert not [line for line in body.splitlines() if re.search(r"--.*\{\{", line)]


def test_the_yaml_files_are_copied(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-10")
    folder = project()
    for name in MODELS:
        copied = (folder / f"models/{name}.yml").read_bytes()
        assert copied == (sql_folder() / f"{name}.yml").read_bytes()
    seed = "search_causes"
    for suffix in ("yml", "csv"):
        copied = (folder / f"seeds/{seed}.{suffix}").read_bytes()
        assert copied == (sql_folder() / f"{seed}.{suffix}").read_bytes()


def test_the_project_is_about_the_pipeline_s_tables_and_builds_beside_them(
    demo: DemoServer,
) -> None:
    load(demo, from_date="2026-03-10", tables=["searches", "clicks"], dataset="other")
    folder = project()
    (source,) = yaml.safe_load((folder / "models/sources.yml").read_text())["sources"]
    assert source["schema"] == "other"
    assert [table["name"] for table in source["tables"]] == ["searches", "clicks", "_dlt_loads"]
    outputs = yaml.safe_load((folder / "profiles.yml").read_text())["coveo_ua"]["outputs"]
    assert outputs["dev"] == {
        "type": "duckdb",
        "schema": "other_dbt",
        "threads": 1,
        "path": str(DATABASE.resolve()),
    }
    flags = yaml.safe_load((folder / "dbt_project.yml").read_text())["flags"]
    assert flags["send_anonymous_usage_stats"] is False


def test_for_another_destination_the_profile_says_what_is_missing() -> None:
    text = profile(Target("snowflake", "coveo_ua"))
    assert "# Install dbt-snowflake and write its connection here" in text
    assert yaml.safe_load(text)["coveo_ua"]["outputs"]["dev"]["type"] == "snowflake"


def test_a_pipeline_without_tables_is_refused() -> None:
    pipeline = dlt.pipeline("empty", destination="duckdb", dataset_name="coveo_ua")
    with pytest.raises(ProjectError, match=r"empty has no tables yet.*dlt pipeline empty run"):
        write_project(pipeline, Path("project"))
    assert not Path("project").exists()


def test_dbt_opens_the_database_with_the_duckdb_that_writes_it() -> None:
    pins = [
        re.findall(r"^duckdb==.+", (ROOT / name).read_text(), flags=re.MULTILINE)
        for name in ("constraints.txt", "constraints-dbt.txt")
    ]
    assert pins[0] == pins[1] != []


def test_the_command_writes_the_project_again_but_into_no_other_folder(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-10")
    for _ in range(2):
        done = dlt_command("pipeline", PIPELINE, "models", "--dbt", "project")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "Try:    cd project && dbt build"
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    done = dlt_command("pipeline", PIPELINE, "models", "--dbt", "mine")
    assert done.returncode == 2
    assert "mine is not empty" in done.stderr
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]
