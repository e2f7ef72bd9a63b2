"""The settings of a database that is a file, for the verbs that need no others of the source."""

from dataclasses import dataclass
from datetime import timedelta

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration

from .setting_values import between, megabytes, resolved
from .settings import LEAST_MEMORY, CoveoConfiguration


@configspec
class FileConfiguration(BaseConfiguration):
    """Some settings of the source, which are described there, as dlt reads them."""

    wait_minutes: float = CoveoConfiguration.wait_minutes
    publish: str | None = CoveoConfiguration.publish
    memory_limit: str | None = CoveoConfiguration.memory_limit


@dataclass(frozen=True)
class FileSettings:
    """Some settings, checked as far as possible.

    wait: how long to wait for a file that another process has open
    publish: where its copy for readers goes
    memory_limit: megabytes that a command may take; None for the default
    """

    wait: timedelta
    publish: str | None
    memory_limit: int | None


def read_file_settings() -> FileSettings:
    """Returns the settings from configuration and environment.

    Raises:
        SettingError: for the first value that is not accepted
    """
    config = resolved(FileConfiguration(), {})
    wait = timedelta(minutes=between("wait_minutes", config.wait_minutes, 0, 10_000))
    memory = megabytes("memory_limit", config.memory_limit, LEAST_MEMORY)
    return FileSettings(wait, config.publish or None, memory)
