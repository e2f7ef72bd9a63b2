"""Random histories of a pipeline: loads of random rows, and what may go wrong between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain
from random import Random
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema import Schema
from dlt.extract import DltSource
from dlt.pipeline.helpers import pipeline_drop
from hypothesis import strategies as st

from coveo_source.dataset import REMOVED_ROWS_SCHEMA
from coveo_source.extract.resources import MERGE
from coveo_source.models.qualify import sql_schema
from coveo_source.models.runner import build
from coveo_source.reader.casting import arrow_schema
from coveo_source.tables import REMOVED, SOURCE, TABLES
from tests.models.incremental.removal import Removal, events_of, remove

Rows = list[dict[str, Any]]
RowsByTable = dict[str, Rows]

EVENING = datetime(2026, 3, 1, 22, 30, tzinfo=timezone.utc)
"""A Sunday: the day, and the week, end soon."""
times = st.builds(
    lambda hours, days: EVENING + timedelta(days=days, hours=hours, minutes=hours % 7),
    st.integers(0, 60),
    st.sampled_from([0, 0, 0, 0, 1, 7, 8, 28, 35]),
)


def ids(letter: str, count: int) -> st.SearchStrategy[str]:
    """Returns a strategy for a few ids, so that rows often refer to each other."""
    return st.sampled_from([f"{letter}{number}" for number in range(count)])


CAUSES = (
    *("searchboxSubmit", "interfaceLoad", "facetSelect", "facetDeselect", "omniboxAnalytics"),
    *("didyoumeanAutomatic", "ownCause"),
)
SENT_ALONG = (
    '{"facetTitle":"Source","facetValue":"Manuals"}',
    '{"suggestionRanking":2,"partialQuery":"te"}',
)
CLICK_CAUSES = (
    *("documentOpen", "documentQuickview", "generatedAnswerCitationClick", "caseAttach"),
    *("documentSuggestionClick", "ownCause"),
)
CITED = ('{"permanentId":"p1"}', '{"permanentId":"p2","citationHoverTimeMs":900}')
ANSWERED = (
    '{"answerGenerated":true,"generativeQuestionAnsweringId":"a"}',
    '{"answerGenerated":true,"answerTextIsEmpty":true}',
)
ANSWER_EVENTS = (
    *("generatedAnswerStreamEnd", "openGeneratedAnswerSource", "generatedAnswerSourceHover"),
    "likeGeneratedAnswer",
)

visit_ids = st.none() | ids("v", 5)
origins = st.sampled_from(["web", "support"])

searches = st.fixed_dictionaries(
    {
        "id": ids("s", 6),
        "datetime": times,
        "visitId": visit_ids,
        "queryExpression": st.sampled_from([None, "", "tea", " Tea", "coffee"]),
        "numberOfResults": st.sampled_from([None, 0, 7]),
        "withClicks": st.booleans(),
        "actionCause": st.sampled_from([None, *CAUSES]),
        "customDatas": st.sampled_from([None, *SENT_ALONG]),
        "splitTestRunName": st.sampled_from([None, "ranking"]),
        "splitTestRunVersion": st.sampled_from([None, "A", "B"]),
        "visitorId": st.none() | ids("b", 2),
        "originLevel1": origins,
        "deviceCategory": st.sampled_from([None, "Bot"]),
    }
)
clicks = st.fixed_dictionaries(
    {
        "clickId": ids("c", 5),
        "searchId": ids("s", 7),
        "datetime": times,
        "visitId": visit_ids,
        "clickRank": st.sampled_from([None, -1, 1, 4]),
        "clickCause": st.sampled_from([None, *CLICK_CAUSES]),
        "customDatas": st.sampled_from([None, *CITED]),
        "rankingModifier": st.sampled_from([None, "ART"]),
        "documentUrl": st.none() | ids("d", 3),
        "systemUriHash": st.none() | ids("h", 3),
        "originLevel1": origins,
    }
)
custom_events = st.fixed_dictionaries(
    {
        "customEventId": ids("e", 4),
        "lastSearchId": st.none() | ids("s", 7),
        "datetime": times,
        "visitId": visit_ids,
        "eventType": st.sampled_from(["getMoreResults", "generatedAnswer", "svc"]),
        "eventValue": st.sampled_from([*ANSWER_EVENTS, "ticket_create", "ticket_cancel"]),
        "customDatas": st.sampled_from([None, *CITED, *ANSWERED]),
        "originLevel1": origins,
    }
)
keywords = st.fixed_dictionaries(
    {"searchId": ids("s", 7), "keyword": ids("k", 3), "datetime": times}
)
groups = st.fixed_dictionaries(
    {"searchId": ids("s", 7), "groupName": ids("g", 3), "datetime": times}
)


def loads() -> st.SearchStrategy[Any]:
    """Returns a strategy for the rows of one load: few or none for each table."""
    return st.fixed_dictionaries(
        {
            "searches": st.lists(searches, max_size=3),
            "clicks": st.lists(clicks, max_size=3),
            "custom_events": st.lists(custom_events, max_size=2),
            "keywords": st.lists(keywords, max_size=2),
            "groups": st.lists(groups, max_size=2),
        }
    ).filter(lambda rows: any(rows.values()))


removals = st.one_of(
    st.builds(lambda key: [Removal("searches", f"id = '{key}'")], ids("s", 9)),
    st.builds(lambda key: [Removal("clicks", f"click_id = '{key}'")], ids("c", 9)),
    st.builds(lambda key: [Removal("custom_events", f"custom_event_id = '{key}'")], ids("e", 7)),
    st.builds(lambda key: [Removal("keywords", f"search_id = '{key}'")], ids("s", 9)),
    st.builds(lambda key: [Removal("keywords", f"keyword = '{key}'")], ids("k", 3)),
    st.builds(lambda key: [Removal("groups", f"search_id = '{key}'")], ids("s", 9)),
    st.builds(events_of, st.none() | ids("v", 9)),
    st.builds(lambda table: [Removal(table, "true")], st.sampled_from(["clicks", "groups"])),
)
"""What one cause removes; a few causes of one run may come together."""


@dataclass(frozen=True)
class Step:
    """One run.

    rows: none for a run that only removes rows
    dimension: a custom dimension that the rows have
    dropped: a table that the user drops before the run
    models_built: number of models after which the run is killed; None for never, 0 for no models
    removed: what is removed after the load
    replaced: whether the load removed it; if not, a load of its own did
    only: the only model that is built; None for all
    full_refresh: whether it is built in full
    """

    rows: dict[str, Rows]
    dimension: str | None = None
    dropped: str | None = None
    models_built: int | None = None
    removed: tuple[Removal, ...] = ()
    replaced: bool = False
    only: str | None = None
    full_refresh: bool = False

    @property
    def builds_all(self) -> bool:
        """True if all models are up to date afterwards."""
        return self.models_built is None and self.only is None


def large_load(seed: int) -> RowsByTable:
    """Returns a load with many rows, compared to which later loads are small."""
    random = Random(seed)

    def moment() -> datetime:
        return EVENING + timedelta(minutes=random.randrange(60 * 60))

    def any_of(letter: str, count: int) -> str | None:
        return random.choice([*(f"{letter}{number}" for number in range(count)), None])

    return {
        "searches": [
            {
                "id": f"s{number}",
                "datetime": moment(),
                "visitId": any_of("v", 12),
                "queryExpression": random.choice([None, "", "tea", "coffee", "milk"]),
                "numberOfResults": random.choice([0, 7]),
                "actionCause": random.choice(["searchboxSubmit", *CAUSES]),
                "customDatas": random.choice([None, *SENT_ALONG]),
                "splitTestRunName": random.choice([None, "ranking"]),
                "splitTestRunVersion": random.choice(["A", "B"]),
                "visitorId": any_of("b", 3),
                "originLevel1": random.choice(["web", "support"]),
            }
            for number in range(16)
        ],
        "clicks": [
            {
                "clickId": f"c{number}",
                "searchId": any_of("s", 18),
                "datetime": moment(),
                "visitId": any_of("v", 12),
                "clickRank": number,
                "clickCause": random.choice(["documentOpen", *CLICK_CAUSES]),
                "customDatas": random.choice([None, *CITED]),
                "rankingModifier": random.choice([None, "ART"]),
                "documentUrl": any_of("d", 5),
                "systemUriHash": any_of("h", 5),
                "originLevel1": random.choice(["web", "support"]),
            }
            for number in range(12)
        ],
        "custom_events": [
            {
                "customEventId": f"e{number}",
                "lastSearchId": any_of("s", 18),
                "datetime": moment(),
                "visitId": any_of("v", 12),
                "eventType": random.choice(["getMoreResults", "generatedAnswer", "svc"]),
                "eventValue": random.choice([*ANSWER_EVENTS, "ticket_create"]),
                "customDatas": random.choice([None, *CITED, *ANSWERED]),
            }
            for number in range(8)
        ],
        "keywords": [
            {"searchId": f"s{number}", "keyword": "k", "datetime": moment()} for number in range(9)
        ],
        "groups": [
            {"searchId": f"s{number}", "groupName": "g", "datetime": moment()}
            for number in range(7)
        ],
    }


first_steps = st.builds(Step, st.integers(0, 1000).map(large_load))
steps = st.builds(
    Step,
    st.just({}) | loads(),
    st.sampled_from([None] * 29 + ["c_theme"]),
    st.sampled_from([None] * 39 + ["clicks", "keywords"]),
    st.sampled_from([None, None, None, 0, 1, 2, 3, 5]),
    st.lists(removals, max_size=2).map(lambda several: tuple(chain(*several))),
    st.booleans(),
    st.sampled_from([None] * 5 + ["all_events", "search_outcomes"]),
    st.sampled_from([False] * 6 + [True]),
).filter(lambda step: step.rows or step.removed)


def run_step(pipeline: dlt.Pipeline, step: Step) -> None:
    """Does one run."""
    if step.dropped and step.dropped in sql_schema(pipeline):
        drop_table(pipeline, step.dropped)
    load_id = load(pipeline, step.rows, step.dimension) if step.rows else None
    if step.removed:
        remove(pipeline, step.removed, load_id if step.replaced else None)
    if step.models_built != 0:
        names = [step.only] if step.only else []
        for number, _ in enumerate(build(pipeline, names, step.full_refresh), 1):
            if number == step.models_built:
                break


def drop_table(pipeline: dlt.Pipeline, table: str) -> None:
    """Does what `dlt pipeline NAME drop TABLE` does."""
    pipeline_drop(pipeline, [table])()


def load(pipeline: dlt.Pipeline, rows: Mapping[str, Rows], dimension: str | None = None) -> str:
    """Merges rows into their tables, as one load package; returns its id."""
    resources = [table_resource(table, listed, dimension) for table, listed in rows.items()]
    source = DltSource(Schema(SOURCE), SOURCE, [*resources, _no_removed_rows()])
    [load_id] = pipeline.run(source).loads_ids
    return str(load_id)


def _no_removed_rows() -> Any:
    """Returns a resource by which the table of removed rows exists."""
    empty = REMOVED_ROWS_SCHEMA.append(pa.field("_dlt_load_id", pa.string())).empty_table()
    key = ("table_name", "row_key")
    return dlt.resource([empty], name=REMOVED, primary_key=key, write_disposition=MERGE)


def table_resource(table: str, rows: Rows, dimension: str | None) -> Any:
    """Returns a resource that loads rows into one of the five tables, as the source does."""
    header = [*TABLES[table].columns, *([dimension] if dimension else [])]

    def data() -> Iterator[pa.Table]:
        load_id = dlt.current.load_package_state()["load_id"]
        batch = pa.Table.from_pylist(
            [{**row, dimension: "any"} if dimension else row for row in rows],
            schema=arrow_schema(TABLES[table], header),
        )
        yield batch.append_column("_dlt_load_id", pa.repeat(load_id, batch.num_rows))

    return dlt.resource(
        data,
        name=table,
        primary_key=TABLES[table].key,
        write_disposition=MERGE,
        columns={"datetime": {"dedup_sort": "desc"}},
    )
