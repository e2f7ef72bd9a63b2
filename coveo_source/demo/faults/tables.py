"""Files as another client or another version of the service would write them.

Each function returns a change of an archive for `changed_file`. Tables are read and written in the
demo's default dialect, where a `"` is doubled and nothing else is special.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

from ..files import Member, csv_chunks

Change: TypeAlias = Callable[[bytes], bytes]
"""Returns another archive, made from the true one."""

Cells: TypeAlias = Sequence[Sequence[str]]
"""The records of a file, its header first; an empty text is null."""


def all_of(*changes: Change) -> Change:
    """Makes one change after the other."""
    return lambda archive: reduce(lambda content, change: change(content), changes, archive)


def with_files(edit: Callable[[dict[str, bytes]], Mapping[str, bytes]]) -> Change:
    """Writes other files; `edit` is given, and returns, their contents by name."""

    def change(content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        edited = io.BytesIO()
        with zipfile.ZipFile(edited, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in edit(files).items():
                archive.writestr(name, data)
        return edited.getvalue()

    return change


def with_content(table: str, content: bytes) -> Change:
    """Writes these bytes as a table's file."""
    return with_files(lambda files: {**files, f"{table}.csv": content})


def without_file(table: str) -> Change:
    """Leaves out a table's file."""
    return with_files(
        lambda files: {name: data for name, data in files.items() if name != f"{table}.csv"}
    )


def with_records(table: str, edit: Callable[[Cells], Cells]) -> Change:
    """Writes other records; `edit` is given, and returns, all of them, the header first.

    An export without the table stays as it is.
    """

    def edit_files(files: dict[str, bytes]) -> dict[str, bytes]:
        name = f"{table}.csv"
        if name not in files:
            return files
        text = io.StringIO(files[name].decode("utf-8-sig"), newline="")
        header, *records = edit(list(csv.reader(text)))
        rows = [[cell or None for cell in record] for record in records]
        return {**files, name: b"".join(csv_chunks(Member(name, header, rows), "rfc4180"))}

    return with_files(edit_files)


def with_values(table: str, column: str, value: Callable[[int, str], str]) -> Change:
    """Writes other values into a column, and adds the column if there is none.

    value: returns the new value of a record, given the record's index and its value
    """

    def edit(cells: Cells) -> Cells:
        header, *records = map(list, cells)
        if column not in header:
            header.append(column)
            records = [[*record, ""] for record in records]
        place = header.index(column)
        for index, record in enumerate(records):
            record[place] = value(index, record[place])
        return [header, *records]

    return with_records(table, edit)


def with_header(table: str, names: Mapping[str, str]) -> Change:
    """Writes other names for columns; `names` has the new ones by the true ones."""

    def edit(cells: Cells) -> Cells:
        header, *records = cells
        return [[names.get(name, name) for name in header], *records]

    return with_records(table, edit)


def unusual_values(archive: bytes) -> bytes:
    """Writes times with an offset, numbers with a decimal point, and flags as words."""
    return all_of(
        *(
            with_values(table, "datetime", lambda _, time: time.replace(" ", "T") + "000+00:00")
            for table in ("searches", "clicks", "custom_events", "keywords", "groups")
        ),
        with_values("searches", "numberOfResults", lambda _, number: number and f"{number}.0"),
        with_values(
            "clicks", "mobile", lambda _, flag: {"t": "TRUE", "f": "FALSE"}.get(flag, flag)
        ),
    )(archive)


def unreadable_times(archive: bytes) -> bytes:
    """Writes the times of searches with the day after the month, as some spreadsheets do."""

    def rewritten(_: int, time: str) -> str:
        return f"{time[5:7]}/{time[8:10]}/{time[:4]}{time[10:]}"

    return with_values("searches", "datetime", rewritten)(archive)


def wrong_years(archive: bytes) -> bytes:
    """Writes a few events of a device whose clock is wrong."""
    years = {3: "1970", 5: "2126"}
    return with_values("clicks", "datetime", lambda i, time: years.get(i, time[:4]) + time[4:])(
        archive
    )


def newer_client(archive: bytes) -> bytes:
    """Names the visitor and the user as newer clients do: `clientId`, and `username` everywhere.

    Inferred: that custom events then have `username`, too.
    """
    changes = [
        change
        for table in ("searches", "clicks", "custom_events")
        for change in (with_header(table, {"visitorId": "clientId"}), _emptied(table, "visitorId"))
    ]
    return all_of(*changes, with_header("custom_events", {"userName": "username"}))(archive)


def newer_dimensions(dimensions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lists what `newer_client` writes: `clientId` too, and `username` for custom events too."""
    by_name = {dimension["returnName"]: dimension for dimension in dimensions}
    visitor, user, old_user = (by_name[name] for name in ("visitorId", "username", "userName"))
    client = {**visitor, "returnName": "clientId", "displayName": "Client Id"}
    client["apiNames"] = [f"{table.upper()}.CLIENTID" for table in visitor["eventTypes"]]
    both = {**user, **{name: user[name] + old_user[name] for name in ("apiNames", "eventTypes")}}
    others = [each for each in dimensions if each not in (user, old_user)]
    return [*others, client, both]


def _emptied(table: str, column: str) -> Change:
    return with_values(table, column, lambda _index, _value: "")


def event_protocol(archive: bytes) -> bytes:
    """Leaves out what Event Protocol does not send: custom events, and data of the page.

    Inferred, from the documentation of Coveo's event protocol.
    """
    without_data = [
        _emptied(table, column)
        for table, own in (("searches", "searchCustomData"), ("clicks", "clickCustomData"))
        for column in ("customDatas", own)
    ]
    return all_of(
        newer_client, *without_data, with_records("custom_events", lambda cells: cells[:1])
    )(archive)
