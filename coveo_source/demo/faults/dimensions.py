"""Lists of dimensions as another version, or somebody who means harm, would send them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

from .fault import Then
from .outcomes import rewritten

HOSTILE_TEXTS = (
    "it's \"quoted\" `so`, \\' and \\\\",
    "two\nlines\r\nand\ta tab",
    "'; drop table searches; --",
    "*/ $$ %s %(x)s {0} :name ?",
    "{{ env_var('HOME') }}{% raw %}{% endraw %}{# }}",
    "- a: [b, {c: d}] # e & *f !g |h >i",
    "nul\x00bell\x07\x1b[31mescape",
    "half a pair \ud83d and a whole one \U0001f600",
    "\u202eright to left\u2028line",
    "x" * 10_000,
    "   ",
)
"""Display names that break what quotes them carelessly."""

ODD_FIELDS: Mapping[str, Sequence[Any]] = {
    "displayName": [None, "", 7, ["a"], {"en": "Name"}, *HOSTILE_TEXTS],
    "type": [None, "GEOMETRY", 1, [], "DATE\n"],
    "custom": [None, "true", 1],
    "eventTypes": [None, [], "clicks", [None, 3], ["visits"], ["SEARCHES"]],
    "apiNames": [None, "X", [None]],
}
"""Values that the fields of a dimension should not have."""

NO_DIMENSIONS: Sequence[Any] = (
    None,
    7,
    "returnName",
    [],
    {},
    {"returnName": None},
    {"returnName": ""},
    {"returnName": "clicks."},
    {"returnName": 5, "displayName": "Five"},
    {"returnName": "c_a\x00b", "displayName": "Nul"},
    {"returnName": "c_\ud800", "displayName": "Half"},
    {"returnName": "c_" + "x" * 5_000, "displayName": "Long"},
    {"displayName": "Nameless"},
)
"""Entries that describe no dimension that a file could have."""


def with_dimensions(*entries: Mapping[str, Any], without: Iterable[str] = ()) -> Then:
    """Adds entries to the list of dimensions, and leaves out some by their `returnName`."""
    gone = set(without)
    return rewritten(
        lambda listed: [*(each for each in listed if each["returnName"] not in gone), *entries]
    )


def odd_dimensions(listed: Sequence[dict[str, Any]]) -> list[Any]:
    """Gives each field of a list of dimensions an odd value in turn, adds entries, repeats some.

    Every other dimension stays as it is.
    """
    changes = cycle([{name: value} for name, values in ODD_FIELDS.items() for value in values])
    odd = [{**each, **(next(changes) if number % 2 else {})} for number, each in enumerate(listed)]
    return [*odd, *NO_DIMENSIONS, *listed[:5]]
