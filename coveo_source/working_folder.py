"""dlt's working folder of a pipeline, after a process was killed or a disk was full."""

import json
from contextlib import suppress
from pathlib import Path

import dlt

from .tables import SOURCE

_HOME = "initial_cwd"
"""dlt's name for the folder in which a pipeline keeps its database, in its local state."""
_SCHEMAS = "schemas"


def damage(folder: Path) -> str | None:
    """Returns which of the files that a pipeline needs cannot be read, as a clause, or None."""
    for file in (folder / "state.json", *(folder / _SCHEMAS).glob("*.json")):
        with suppress(FileNotFoundError):
            try:
                json.loads(file.read_bytes())
            except ValueError:
                return f"{file.name} cannot be read"
    return None


def delete_half_written(folder: Path) -> None:
    """Deletes the schemas that a killed process had not written to the end.

    dlt writes each under another name first, and would take such a file for one more schema.
    """
    for file in (folder / _SCHEMAS).glob("*"):
        if file.suffix != ".json":
            file.unlink(missing_ok=True)


def forget_empty_schemas(pipeline: dlt.Pipeline) -> None:
    """Deletes schemas of others that have no tables; no other source has loaded anything then.

    dlt makes such a one for each name of a half-written schema that it has ever seen.
    """
    schemas = pipeline.schemas
    kept = (SOURCE, pipeline.default_schema_name)
    others = [name for name in schemas.list_schemas() if name not in kept]
    if empty := [name for name in others if not schemas[name].data_table_names()]:
        # otherwise the next synchronization would make them again
        with pipeline.managed_state():
            for name in empty:
                schemas.remove_schema(name)
            pipeline.schema_names = sorted(schemas.list_schemas())


def start_over(pipeline: dlt.Pipeline) -> dlt.Pipeline:
    """Empties the working folder of a pipeline; where it keeps its database is still known."""
    home = home_of(pipeline)
    pipeline = pipeline.drop()
    move_home(pipeline, home)
    return pipeline


def home_of(pipeline: dlt.Pipeline) -> Path:
    """Returns the folder in which a pipeline keeps a database that is a file."""
    return Path(pipeline.get_local_state_val(_HOME))


def move_home(pipeline: dlt.Pipeline, folder: Path) -> None:
    """Has a pipeline keep its database in another folder, from now on."""
    # dlt writes its own attribute over the state, and told it the destination
    setattr(pipeline, _HOME, str(folder))
    pipeline.set_local_state_val(_HOME, str(folder))
    pipeline.destination.config_params["local_dir"] = str(folder)
