"""Where a pipeline has its working folder: in dlt's common folder, or in the current one.

dlt remembers the folder of a pipeline's first run and goes on with the database there, wherever it
is called from. So the demo, which people try in several folders, keeps its pipeline in each.
"""

import json
from contextlib import suppress
from pathlib import Path

import dlt

from ..extract import PipelineState
from ..private_files import delete_folder

IN_THE_CURRENT_FOLDER = Path(".dlt", ".pipelines")
"""The folder for pipelines in the current folder."""


def pipelines_dir(pipeline: str, is_demo: bool) -> str | None:
    """Returns the folder for pipelines that a command uses; None for dlt's common one.

    The demo's pipeline is in the current folder, and so is what goes on with it.
    """
    folder = Path.cwd() / IN_THE_CURRENT_FOLDER
    home = _home_of(folder / pipeline)
    here = Path(dlt.current.run_context().local_dir).resolve()
    if is_demo and home not in (None, here):
        # the folder is a copy, and the pipeline would go on in that of which it is one
        delete_folder(folder / pipeline)
    return str(folder) if is_demo or home == here else None


def _home_of(working_folder: Path) -> Path | None:
    """Returns the folder in which a pipeline first loaded data of Coveo's; None if in none."""
    with suppress(OSError, ValueError, LookupError, AttributeError):
        state = json.loads((working_folder / "state.json").read_bytes())
        home = Path(state["_local"]["initial_cwd"]).resolve()
        return home if PipelineState.of_pipeline(state).dataset_id else None
    return None


def damage(folder: Path) -> str | None:
    """Returns which of dlt's files in a working folder cannot be read, or None."""
    for file in (folder / "state.json", *(folder / "schemas").glob("*.json")):
        with suppress(FileNotFoundError):
            try:
                json.loads(file.read_bytes())
            except ValueError:
                return f"{file.name} cannot be read"
    return None
