"""The sources of a dbt project have columns with descriptions, whatever these say."""

import json
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
import yaml

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import HOSTILE_TEXTS, Fault, at, inject, rewritten
from coveo_source.models.dbt.project import write_project
from coveo_source.tables import DIMENSIONS, REMOVED, TABLES
from tests.support.cli_user import DATASET, PIPELINE, load
from tests.support.dbt_user import dbt, needs_dbt

DESCRIBED = (*TABLES, DIMENSIONS, REMOVED)
JINJA = (
    "{{ env_var('HOME') }}",
    "{% raw %}{% endraw %}{{ 1 / 0 }}",
    "{%- endraw -%}{# comment #}",
    "{{ '{' }}",
    "{{{ doc('x') }}}",
    "# yaml: [1, 2] & *x !y | >",
    "'single' \"double\" \\n \\",
)


def hostile(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    texts = (*JINJA, *HOSTILE_TEXTS)
    named = [{**each, "displayName": text} for each, text in zip(listed, texts, strict=False)]
    return [*named, *listed[len(named) :]]


def said() -> dict[tuple[str, str], str | None]:
    """Returns the description of each column in dlt's schema, by table and column."""
    schema = dlt.attach(PIPELINE).default_schema
    return {
        (table, name): hints["description"]
        for table in DESCRIBED
        for name, hints in schema.get_table_columns(table).items()
    }


@pytest.fixture
def project(serve: Any) -> Path:
    """The project of a pipeline with hostile display names."""
    server: DemoServer = serve(Traffic(seed=3, visits_per_day=4))
    inject(server, Fault(at("dimensions"), rewritten(hostile), None))
    load(server, from_date="2026-03-10")
    folder = Path("project").resolve()
    write_project(dlt.attach(PIPELINE), folder)
    return folder


def test_each_column_of_each_source_is_there_once(project: Path) -> None:
    [source] = yaml.safe_load((project / "models/sources.yml").read_text())["sources"]
    listed = [
        (table["name"], column["name"])
        for table in source["tables"]
        for column in table.get("columns", ())
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) == said().keys()
    assert all(table["description"].startswith("One row per ") for table in source["tables"])
    # a brace stands alone only where it is an expression of ours
    text = (project / "models/sources.yml").read_text()
    assert "{" not in text.replace("{{ '{' }}", "").replace("{{ ''{'' }}", "")


@pytest.mark.slow
@needs_dbt
def test_dbt_reads_them_as_they_are(project: Path) -> None:
    dbt(project, "parse")
    manifest = json.loads((project / "target/manifest.json").read_text())
    read = {
        (source["name"], column["name"]): column["description"]
        for source in manifest["sources"].values()
        for column in source["columns"].values()
    }
    assert read == said()
    assert any("{{ env_var('HOME') }}" in text for text in read.values())


@pytest.mark.slow
@needs_dbt
def test_dbt_tells_how_fresh_the_tables_are_before_it_has_built_anything(project: Path) -> None:
    printed = dbt(project, "source", "freshness", "--show-all-deprecations")
    # every table but that of removed rows
    assert printed.count(" PASS freshness of ") == len(DESCRIBED)
    assert "eprecat" not in printed
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"update {DATASET}.groups set _dlt_load_id = '1765432109.137'")
    # a quiet table is no failure, by which this command would end
    assert "1 of 1 WARN freshness of coveo_ua.groups" in dbt(
        project, "source", "freshness", "--select", "source:coveo_ua.groups"
    )
