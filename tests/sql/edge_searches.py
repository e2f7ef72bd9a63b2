"""Refinements, suggestions, kinds of clicks and A/B tests that are easily counted wrong."""

from coveo_source.demo import Record
from tests.sql.event_rows import BOT, STAFF, click, data, search
from tests.sql.warehouse import Rows

FACET_DATA: tuple[tuple[str, str | None], ...] = (
    # the headless library
    ("facetSelect", data(facetId="source", facetTitle="Source", facetValue="Manuals")),
    ("facetDeselect", data(facetId="source", facetTitle="Source", facetValue="Manuals")),
    ("breadcrumbFacet", data(facetId="source", facetTitle="Source", facetValue="Manuals")),
    ("facetExclude", data(facetField="source", facetTitle="", facetValue="Manuals")),
    ("facetUnexclude", data(facetField="source", facetTitle="", facetValue="Manuals")),
    ("facetClearAll", data(facetId="source")),
    ("facetSelect", data(facetTitle="Size", facetRangeStart=0, facetRangeEnd=99.5)),
    ("facetSelect", data(facetTitle="Date", facetRangeStart="2026/01/01", facetRangeEnd="now")),
    ("facetSelect", data(facetTitle="Date", facetRangeStart="2026/01/01")),
    ("facetSelect", data(facetTitle="Date", facetValue=None, facetRangeStart=-1, facetRangeEnd=0)),
    ("facetSelect", data(facetTitle="Date", facetRangeStart=None, facetRangeEnd=None)),
    ("facetSelect", '{"facetTitle":"Date","facetRangeStart" : 1.5 , "facetRangeEnd" : "b, c" }'),
    ("facetSelect", '{"facetTitle":"Date","facetRangeStart":1,"facetRangeEnd":2\n}'),
    ("facetSelect", '{"facetTitle":"Date","facetRangeStart":"2026/01/01","facetRangeEnd":"2026/0'),
    # the page library
    ("dynamicFacetSelect", data(facetId="@type", facetTitle="Type", facetValue='27" C:\\new\\')),
    ("dynamicFacetSelect", data(facetId="@type", facetTitle='"Type"\\', facetValue="é\u2028")),
    ("dynamicFacetDeselect", data(facetId="@type", facetValue="PDF")),
    ("categoryFacetSelect", data(categoryFacetTitle="Place", categoryFacetPath=["a", "b"])),
    ("categoryFacetBreadcrumb", data(categoryFacetId="@place", categoryFacetField="place")),
    ("omniboxFacetSelect", data(facetId="source", facetTitle="Source", facetValue="manuals")),
    ("facetSelectAll", data(facetId="source", facetTitle="Source")),
    # written otherwise, cut off, or about nothing
    ("FACETSELECT", '{ "FACETTITLE" : "Source",\n"FacetValue"\t:\t"Manuals" }'),
    ("facetSelect", '{"facetTitle":"Source","facetValue":"Manu'),
    ("facetSelect", '{"facetTitle":"Sour'),
    ("facetSelect", data(query='"facetTitle":"not me"', facetTitle="Source", facetValue="Wiki")),
    ("facetSelect", data(facetTitle=None, facetField="author", facetValue="Ann")),
    ("resultsSort", data(facetTitle="", facetValue="", resultsSortBy="date")),
    ("facetSelect", None),
    ("ownCause", data(facetTitle="Source", facetValue="Manuals")),
    ("searchboxSubmit", data(facetTitle="Source", facetValue="Manuals")),
)


def refinements() -> Rows:
    """Returns a refinement for each way in which a facet is written."""
    searches = [
        search(
            f"f-{n}",
            f"16:00:{n:02}",
            "printer",
            actionCause=cause,
            customDatas=custom_data,
            visitId=f"facets-{n % 3}",
            numberOfResults=str(n % 4),
        )
        for n, (cause, custom_data) in enumerate(FACET_DATA)
    ]
    hidden = data(facetTitle="Source", facetValue="Manuals")
    others = [
        search(key, "16:00:00", "x", actionCause="facetSelect", customDatas=hidden, **columns)
        for key, columns in (("f-bot", BOT), ("f-staff", STAFF))
    ]
    clicked = [(0, "1"), (0, "3"), (6, "12"), (10, "2"), (1, "5"), (17, "-1")]
    clicks = [
        click(f"f-c{n}", "16:01:00", f"f-{key}", clickRank=rank, visitId=f"facets-{key % 3}")
        for n, (key, rank) in enumerate(clicked)
    ]
    return {"searches": [*searches, *others], "clicks": clicks}


def suggestions() -> Rows:
    """Returns suggestions that were chosen, with what was typed until then."""
    chosen: tuple[tuple[str, str | None], ...] = (
        ("printer", data(suggestionRanking=0, partialQuery="pr", partialQueries="p;pr")),
        ("Printer ", data(suggestionRanking=3, partialQuery='say "é\\"', suggestions="a;b")),
        ("printer", data(suggestionRanking=1, partialQuery="")),
        ("printer", '{"suggestionRanking":2,"partialQuery":"pri'),
        ("printer", data(suggestionRanking=None, partialQuery=42)),
        ("scanner", None),
        ("", data(suggestionRanking=0, partialQuery="s")),
    )
    searches = [
        search(
            f"o-{n}",
            f"17:00:0{n}",
            query,
            actionCause="omniboxAnalytics" if n % 2 else "OmniboxAnalytics",
            customDatas=custom_data,
            visitId=f"suggestions-{n % 2}",
            withResults="f",
            numberOfResults=None if n == 1 else "3",
        )
        for n, (query, custom_data) in enumerate(chosen)
    ]
    others = [
        search("o-next", "2026-03-09 00:00:00.001", "printer", actionCause="omniboxAnalytics"),
        search("o-link", "17:00:00", "printer", actionCause="omniboxFromLink"),
        search("o-bot", "17:00:00", "printer", actionCause="omniboxAnalytics", **BOT),
    ]
    clicks = [click("o-c1", "17:01:00", "o-0", visitId="suggestions-0")]
    return {"searches": [*searches, *others], "clicks": clicks}


def kinds_of_clicks() -> Rows:
    """Returns clicks of each kind, with odd ranks, and with and without a ranking modifier."""
    here: dict[str, str | None] = {"visitId": "kinds"}
    causes: tuple[tuple[str | None, str | None, str | None, str | None], ...] = (
        ("documentOpen", None, "0", None),
        ("documentOpen", None, "-1", "Reveal ART"),
        ("DOCUMENTQUICKVIEW", "documentOpen", "2", "Reveal ART"),
        (None, "documentQuickview", "7", "Reveal ART"),
        (None, None, "1", ""),
        (None, "caseAttach", "1", "Reveal ART"),
        ("caseAttach", None, "3", None),
        ("generatedAnswerCitationDocumentAttach", None, "1", None),
        ("recommendationOpen", None, "5", "Featured result"),
        ("ownClick", "documentOpen", "4", "Reveal ART"),
        ("openSmartSnippetSource", None, "0", None),
    )
    names = ("clickCause", "causeV2", "clickRank", "rankingModifier")
    clicks = [
        click(f"k-c{n}", f"18:00:{n:02}", "k-1", **{**here, **dict(zip(names, row, strict=True))})
        for n, row in enumerate(causes)
    ]
    single = [
        click(f"on k-{cause}", "18:10:01", f"k-{cause}", clickCause=cause, **here)
        for cause in ("caseAttach", "recommendationOpen", "ownClick")
    ]
    searches = [
        # at the same time as its first click
        search("k-1", "18:00:00.457", "all", **here),
        *(search(row["searchId"] or "", "18:10:00", row["searchId"], **here) for row in single),
    ]
    return {"searches": searches, "clicks": [*clicks, *single]}


def distant_clicks() -> Rows:
    """Returns clicks long after their search, and before it."""
    days = ("2026-03-08", "2026-03-09", "2026-03-10", "2026-03-15", "2026-03-16", "2026-03-22")
    times = [f"{day} {time}" for day in days for time in ("00:00:00.001", "23:59:59.999")]
    return {
        "searches": [
            search("d-1", "2026-03-08 12:00:00", "far", visitId="far"),
            search("d-2", "2026-03-22 12:00:00", "far away", visitId="far"),
        ],
        "clicks": [
            click(f"{key}-c{n}", time, key, visitId="far")
            for key in ("d-1", "d-2")
            for n, time in enumerate(times)
        ],
    }


def experiment_search(
    key: str, day: int, test: str, version: str | None, **columns: str | None
) -> Record:
    """Returns a search in an A/B test, by a visitor who has the name of the first word of its key.

    day: of March 2026, where the 2nd and the 9th are Mondays
    """
    visitor = key.split()[0]
    shared: dict[str, str | None] = {
        "queryPipeline": "default",
        "visitId": f"visit of {visitor} on {day}",
        "visitorId": visitor,
    }
    run = {"splitTestRunName": test, "splitTestRunVersion": version}
    return search(key, f"2026-03-{day:02} 12:00:00", "tested", **{**shared, **run, **columns})


def experiments() -> Rows:
    """Returns A/B tests with loyal visitors, mixed ones, and visitors without an id."""
    nobody: dict[str, str | None] = {"visitorId": None}
    clicked = (("ann 1", "1"), ("ann 2", "4"), ("bea 1", "2"), ("cai 1", "9"), ("mix 1", "3"))
    twice = (("ann 1", "6"), ("cai 2", None), ("visit-only 1", "0"), ("both 1", "2"))
    return {
        "searches": [
            *(experiment_search(f"ann {n}", 2 + n, "Ranking", "A") for n in range(4)),
            experiment_search("bea 1", 2, "Ranking", "A", numberOfResults="0"),
            *(experiment_search(f"cai {n}", 3, "Ranking", "B") for n in range(3)),
            experiment_search("dan 1", 3, "Ranking", "B"),
            # mixed in one week, loyal in the next one and in another test
            experiment_search("mix 1", 4, "Ranking", "A"),
            experiment_search("mix 2", 8, "Ranking", "B", visitId=None),
            experiment_search("mix 3", 9, "Ranking", "B"),
            experiment_search("mix 4", 4, "Other", "A"),
            experiment_search("nul 1", 4, "Ranking", None),
            experiment_search("nul 2", 4, "Ranking", "A"),
            # two versions in two pipelines
            experiment_search("across 1", 5, "Ranking", "A"),
            experiment_search("across 2", 5, "Ranking", "B", queryPipeline="second"),
            # one version in two pipelines, and none
            experiment_search("both 1", 5, "Ranking", "A"),
            experiment_search("both 2", 5, "Ranking", "A", queryPipeline="second"),
            experiment_search("none 1", 5, "Other", None, queryPipeline=None),
            # without an id
            *(experiment_search(f"visit-only {n}", 6, "Ranking", "A", **nobody) for n in range(2)),
            *(
                experiment_search(f"unknown {n}", 6, "Ranking", "B", visitId=None, **nobody)
                for n in range(2)
            ),
            experiment_search("new 1", 6, "Ranking", "B", clientId="new client", **nobody),
            experiment_search("alone 1", 6, "Alone", "A"),
            # one visit in which the id of the visitor is missing at first
            experiment_search("eve 0", 7, "Alone", "B", visitId="of eve", **nobody),
            experiment_search("eve 1", 7, "Alone", "B", visitId="of eve"),
            experiment_search("robot 1", 6, "Ranking", "A", deviceCategory="Bot"),
            experiment_search("staff 1", 6, "Ranking", "A", isInternal="t"),
        ],
        "clicks": [
            click(f"click {n} on {key}", "2026-03-08 13:00:00", key, clickRank=rank)
            for n, (key, rank) in enumerate((*clicked, *twice))
        ],
    }
