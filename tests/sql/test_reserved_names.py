"""No dimension can have the name of a column that a model adds to those of the tables.

The SQL is read as text: whatever stands beside a `*` over columns that nobody knows is a name of
ours, in models to come too.
"""

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from coveo_source.extract.table_widths import TIMELINE_ROOM
from coveo_source.tables import TABLES, is_ours
from tests.sql.warehouse import build_order, name_of, sql_of

_LOAD_ID = "_dlt_load_id"


def open_ended(model: str, known: set[str]) -> tuple[set[str], bool]:
    """Returns the names beside open-ended stars in a model, and whether its own columns are such.

    known: the tables and models with columns that nobody knows
    """
    query = sqlglot.parse_one(sql_of(model), read="duckdb")
    open_tables, added = set(known), set[str]()
    for cte in query.find_all(exp.CTE):
        for select in cte.this.find_all(exp.Select):
            names = list(_beside_stars(select, open_tables))
            if names:
                open_tables.add(cte.alias)
                added.update(names)
    assert isinstance(query, exp.Select)
    return added - {_LOAD_ID, ""}, any(True for _ in _beside_stars(query, open_tables))


def _beside_stars(select: exp.Select, open_tables: set[str]) -> Iterator[str]:
    """Yields the names that a query adds to open-ended columns or leaves out, and an empty one."""
    parts = [part.this for part in (select.args["from_"], *select.args.get("joins", ()))]
    sources = {part.alias_or_name: part.name for part in parts}
    stars = [each for each in select.selects if each.is_star]
    for star in stars:
        named = star.table if isinstance(star, exp.Column) else ""
        if open_tables.intersection([sources[named]] if named else sources.values()):
            yield ""
            yield from (each.alias_or_name for each in select.selects if not each.is_star)
            for found in star.find_all(exp.Star):
                yield from (left_out.name for left_out in found.args.get("except_") or ())


def test_no_dimension_can_take_a_name_that_a_model_adds() -> None:
    known = set(TABLES)
    added: dict[str, set[str]] = {}
    for model in build_order():
        added[model], is_open = open_ended(model, known)
        known |= {model} if is_open else set()
    assert {"c_event_type", "event_id", "type_order", "event_number"} < added["all_events"]
    assert known == {*TABLES, "all_events"}
    for names in added.values():
        assert [name for name in names if not is_ours(name)] == []
    # with the rest of what dlt adds
    assert len(added["all_events"]) < TIMELINE_ROOM - 2


def test_no_column_of_coveos_is_taken_for_ours() -> None:
    columns = [name_of(name) for table in TABLES.values() for name in table.columns]
    assert [column for column in columns if is_ours(column)] == []
