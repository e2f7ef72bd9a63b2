"""Settings as the checks accept or refuse them."""

from typing import Any

import pytest

from coveo_source.exceptions import SettingError
from coveo_source.settings import CoveoConfiguration, Settings, check_settings

SECRET = "xx-nobody-may-see-this"
"""The API key of these settings."""
HASH_KEY = "k3y-of-hashes-that-nobody-may-see-either"
"""A key by which values are hashed."""


def settings_with(**values: Any) -> Settings:
    """Checks these values, beside a key and an organization."""
    configuration = CoveoConfiguration()
    for name, value in {"api_key": SECRET, "org": "acme", **values}.items():
        assert hasattr(configuration, name), name
        setattr(configuration, name, value)
    return check_settings(configuration)


def refusal_of(**values: Any) -> str:
    """Checks that the one value given is refused, and returns the message."""
    [name] = values
    with pytest.raises(SettingError) as error:
        settings_with(**values)
    assert error.value.setting == name
    message = str(error.value)
    assert message.startswith(f"The setting {name} ")
    return message
