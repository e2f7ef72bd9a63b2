"""The sections of a report, from the queries."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from . import charts, tables
from .formats import decimal, number, percent
from .loaded import Origin, loaded_section
from .parts import Chart, Section, Source
from .queries import Answer, Queries
from .svg import Artist
from .tiles import make_tiles
from .visit import visit_section

_WITHOUT_RESULTS = 0.05
"""Most of the searches that should be without results, as Coveo recommends."""

_TRENDS = (
    ("Searches", "searches_by_day", "searches", None, number, None),
    ("Visits", "visits_by_day", "visits", None, number, None),
    ("Visitors", "visits_by_day", "visitors", None, number, None),
    ("Search clickthrough", "searches_by_day", "searches_with_clicks", "searches", percent, None),
    ("Visit clickthrough", "visits_by_day", "visits_with_clicks", "visits", percent, None),
    ("Average click rank", "searches_by_day", "click_rank_sum", "ranked_clicks", decimal, None),
    (
        "Searches without results",
        *("searches_by_day", "searches_without_results", "searches", percent, _WITHOUT_RESULTS),
    ),
)
_ANSWERED = ("Answered", "searches_by_day", "answered_searches", "searches", percent, None)


def make_sections(
    queries: Queries, artist: Artist, origin: Origin, visit: str | None
) -> Iterator[Section]:
    """Yields the sections that have something to show, in the order of the page.

    visit: the visit whose timeline is shown; None for an example
    """
    zone = ZoneInfo(origin.settings.time_zone)
    overview = Section("overview", "Overview", tiles=make_tiles(queries))
    yield overview
    has_events = any(row["events"] for row in queries.ask("traffic").rows)
    if has_events:
        answered = any(tile.label == "Answered" for tile in overview.tiles)
        yield _trends(queries, artist, answered)
        yield from _questions(queries, artist)
        yield from _clicks(queries, artist)
        yield _queries(queries)
        yield _documents(queries)
        yield from _facets(queries)
        yield from _ab_tests(queries)
        yield from _answers(queries, artist)
        yield from _cases(queries, artist)
    if (has_events or visit) and (timeline := visit_section(queries, zone, visit)):
        yield timeline
    yield loaded_section(queries, origin)


def _trends(queries: Queries, artist: Artist, has_answers: bool) -> Section:
    points = queries.days.points
    section = Section("trends", "Week by week" if queries.days.by_week else "Day by day")
    if queries.days.before:
        section.text = "The faint line is the period before."
    if not queries.days.by_week:
        section.text += " Weekends are shaded."
    for title, query, part, whole, text, benchmark in (*_TRENDS, *[_ANSWERED][: int(has_answers)]):
        answer = queries.ask(query)
        chart = charts.trend(answer.rows, points, part, whole, text, benchmark)
        about = answer.definition
        if benchmark:
            about += f" The dashed line is Coveo's benchmark of at most {percent(benchmark)}."
        section.charts.append(_chart(artist, title, chart, answer, about))
    return section


def _chart(
    artist: Artist, title: str, chart: charts.Drawing, answer: Answer, about: str | None = None
) -> Chart:
    name = title.lower().replace(" ", "-")
    return Chart(title, artist.draw(chart, name), Source.of(answer, about))


def _questions(queries: Queries, artist: Artist) -> Iterator[Section]:
    answer = queries.ask("questions")
    if any(row["period"] == "now" for row in answer.rows):
        section = Section("questions", "From asking to finding")
        section.text = (
            "A question is what somebody typed in a visit, with all searches, facets and clicks that"
            " belong to it."
        )
        if queries.days.before:
            section.text += " The faint bars are the shares of the period before."
        section.charts = [
            _chart(artist, "How far questions get", charts.funnel(answer.rows), answer),
            _chart(artist, "How questions end", charts.outcomes(answer.rows), answer),
        ]
        yield section


def _clicks(queries: Queries, artist: Artist) -> Iterator[Section]:
    section = Section("clicks", "Where and when")
    ranks, sources = queries.ask("clicks_by_rank"), queries.ask("clicks_by_source")
    hours = queries.ask("searches_by_hour")
    if ranks.rows:
        section.charts.append(_chart(artist, "Clicks by rank", charts.ranks(ranks.rows), ranks))
    if sources.rows:
        section.charts.append(_chart(artist, "Clicks by source", charts.sources(sources.rows), sources))
    if hours.rows:
        section.charts.append(_chart(artist, "Searches by hour", charts.hours(hours.rows), hours))
    if section.charts:
        yield section


def _queries(queries: Queries) -> Section:
    section = Section("queries", "What people ask")
    section.tables = [tables.content_gaps(queries), tables.top_queries(queries)]
    if queries.days.before:
        section.tables.append(tables.rising_queries(queries))
    if not queries.with_names:
        section.text = "Queries of a single visit are left out."
    return section


def _documents(queries: Queries) -> Section:
    return Section("documents", "What people open", tables=[tables.documents(queries)])


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
    answer = queries.ask("generated_answers")
    if any(row["asked"] for row in answer.rows):
        section = Section("answers", "Generated answers")
        section.charts = [_chart(artist, "What became of them", charts.answers(answer.rows), answer)]
        section.tables = [tables.cited_documents(queries)]
        yield section


def _cases(queries: Queries, artist: Artist) -> Iterator[Section]:
    answer = queries.ask("cases")
    if any(row["period"] == "now" for row in answer.rows):
        section = Section("cases", "Support cases")
        section.charts = [_chart(artist, "How they ended", charts.cases(answer.rows), answer)]
        yield section
