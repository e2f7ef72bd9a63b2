"""Where the tables of a pipeline are, and how dbt connects there: `profiles.yml`."""

from pathlib import Path
from typing import NamedTuple

import dlt

from ...exceptions import ProjectError
from .adapters import ADAPTERS, find_adapter
from .macros import DBT_SOURCE
from .yaml_text import literal, yaml_of


class Target(NamedTuple):
    """Where the pipeline's tables are.

    adapter: name of the dbt adapter
    dataset: the schema of the tables, as the database has it; the models go to another schema
    database: path of the DuckDB file; None for other destinations
    place: the schema of the tables where that is not the dataset, as in ClickHouse
    prefix: what the names of the tables there begin with
    """

    adapter: str
    dataset: str
    database: Path | None = None
    place: str | None = None
    prefix: str = ""

    @property
    def schema(self) -> str:
        """Schema of the models."""
        return f"{self.dataset}_dbt"


def target_of(pipeline: dlt.Pipeline, adapter_name: str | None) -> Target:
    """Returns where the tables of a pipeline are.

    adapter_name: None for that of the pipeline's destination

    Raises:
        SettingError: if there is no adapter of the name
        ProjectError: if there is none for the destination, or dbt cannot read from there
    """
    # not its name, which may be one of the user's
    destination = pipeline.destination.to_name(pipeline.destination.destination_type)
    adapter = find_adapter(adapter_name, destination)
    database = None
    if destination == "duckdb" and not adapter.is_translated:
        with pipeline.destination_client() as job_client:
            database = Path(str(job_client.config.data_location())).resolve()
    # dlt writes a name in its own way, unless it is told not to
    client = pipeline.sql_client()
    dataset = str(client.dataset_name)
    if {*dataset} & {*"\"'"}:
        raise ProjectError(
            f"dbt cannot read the dataset {dataset}: its name has a quotation mark in it. Load into"
            " another one, with --dataset-name."
        )
    if {*str(database)} & {*"#?"}:
        raise ProjectError(
            f"dbt cannot open the database {database}: it takes what comes after # or ? for"
            " options. Move it to another path."
        )
    if destination == adapter.name == "clickhouse":
        # there a dataset is no schema, but the beginning of the tables' names
        [*_, place, table] = client.make_qualified_table_name_path("table", quote=False)
        return Target(adapter.name, dataset, database, place, table.removesuffix("table"))
    return Target(adapter.name, dataset, database)


def profile(target: Target) -> str:
    """Returns dbt's connection to the database, `profiles.yml`."""
    adapter = ADAPTERS[target.adapter]
    head = "# The models go to their own schema, next to the tables that the pipeline loads.\n"
    output = {"type": adapter.name, "schema": literal(target.schema), "threads": 1}
    if target.database:
        output["path"] = literal(str(target.database))
    else:
        head += (
            f"# Install dbt-{adapter.name} and write its connection here, or set these variables:\n"
            "# https://docs.getdbt.com/docs/core/connect-data-platform/about-core-connections\n"
        )
        output |= adapter.connection
    return head + yaml_of({DBT_SOURCE: {"target": "dev", "outputs": {"dev": output}}})
