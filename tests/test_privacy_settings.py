"""Which dimensions may be excluded or hashed, and the key of the hashes."""

import pytest

from coveo_source.exceptions import SettingError
from coveo_source.privacy_settings import read_hash_key
from coveo_source.scrubbing import scrub
from coveo_source.settings import CoveoConfiguration
from coveo_source.tables import TABLES
from tests.support.settings import HASH_KEY, settings_with

NEEDED = {name for table in TABLES.values() for name in (*table.key, "datetime")}
NEEDED |= {"visitId", "searchId", "lastSearchId"}


@pytest.mark.parametrize("setting", ["exclude_dimensions", "hash_dimensions"])
@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_rows_are_merged_and_joined_by_is_refused_with_the_reason(
    setting: str, name: str
) -> None:
    for spelling in (name, name.upper()):
        with pytest.raises(SettingError) as error:
            settings_with(**{setting: ["country", spelling], "hash_key": HASH_KEY})
        assert error.value.setting == setting
        assert repr(spelling) in str(error.value)
        assert "merged and joined" in str(error.value)


@pytest.mark.parametrize(
    ("name", "kind"), [("clickRank", "bigint"), ("anonymous", "bool"), ("MOBILE", "bool")]
)
def test_only_texts_can_be_hashed(name: str, kind: str) -> None:
    with pytest.raises(SettingError, match=f"{kind}.*exclude_dimensions"):
        settings_with(hash_dimensions=name, hash_key=HASH_KEY)
    assert settings_with(exclude_dimensions=name).exclude_dimensions == (name,)


def test_a_dimension_is_not_both_excluded_and_hashed() -> None:
    with pytest.raises(SettingError, match=r"'userName'.* in exclude_dimensions too"):
        settings_with(exclude_dimensions="username", hash_dimensions="userName", hash_key=HASH_KEY)


@pytest.mark.parametrize("key", [None, "", "   "])
def test_hashes_need_a_key_and_the_message_says_how_to_make_one(key: str | None) -> None:
    with pytest.raises(SettingError) as error:
        settings_with(hash_dimensions="username", hash_key=key)
    assert error.value.setting == "hash_key"
    assert "secrets.token_hex(32)" in str(error.value)
    assert "SOURCES__COVEO_SOURCE__HASH_KEY" in str(error.value)


def test_a_short_key_is_refused_without_being_shown() -> None:
    short = HASH_KEY[:31]
    with pytest.raises(SettingError) as error:
        settings_with(hash_dimensions="username", hash_key=short)
    assert "fewer than 32 characters" in str(error.value)
    assert short not in str(error.value)
    with pytest.raises(SettingError):
        settings_with(hash_key=short)


def test_the_key_is_in_nothing_that_is_printed() -> None:
    settings = settings_with(hash_dimensions="username", hash_key=f" {HASH_KEY}\n")
    assert settings.hash_key == HASH_KEY
    assert HASH_KEY not in f"{settings} {settings!r}"
    assert HASH_KEY not in scrub(f"failed with {HASH_KEY}")
    configuration = CoveoConfiguration()
    configuration.hash_key = HASH_KEY
    assert HASH_KEY not in f"{configuration} {configuration!r}"


def test_commands_without_coveo_read_the_key_from_the_same_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_hash_key() == ""
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__HASH_KEY", HASH_KEY)
    assert read_hash_key() == HASH_KEY
