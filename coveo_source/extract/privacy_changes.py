"""Whether what is loaded now is excluded and hashed as what was loaded before.

Each table remembers it, so that a table which is dropped and loaded anew begins without a past.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ..exceptions import SettingError
from ..keyed_hash import key_mark
from ..setting_values import WHERE_TO_SET
from ..settings import Settings
from ..tables import TABLES, identifier_columns
from .state import PipelineState

_EXCLUDED, _HASHED, _EVER_HASHED, _KEY = "excluded", "hashed", "ever_hashed", "key"
_BEGINS = {
    _EXCLUDED: "excluded from now on.",
    _HASHED: "hashed from now on, so that a person from before counts as another one.",
}
_EARLIER = (
    "Rows that were loaded before stay as they are until they are loaded again: with --from and"
    " --to, or all that Coveo still has with --full-refresh."
)


def check_hash_key(settings: Settings, state: PipelineState) -> None:
    """Raises a SettingError if rows that are loaded were hashed with another key."""
    if not settings.hash_dimensions:
        return
    mark = key_mark(settings.hash_key)
    others = [table for table in TABLES if state.privacy(table).get(_KEY, mark) != mark]
    if others:
        raise SettingError(
            "hash_key",
            "(not shown)",
            f"The rows of {', '.join(others)} were hashed with another one, so the same person"
            " would be two. Put that one back; or load these tables anew, as far back as Coveo has"
            f" events, with run --full-refresh --tables {' '.join(others)}.",
        )


def privacy_changes(
    settings: Settings, state: PipelineState, loaded: Iterable[str]
) -> Iterator[str]:
    """Yields what is different from now on.

    loaded: the tables that have rows
    """
    before = [state.privacy(table) for table in loaded]
    for kind, names in _now(settings).items():
        known = [set(each.get(kind, ())) for each in before]
        new = sorted(name for name in names if any(name not in each for each in known))
        gone = sorted(set[str]().union(*known).difference(names))
        if new:
            yield f"{', '.join(new)}: {_BEGINS[kind]} {_EARLIER}"
        if gone:
            yield f"{', '.join(gone)}: no longer {kind}. What comes now is loaded as Coveo has it."


def note_privacy(settings: Settings, state: PipelineState, tables: Iterable[str]) -> None:
    """Records in the state how some tables are loaded from now on."""
    now: dict[str, Any] = {kind: list(names) for kind, names in _now(settings).items()}
    for table in tables:
        before = state.privacy(table)
        if before or any(now.values()):
            ever = {*before.get(_EVER_HASHED, ()), *now[_HASHED]}
            key = {_KEY: key_mark(settings.hash_key)} if now[_HASHED] else {}
            state.set_privacy(table, {**before, **now, _EVER_HASHED: sorted(ever), **key})


def check_key_of_identifier(state: PipelineState, identifier: str, hash_key: str) -> None:
    """Raises a SettingError if an identifier cannot be found, since it is hashed with another key.

    identifier: one of IDENTIFIERS
    hash_key: empty if there is none
    """
    mark = key_mark(hash_key) if hash_key else None
    for table in TABLES:
        known = state.privacy(table)
        hashed = identifier_columns(identifier, known.get(_EVER_HASHED, ()))
        if hashed and known.get(_KEY) != mark:
            raise SettingError(
                "hash_key",
                "(not shown)" if hash_key else None,
                f"{hashed[0]} in {table} is hashed, and found by the key that it was hashed with"
                f" only. {WHERE_TO_SET.format(env='HASH_KEY')} Or give the hash itself, as it"
                " stands in the table.",
            )


def _now(settings: Settings) -> Mapping[str, Collection[str]]:
    return {_EXCLUDED: settings.exclude_dimensions, _HASHED: settings.hash_dimensions}
