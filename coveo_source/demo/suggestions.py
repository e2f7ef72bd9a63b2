"""Query suggestions: what visitors had typed, and what they chose from."""

from collections.abc import Iterable, Mapping

from .visits import Search, uuid_of
from .vocabulary import QUERIES

_SHOWN = 5
_LONGEST_LIST = 256
"""Characters to which the libraries shorten a list, by leaving out its first items."""


def suggestion_data(search: Search) -> Mapping[str, object] | None:
    """Returns what the libraries tell of a suggestion that was chosen as the query.

    Lists are texts with `;` between their items.
    """
    text = search.query.text
    if not text:
        return None
    typed = text[: 2 + search.id % max(len(text) // 2, 1)]
    draw = (search.id >> 32 & 0xFF) / 256
    ranking = int(draw * draw * _SHOWN)
    others = [QUERIES[(search.query.first + n * 7) % len(QUERIES)].text for n in range(_SHOWN - 1)]
    shown = [*others[:ranking], text, *others[ranking:]]
    return {
        "suggestionRanking": ranking,
        "partialQueries": _joined(typed[:n] for n in range(2, len(typed) + 1)),
        "suggestions": _joined(shown),
        "partialQuery": typed,
        "querySuggestResponseId": uuid_of(search.id ^ search.ms),
    }


def _joined(texts: Iterable[str | None]) -> str:
    items = [(text or "").replace(";", "") for text in texts]
    while len(joined := ";".join(items)) > _LONGEST_LIST:
        items.pop(0)
    return joined
