"""The settings of a database that is a file, for the verbs that need no others of the source."""

from dataclasses import dataclass
from datetime import timedelta

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration

from .setting_values import between, resolved
from .settings import CoveoConfiguration


@configspec
class FileConfiguration(BaseConfiguration):
    """Some settings of the source, which are described there, as dlt reads them."""

    wait_minutes: float = CoveoConfiguration.wait_minutes
    publish: str | None = CoveoConfiguration.publish


@dataclass(frozen=True)
class FileSettings:
    """How long to wait for a file, and where its copy goes; both checked as far as possible."""

    wait: timedelta
    publish: str | None


def read_file_settings() -> FileSettings:
    """Returns the settings from configuration and environment.

    Raises:
        SettingError: for the first value that is not accepted
    """
    config = resolved(FileConfiguration(), {})
    wait = timedelta(minutes=between("wait_minutes", config.wait_minutes, 0, 10_000))
    return FileSettings(wait, config.publish or None)
