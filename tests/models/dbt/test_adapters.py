"""The dbt project can be written for databases other than DuckDB, in their own SQL."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dlt
import jinja2
import pytest
import sqlglot
import yaml
from sqlglot import exp

from coveo_source.demo import DemoServer
from coveo_source.exceptions import ProjectError, SettingError
from coveo_source.model_settings import ModelSettings
from coveo_source.models.dbt.adapters import ADAPTERS, Adapter, find_adapter
from coveo_source.models.dbt.macros import DBT_SOURCE
from coveo_source.models.dbt.project import Target, profile, write_project
from coveo_source.models.dbt.sources import sources
from coveo_source.models.files import SEEDS
from coveo_source.tables import REMOVED, TABLES
from tests.models.incremental import history
from tests.models.incremental.random_rows import large_load
from tests.support.assertions import invoke
from tests.support.cli_user import DATASET, PIPELINE, load
from tests.support.dbt_user import MODELS

TRANSLATED = [adapter for adapter in ADAPTERS.values() if adapter.is_translated]
DIMENSION = "select"
"""A dimension with the name of a keyword."""


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The folders of the same pipeline's projects for all of these adapters, by name."""
    folder = tmp_path_factory.mktemp("projects")
    pipeline = dlt.pipeline(
        PIPELINE,
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "data.duckdb")),
        dataset_name=DATASET,
    )
    history.load(pipeline, large_load(1), dimension=DIMENSION)
    settings = ModelSettings(model_dimensions=(DIMENSION,))
    written = {adapter.name: folder / adapter.name for adapter in TRANSLATED}
    for name, project in written.items():
        write_project(pipeline, project, settings, name)
    return written


def test_a_destination_with_a_name_of_its_own_gets_the_adapter_of_its_kind(tmp_path: Path) -> None:
    database = tmp_path / "data.duckdb"
    pipeline = dlt.pipeline(
        PIPELINE,
        destination=dlt.destinations.duckdb(str(database), destination_name="store"),
        dataset_name=DATASET,
    )
    history.load(pipeline, large_load(1))
    write_project(pipeline, tmp_path / "project")
    profiles = yaml.safe_load((tmp_path / "project/profiles.yml").read_text())
    output = profiles[DBT_SOURCE]["outputs"]["dev"]
    assert (output["type"], output["path"]) == ("duckdb", str(database))


@pytest.fixture(params=TRANSLATED, ids=lambda adapter: str(adapter.name))
def adapter(request: pytest.FixtureRequest) -> Adapter:
    given: Adapter = request.param
    return given


@pytest.fixture
def project(projects: Mapping[str, Path], adapter: Adapter) -> Path:
    return projects[adapter.name]


class Dbt:
    """Renders the SQL of a project, with the plain name of each table, as in a later build."""

    def __init__(self, folder: Path) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined
        )
        self._environment.globals |= {
            "config": lambda **given: "",
            "source": lambda name, table: f"loaded_{table}",
            "ref": lambda name: name,
            "is_incremental": lambda: True,
            "return": lambda value: value,
            "state_table": lambda name: name,
            "previous": lambda name: f"previous_{name}",
            "everything_is_touched": lambda: "1 = 0",
        }
        if (folder / "macros/touched.sql").exists():
            module: Any = self._environment.get_template("macros/touched.sql").module
            self.macros = {name: macro for name, macro in vars(module).items() if callable(macro)}
            self._environment.globals |= self.macros

    def model(self, name: str) -> str:
        return self._environment.get_template(f"models/{name}.sql").render()


def tables_in(sql: str, dialect: str) -> set[str]:
    """Parses SQL in a dialect; returns the names of the tables that it reads."""
    tree: exp.Expr = sqlglot.parse_one(sql, read=dialect)
    named = {table.name.lower() for table in tree.find_all(exp.Table)}
    return named - {cte.alias.lower() for cte in tree.find_all(exp.CTE)}


def expected_tables(name: str, adapter: Adapter) -> set[str]:
    built = {*MODELS, *SEEDS}
    reads = {each if each in built else f"loaded_{each}" for each in MODELS[name].reads}
    if not adapter.rebuilds_units:
        return reads
    return {
        *reads,
        "dbt_touched_units",
        *(["all_events"] if MODELS[name].unit != "visit_id" else []),
    }


def test_the_models_are_sql_of_the_database_over_the_same_tables(
    project: Path, adapter: Adapter
) -> None:
    rendered = Dbt(project)
    for name in MODELS:
        sql = rendered.model(name)
        assert tables_in(sql, adapter.dialect) == expected_tables(name, adapter), name
        assert "jinja__" not in sql
        # DuckDB's `exclude` and `by name` are spelled out
        stars = sqlglot.parse_one(sql, read=adapter.dialect).find_all(exp.Star)
        assert all(isinstance(star.parent, exp.Count) for star in stars), name


def test_every_name_is_quoted_because_a_dimension_may_be_called_like_a_keyword(
    project: Path, adapter: Adapter
) -> None:
    sql = Dbt(project).model("visits")
    names = list(sqlglot.parse_one(sql, read=adapter.dialect).find_all(exp.Identifier))
    written_otherwise = {name.name for name in names if not name.quoted}
    # what our macros and the names of dbt's tables bring along
    assert written_otherwise <= {"all_events", "dbt_touched_units"}
    if adapter.name == "snowflake":
        # without quotes Snowflake takes a name in capitals
        assert all(name.name == name.name.upper() for name in names if name.quoted)


def test_what_a_load_touches_is_found_in_the_sql_of_the_database(
    projects: Mapping[str, Path],
) -> None:
    for adapter in (each for each in TRANSLATED if each.rebuilds_units):
        macros = Dbt(projects[adapter.name]).macros
        assert tables_in(macros["touched_by_new_loads"](), adapter.dialect) == {
            *("loaded_searches", "loaded_clicks", "loaded_custom_events"),
            *("loaded_keywords", "loaded_groups", f"loaded_{REMOVED}"),
            *("previous_all_events", "dbt_touched_units"),
        }
        for name in MODELS:
            condition = macros[f"touched_{name}"]()
            delete = sqlglot.parse_one(f"delete from x where {condition}", read=adapter.dialect)
            assert isinstance(delete, exp.Delete)


def test_without_our_strategy_dbt_builds_all_models_in_full(projects: Mapping[str, Path]) -> None:
    for adapter in (each for each in TRANSLATED if not each.rebuilds_units):
        folder = projects[adapter.name]
        assert not (folder / "macros").exists()
        assert "on-run" not in (folder / "dbt_project.yml").read_text()
        for name in MODELS:
            head, *_ = (folder / f"models/{name}.sql").read_text().splitlines()
            assert head == '{{ config(materialized="table") }}'


def test_data_tests_cast_to_types_that_the_database_has(project: Path, adapter: Adapter) -> None:
    for file in [*project.glob("models/*.yml"), *project.glob("seeds/*.yml")]:
        text = file.read_text()
        yaml.safe_load(text)
        casts = [exp.DataType.build(kind, dialect=adapter.dialect) for kind in types_in(text)]
        if adapter.name in ("bigquery", "spark", "databricks"):
            assert "varchar" not in text.lower()
        assert all(kind.this is not exp.DType.UNKNOWN for kind in casts)


def types_in(text: str) -> Iterator[str]:
    yield from re.findall(r"data_type: (.+)", text)
    yield from re.findall(r"cast\(\w+ as (.+?)\) \|\|", text)


def test_freshness_is_told_by_the_ids_of_loads(project: Path, adapter: Adapter) -> None:
    [source] = yaml.safe_load((project / "models/sources.yml").read_text())["sources"]
    configs = {table["name"]: table.get("config") for table in source["tables"]}
    events = configs.pop("_dlt_loads")
    assert events["loaded_at_field"] == "inserted_at"
    assert events["freshness"]["error_after"] == {"count": 72, "period": "hour"}
    assert configs.pop(REMOVED) is None
    assert len(configs) == len(TABLES)
    for config in configs.values():
        assert list(config["freshness"]) == ["warn_after"]
        field = sqlglot.parse_one(config["loaded_at_field"], read=adapter.dialect)
        assert [column.name.lower() for column in field.find_all(exp.Column)] == ["_dlt_load_id"]


@pytest.mark.parametrize("destination", ["motherduck", "ducklake", "duckdb"])
def test_databases_that_duckdb_reads_have_its_adapter(destination: str) -> None:
    assert find_adapter(None, destination).name == "duckdb"


def test_a_destination_without_an_adapter_is_refused() -> None:
    with pytest.raises(ProjectError, match=r"destination redshift.*duckdb, postgres.*--adapter"):
        find_adapter(None, "redshift")
    assert find_adapter("postgres", "redshift").name == "postgres"
    with pytest.raises(SettingError, match="Accepted: duckdb, postgres"):
        find_adapter("oracle", "duckdb")


def test_the_option_goes_with_dbt_only(demo: DemoServer) -> None:
    alone = invoke(PIPELINE, "models", "--adapter", "postgres")
    assert (alone.code, "--dbt FOLDER only" in alone.err) == (2, True)
    load(demo, from_date="2026-03-10", tables="searches")
    unknown = invoke(PIPELINE, "models", "--dbt", "project", "--adapter", "oracle")
    assert (unknown.code, "Accepted: duckdb" in unknown.err) == (2, True)
    assert not Path("project").exists()
    known = invoke(PIPELINE, "models", "--dbt", "project", "--adapter", "bigquery")
    assert (known.code, known.err) == (0, "")
    assert "type: bigquery" in Path("project/profiles.yml").read_text()


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_connection_is_completed_by_variables_not_by_secrets(adapter: str) -> None:
    written = yaml.safe_load(profile(Target(adapter, "coveo_ua")))
    output = written["coveo_ua"]["outputs"]["dev"]
    assert (output["type"], output["schema"]) == (adapter, "coveo_ua_dbt")
    for secret in output.keys() & {"password", "token", "user", "host", "path"}:
        assert "env_var(" in output[secret]


def test_where_datasets_are_no_schemas_tables_have_the_dataset_in_their_names() -> None:
    target = Target("clickhouse", "coveo_ua", place="default", prefix="coveo_ua___")
    [source] = yaml.safe_load(sources(target, [{"name": "searches"}]))["sources"]
    assert source["schema"] == "default"
    assert source["tables"] == [{"name": "searches", "identifier": "coveo_ua___searches"}]
