"""What a command that loads works with: settings, pipeline, client, and messages to the user."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..api import client_of
from ..dataset import (
    Backfill,
    DatasetRecord,
    DatasetSql,
    HeldRows,
    Lease,
    Ledger,
    Owner,
    begin_backfill,
    check_owner,
    complete_backfill,
    find_backfill,
    held_rows,
    hold_lease,
    open_dataset,
    open_sql_dataset,
    publish_copy,
    read_ledger,
    read_record,
)
from ..destination import check_copy, kept_open, let_go, reading_settings
from ..exceptions import PipelineMismatch, SettingError
from ..exports import Export, ExportOwner, owned_by
from ..extract import (
    PipelineState,
    Plan,
    PlannedExport,
    Task,
    backfill_request,
    export_owner,
    files_folder,
    ignored_bounds,
    interval_of,
    make_plan,
)
from ..model_settings import read_model_settings
from ..private_files import delete_folder
from ..setting_values import resolved
from ..settings import CoveoConfiguration, Settings, check_settings
from ..signals import interruptible
from ..tables import SOURCE
from ..working_folder import start_over
from .homes import settle_home
from .pipeline import (
    Options,
    copied_folder,
    create_database,
    create_pipeline,
    database_exists,
    pipeline_lock,
    restore_state,
)
from .progress import ConsoleProgress
from .traces import finish_erasures


class Session:
    """A pipeline, the client of the service that it loads from, and a display of progress.

    typed: the settings that the command line gives
    record: what the dataset says of itself; None until it is known, and where it cannot
    """

    def __init__(
        self,
        options: Options,
        settings: Settings,
        progress: ConsoleProgress,
        typed: Collection[str] = (),
    ) -> None:
        self.options = options
        self.settings = settings
        self.progress = progress
        self._typed = typed
        self.pipeline = create_pipeline(options, self.progress, settings.wait)
        settle_home(self.pipeline, options.full_refresh, self.progress.say)
        self.client = client_of(settings, self.progress.say)
        self.record: DatasetRecord | None = None
        self._lease: Lease | None = None
        self._ledger = Ledger()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Makes this run the only one that writes to the dataset, and restores its state.

        Raises:
            PipelineMismatch: if pipeline or dataset hold the data of another owner
            DatasetBusy: if another run writes to it
        """
        create_database(self.pipeline)
        with (
            kept_open(self.pipeline),
            hold_lease(self.pipeline, self._owner) as lease,
        ):
            self._lease = lease
            self.record = lease.record if lease else None
            self.attach()
            # a run that was killed could not remove its files
            delete_folder(files_folder(self.pipeline))
            yield

    def attach(self) -> None:
        """Restores the pipeline's state from the destination, and checks whose data it holds.

        Raises:
            PipelineMismatch: if it holds another source's or another organization's data
        """
        dataset_id = self.record.id if self.record else None
        drop_pending = self.options.drop_pending
        self.pipeline = restore_state(self.pipeline, dataset_id, self.progress.warn, drop_pending)
        foreign = [name for name in self.pipeline.schema_names if name != SOURCE]
        if foreign:
            raise PipelineMismatch(
                f"The pipeline {self.options.pipeline} holds the data of another source,"
                f" {', '.join(foreign)}. Use another pipeline name for Coveo's data."
            )
        self._state.check_owner(self.settings, self.options.pipeline)

    def look(self) -> None:
        """Restores the state as `writing` does, but only into the working folder."""
        if not database_exists(self.pipeline):
            # a database would be created
            self.pipeline = start_over(self.pipeline)
            return
        with open_dataset(self.pipeline) as dataset:
            self.record = read_record(dataset) if dataset else None
        if self.record:
            check_owner(self.record, self._owner, self.options.dataset)
        self.attach()

    def finish_erasures(self) -> None:
        """Goes on with erasures that an earlier command did not finish."""
        finish_erasures(self.pipeline, self._lease, self.progress)

    def publish(self) -> Path | None:
        """Writes the copy for readers, if one is wanted; returns its path."""
        return publish_copy(self.pipeline, self._lease, self.settings.publish)

    def close(self) -> None:
        """Closes the connections to Coveo, and the display."""
        self.client.close()
        self.progress.close()

    def check_lease(self) -> None:
        """Raises LeaseLost if another run has taken over the dataset."""
        if self._lease:
            self._lease.check()

    def plan(self) -> Plan:
        """Plans what is due now, or what is left of the range that was asked for."""
        options, settings = self.options, self.settings
        owner = export_owner(self.pipeline, self.record)
        with self._opened_dataset() as dataset:
            ledger = read_ledger(dataset)
        state = self._state.restored(ledger)
        if options.full_refresh:
            state = state.without_cursors()
        else:
            self._ledger = ledger
        # Coveo may take its time, and others want to read the database meanwhile
        let_go(self.pipeline)
        with interruptible():
            task = Task(self._backfill(owner), options.replace, options.full_refresh)
            tables = settings.tables
            plan = make_plan(settings, state, self.client, owner, tables, ledger, task)
        plan.notices.extend(ignored_bounds(settings, state, self._typed))
        return plan

    def held_rows(self, step: PlannedExport) -> dict[str, HeldRows]:
        """Returns what of a step the dataset holds, by table, since it was loaded before."""
        return held_rows(self.pipeline, self._ledger, step.window, step.tables)

    def _opened_dataset(self) -> AbstractContextManager[DatasetSql | None]:
        # a database that does not exist would be created
        exists = database_exists(self.pipeline)
        return open_dataset(self.pipeline) if exists else nullcontext()

    def complete(self, plan: Plan) -> None:
        """Writes down that a backfill is complete, if it is."""
        if plan.task.backfill and not plan.left:
            with open_dataset(self.pipeline) as dataset:
                if dataset:
                    complete_backfill(dataset, plan.task.backfill)

    def _backfill(self, owner: ExportOwner) -> Backfill | None:
        """Returns the backfill to go on with or, if this run may write, a new one."""
        if not self.settings.is_backfill:
            return None
        request = backfill_request(self.settings, self.options.replace)
        with self._opened_dataset() as dataset:
            found = find_backfill(dataset, request) if dataset else None
        if found or not self._lease:
            return found
        existing = owned_by(map(Export.parse, self.client.exports()), owner)
        with open_sql_dataset(self.pipeline) as dataset:
            return begin_backfill(dataset, request, [export.id for export in existing])

    @property
    def _owner(self) -> Owner:
        return Owner(self.options.pipeline, self.settings.org, self.settings.host)

    @property
    def _state(self) -> PipelineState:
        return PipelineState.of_pipeline(self.pipeline.state)


@contextmanager
def open_session(options: Options, overrides: Mapping[str, Any]) -> Iterator[Session]:
    """Opens the only session on a pipeline, and closes it afterwards.

    overrides: settings of the source that take precedence over the configuration, unless None

    Raises:
        SettingError: before anything else
        PipelineBusy: if another process works on the pipeline
    """
    settings, typed = _resolve_settings(overrides)
    # a wrong one is told now, not when everything is loaded
    read_model_settings()
    _check_options(options, settings)
    progress = ConsoleProgress(options.volume, options.progress)
    with pipeline_lock(options), closing(Session(options, settings, progress, typed)) as opened:
        check_copy(opened.pipeline, settings.publish)
        yield opened


@contextmanager
def open_preview(options: Options, overrides: Mapping[str, Any]) -> Iterator[Session]:
    """Opens a session that only looks: at a copy of the working folder, and at the dataset.

    Raises:
        SettingError: before anything else
        PipelineMismatch: if pipeline or dataset hold the data of another owner
    """
    settings, typed = _resolve_settings(overrides)
    _check_options(options, settings)
    progress = ConsoleProgress(options.volume)
    with (
        copied_folder(options) as copy,
        closing(
            Session(replace(options, pipelines_dir=str(copy)), settings, progress, typed)
        ) as opened,
        # readers and a look do not wait for each other
        reading_settings(opened.pipeline, keep_open=False),
    ):
        opened.look()
        yield opened


def _check_options(options: Options, settings: Settings) -> None:
    """Raises a SettingError for options that contradict the range that is to be loaded."""
    has_end = settings.to_date is not None or interval_of(settings) is not None
    if options.full_refresh and has_end:
        raise SettingError(
            "full_refresh",
            "with the end of a range",
            "It would drop everything outside of the range. To load a range again, exactly as"
            " Coveo has it now, give --from, --to and --replace.",
        )
    if options.replace and not settings.is_backfill:
        raise SettingError("replace", "without a range", "Give --from and --to.")
    if options.force and not options.replace:
        raise SettingError("force", "without --replace", "It has a meaning only together with it.")


def _resolve_settings(overrides: Mapping[str, Any]) -> tuple[Settings, Collection[str]]:
    """Returns the settings from configuration, secrets and environment, below the overrides.

    Also returns the names of those that the overrides give.

    Raises:
        SettingError: if one is missing or not accepted
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    return check_settings(resolved(CoveoConfiguration(), given)), given
