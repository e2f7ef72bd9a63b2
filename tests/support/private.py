"""Loads of which something is excluded or hashed, and files in which a person is named."""

import csv
import io
from collections.abc import Callable
from typing import Any

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.tables import TABLES
from tests.support.archives import replace_files
from tests.support.cli_user import Rows, query
from tests.support.csv_builders import rfc4180
from tests.support.person import NAME
from tests.support.settings import HASH_KEY

FROM, TO = "2026-03-10", "2026-03-11"
RANGE: dict[str, Any] = {"from_date": FROM, "to_date": TO}
HASHED: dict[str, Any] = {"hash_dimensions": ["username", "userId"], "hash_key": HASH_KEY}


def counts() -> Rows:
    """Returns what became of the records of the latest export, by table, without its rejects."""
    names = ", ".join(
        f"{table}_{count}" for table in TABLES for count in ("records", "rows", "keys", "loaded")
    )
    return query(f"select {names} from exports order by _dlt_load_id desc limit 1")


def edit_records(
    server: DemoServer, edit: Callable[[list[str], list[list[str]]], list[str]]
) -> None:
    """Has the next exports write searches.csv otherwise: header and records become lines."""

    def rewrite(files: dict[str, bytes]) -> dict[str, bytes]:
        header, *records = csv.reader(io.StringIO(files["searches.csv"].decode("utf-8-sig")))
        return {**files, "searches.csv": "\n".join(edit(header, records)).encode()}

    inject(server, Fault(at("file"), replace_files(rewrite), times=None))


def line(cells: list[str]) -> str:
    return ",".join(map(rfc4180, cells))


def damage(header: list[str], records: list[list[str]]) -> list[str]:
    """Writes a record of the person without a time, and one that does not parse."""
    name, time = header.index("username"), header.index("datetime")
    own = [record for record in records if record[name] == NAME]
    own[0][time] = ""
    lines = [line(header), *map(line, records)]
    return [f'"broken" {text}' if text == line(own[1]) else text for text in lines]
