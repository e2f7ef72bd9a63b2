"""Any history of a pipeline: loads of any rows, in any order, and what may go wrong in between."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from dlt.common.schema import Schema
from dlt.extract import DltSource
from dlt.pipeline.helpers import pipeline_drop
from hypothesis import strategies as st

from coveo_source.extract.resources import MERGE
from coveo_source.models.files import seed_rows, selected
from coveo_source.models.qualify import qualify_query, sql_schema
from coveo_source.models.runner import build
from coveo_source.reader.casting import arrow_schema as arrow_schema
from coveo_source.tables import SOURCE, TABLES

Rows = list[dict[str, Any]]
Rows_by_table = dict[str, Rows]

EVENING = datetime(2026, 3, 1, 22, 30, tzinfo=timezone.utc)
moments = st.integers(0, 60).map(lambda hours: EVENING + timedelta(hours=hours, minutes=hours % 7))


def among(letter: str, count: int) -> st.SearchStrategy[str]:
    """A few ids, so that rows meet."""
    return st.sampled_from([f"{letter}{number}" for number in range(count)])


visits = st.none() | among("v", 5)
origins = st.sampled_from(["web", "support"])

searches = st.fixed_dictionaries(
    {
        "id": among("s", 6),
        "datetime": moments,
        "visitId": visits,
        "queryExpression": st.sampled_from([None, "", "tea", " Tea", "coffee"]),
        "numberOfResults": st.sampled_from([None, 0, 7]),
        "withClicks": st.booleans(),
        "actionCause": st.sampled_from([None, "searchboxSubmit", "interfaceLoad", "facetSelect"]),
        "originLevel1": origins,
        "deviceCategory": st.sampled_from([None, "Bot"]),
    }
)
clicks = st.fixed_dictionaries(
    {
        "clickId": among("c", 5),
        "searchId": among("s", 7),
        "datetime": moments,
        "visitId": visits,
        "clickRank": st.sampled_from([None, 1, 4]),
        "documentUrl": st.none() | among("d", 3),
        "systemUriHash": st.none() | among("h", 3),
        "originLevel1": origins,
    }
)
custom_events = st.fixed_dictionaries(
    {
        "customEventId": among("e", 4),
        "lastSearchId": st.none() | among("s", 7),
        "datetime": moments,
        "visitId": visits,
        "eventType": st.sampled_from(["getMoreResults", "click"]),
        "originLevel1": origins,
    }
)
keywords = st.fixed_dictionaries(
    {"searchId": among("s", 7), "keyword": among("k", 3), "datetime": moments}
)
groups = st.fixed_dictionaries(
    {"searchId": among("s", 7), "groupName": among("g", 3), "datetime": moments}
)


def loads() -> st.SearchStrategy[Any]:
    """The rows of one load: of some tables, none to a few of each."""
    return st.fixed_dictionaries(
        {
            "searches": st.lists(searches, max_size=3),
            "clicks": st.lists(clicks, max_size=3),
            "custom_events": st.lists(custom_events, max_size=2),
            "keywords": st.lists(keywords, max_size=2),
            "groups": st.lists(groups, max_size=2),
        }
    ).filter(lambda rows: any(rows.values()))


@dataclass(frozen=True)
class Step:
    """One run.

    dimension: a custom dimension that the rows have from now on
    dropped: a table that the user drops before
    packages: after how many models the run is killed; None for never, 0 for a run without models
    """

    rows: dict[str, Rows]
    dimension: str | None = None
    dropped: str | None = None
    packages: int | None = None


def much(seed: int) -> Rows_by_table:
    """A load of so many rows that what comes after it is little."""
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
                "actionCause": random.choice(["searchboxSubmit", "interfaceLoad"]),
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
                "eventType": "getMoreResults",
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


first_steps = st.builds(Step, st.integers(0, 1000).map(much))
steps = st.builds(
    Step,
    loads(),
    st.sampled_from([None] * 29 + ["c_theme"]),
    st.sampled_from([None] * 39 + ["clicks", "keywords"]),
    st.sampled_from([None, None, None, 0, 1, 2, 3, 5]),
)


def take(pipeline: dlt.Pipeline, step: Step) -> None:
    """Does what one step says."""
    if step.dropped and step.dropped in sql_schema(pipeline):
        drop(pipeline, step.dropped)
    load(pipeline, step.rows, step.dimension)
    if step.packages != 0:
        for number, _ in enumerate(build(pipeline), 1):
            if number == step.packages:
                break


def drop(pipeline: dlt.Pipeline, table: str) -> None:
    """What `dlt pipeline NAME drop TABLE` does."""
    pipeline_drop(pipeline, [table])()


def load(pipeline: dlt.Pipeline, rows: Mapping[str, Rows], dimension: str | None = None) -> None:
    """Merges rows into their tables, as one load package."""
    resources = [table_resource(table, each, dimension) for table, each in rows.items()]
    pipeline.run(DltSource(Schema(SOURCE), SOURCE, resources))


def table_resource(table: str, rows: Rows, dimension: str | None) -> Any:
    """One of the five tables, as the source loads it."""
    header = [*TABLES[table].columns, *([dimension] if dimension else [])]

    def data() -> Iterator[pa.Table]:
        load_id = dlt.current.load_package_state()["load_id"]
        found = pa.Table.from_pylist(
            [{**row, dimension: "any"} if dimension else row for row in rows],
            schema=arrow_schema(TABLES[table], header),
        )
        yield found.append_column("_dlt_load_id", pa.repeat(load_id, found.num_rows))

    return dlt.resource(
        data,
        name=table,
        primary_key=TABLES[table].key,
        write_disposition=MERGE,
        columns={"datetime": {"dedup_sort": "desc"}},
    )


def tables(database: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of all models, in a fixed order, without what tells one load from another."""
    with duckdb.connect(database, read_only=True) as connection:
        return {
            name: connection.execute(
                f"select * exclude (_dlt_load_id) from coveo_ua.{name} order by all"
            ).fetchall()
            for name in (model.name for model in selected(()))
        }


def reckoned(pipeline: dlt.Pipeline, database: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that all models have to have: those of their queries over the whole tables."""
    schema = sql_schema(pipeline)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as stored (read_only)")
        for table in TABLES.keys() & schema.keys():
            connection.execute(f"create view {table} as from stored.coveo_ua.{table}")
        if seed_rows():
            connection.execute("create view search_causes as from stored.coveo_ua.search_causes")
        found = {}
        for model in selected(()):
            name = model.name
            query = qualify_query(model.query, schema)
            columns = set(query.named_selects)
            stored = [name for name in schema[name] if name != "_dlt_load_id"]
            shown = ", ".join(n if n in columns else f"null as {n}" for n in stored)
            connection.execute(f"create table {name} as {query.sql('duckdb')}")
            found[name] = connection.execute(f"select {shown} from {name} order by all").fetchall()
        return found
