"""What is printed of a time that was loaded again: rows by table and age."""

from collections import Counter
from collections.abc import Iterable, Iterator

from ..dataset import LookBack
from ..extract import FetchedExport
from ..tables import TABLES

_MOST_AGES = 8
"""Ages of one table in a line; the older ones are summed up."""


def look_back_text(fetched: Iterable[FetchedExport]) -> str:
    """Returns how old the late, changed and gone rows are: one line each, if there are any."""
    found = _total(each.found.look_back for each in fetched)
    kinds = {"Late": found.late, "Changed": found.changed, "Gone": found.gone}
    return "\n".join(
        f"{kind} by age: {'; '.join(tables)}"
        for kind, ages in kinds.items()
        if (tables := list(_tables(ages)))
    )


def _total(found: Iterable[LookBack]) -> LookBack:
    total = LookBack()
    for each in found:
        for sums, parts in (
            (total.late, each.late),
            (total.changed, each.changed),
            (total.gone, each.gone),
        ):
            for table, ages in parts.items():
                sums[table] = dict(Counter(sums.get(table, {})) + Counter(ages))
    return total


def _tables(by_table: dict[str, dict[int, int]]) -> Iterator[str]:
    for table in TABLES:
        if ages := sorted(by_table.get(table, {}).items()):
            texts = [f"{days} d {rows:,}" for days, rows in ages[:_MOST_AGES]]
            if older := sum(rows for _, rows in ages[_MOST_AGES:]):
                texts.append(f"older {older:,}")
            yield f"{table} {', '.join(texts)}"
