"""Checks of the values of single settings: each returns the value that the code works with.

All of them raise SettingError, which names the setting, the value and what is accepted.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timezone
from typing import Any, TypeVar, cast

from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigValueCannotBeCoercedException,
)
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration

from .exceptions import SettingError
from .secrets import keep_token
from .tables import SOURCE, TABLES

HOSTS = {
    "us": "platform.cloud.coveo.com",
    "eu": "platform-eu.cloud.coveo.com",
    "au": "platform-au.cloud.coveo.com",
    "ca": "platform-ca.cloud.coveo.com",
    "hipaa": "platformhipaa.cloud.coveo.com",
}
"""Host of the API by region."""

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
"""Hosts that may be reached without TLS."""

WHERE_TO_SET = (
    "Write it under [sources.coveo_source] in .dlt/secrets.toml or .dlt/config.toml,"
    " or set the environment variable SOURCES__COVEO_SOURCE__{env}."
)
_DATE_HELP = "Write a date or a UTC time: 2026-01-31 or 2026-01-31T13:30:00Z."

_Spec = TypeVar("_Spec", bound=BaseConfiguration)


def resolved(spec: _Spec, given: Mapping[str, Any]) -> _Spec:
    """Returns settings from configuration, secrets and environment, below those that are given."""
    try:
        return resolve_configuration(spec, sections=("sources", SOURCE), explicit_value=given)
    except ConfigFieldMissingException as error:
        name = next(iter(error.traces))
        raise SettingError(name, None, WHERE_TO_SET.format(env=name.upper())) from None
    except ConfigValueCannotBeCoercedException as error:
        accepted = f"Write a {getattr(error.hint, '__name__', error.hint)}."
        raise SettingError(error.field_name, error.field_value, accepted) from None


def required_text(setting: str, value: str | None) -> str:
    """Returns a text without outer spaces; it must not be empty."""
    if not value or not value.strip():
        raise SettingError(setting, None, WHERE_TO_SET.format(env=setting.upper()))
    return value.strip()


def token(setting: str, value: str | None) -> str:
    """Returns a text that is valid in an HTTP header; never shows it."""
    key = required_text(setting, value)
    keep_token(key)
    if not re.fullmatch(r"[!-~]+", key):
        raise SettingError(
            setting,
            "(not shown)",
            "It has a blank, a line break or a character beyond ASCII in it.",
        )
    return key


def api_url(region: str, base_url: str | None, allow_http: bool) -> str:
    """Returns the given address of the API, or the region's."""
    if base_url is None:
        return f"https://{HOSTS[one_of('region', region.lower(), HOSTS)]}"
    address = r"(https?)://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?/?"
    match = re.fullmatch(address, base_url)
    if not match:
        raise SettingError(
            "base_url", base_url, "Write scheme and host, like https://platform.cloud.coveo.com."
        )
    if match[1] == "http" and match[2].strip("[]") not in LOCAL_HOSTS and not allow_http:
        raise SettingError(
            "base_url",
            base_url,
            "The key would be sent unencrypted: write https instead of http, or set allow_http.",
        )
    return base_url.rstrip("/")


def table_names(value: object) -> tuple[str, ...]:
    """Returns the wanted tables in the order of TABLES; all of them by default."""
    wanted = [name.lower() for name in words("tables", value)]
    for name in wanted:
        one_of("tables", name, TABLES)
    return tuple(name for name in TABLES if name in wanted or not wanted)


def one_of(setting: str, value: str, accepted: Iterable[str]) -> str:
    """Returns a value that is among the accepted ones."""
    names = list(accepted)
    if value not in names:
        raise SettingError(setting, value, f"Accepted: {', '.join(names)}.")
    return value


def words(setting: str, value: object) -> tuple[str, ...]:
    """Returns several values from a list or a text; names in a text are separated by commas.

    A filter is never split: commas belong to its syntax.
    """
    if value is None:
        return ()
    if isinstance(value, str) and value.lstrip().startswith("["):
        # dlt passes a list from config.toml like this, and environment variables hold it like this
        return words(setting, _json_list(setting, value))
    if isinstance(value, str):
        parts = [value] if "filters" in setting else re.split(r"[,\s]+", value)
        return tuple(part for part in parts if part)
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(cast(Sequence[str], value))
    raise SettingError(setting, value, "Write a list of texts.")


def _json_list(setting: str, value: str) -> list[object]:
    try:
        return list(json.loads(value))
    except ValueError:
        raise SettingError(setting, value, "Write a list of texts.") from None


def between(setting: str, value: float, least: float, most: float) -> float:
    """Returns a number from `least` to `most`."""
    if not least <= value <= most:
        raise SettingError(setting, value, f"Write a number from {least:g} to {most:.9g}.")
    return value


def megabytes(setting: str, value: str | None, least: int) -> int | None:
    """Returns a size such as `2GB` or `512MiB` in megabytes (10^6 bytes), None if none is given.

    least: megabytes that it must have
    """
    if value is None or not value.strip():
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT])(I?)B", value.strip().upper())
    size = match and float(match[1]) * (1024 if match[3] else 1000) ** (" KMGT".index(match[2]))
    if not size or size < least * 10**6:
        raise SettingError(setting, value, f"Write a size of at least {least}MB, like 2GB or 1GiB.")
    return int(size // 10**6)


def whole_number(setting: str, value: int | None) -> int | None:
    """Returns a positive number, or None if none is given."""
    if value is not None and value < 1:
        raise SettingError(setting, value, "Write a whole number from 1, or leave it out.")
    return value


def instant(setting: str, value: object) -> datetime | None:
    """Returns a date (its midnight) or a time as a UTC instant in whole milliseconds."""
    if value is None or value == "":
        return None
    moment = _parse_time(value)
    if moment is None:
        raise SettingError(setting, str(value), _DATE_HELP)
    moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _parse_time(value: object) -> datetime | None:
    """Parses what a person, a TOML file or a program may write; returns None if it cannot."""
    if isinstance(value, datetime):
        return datetime.fromisoformat(value.isoformat())
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        # Python 3.10 reads no Z
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", str(value).strip()))
    except ValueError:
        return None


def iso_time(moment: datetime) -> str:
    """Returns an instant as the settings write it."""
    return moment.isoformat().replace("+00:00", "Z")
