"""What is told and refused if the settings differ from those of earlier runs."""

from typing import Any

import pytest

from coveo_source.exceptions import SettingError
from coveo_source.extract.privacy_changes import check_key_of_identifier, note_privacy
from coveo_source.extract.state import PipelineState
from tests.extract.plans import ALL_TABLES, LOADED, Serve, notices_of, plan_of, write_requests
from tests.support.settings import HASH_KEY, settings_with

OTHER_KEY = HASH_KEY[::-1]
HASHED: dict[str, Any] = {"hash_dimensions": ["userName", "userId"], "hash_key": HASH_KEY}


def loaded_with(tables: tuple[str, ...] = ALL_TABLES, **values: Any) -> dict[str, Any]:
    """Returns the state after runs with these settings."""
    state = {**LOADED, "resources": {name: {**LOADED["resources"][name]} for name in ALL_TABLES}}
    note_privacy(settings_with(**values), PipelineState(state), tables)
    return state


def test_a_state_without_such_settings_is_left_as_it_is() -> None:
    assert loaded_with() == LOADED


def test_what_begins_and_ends_is_told_once(serve: Serve) -> None:
    server = serve()
    told = notices_of(plan_of(server, LOADED, exclude_dimensions="city", **HASHED))
    assert "city: excluded from now on. Rows that were loaded before stay as they are" in told
    assert "userId, userName: hashed from now on" in told
    assert "--full-refresh" in told
    same = loaded_with(exclude_dimensions="city", **HASHED)
    assert notices_of(plan_of(server, same, exclude_dimensions="city", **HASHED)) == ""
    assert "city: no longer excluded." in notices_of(plan_of(server, same, **HASHED))
    assert "userId, userName: no longer hashed." in notices_of(plan_of(server, same))


def test_nothing_is_told_of_what_was_never_loaded(serve: Serve) -> None:
    told = notices_of(plan_of(serve(), {}, from_date="2026-03-01", **HASHED))
    assert "hashed" not in told


def test_another_key_is_refused_with_the_ways_out(serve: Serve) -> None:
    server = serve()
    state = loaded_with(("searches", "clicks"), **HASHED)
    with pytest.raises(SettingError) as error:
        plan_of(server, state, **{**HASHED, "hash_key": OTHER_KEY})
    message = str(error.value)
    assert "searches, clicks were hashed with another one" in message
    assert "--full-refresh --tables searches clicks" in message
    assert HASH_KEY not in message
    assert OTHER_KEY not in message
    assert write_requests(server) == []


def test_a_key_is_remembered_while_nothing_is_hashed(serve: Serve) -> None:
    state = loaded_with(**HASHED)
    note_privacy(settings_with(), PipelineState(state), ALL_TABLES)
    with pytest.raises(SettingError, match="another one"):
        plan_of(serve(), state, **{**HASHED, "hash_key": OTHER_KEY})


def test_tables_that_are_loaded_anew_may_have_another_key(serve: Serve) -> None:
    state = PipelineState(loaded_with(**HASHED)).without_cursors()
    settings = {**HASHED, "hash_key": OTHER_KEY, "from_date": "2026-03-01"}
    assert plan_of(serve(), state._state, **settings).steps


@pytest.mark.parametrize("key", ["", OTHER_KEY])
def test_a_hashed_identifier_is_looked_for_with_its_key_only(key: str) -> None:
    state = PipelineState(loaded_with(**HASHED))
    note_privacy(settings_with(), state, ALL_TABLES)
    with pytest.raises(SettingError, match="userName in searches is hashed"):
        check_key_of_identifier(state, "user_name", key)
    check_key_of_identifier(state, "user_name", HASH_KEY)
    check_key_of_identifier(state, "visit_id", key)
    check_key_of_identifier(PipelineState(loaded_with()), "user_name", key)
