"""The five tables of a Coveo usage analytics export: their keys, columns and types.

Source: Coveo's article 2849, its OpenAPI description and the header of a real export of 2019.
The header is open-ended: organizations add custom dimensions (`c_*`) and Coveo adds columns. A
column that is not named here is text.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

SOURCE = "coveo_source"
"""Name of the dlt source, of its schema, and of its section in the configuration."""

EXPORTS = "exports"
REJECTED = "rejected_rows"
REMOVED = "removed_rows"
"""The tables with data about the loads themselves."""
DIMENSIONS = "dimensions"
"""The table with Coveo's list of dimensions."""

ColumnType = Literal["text", "bool", "bigint", "timestamp"]


class Table(NamedTuple):
    """One table of an export.

    name: Coveo's name of the table, in an export's `tables` and in the file name (`<name>.csv`)
    key: API names of the columns that identify a row
    columns: API names of the columns that every organization has, in the order of an export
    newer: API names of columns that some organizations have, and that the models read
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    newer: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Name of the CSV file inside the archive."""
        return f"{self.name}.csv"


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "searches",
            ("id",),
            tuple(
                """
                id datetime userAgent searchIsContextual isInternal actionCause
                operatingSystemWithVersion country city batchId language browserWithVersion
                username numberOfResults splitTestRunVersion anonymous browser responseTimeMs
                searchCustomData searchOriginLevel1 searchOriginLevel2 withResults userId
                originContext originLevel3 causeV2 queryPipeline deviceCategory originLevel2
                originLevel1 region splitTestRunName advancedQueryExpression customDatas
                visitorId queryExpression withClicks mobile visitId
                """.split()
            ),
            ("clientId",),
        ),
        Table(
            "clicks",
            ("clickId",),
            tuple(
                """
                clickId searchId datetime userAgent isInternal operatingSystemWithVersion
                country city language browserWithVersion username clickRank splitTestRunVersion
                anonymous documentAuthor browser systemUriHash documentUrl rankingModifier
                documentCategory userId originContext originLevel3 causeV2 queryPipeline
                deviceCategory originLevel2 originLevel1 sourceName region splitTestRunName
                clickOriginLevel2 clickOriginLevel1 customDatas collectionName visitorId
                clickCustomData mobile documentTitle visitId clickCause
                """.split()
            ),
            ("clientId",),
        ),
        Table(
            "custom_events",
            ("customEventId",),
            tuple(
                """
                customEventId lastSearchId datetime userAgent isInternal
                operatingSystemWithVersion country city language browserWithVersion userName
                splitTestRunVersion anonymous browser userId originContext originLevel3
                deviceCategory originLevel2 originLevel1 region splitTestRunName eventValue
                customDatas customEventCustomData eventType visitorId customEventOriginLevel1
                customEventOriginLevel2 mobile visitId
                """.split()
            ),
            # inferred: newer exports may call the user as in the other tables
            ("clientId", "username"),
        ),
        Table("keywords", ("searchId", "keyword"), ("searchId", "keyword", "datetime")),
        Table("groups", ("searchId", "groupName"), ("searchId", "groupName", "datetime")),
    )
}

_NOT_READ = ("trackingId", "outcome", "searchIndexId", "searchFacetState")
"""API names of columns that newer organizations have, and that no model reads."""

COVEO_COLUMNS = frozenset(
    [*_NOT_READ, *(name for table in TABLES.values() for name in table.columns + table.newer)]
)
"""API names that are Coveo's own, and mean the same in every table."""

EVENT_TABLES = ("searches", "clicks", "custom_events")
"""The tables with one row per event; nearly every event belongs to a visit."""

CURSOR = "datetime"
"""The column that the time range of an export applies to, in every table."""

NEEDED = tuple(
    dict.fromkeys(
        (
            *(name for table in TABLES.values() for name in (*table.key, CURSOR)),
            *("visitId", "searchId", "lastSearchId"),
        )
    )
)
"""API names of the columns by which rows are told apart and joined: every load needs them."""

IDENTIFIERS = ("user_name", "user_id", "visitor_id", "client_id", "visit_id")
"""What a person or a visit is known by, in the columns of events."""

CUSTOM = "c_"
"""How the name of a column begins that an organization has added."""

DLTS = "_dlt"
"""How the names of columns begin that dlt takes for its own."""

_OURS = frozenset(("c_event_type", "ms_since_previous_event", "type_order"))
"""Columns that the models add to those of the tables, beside all that begin with `event_`."""
_COVEOS = ("event_type", "event_value")
"""Columns that begin so too, but are Coveo's."""
_DATABASES = frozenset(("oid", "tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"))
"""Columns that every table of PostgreSQL or Redshift has, so that no other can have the name."""
_NUMBERED = re.compile(r"_\d+$")
"""How the names of dimensions end that are called otherwise here; no column of ours ends so."""

_TYPES: dict[str, ColumnType] = {
    "datetime": "timestamp",
    **dict.fromkeys(
        ("isInternal", "anonymous", "mobile", "searchIsContextual", "withResults", "withClicks"),
        "bool",
    ),
    **dict.fromkeys(("numberOfResults", "responseTimeMs", "clickRank"), "bigint"),
}


def column_type(api_name: str) -> ColumnType:
    """Returns the type of a column; text for a column that is not named here."""
    return _TYPES.get(api_name, "text")


def is_reserved(column: str) -> bool:
    """Returns True if no dimension may have such a column: it is ours, dlt's or a database's."""
    return is_ours(column) or column.startswith(DLTS) or column in _DATABASES


def is_ours(column: str) -> bool:
    """Returns True if the models may add a column of this name to those of the tables.

    It is a rule rather than a list, so that it holds for models to come.
    """
    is_free = column in _COVEOS or _NUMBERED.search(column)
    return column in _OURS or (column.startswith("event_") and not is_free)


def identifier_columns(identifier: str, names: Iterable[str]) -> list[str]:
    """Returns those of some columns that hold an identifier.

    Coveo writes `username` in searches and clicks but `userName` in custom events, and the
    destination decides on underscores and capitals. A dimension of such a name counts too, although
    its column has a number at the end.
    """
    wanted = identifier.replace("_", "")
    plain = {name: _NUMBERED.sub("", name).replace("_", "").lower() for name in names}
    return [name for name, text in plain.items() if text == wanted]
