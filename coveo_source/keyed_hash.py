"""Texts that stand for values which nobody is to read: equal ones for equal values.

Without the key they say nothing, even to somebody who has a list of everybody's names.
"""

import hmac
import re

_MARKED = "coveo_source: the key by which values are hashed"
_HASH = re.compile(r"[0-9a-f]{64}")


def keyed_hash(key: str, value: str) -> str:
    """Returns the HMAC-SHA-256 of a value, in 64 hexadecimal digits."""
    return hmac.digest(key.encode(), value.encode(), "sha256").hex()


def key_mark(key: str) -> str:
    """Returns what a key is recognized by, and cannot be found out from."""
    return keyed_hash(key, _MARKED)[:16]


def may_be_hash(text: str) -> bool:
    """Returns True if a text looks like what `keyed_hash` returns."""
    return _HASH.fullmatch(text) is not None
