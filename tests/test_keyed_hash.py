"""Texts that stand for values."""

import hashlib
import hmac

from coveo_source.keyed_hash import key_mark, keyed_hash, may_be_hash
from tests.support.settings import HASH_KEY


def test_a_hash_is_hmac_sha_256_in_hexadecimal() -> None:
    expected = hmac.new(HASH_KEY.encode(), "ann é".encode(), hashlib.sha256).hexdigest()
    assert keyed_hash(HASH_KEY, "ann é") == expected
    assert may_be_hash(expected)
    assert not may_be_hash(expected[1:])


def test_a_key_is_recognized_by_its_mark_and_not_contained_in_it() -> None:
    assert key_mark(HASH_KEY) == key_mark(HASH_KEY)
    assert key_mark(HASH_KEY) != key_mark(HASH_KEY[1:])
    assert len(key_mark(HASH_KEY)) == 16
