"""What becomes of exports and models, told by those who work on them to whoever shows it."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

ExportState: TypeAlias = Literal[
    "asked", "building", "fetching", "reading", "loading", "loaded", "failed"
]
"""In this order, but one may be fetched again; `failed` means that Coveo could not build it."""


class ExportEvent(NamedTuple):
    """How far the export of a window is.

    window: as people read it
    done: seconds waited if it is building, bytes if fetching; rows if reading, loading or loaded
    total: of what, as far as it is known: for building the most seconds, for reading an estimate
    export_id: empty as long as there is none
    files: while loading, how many files of the load package the destination has, and of how many
    """

    window: str
    state: ExportState
    done: int = 0
    total: int | None = None
    export_id: str = ""
    files: tuple[int, int] | None = None


class ModelsEvent(NamedTuple):
    """Models that are being built together, since none of them reads another one.

    rows: of the whole table of each; None until they are built
    """

    names: tuple[str, ...]
    rows: Mapping[str, int] | None = None


Event: TypeAlias = ExportEvent | ModelsEvent
Watch: TypeAlias = Callable[[Event], None]
"""Called with whatever changes; the exports that are fetched ahead tell it from their thread."""


def ignore(event: Event) -> None:
    """Watches nothing."""
