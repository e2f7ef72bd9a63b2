"""What dlt leaves of loads in the working folder: it keeps the files with their rows."""

from pathlib import Path

import dlt

from ..extract import files_folder
from ..private_files import delete_folder


def forget_packages(pipeline: dlt.Pipeline) -> None:
    """Removes the rows of packages that are loaded, and the last trace, which may quote some.

    The packages themselves stay, so that dlt's commands still list them.
    """
    folder = Path(pipeline.working_dir)
    for jobs in (folder / "load" / "loaded").glob("*/*_jobs"):
        for file in jobs.iterdir():
            file.unlink()
    (folder / "trace.pickle").unlink(missing_ok=True)
    # of a run that was killed
    delete_folder(files_folder(pipeline))
