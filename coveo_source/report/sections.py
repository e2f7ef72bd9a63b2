"""The sections of a report, from the queries."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from altair.utils.schemapi import debug_mode

from . import catalog, tables
from .catalog import ChartPlan
from .loaded import Origin, loaded_section
from .parts import Chart, Section, Source
from .queries import Queries
from .svg import Artist
from .tiles import make_tiles
from .visit import visit_section


def make_sections(
    queries: Queries, artist: Artist, origin: Origin, visit: str | None
) -> Iterator[Section]:
    """Yields the sections that have something to show, in the order of the page.

    visit: the visit whose timeline is shown; None for an example
    """
    overview = Section("overview", "Overview", tiles=make_tiles(queries))
    yield overview
    has_events = any(row["events"] for row in queries.ask("traffic").rows)
    if has_events:
        has_answers = any(tile.label == catalog.ANSWERED.title for tile in overview.tiles)
        yield _trends(queries, artist, has_answers)
        yield from _questions(queries, artist)
        yield from _clicks(queries, artist)
        yield _asked(queries)
        yield Section("documents", "What people open", tables=[tables.documents(queries)])
        yield from _facets(queries)
        yield from _ab_tests(queries)
        yield from _answers(queries, artist)
        yield from _cases(queries, artist)
    zone = ZoneInfo(origin.settings.time_zone)
    if (has_events or visit) and (timeline := visit_section(queries, zone, visit)):
        yield timeline
    yield loaded_section(queries, origin)


def _drawn(queries: Queries, artist: Artist, plans: Iterable[ChartPlan]) -> list[Chart]:
    """Draws those charts that have rows."""
    # Altair checks every part of a chart against its schema, which takes longer than all the rest
    with debug_mode(False):
        return [
            Chart(
                plan.title,
                artist.draw(plan.drawn(answer.rows, queries.days.points), plan.title),
                Source.of(answer),
            )
            for plan in plans
            if (answer := queries.ask(plan.query)).rows
        ]


def _trends(queries: Queries, artist: Artist, has_answers: bool) -> Section:
    section = Section("trends", "Week by week" if queries.days.by_week else "Day by day")
    if queries.days.before:
        section.text = "The faint line is the period before. "
    if not queries.days.by_week:
        section.text += "Weekends are shaded. "
    section.text += "The dashed line is Coveo's benchmark: at most 5 % of searches without results."
    plans = [*catalog.TRENDS, catalog.ANSWERED] if has_answers else catalog.TRENDS
    section.charts = _drawn(queries, artist, plans)
    return section


def _questions(queries: Queries, artist: Artist) -> Iterator[Section]:
    if any(row["period"] == "now" for row in queries.ask("questions").rows):
        section = Section("questions", "From asking to finding")
        section.text = (
            "A question is what somebody typed in a visit, with all searches, facets and clicks"
            " that belong to it."
        )
        if queries.days.before:
            section.text += " The faint bars are the shares of the period before."
        section.charts = _drawn(queries, artist, catalog.QUESTIONS)
        yield section


def _clicks(queries: Queries, artist: Artist) -> Iterator[Section]:
    if charts := _drawn(queries, artist, catalog.CLICKS):
        yield Section("clicks", "Where and when", charts=charts)


def _asked(queries: Queries) -> Section:
    section = Section("queries", "What people ask")
    section.tables = [tables.content_gaps(queries), tables.top_queries(queries)]
    if queries.days.before:
        section.tables.append(tables.rising_queries(queries))
    if not queries.with_names:
        section.text = "Queries of a single visit are left out."
    return section


def _facets(queries: Queries) -> Iterator[Section]:
    table = tables.facets(queries)
    if table.rows:
        yield Section("facets", "How people narrow down", tables=[table])


def _ab_tests(queries: Queries) -> Iterator[Section]:
    table = tables.ab_tests(queries)
    if table.rows:
        text = (
            "If the intervals of two versions do not overlap, their difference is hardly chance."
            " A visitor counts once in each week."
        )
        yield Section("tests", "A/B tests", text, tables=[table])


def _answers(queries: Queries, artist: Artist) -> Iterator[Section]:
    if any(row["asked"] for row in queries.ask("generated_answers").rows):
        charts = _drawn(queries, artist, catalog.ANSWERS)
        cited = tables.cited_documents(queries)
        yield Section("answers", "Generated answers", charts=charts, tables=[cited])


def _cases(queries: Queries, artist: Artist) -> Iterator[Section]:
    if any(row["period"] == "now" for row in queries.ask("cases").rows):
        text = "The faint bars are the period before." if queries.days.before else ""
        charts = _drawn(queries, artist, catalog.CASES)
        yield Section("cases", "Support cases", text, charts=charts)
