"""`python -m tests.warehouses DRIVER NAME VERB …`: a verb over another driver of the database.

`python -m tests.warehouses DRIVER NAME dump DESTINATION FILE` writes all tables to a file instead.
DRIVER is a module in `tests.warehouses.drivers`; `own` leaves dlt its own driver.
"""

import sys
from importlib import import_module
from pathlib import Path

from tests.warehouses.tables import dump


def main() -> None:
    """Does what the command line says."""
    driver, pipeline, verb, *words = sys.argv[1:]
    if driver != "own":
        import_module(f"tests.warehouses.drivers.{driver}").install()
    if verb == "dump":
        destination, file = words
        dump(pipeline, destination, Path(file))
        return
    from coveo_source.__main__ import main as run_verb

    sys.argv = ["coveo_source", pipeline, verb, *words]
    run_verb()


if __name__ == "__main__":
    main()
