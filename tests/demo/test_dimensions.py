from coveo_source.demo import COLUMNS
from coveo_source.tables import TABLES
from tests.demo.calls import Calls


def test_exportables_describe_every_column(calls: Calls) -> None:
    dimensions = calls("GET", "/dimensions/exportables").json()
    described = {
        (table, dimension["returnName"].split(".")[-1])
        for dimension in dimensions
        for table in dimension["eventTypes"]
    }
    assert described == {(table, column) for table in TABLES for column in COLUMNS[table]}
    by_name = {dimension["returnName"]: dimension for dimension in dimensions}
    assert by_name["custom_events.c_loading_time"] == {
        "type": "NUMBER",
        "displayName": "Loading Time",
        "apiNames": ["CUSTOM_EVENTS.C_LOADING_TIME"],
        "returnName": "custom_events.c_loading_time",
        "custom": True,
        "availableInVisit": True,
        "eventTypes": ["custom_events"],
        "path": ["loading_time"],
        "status": "AVAILABLE",
    }
    assert by_name["withClicks"]["type"] == "BOOLEAN"


def test_custom_dimensions_can_be_left_out(calls: Calls) -> None:
    response = calls("GET", "/dimensions/exportables", params={"includeCustom": "false"})
    assert not any(dimension["custom"] for dimension in response.json())


def test_dimensions_select_the_columns(calls: Calls) -> None:
    dimensions = ["searchId", "SEARCHES.ID", "clicks.datetime", "c_loading_time", "queryexpression"]
    tables = calls.tables(dimensions=dimensions)
    assert {table: rows[0] for table, rows in tables.items()} == {
        "searches": ["id", "queryExpression"],
        "clicks": ["searchId", "datetime"],
        "custom_events": ["c_loading_time"],
        "keywords": ["searchId"],
        "groups": ["searchId"],
    }


def test_headers_can_show_display_names(calls: Calls) -> None:
    tables = calls.tables(useDisplayNames="true")
    assert {"Query Expression", "Product", "With Clicks"} <= set(tables["searches"][0])
    for table, rows in tables.items():
        # two dimensions of one organization may have the same display name
        assert len(rows[0]) == len(COLUMNS[table])
