"""Recommendations, cases of agents, smart snippets, suggestions, and what is odd."""

import csv
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from coveo_source.tables import TABLES
from tests.demo.features.month import ON_RESULTS, Month, by_visit, data, share, time_of

SQL = Path(__file__).parents[3] / "sql"


def causes_in(seed: str) -> set[str]:
    with (SQL / seed).open(encoding="utf-8", newline="") as file:
        return {row["action_cause"].lower() for row in csv.DictReader(file)}


def test_recommendations_are_searched_by_the_page_and_opened(month: Month) -> None:
    searches = month.searches_by("recommendation", "recommendationInterfaceLoad")
    assert {search["queryExpression"] for search in searches} == {None}
    opened = {click["searchId"] for click in month.clicks_by("recommendationOpen")}
    assert opened < {search["id"] for search in searches}
    assert 0.1 < share(search["id"] in opened for search in searches) < 0.4


def test_agents_attach_what_they_have_opened_to_a_case(month: Month) -> None:
    attached = month.clicks_by("caseAttach")
    assert len(attached) > 50
    opened = {(c["searchId"], c["systemUriHash"]) for c in month.clicks_by(*ON_RESULTS)}
    for click in attached:
        assert click["originLevel1"] == "AgentPanel"
        assert (click["searchId"], click["systemUriHash"]) in opened
        assert data(click)["resultUriHash"] == click["systemUriHash"]
        assert data(click)["caseNumber"]
    known = {(click["searchId"], click["systemUriHash"]) for click in attached}
    detached = month.events("case", "caseDetach")
    assert {(e["lastSearchId"], data(e)["permanentId"]) for e in detached} <= known
    assert detached
    assert len(month.searches_by("contextChanged")) > 50


def test_smart_snippets_are_expanded_rated_and_opened(month: Month) -> None:
    values = Counter(event["eventValue"] for event in month.events("smartSnippet"))
    assert values["expandSmartSnippet"] > values["likeSmartSnippet"] > 10
    assert values["dislikeSmartSnippet"] > 5
    assert len(month.clicks_by("openSmartSnippetSource")) > 20


def test_a_suggestion_tells_its_rank_among_those_shown_and_what_was_typed(month: Month) -> None:
    chosen = [s for s in month.searches_by("omniboxAnalytics") if s["queryExpression"] and data(s)]
    ranks = Counter[int]()
    for search in chosen:
        values, query = data(search), search["queryExpression"] or ""
        rank = values["suggestionRanking"]
        ranks[rank] += 1
        assert query.startswith(values["partialQuery"])
        assert values["partialQueries"].split(";")[-1] == values["partialQuery"].replace(";", "")
        assert values["suggestions"].split(";")[rank] == query.replace(";", "")
        assert len(values["querySuggestResponseId"]) == 36
    assert ranks[0] > ranks[2] > ranks[4] > 20


def test_all_causes_but_those_of_kiosks_are_listed(month: Month) -> None:
    searches = Counter(search["actionCause"] for search in month.searches)
    clicks = Counter(click["causeV2"] for click in month.clicks if click["causeV2"])
    unknown = {c for c in searches if (c or "").lower() not in causes_in("search_causes.csv")}
    assert unknown == {"kioskStart"}
    assert {c for c in clicks if (c or "").lower() not in causes_in("click_causes.csv")} == {
        "kioskOpen"
    }
    assert 5 < searches["kioskStart"] < len(month.searches) / 100
    assert 5 < clicks["kioskOpen"] < len(month.clicks) / 100


def test_a_few_clicks_have_no_cause_another_case_or_the_rank_zero(month: Month) -> None:
    pairs = Counter((click["clickCause"], click["causeV2"]) for click in month.clicks)
    assert pairs[None, "documentOpen"] > pairs[None, None] > 0
    assert pairs["DOCUMENTOPEN", "documentOpen"] > 0
    ranks = Counter(click["clickRank"] for click in month.clicks)
    assert 5 < ranks["0"] < len(month.clicks) / 50


def test_results_have_several_ranking_modifiers(month: Month) -> None:
    modifiers = Counter(click["rankingModifier"] for click in month.clicks_by(*ON_RESULTS))
    assert len(modifiers) == 4
    assert modifiers["Reveal ART"] > 500


def test_no_two_rows_have_one_key(month: Month) -> None:
    for name, table in TABLES.items():
        keys = [tuple(record[column] for column in table.key) for record in month.rows[name]]
        assert len({*keys}) == len(keys)


def test_no_visit_has_a_break_of_half_an_hour(month: Month) -> None:
    events = [*month.searches, *month.clicks, *month.rows["custom_events"]]
    for visit in by_visit(events).values():
        times = [datetime.fromisoformat(time) for time in sorted(map(time_of, visit))]
        breaks = (after - before for before, after in pairwise(times))
        assert max(breaks, default=timedelta()) < timedelta(minutes=30)
