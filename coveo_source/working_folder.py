"""dlt's working folder of a pipeline, after a process was killed or a disk was full."""

import json
from contextlib import suppress
from pathlib import Path

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
