"""What runs leave on disk, and who may read it."""

import os
import stat
from pathlib import Path

import pyarrow.parquet as pq

from tests.support.cli_user import PIPELINE


def pipeline_folder() -> Path:
    """Returns the pipeline's working folder."""
    return Path(os.environ["DLT_DATA_DIR"], "pipelines", PIPELINE)


def mode_of(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def modes_in(folder: Path) -> dict[str, str]:
    """Returns the modes of a folder and everything in it, by path."""
    return {str(path.relative_to(folder)): mode_of(path) for path in [folder, *folder.rglob("*")]}


def files_with(text: str, folder: Path) -> list[Path]:
    """Returns the files below a folder that hold a text, packed or not."""
    return [path for path in folder.rglob("*") if path.is_file() and _holds(path, text)]


def _holds(path: Path, text: str) -> bool:
    packed = path.suffix == ".parquet" and text in str(pq.read_table(path).to_pydict())
    return packed or text.encode() in path.read_bytes()
