"""The faults that `python -m coveo_source.demo --fault NAME` injects."""

import subprocess
import sys

import pytest
import requests

from coveo_source.demo import Request
from coveo_source.demo.api import BASE_PATH
from coveo_source.demo.faults import NAMED


@pytest.mark.parametrize("name", NAMED)
def test_every_named_fault_strikes(name: str) -> None:
    export = f"{BASE_PATH}/exports/1"
    requests_of_a_run = [
        Request("api", "GET", f"{BASE_PATH}/exports", {}, {}),
        Request("api", "GET", f"{BASE_PATH}/dimensions/exportables", {}, {}),
        Request("api", "POST", f"{BASE_PATH}/exports", {}, {}),
        Request("api", "GET", export, {}, {}),
        Request("api", "GET", export, {"redirect": ["true"]}, {}),
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
