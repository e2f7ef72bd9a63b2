"""Writes the models as a dbt project, from the same files.

Of a model's SQL only the names of the tables are replaced, by `source` and `ref`; what dbt needs
besides stands before and behind it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import yaml
from sqlglot import exp

from ...exceptions import ModelError, ProjectError
from ..files import SEED, Model, parse_sql, selected, sql_folder
from ..properties import BESIDE, CONFIG, arguments_of, kind_and_rest
from ..qualify import Schema, sql_schema
from .macros import DLT_LOADS, SOURCE, completing, condition_macro, names, touched, with_jinja
from .writer import write_folder

STRATEGY = "touched_units"
"""How dbt rebuilds a model. Its own `delete+insert` would leave units that are no more."""

WIDTH = 100

TABLE_DESCRIPTIONS = {
    "searches": "One row per search.",
    "clicks": "One row per click on a result.",
    "custom_events": "One row per event of another kind.",
    "keywords": "One row per search and word of it.",
    "groups": "One row per search and user group.",
}


class Target(NamedTuple):
    """Where the pipeline's tables are.

    destination: name of the dlt destination
    dataset: the schema of the tables; the models go to another one beside it
    database: path of the DuckDB file, if it is one
    """

    destination: str
    dataset: str
    database: Path | None = None

    @property
    def schema(self) -> str:
        """The schema of the models."""
        return f"{self.dataset}_dbt"


def write_project(pipeline: dlt.Pipeline, folder: Path) -> list[Path]:
    """Writes the dbt project of a pipeline into a folder; returns the files.

    Raises:
        ProjectError: if the pipeline has no tables yet, something else is in the folder, or files
            of the project were changed by hand
        ModelError: if a model's SQL does not end as the others do
    """
    schema = sql_schema(pipeline)
    if not schema.keys() & TABLE_DESCRIPTIONS.keys():
        raise ProjectError(
            f"The pipeline {pipeline.pipeline_name} has no tables yet, and the project is made for"
            f" those that there are. Run `dlt pipeline {pipeline.pipeline_name} run` first."
        )
    return write_folder(folder, dict(project_files(target_of(pipeline), schema)))


def target_of(pipeline: dlt.Pipeline) -> Target:
    """Where a pipeline keeps its tables."""
    destination = str(pipeline.destination.destination_name)
    database = None
    if destination == "duckdb":
        with pipeline.destination_client() as client:
            database = Path(str(client.config.data_location())).resolve()
    return Target(destination, str(pipeline.dataset_name), database)


def project_files(target: Target, schema: Schema) -> Iterator[tuple[str, str]]:
    """The project's files: path inside of the folder, and content."""
    yield from fixed_files()
    yield "profiles.yml", profile(target)
    yield "models/sources.yml", sources(target, schema)
    yield "macros/complete.sql", completing(schema)
    yield "macros/touched.sql", touched(schema)
    for model in selected(()):
        yield f"models/{model.name}.sql", model_file(model, schema)
        yield f"models/{model.name}.yml", nested(text_of(model.path.with_suffix(".yml")))
    yield f"seeds/{SEED}.yml", nested(text_of(sql_folder() / f"{SEED}.yml"))
    yield f"seeds/{SEED}.csv", text_of(sql_folder() / f"{SEED}.csv")


def fixed_files() -> Iterator[tuple[str, str]]:
    """The files that are the same in every project."""
    folder = Path(__file__).parent / "files"
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            yield name.replace("gitignore", ".gitignore"), text_of(path)


def text_of(path: Path) -> str:
    """A file as it is, line ends included."""
    return path.read_bytes().decode()


def profile(target: Target) -> str:
    """The connection of dbt to the database."""
    head = "# The models go to a schema of their own, beside the tables that the pipeline loads.\n"
    output = {"type": target.destination, "schema": target.schema, "threads": 1}
    if target.database:
        output["path"] = str(target.database)
    else:
        head += (
            f"# Install dbt-{target.destination} and write its connection here (host, user, ...):\n"
            "# https://docs.getdbt.com/docs/core/connect-data-platform/about-core-connections\n"
            "# The models are in DuckDB's SQL, which other databases understand in part only.\n"
            "# `dlt pipeline NAME models` translates it; dbt does not.\n"
        )
    return head + yaml_of({SOURCE: {"target": "dev", "outputs": {"dev": output}}})


def sources(target: Target, schema: Schema) -> str:
    """The tables that the pipeline loads."""
    tables = [
        {"name": name, "description": TABLE_DESCRIPTIONS[name]}
        for name in TABLE_DESCRIPTIONS
        if name in schema
    ]
    tables.append({"name": DLT_LOADS, "description": "One row per load, as dlt writes them down."})
    source = {
        "name": SOURCE,
        "description": "Coveo's usage analytics, as coveo_source loads them.",
        "schema": target.dataset,
        "tables": tables,
    }
    return yaml_of({"version": 2, "sources": [source]})


class Dumper(yaml.SafeDumper):
    """YAML with long texts in lines."""


def text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """A text, folded if it is long."""
    style = ">" if len(text) > WIDTH or "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


Dumper.add_representer(str, text_node)


def yaml_of(content: Mapping[str, Any]) -> str:
    """YAML in the order given."""
    return yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


def nested(properties: str) -> str:
    """A YAML file with the arguments of every test under `arguments`, as dbt wants them now."""
    content = yaml.safe_load(properties)
    for described in [*content.get("models", []), *content.get("seeds", [])]:
        for place in [described, *described.get("columns", [])]:
            for name in [name for name in ("data_tests", "tests") if place.get(name)]:
                place[name] = [nested_test(test) for test in place[name]]
    return yaml_of(content)


def nested_test(test: Any) -> Any:
    """One test so."""
    kind, given = kind_and_rest(test)
    arguments = arguments_of(given)
    if not arguments:
        return test
    beside = {key: value for key, value in given.items() if key in CONFIG | BESIDE}
    return {kind: {**beside, "arguments": arguments}}


def model_file(model: Model, schema: Schema) -> str:
    """A model as dbt wants it: rebuilt by unit, if it has one.

    Raises:
        ModelError: if no condition can be added to it
    """
    body = with_jinja(text_of(model.path), names(schema))
    if not model.unit:
        return body
    if not ends_plainly(parse_sql(model.sql)):
        raise ModelError(
            f"{model.path.name} does not end with a select of whole rows, such as `select * from"
            " final`: write it so, because dbt has to add a condition to it."
        )
    condition = f"{{{{ {condition_macro(model)}() }}}}"
    return (
        f'{{{{ config(incremental_strategy="{STRATEGY}") }}}}\n{body}'
        f"{{% if is_incremental() %}}\nwhere {condition}\n{{% endif %}}\n"
    )


def ends_plainly(query: exp.Query) -> bool:
    """Whether a condition can be added behind the query's last word."""
    behind = ("where", "group", "having", "qualify", "order", "limit", "offset")
    return isinstance(query, exp.Select) and not any(query.args.get(part) for part in behind)
