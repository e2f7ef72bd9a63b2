"""A person whose rows can be told from all others, and what erases them."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from coveo_source.demo import Traffic
from coveo_source.demo.visits import Visit
from coveo_source.tables import TABLES
from tests.support.assertions import Completed, invoke
from tests.support.cli_user import DATASET, PIPELINE

NAME = "ann.lee0@example.com"
"""The user name of the person, who visits most often of all."""
WRONG = "unreadable"
"""What some cells hold that should be numbers."""


@dataclass(frozen=True)
class PersonalTraffic(Traffic):
    """Traffic in which the person's queries are theirs alone, and some searches carry no name."""

    seed: int = 3
    visits_per_day: int = 40

    def visits(self, start: datetime, end: datetime) -> Iterator[Visit]:
        for visit in super().visits(start, end):
            if visit.person.name == NAME:
                for search in visit.searches:
                    text = f"private{search.id % 10**9} matter{search.id % 10**7}"
                    search.query = search.query._replace(text=text)
            yield visit

    def records(self, table: str, *args: Any, **options: Any) -> Iterator[Any]:
        for record in super().records(table, *args, **options):
            ending = str(record[TABLES[table].key[0]])[-1]
            if table == "searches":
                if ending in "01" and record["username"] == NAME:
                    record["username"] = record["userId"] = None
                if ending in "24":
                    record["responseTimeMs"] = WRONG
                if ending == "6":
                    record["numberOfResults"] = f"{record['username']}, {WRONG}"
            yield record


def erase(*words: str) -> Completed:
    """Runs `erase` in this process; without words, erases the person."""
    return invoke(PIPELINE, "erase", *(words or ("--user-name", NAME, "--yes")))


def all_texts(database: Path = Path(f"{PIPELINE}.duckdb")) -> set[str]:
    """Returns every text in every table of a database."""
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            " where data_type = 'VARCHAR'"
        ).fetchall()
        return {
            value
            for schema, table, column in columns
            for (value,) in connection.execute(
                f'select distinct "{column}" from "{schema}"."{table}" where "{column}" is not null'
            ).fetchall()
        }


def private_texts() -> set[str]:
    """Returns the texts that stand in the person's rows, and nowhere in any others."""
    searches = f"search_id in (select id from searches where username = '{NAME}')"
    own, others = set[str](), set[str]()
    with duckdb.connect(f"{PIPELINE}.duckdb", read_only=True) as connection:
        connection.execute(f"use {DATASET}")
        for table in TABLES:
            names = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
            name = next((name for name in ("username", "user_name") if name in names), None)
            condition = f"coalesce({name} = '{NAME}', false)" if name else searches
            for texts, where in ((own, condition), (others, f"not {condition}")):
                columns = connection.execute(
                    f"select columns(* exclude (_dlt_load_id))::varchar from {table} where {where}"
                ).fetchall()
                texts.update(value for row in columns for value in row if value is not None)
    # a document that the person alone has opened may have been shown to others
    elsewhere = "\n".join(others)
    return {text for text in own - others if len(text) > 5 and text not in elsewhere}


def readable_bytes(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yields the content of all files below a folder, those of dlt unpacked."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".gz":
                content = gzip.decompress(content)
            if path.suffix == ".parquet":
                content += str(pq.read_table(path).to_pylist()).encode()
            yield path, content


def texts_in(content: bytes, texts: set[str]) -> set[str]:
    """Returns those of some texts that a content holds."""
    return {text for text in texts if text.encode() in content}
