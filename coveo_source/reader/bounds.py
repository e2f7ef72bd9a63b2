"""What the rows of a file may hold: times of its window, and texts that the destination can store.

A text that cannot be stored is changed as little as possible, and what it was is noted.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

NUL = "\0"
_INSTEAD_OF_NUL = "\ufffd"
_NUL_SHOWN = r"\x00"

Period: TypeAlias = tuple[datetime, datetime]
"""A half-open interval of UTC datetimes."""


class Bounds(NamedTuple):
    """What rows may hold; by default, anything.

    period: the times that they may have; None for any
    holds_nul: whether texts may contain the character NUL
    longest_text: in bytes of UTF-8; None for any length
    """

    period: Period | None = None
    holds_nul: bool = True
    longest_text: int | None = None

    def stored(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """Returns texts as they can be stored."""
        if not self.holds_nul:
            texts = pc.replace_substring(texts, NUL, _INSTEAD_OF_NUL)
        if self.longest_text is not None and self._longest(texts) > self.longest_text:
            cut = [text and self._cut(text) for text in texts.to_pylist()]
            texts = pa.chunked_array([pa.array(cut, pa.string())])
        return texts

    def shown(self, text: str) -> str:
        """Returns a text as it can be stored, and as people can see what was in it."""
        return self._cut(text if self.holds_nul else text.replace(NUL, _NUL_SHOWN))

    def changed(
        self, texts: pa.ChunkedArray, stored: pa.ChunkedArray
    ) -> Iterator[tuple[int, str, str]]:
        """Yields the index of each text that is stored otherwise, the text itself, and why."""
        if self.holds_nul and self.longest_text is None:
            return
        for index in pc.indices_nonzero(pc.not_equal(texts, stored)).to_pylist():
            text = texts[index].as_py()
            yield index, self.shown(text), " and ".join(self._reasons(text))

    def _reasons(self, text: str) -> Iterable[str]:
        if not self.holds_nul and NUL in text:
            yield f"holds a NUL, which the destination cannot store: {_INSTEAD_OF_NUL} instead"
        if self.longest_text is not None and len(text.encode()) > self.longest_text:
            yield (
                f"is {len(text.encode()):,} bytes long, but the destination stores at most"
                f" {self.longest_text:,}: cut off"
            )

    def _longest(self, texts: pa.ChunkedArray) -> int:
        return pc.max(pc.binary_length(texts)).as_py() or 0

    def _cut(self, text: str) -> str:
        if self.longest_text is None or len(text) * 4 <= self.longest_text:
            return text
        return text.encode()[: self.longest_text].decode(errors="ignore")
