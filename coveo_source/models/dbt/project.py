"""Writes the models as a dbt project.

The YAML files are copied. In the SQL files only the names of tables are replaced, by `source` and
`ref`; the configuration is added before the SQL, and the incremental condition after it.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import yaml
from sqlglot import exp

from ...exceptions import ModelError, ProjectError
from ...model_settings import DEFAULTS, ModelSettings
from ...tables import DIMENSIONS, REMOVED, TABLES
from ..files import SEEDS, TIMELINE, Model, parse_sql, seed_rows, selected, sql_folder
from ..properties import VISIT, read_properties
from ..qualify import Schema, stored_schema
from .macros import (
    DBT_SOURCE,
    DLT_LOADS,
    completing_macros,
    condition_macro,
    jinja_names,
    touched_macros,
    with_jinja,
)
from .semantics import semantic_layer
from .writer import write_folder

_STRATEGY = "touched_units"
"""The incremental strategy of macros/rebuild.sql. dbt's own `delete+insert` would not delete units
that have no rows any more."""

_LINE_LENGTH = 100


class Target(NamedTuple):
    """Where the pipeline's tables are.

    destination: name of the dlt destination
    dataset: the schema of the tables, as the database has it; the models go to another schema
    database: path of the DuckDB file; None for other destinations
    """

    destination: str
    dataset: str
    database: Path | None = None

    @property
    def schema(self) -> str:
        """Schema of the models."""
        return f"{self.dataset}_dbt"


def write_project(
    pipeline: dlt.Pipeline, folder: Path, settings: ModelSettings = DEFAULTS
) -> list[Path]:
    """Writes the dbt project of a pipeline into a folder; returns the paths of the files.

    Raises:
        ProjectError: if the pipeline has no tables yet, or files of the user would be overwritten
        ModelError: if no condition can be appended to a model's SQL
    """
    schema = stored_schema(pipeline)
    if not schema.keys() & TABLES.keys():
        raise ProjectError(
            f"The pipeline {pipeline.pipeline_name} has no tables yet, so a dbt project would have"
            f" nothing to read. Run `dlt pipeline {pipeline.pipeline_name} run` first."
        )
    sources = list(_described_sources(pipeline.default_schema))
    files = _project_files(_target_of(pipeline), schema, sources, settings)
    return write_folder(folder, dict(files))


def _target_of(pipeline: dlt.Pipeline) -> Target:
    destination = str(pipeline.destination.destination_name)
    database = None
    if destination == "duckdb":
        with pipeline.destination_client() as client:
            database = Path(str(client.config.data_location())).resolve()
    # dlt writes a name in its own way, unless it is told not to
    dataset = str(pipeline.sql_client().dataset_name)
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
    return Target(destination, dataset, database)


def _project_files(
    target: Target,
    schema: Schema,
    sources: Sequence[Mapping[str, Any]],
    settings: ModelSettings,
) -> Iterator[tuple[str, str]]:
    """Yields the path of each file inside the folder, and its content.

    sources: the tables that are loaded, as dbt describes them
    """
    same_in_all = Path(__file__).parent / "files"
    for path in sorted(same_in_all.rglob("*")):
        if path.is_file():
            name = path.relative_to(same_in_all).as_posix()
            yield name.replace("gitignore", ".gitignore"), _text_of(path)
    yield "profiles.yml", profile(target)
    yield "models/sources.yml", _sources(target, sources)
    yield "macros/complete.sql", completing_macros(schema)
    models = selected((), settings=settings)
    yield "macros/touched.sql", touched_macros(models, schema)
    names = jinja_names(models, schema)
    for model in models:
        yield f"models/{model.name}.sql", _model_file(model, names)
        yield f"models/{model.name}.yml", model.properties.text
    by_name = {model.name: model for model in models}
    yield "models/semantic_models.yml", _yaml_of(semantic_layer(by_name, settings))
    seeds = seed_rows(settings=settings)
    for name in SEEDS:
        yield f"seeds/{name}.yml", read_properties(sql_folder() / f"{name}.yml").text
        yield f"seeds/{name}.csv", _csv_of(seeds[name])


def _text_of(path: Path) -> str:
    # read_text would change the line endings
    return path.read_bytes().decode()


def profile(target: Target) -> str:
    """Returns dbt's connection to the database, `profiles.yml`."""
    head = "# The models go to their own schema, next to the tables that the pipeline loads.\n"
    output = {"type": target.destination, "schema": _literal(target.schema), "threads": 1}
    if target.database:
        output["path"] = _literal(str(target.database))
    else:
        head += (
            f"# Install dbt-{target.destination} and write its connection here (host, user, ...):\n"
            "# https://docs.getdbt.com/docs/core/connect-data-platform/about-core-connections\n"
            "# The models are in DuckDB's SQL, which other databases support only in part.\n"
            "# `dlt pipeline NAME models` translates it; dbt does not.\n"
        )
    return head + _yaml_of({DBT_SOURCE: {"target": "dev", "outputs": {"dev": output}}})


def _sources(target: Target, tables: Sequence[Mapping[str, Any]]) -> str:
    source = {
        "name": DBT_SOURCE,
        "description": "Coveo's usage analytics, as coveo_source loads them.",
        "schema": _literal(target.dataset),
        "tables": tables,
    }
    return _yaml_of({"version": 2, "sources": [source]})


def _described_sources(schema: dlt.Schema) -> Iterator[dict[str, Any]]:
    """Yields the tables that are loaded, with what dlt's schema says of them."""
    loaded = schema.data_table_names(seen_data_only=True)
    for name in (*TABLES, DIMENSIONS, REMOVED):
        if name in loaded:
            hints = schema.get_table_columns(name)
            columns = [_with_text({"name": _literal(each)}, hints[each]) for each in hints]
            yield {**_with_text({"name": name}, schema.tables[name]), "columns": columns}
        elif name == REMOVED:
            # the models read it as soon as it is there
            yield {"name": name, "description": "One row per row that was removed."}
    yield {"name": DLT_LOADS, "description": "One row per load, written by dlt."}


def _with_text(entry: dict[str, Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """Adds the description from dlt's schema to an entry, if there is one."""
    text = hints.get("description")
    return {**entry, "description": _literal(text)} if text else entry


def _literal(text: str) -> str:
    """Returns a name, path or text so that dbt, which renders its YAML files, reads it as it is."""
    # not by `raw`: what is in the text might end it
    return text.replace("{", "{{ '{' }}")


class _Dumper(yaml.SafeDumper):
    """A YAML dumper that folds long texts."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = ">" if len(text) > _LINE_LENGTH or "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text_node)


def _yaml_of(content: Mapping[str, Any]) -> str:
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE_LENGTH
    )


def _csv_of(rows: Sequence[Mapping[str, str]]) -> str:
    file = StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _model_file(model: Model, names: Mapping[str, str]) -> str:
    """Returns a model's SQL for dbt, with the condition for the rows of an incremental build."""
    body = with_jinja(model.sql, names)
    if not model.unit:
        return body
    if not _ends_plainly(parse_sql(model.sql)):
        raise ModelError(
            f"{model.path.name} does not end with a plain select such as `select * from final`."
            " For dbt it has to, because a condition is appended to it."
        )
    # dbt does not see what only the condition reads
    reads = "" if model.unit == VISIT else f"-- depends_on: {{{{ ref('{TIMELINE}') }}}}\n"
    return (
        f'{{{{ config(incremental_strategy="{_STRATEGY}") }}}}\n{reads}{body}'
        "{% if is_incremental() %}\n"
        f"where {{{{ {condition_macro(model)}() }}}}\n"
        "{% endif %}\n"
    )


def _ends_plainly(query: exp.Query) -> bool:
    """Returns True if a `where` clause can be appended to the query's text."""
    after_from = ("where", "group", "having", "qualify", "order", "limit", "offset")
    return isinstance(query, exp.Select) and not any(query.args.get(part) for part in after_from)
