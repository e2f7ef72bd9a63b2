from collections import defaultdict
from statistics import mean

from coveo_source.demo import Record
from coveo_source.tables import EVENT_TABLES
from tests.demo.features.month import ON_RESULTS, TYPED, Month, share

A, B = "Community", "Community with new ranking"


def in_version(records: list[Record], version: str) -> list[Record]:
    return [record for record in records if record["splitTestRunVersion"] == version]


def test_visitors_stay_with_their_version_but_for_a_few(month: Month) -> None:
    versions = defaultdict(set)
    for table in EVENT_TABLES:
        for record in month.rows[table]:
            versions[record["visitorId"]].add(record["splitTestRunVersion"])
    tested = [seen - {None} for seen in versions.values() if seen != {None}]
    assert len(tested) > 200
    assert 0 < sum(len(seen) > 1 for seen in tested) < len(tested) / 20


def test_the_test_has_a_name_and_a_part_of_one_interface(month: Month) -> None:
    taking_part = [search for search in month.searches if search["splitTestRunName"]]
    assert {search["splitTestRunName"] for search in taking_part} == {"New ranking"}
    assert {search["originLevel1"] for search in taking_part} == {"CommunitySearch"}
    assert 0.1 < len(taking_part) / len(month.searches) < 0.35
    assert {
        bool(r["splitTestRunName"]) is bool(r["splitTestRunVersion"]) for r in month.clicks
    } == {True}


def test_a_version_is_the_query_pipeline_of_its_searches_and_clicks(month: Month) -> None:
    for record in (*month.searches, *month.clicks):
        version = record["splitTestRunVersion"]
        assert version is None or record["queryPipeline"] == version
        assert version is not None or record["queryPipeline"] != B


def test_version_b_ranks_better(month: Month) -> None:
    typed = month.searches_by(*TYPED)
    opened = [month.clickthrough(in_version(typed, version)) for version in (A, B)]
    assert opened[0] + 0.05 < opened[1]
    clicks = month.clicks_by(*ON_RESULTS)
    ranks = [mean(int(c["clickRank"] or 0) for c in in_version(clicks, v)) for v in (A, B)]
    assert ranks[0] > ranks[1] + 0.5
    assert share(click["clickRank"] == "1" for click in in_version(clicks, B)) > 0.4
