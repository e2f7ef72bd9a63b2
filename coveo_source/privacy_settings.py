"""Checks of the settings by which dimensions are not loaded, or not as Coveo has them."""

from collections.abc import Collection

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from .exceptions import SettingError
from .secrets import keep_token
from .setting_values import WHERE_TO_SET, resolved, words
from .tables import COVEO_COLUMNS, NEEDED, column_type

_SHORTEST_KEY = 32
"""Characters: so many random ones, even if they are hexadecimal, cannot be tried through."""

_NEW_KEY = "`python -c 'import secrets; print(secrets.token_hex(32))'`"


@configspec
class HashKeyConfiguration(BaseConfiguration):
    """The key by which values are hashed, for commands that ask nothing of Coveo.

    hash_key: the same as the setting of the source
    """

    hash_key: TSecretStrValue | None = None


def excluded_dimensions(value: object) -> tuple[str, ...]:
    """Returns the dimensions that are not loaded."""
    return _private_dimensions("exclude_dimensions", value)


def hashed_dimensions(value: object, excluded: Collection[str]) -> tuple[str, ...]:
    """Returns the dimensions whose values are hashed: texts that are loaded.

    excluded: those that are not
    """
    setting = "hash_dimensions"
    names = _private_dimensions(setting, value)
    for name in names:
        kind = next((column_type(each) for each in COVEO_COLUMNS if same_name(each, name)), "text")
        if kind != "text":
            accepted = f"It is of the type {kind}, and only texts can be hashed: exclude it instead"
            raise SettingError(setting, name, f"{accepted}, with exclude_dimensions.")
        if any(same_name(each, name) for each in excluded):
            raise SettingError(setting, name, "It is in exclude_dimensions too: keep one of them.")
    return names


def hash_key(value: str | None, hashed: Collection[str] = ()) -> str:
    """Returns the key by which values are hashed; an empty text if there is none.

    hashed: the dimensions that need it
    """
    key = (value or "").strip()
    if key:
        keep_token(key)
    if hashed and not key:
        place = WHERE_TO_SET.format(env="HASH_KEY")
        raise SettingError("hash_key", None, f"{_NEW_KEY} makes one, for hash_dimensions. {place}")
    if key and len(key) < _SHORTEST_KEY:
        accepted = f"It has fewer than {_SHORTEST_KEY} characters: write random ones."
        raise SettingError("hash_key", "(not shown)", accepted)
    return key


def read_hash_key() -> str:
    """Returns the key of the configuration; an empty text if there is none.

    Raises:
        SettingError: if it is too short
    """
    return hash_key(resolved(HashKeyConfiguration(), {}).hash_key)


def same_name(name: str, other: str) -> bool:
    """Returns True if two API names are those of one dimension, as far as we know.

    Coveo writes `username` in searches and clicks, but `userName` in custom events.
    """
    return name.lower() == other.lower()


def _private_dimensions(setting: str, value: object) -> tuple[str, ...]:
    names = words(setting, value)
    for name in names:
        if any(same_name(name, each) for each in NEEDED):
            raise SettingError(
                setting,
                name,
                "Rows are told apart, merged and joined by it, so it is loaded as it is. Not"
                f" accepted are, for that: {', '.join(NEEDED)}.",
            )
    return names
