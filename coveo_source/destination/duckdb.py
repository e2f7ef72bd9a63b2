"""DuckDB as the destination: dlt's own, with other defaults and with the jobs of `jobs`."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import Any

import dlt

from .build_job import Tell
from .jobs import DirectClient, Early
from .opening import open_patiently
from .tuning import building, loading, within_budget


class TunedDuckDb(dlt.destinations.duckdb):
    """dlt's DuckDB destination with other defaults; a pipeline records it under dlt's own name.

    defaults: settings of DuckDB; those that a user configured take precedence. None if only these
        are wanted
    is_read_only: whether the file is opened for reading, beside others who read it
    early: rows that are inserted before their package is loaded; None if there are none
    tell: what is called with the tables of a build
    kept: the client of dlt's that keeps the file open; None if it is not kept open
    """

    defaults: Mapping[str, Any] | None = {}
    is_read_only = False
    early: Early | None = None
    tell: Tell | None = None
    kept: Any = None
    _resolved: tuple[Any, Any] = (None, None)

    @cached_property
    def _within_budget(self) -> Mapping[str, Any]:
        # dlt asks for the configuration dozens of times
        return within_budget()

    @property
    def destination_type(self) -> str:
        """The type that a pipeline records; dlt's own, so that all of dlt's commands know it."""
        return "dlt.destinations.duckdb"

    @property
    def client_class(self) -> type[DirectClient]:
        """The class that loads into the database."""
        return DirectClient

    def capabilities(self, config: Any = None, naming: Any = None) -> Any:
        """Returns what the database can do, which does not hang on its configuration."""
        return super().capabilities(config or self.spec(), naming)

    def configuration(self, initial_config: Any, accept_partial: bool = False) -> Any:
        """Returns what dlt finds in arguments, environment and files, on top of our defaults."""
        config = self._configuration(initial_config, accept_partial)
        if config.credentials:
            configured = config.credentials.global_config or {}
            ours = {} if self.defaults is None else {**self._within_budget, **self.defaults}
            config.credentials.global_config = {**ours, **configured}
            config.credentials.read_only = config.credentials.read_only or self.is_read_only
        return config

    def _configuration(self, initial_config: Any, accept_partial: bool) -> Any:
        """Returns what dlt finds; it asks for it dozens of times, and looks up each field again."""
        if initial_config is None or initial_config.is_resolved():
            return super().configuration(initial_config, accept_partial)
        asked = dict(self.config_params), dict(initial_config), accept_partial
        if self._resolved[0] != asked:
            self._resolved = asked, super().configuration(initial_config, accept_partial)
        config = self._resolved[1].copy()
        # which gives it connections of its own
        config.credentials.on_resolved()
        return config

    def client(self, schema: Any, initial_config: Any = None) -> Any:
        """Returns a client that waits while another process has the file open."""
        client: Any = super().client(schema, initial_config)
        client.early = self.early
        open_patiently(client, self)
        if self.tell:
            client.tell = self.tell
        return client


def loading_settings(pipeline: dlt.Pipeline) -> AbstractContextManager[None]:
    """Gives DuckDB its settings for loading.

    A package that an earlier run left is loaded without them: they may be why it failed.
    """
    return _defaults(pipeline, loading())


@contextmanager
def building_settings(pipeline: dlt.Pipeline, tell: Tell | None = None) -> Iterator[None]:
    """Gives DuckDB its settings for building models, and keeps the database file open.

    dlt would open and close the file for each of its many short connections.

    tell: what is called with the tables of a build
    """
    destination = pipeline.destination
    is_duckdb = isinstance(destination, dlt.destinations.duckdb)
    with _defaults(pipeline, building()), pipeline.sql_client() if is_duckdb else nullcontext():
        if isinstance(destination, TunedDuckDb):
            destination.tell = tell
        try:
            yield
        finally:
            if isinstance(destination, TunedDuckDb):
                destination.tell = None


def does_steps(pipeline: dlt.Pipeline) -> bool:
    """Returns True if all that a build does can be one load package, as steps."""
    destination = pipeline.destination
    return bool(destination) and issubclass(destination.client_class, DirectClient)


@contextmanager
def reading_settings(pipeline: dlt.Pipeline, keep_open: bool = True) -> Iterator[None]:
    """Opens DuckDB's file only for reading, so that others can read it too.

    keep_open: whether to open it once for all; meanwhile nobody can write to it
    """
    destination = pipeline.destination
    if not isinstance(destination, TunedDuckDb):
        yield
        return
    destination.is_read_only = True
    try:
        with pipeline.sql_client() if keep_open else nullcontext():
            yield
    finally:
        destination.is_read_only = False


def unchanged_settings(pipeline: dlt.Pipeline) -> AbstractContextManager[None]:
    """Leaves DuckDB's settings as they are, for a connection beside those that have set them."""
    return _defaults(pipeline, None)


@contextmanager
def _defaults(pipeline: dlt.Pipeline, settings: Mapping[str, Any] | None) -> Iterator[None]:
    destination = pipeline.destination
    if not isinstance(destination, TunedDuckDb):
        yield
        return
    destination.defaults = settings
    try:
        yield
    finally:
        destination.defaults = {}
