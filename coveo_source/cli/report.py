"""The verb `report`: writes a report, or a notebook, of what is loaded.

It needs no settings of the source, asks nothing of Coveo, and changes nothing in the dataset.
"""

import os
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import dlt

from ..command_lines import install_command
from ..dataset import open_dataset, read_record
from ..exceptions import SettingError
from ..models import DIALECT, sql_schema
from ..private_files import users_umask
from ..vega import Vega
from .building import settings_of_models
from .pipeline import Options, looking
from .progress import ConsoleProgress

if TYPE_CHECKING:
    from ..report import Connection, Origin, Place

_NEEDED = ("altair", "jinja2", "vl_convert")
"""What the extra `report` installs."""


class ReportOptions(NamedTuple):
    """What the command line says of a report.

    out: the file to write
    start, end: the first day, and the day after the last one, as they were given
    open_it: whether it is opened in a browser
    notebook: the file for a notebook, which is written instead
    """

    out: Path
    start: str | None = None
    end: str | None = None
    with_names: bool = False
    visit: str | None = None
    open_it: bool = False
    notebook: Path | None = None


class WrittenReport(NamedTuple):
    """What was written.

    days: which days it shows, in words; None for a notebook
    """

    file: Path
    days: str | None = None


def write_report(
    options: Options, wanted: ReportOptions, vega: Vega | None = None
) -> WrittenReport:
    """Writes a report, or a notebook.

    vega: if it has been started

    Raises:
        SettingError: if the file or the days cannot be what was given; before anything is read
        PipelineMismatch: if the pipeline holds no data of Coveo's, or models are missing
        ReportError: if the database refuses a query
    """
    check_report(wanted)
    from ..report import Artist, ReportRequest, make_notebook, make_report

    days = (_day("from", wanted.start), _day("to", wanted.end))
    request = ReportRequest(*days, wanted.with_names, wanted.visit)
    if notebook := wanted.notebook:
        with _looked_at(options) as (pipeline, place, origin):
            connection = _connection(options, pipeline, notebook)
            _write(notebook, make_notebook(place, origin, request, notebook.name, connection))
        return WrittenReport(notebook)
    with (
        vega or Vega() as running,
        Artist(running) as artist,
        _looked_at(options) as (_, place, origin),
    ):
        report = make_report(place, origin, request, artist)
    _write(wanted.out, report.html)
    if wanted.open_it:
        webbrowser.open(wanted.out.resolve().as_uri())
    return WrittenReport(wanted.out, str(report.days))


def _connection(options: Options, pipeline: dlt.Pipeline, notebook: Path) -> "Connection":
    """Returns how a notebook reaches the data of a pipeline."""
    from ..report import dlt_connection, duckdb_connection

    destination = pipeline.destination.destination_name
    if destination != "duckdb":
        return dlt_connection(options.pipeline, destination, options.dataset)
    database = pipeline.destination_client().config.data_location()
    return duckdb_connection(os.path.relpath(str(database), notebook.resolve().parent))


def check_report(wanted: ReportOptions) -> None:
    """Checks what can be checked before anything is read or loaded.

    Raises:
        SettingError: if the extra is not installed, or the file cannot be written
    """
    if missing := [name for name in _NEEDED if not find_spec(name)]:
        way = f"It is not installed: {install_command('report')}"
        raise SettingError("report", ", ".join(missing), way)
    for name, value in (("from", wanted.start), ("to", wanted.end)):
        _day(name, value)
    file = wanted.notebook or wanted.out
    option = "notebook" if wanted.notebook else "out"
    if file.is_dir() or not file.resolve().parent.is_dir():
        raise SettingError(option, str(file), "Name a file in a folder that exists.")
    if wanted.notebook and (wanted.visit or wanted.open_it):
        raise SettingError(option, str(file), "It goes neither with --visit nor with --open.")
    if wanted.notebook and file.exists():
        problem = "It exists, maybe with changes of yours: name a new file, or delete it first."
        raise SettingError(option, str(file), problem)


def _day(name: str, value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise SettingError(name, value, "Write a day: 2026-01-31.") from None


@contextmanager
def _looked_at(options: Options) -> Iterator[tuple[dlt.Pipeline, "Place", "Origin"]]:
    """Yields a pipeline, its dataset, and what is said of both."""
    from ..report import Origin, Place

    with (
        looking(options, ConsoleProgress(options.volume)) as pipeline,
        open_dataset(pipeline) as dataset,
    ):
        destination = pipeline.destination.destination_name
        if not dataset:
            problem = "A report needs a database with SQL."
            raise SettingError("destination", destination, problem)
        # the queries are in DuckDB's SQL, which needs no schema to be translated to itself
        schema = {} if dataset.dialect == DIALECT else sql_schema(pipeline)
        record = read_record(dataset)
        origin = Origin(
            options.pipeline,
            destination,
            dataset.name,
            record.owner.org if record else None,
            settings_of_models(pipeline),
            version("coveo-source"),
        )
        yield pipeline, Place(dataset, dataset.dialect, schema), origin


def _write(file: Path, text: str) -> None:
    """Writes a file as a whole, or leaves it as it was."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with users_umask():
            new.write_text(text, encoding="utf-8")
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
