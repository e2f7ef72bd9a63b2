"""The query of `docs/differences.md` that has the console's numbers, against plain Python."""

import pytest

from tests.sql.events import distinct, events_of, mean, of_kind
from tests.sql.export_rows import demo_rows
from tests.sql.questions import ROOT, examples_of, header
from tests.sql.warehouse import rows_of, warehouse


def test_the_console_s_numbers_of_a_range_of_days() -> None:
    [(sql, output)] = examples_of(ROOT / "docs" / "differences.md")
    rows = demo_rows()
    database = warehouse(rows)
    sql = sql.replace("2026-11-01", "2026-03-03").replace("2026-11-30", "2026-03-07")
    names = [column[0] for column in database.execute(sql).description]
    assert header(output) == names

    every = events_of(rows)
    events = [event for event in every if 3 <= event.day.day <= 7]
    searches, clicks = of_kind("Search", events), of_kind("Click", events)
    visits = distinct(event.visit for event in events)
    clicked = {click.search_id for click in of_kind("Click", every)}
    ranks = [click.number("clickRank") for click in clicks]
    assert {event.is_person for event in events} == {True, False}
    assert min(rank for rank in ranks if rank is not None) < 1
    assert rows_of(database, sql) == [
        (
            len(searches),
            len(clicks),
            visits,
            pytest.approx(100 * distinct(click.visit for click in clicks) / visits, abs=0.051),
            pytest.approx(mean(ranks), abs=0.0051),
            pytest.approx(100 * sum(s.id in clicked for s in searches) / len(searches), abs=0.051),
        )
    ]
