"""The faults that `python -m coveo_source.demo --fault NAME` injects."""

import subprocess
import sys

import pytest
import requests

from coveo_source.demo import DemoServer, Request
from coveo_source.demo.api import BASE_PATH
from coveo_source.demo.faults import NAMED, inject
from coveo_source.tables import EVENT_TABLES
from tests.demo.calls import Calls


@pytest.mark.parametrize("name", NAMED)
def test_every_named_fault_strikes(name: str) -> None:
    export = f"{BASE_PATH}/exports/1"
    requests_of_a_run = [
        Request("api", "GET", f"{BASE_PATH}/exports", {}, {}),
        Request("api", "GET", f"{BASE_PATH}/dimensions/exportables", {}, {}),
        Request("api", "POST", f"{BASE_PATH}/exports", {}, {}),
        Request("api", "GET", export, {}, {}),
        Request("api", "GET", export, {"redirect": ["true"]}, {}),
        Request("api", "GET", f"{BASE_PATH}/dimensions/exportables", {}, {}),
        Request("storage", "GET", "/exports/1/1.zip", {}, {}),
    ]
    # often enough for a fault that skips the first requests
    strikes = [fault.strikes(each) for fault in NAMED[name]() for each in requests_of_a_run * 5]
    assert any(strikes)


def test_the_demo_injects_a_fault_by_name() -> None:
    command = [sys.executable, "-m", "coveo_source.demo", "--port", "0", "--fault", "service-down"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout
            address = demo.stdout.readline().split()[-1]
            assert requests.get(f"{address}{BASE_PATH}/exports", timeout=5).status_code == 503
        finally:
            demo.terminate()


def test_newer_clients_write_other_columns_which_the_organization_lists(
    server: DemoServer, calls: Calls
) -> None:
    inject(server, *NAMED["newer-client"]())
    listed = {
        (table, dimension["returnName"])
        for dimension in calls("GET", "/dimensions/exportables").json()
        for table in dimension["eventTypes"]
    }
    for table in EVENT_TABLES:
        header, *rows = calls.tables()[table]
        # the names of custom dimensions are those of a table of their own
        assert {name for name in header if "_" not in name} == {
            column for each, column in listed if each == table and "_" not in column
        }
        assert {row[header.index("visitorId")] for row in rows} == {""}
        assert "" not in {row[header.index("clientId")] for row in rows}
