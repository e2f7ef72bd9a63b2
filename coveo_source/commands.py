"""What the verbs do beside loading, for programs: five functions that take a pipeline of dlt's.

    pipeline = dlt.pipeline("coveo", destination="duckdb", dataset_name="coveo_ua")
    pipeline.run(coveo_source())
    models(pipeline)
    failed = [result for result in checks(pipeline) if result.status == "FAIL"]
    report(pipeline, "report.html")

Each works on the pipeline as the verb of its name does, in the same folder and with the same lock,
and raises what the verb would print. Progress goes to the standard error.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import dlt

from .cli.building import BuiltModels
from .cli.erase import Erased, checked_identifier, erase_identifier
from .cli.models import build_models, run_model_tests
from .cli.pipeline import Options
from .cli.report import ReportOptions, WrittenReport, write_report
from .cli.session import open_preview
from .dataset import FoundRows
from .extract import Plan
from .models import Result
from .tables import IDENTIFIERS
from .vega import Vega

__all__ = [
    "BuiltModels",
    "Erased",
    "FoundRows",
    "Plan",
    "Result",
    "WrittenReport",
    "checks",
    "erase",
    "models",
    "plan",
    "report",
]

Target: TypeAlias = dlt.Pipeline | Options
"""A pipeline, or what the command line says of one."""


def plan(pipeline: Target, **settings: Any) -> Plan:
    """Returns what a run would load; creates and changes nothing.

    settings: of the source, as `coveo_source` takes them; the others are read from dlt's
        configuration

    Raises:
        SettingError: if a setting is missing or not accepted
        PipelineMismatch: if pipeline or dataset hold the data of another owner
        CoveoSourceError: if Coveo cannot be asked
    """
    with _activated(pipeline) as options, open_preview(options, settings) as session:
        return session.plan()


def models(
    pipeline: Target, select: Iterable[str] = (), *, full_refresh: bool = False
) -> BuiltModels:
    """Brings the models up to date with what is loaded; asks nothing of Coveo.

    select: names of models; all by default
    full_refresh: whether to build them in full, and not only what changed

    Returns:
        The rows of each model that was built, and the causes in them that no list knows.

    Raises:
        SettingError: if there is no model of a name
        PipelineMismatch: if the pipeline holds no data of Coveo's
        PipelineBusy: if another process works on it
        ModelError: if a model fails
    """
    with _activated(pipeline) as options:
        return build_models(options, select, full_refresh)


def checks(pipeline: Target, select: Iterable[str] = ()) -> Iterator[Result]:
    """Runs the data tests of the models, and yields their results one by one; changes nothing.

    select: names of models; all, and the lists of causes, by default

    Raises:
        SettingError, PipelineMismatch, PipelineBusy: as `models`
        CheckError: if a test cannot be run
    """
    with _activated(pipeline) as options:
        yield from run_model_tests(options, select)


def report(
    pipeline: Target,
    out: str | Path = "report.html",
    *,
    from_date: str | None = None,
    to_date: str | None = None,
    with_names: bool = False,
    visit: str | None = None,
    notebook: str | Path | None = None,
    open_it: bool = False,
    vega: Vega | None = None,
) -> WrittenReport:
    """Writes one HTML file with pictures of what is loaded, or a notebook instead.

    from_date, to_date: the first day, and the day after the last one: 2026-01-31
    with_names: whether it shows who somebody is, and what only one visit did
    visit: id of a visit whose timeline it shows
    notebook: the file of a marimo notebook, which is written instead
    open_it: whether it is opened in a browser
    vega: draws the charts, if it has been started already

    Raises:
        SettingError: if the file or the days cannot be what was given
        PipelineMismatch: if the pipeline holds no data of Coveo's, or models are missing
        ReportError: if the database refuses a query
    """
    wanted = ReportOptions(
        Path(out),
        from_date,
        to_date,
        with_names,
        visit,
        open_it,
        Path(notebook) if notebook else None,
    )
    with _activated(pipeline) as options:
        return write_report(options, wanted, vega)


def erase(
    pipeline: Target,
    *,
    user_name: str | None = None,
    user_id: str | None = None,
    visitor_id: str | None = None,
    client_id: str | None = None,
    visit_id: str | None = None,
    confirm: Callable[[FoundRows], bool] = lambda found: True,
) -> Erased:
    """Erases the rows of a person or a visit, and every trace of them.

    user_name, user_id, visitor_id, client_id, visit_id: whose; exactly one of them
    confirm: called with what was found; if it returns False, nothing is erased

    Returns:
        What was found, and whether it was erased.

    Raises:
        SettingError: if it is not exactly one identifier, or it is empty
        PipelineMismatch: if the pipeline holds no data of Coveo's, or the dataset another owner's
        PipelineBusy: if another run is writing to it
        ErasureUnfinished: if the rows are erased, but not yet all traces of them
    """
    with _activated(pipeline) as options:
        given = (user_name, user_id, visitor_id, client_id, visit_id)
        identifier = checked_identifier(dict(zip(IDENTIFIERS, given, strict=True)))
        return erase_identifier(options, identifier, confirm)


@contextmanager
def _activated(pipeline: Target) -> Iterator[Options]:
    """Yields what the verbs need of a pipeline, which is dlt's active one again afterwards."""
    if isinstance(pipeline, Options):
        yield pipeline
        return
    try:
        yield Options(
            pipeline.pipeline_name,
            pipeline.pipelines_dir,
            pipeline.destination or "duckdb",
            pipeline.dataset_name or Options.dataset,
        )
    finally:
        pipeline.activate()
