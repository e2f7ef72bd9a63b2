"""Writes the models as a dbt project.

The YAML files are copied. In the SQL files for DuckDB only the names of tables are replaced, by
`source` and `ref`; for other databases the SQL is translated too. The configuration is added before
the SQL, and the incremental condition after it.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

import dlt
from sqlglot import exp

from ...command_lines import verb_command
from ...exceptions import ModelError, ProjectError
from ...model_settings import DEFAULTS, ModelSettings
from ...tables import TABLES
from ..files import SEEDS, TIMELINE, Model, parse_sql, seed_rows, selected, sql_folder
from ..properties import VISIT, read_properties
from ..qualify import Schema, stored_schema
from .adapters import ADAPTERS, Adapter
from .macros import completing_macros, condition_macro, jinja_names, touched_macros
from .semantics import semantic_layer
from .sources import described_sources, sources
from .target import Target, profile, target_of
from .translation import SqlWriter
from .writer import write_folder
from .yaml_text import yaml_of

_STRATEGY = "touched_units"
"""The incremental strategy of macros/rebuild.sql. dbt's own `delete+insert` would not delete units
that have no rows any more."""


def write_project(
    pipeline: dlt.Pipeline,
    folder: Path,
    settings: ModelSettings = DEFAULTS,
    adapter: str | None = None,
) -> list[Path]:
    """Writes the dbt project of a pipeline into a folder; returns the paths of the files.

    adapter: name of a dbt adapter; None for that of the pipeline's destination

    Raises:
        SettingError: if there is no such adapter
        ProjectError: if the pipeline has no tables yet, there is no adapter for its destination, or
            files of the user would be overwritten
        ModelError: if no condition can be appended to a model's SQL
    """
    schema = stored_schema(pipeline)
    if not schema.keys() & TABLES.keys():
        raise ProjectError(
            f"The pipeline {pipeline.pipeline_name} has no tables yet, so a dbt project would have"
            f" nothing to read. Run `{verb_command(pipeline.pipeline_name, 'run')}` first."
        )
    target = target_of(pipeline, adapter)
    files = _project_files(target, schema, pipeline.default_schema, settings)
    return write_folder(folder, dict(files))


def _project_files(
    target: Target, schema: Schema, stored: dlt.Schema, settings: ModelSettings
) -> Iterator[tuple[str, str]]:
    """Yields the path of each file inside the folder, and its content.

    schema: with all columns of the tables
    stored: the same as dlt has it, with descriptions
    """
    adapter = ADAPTERS[target.adapter]
    models = selected((), settings=settings)
    writer = SqlWriter(adapter, schema, models)
    yield from _fixed_files(adapter).items()
    yield "profiles.yml", profile(target)
    yield "models/sources.yml", sources(target, [*described_sources(stored, writer)])
    if not adapter.is_translated:
        yield "macros/complete.sql", completing_macros(schema)
    if adapter.rebuilds_units:
        yield "macros/touched.sql", touched_macros(models, schema, writer)
    names = jinja_names(models, schema, writer)
    for model in models:
        yield f"models/{model.name}.sql", _model_file(model, adapter, names, writer)
        yield f"models/{model.name}.yml", writer.described(model.properties.text)
    by_name = {model.name: model for model in models}
    layer = semantic_layer(by_name, settings, writer.expression)
    yield "models/semantic_models.yml", yaml_of(layer)
    seeds = seed_rows(settings=settings)
    for name in SEEDS:
        seed = read_properties(sql_folder() / f"{name}.yml")
        yield f"seeds/{name}.yml", writer.described(seed.text)
        yield f"seeds/{name}.csv", _csv_of(seeds[name])


def _fixed_files(adapter: Adapter) -> dict[str, str]:
    """Returns the files that are the same for every pipeline, by path inside the folder."""
    files = _files_in("files")
    if adapter.is_translated:
        files |= _files_in("translated_files")
    if not adapter.rebuilds_units:
        del files["macros/rebuild.sql"]
        settings, _, _ = files["dbt_project.yml"].partition("\non-run-start:")
        files["dbt_project.yml"] = settings
    return files


def _files_in(name: str) -> dict[str, str]:
    folder = Path(__file__).parent / name
    return {
        path.relative_to(folder).as_posix().replace("gitignore", ".gitignore"): _text_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _text_of(path: Path) -> str:
    # read_text would change the line endings
    return path.read_bytes().decode()


def _csv_of(rows: Sequence[Mapping[str, str]]) -> str:
    file = StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _model_file(model: Model, adapter: Adapter, names: Mapping[str, str], writer: SqlWriter) -> str:
    """Returns a model's SQL for dbt, with the condition for the rows of an incremental build."""
    body = writer.query(model.sql, names)
    if adapter.is_translated:
        body = (
            f"-- Translated from {model.path.name} of coveo_source, which explains it.\n\n{body}\n"
        )
    if not model.unit:
        return body
    if not adapter.rebuilds_units:
        return f'{{{{ config(materialized="table") }}}}\n{body}'
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
