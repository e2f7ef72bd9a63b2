"""Coveo's own client, as published on npm, works with the demo."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Traffic
from tests.demo.calls import NOW

PACKAGE = "@coveo/platform-client@^60.4"
SCRIPT = Path(__file__).with_name("platform_client.mjs")


def run(*command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=90, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("platform-client")
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Coveo's client needs node and npm, which are not installed here")
    limits = ("--fetch-retries=0", "--fetch-timeout=20000")
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts")
    try:
        install = run("npm", "install", "--prefix", ".", *quiet, *limits, PACKAGE, cwd=folder)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {PACKAGE} in time")
    if install.returncode:
        pytest.skip(f"npm cannot install {PACKAGE}: {install.stderr.strip()[-200:]}")
    shutil.copy(SCRIPT, folder)
    return folder


@pytest.fixture(scope="module")
def answers(installed: Path) -> dict[str, Any]:
    """What each call of the client returned."""
    with DemoServer(Traffic(), clock=lambda: NOW, export_seconds=0.1, quota=2) as server:
        arguments = (server.base_url, server.api_key, server.org)
        script = run("node", SCRIPT.name, *arguments, cwd=installed)
    assert script.returncode == 0, script.stderr
    return dict(json.loads(script.stdout))


def test_the_client_reads_the_state_of_the_service(answers: dict[str, Any]) -> None:
    assert answers["empty"] == []
    assert answers["health"] == {"status": "up"}
    assert answers["status"] == {"status": "online"}
    assert answers["rowLimit"] == {"exportRowCountLimit": 1_000_000}
    assert set(answers["estimate"]["estimates"]) == {"searches", "clicks"}
    assert "withClicks" in {dimension["returnName"] for dimension in answers["exportables"]}


def test_the_client_creates_an_export_with_query_parameters(answers: dict[str, Any]) -> None:
    export = answers["byQuery"]
    assert export["tables"] == ["searches", "custom_events"]
    assert export["filters"] == {
        "f": "(isInternal=='false') AND (country!='Japan')",
        "fc": "(eventType=='facet')",
    }
    assert export["description"] == "by query, with ümlaut & more"
    assert export["usingDisplayNames"] is True
    assert (export["from"], export["to"]) == (1772496000000, 1772582399999)


def test_the_client_creates_an_export_with_a_json_body(answers: dict[str, Any]) -> None:
    export = answers["byBody"]
    assert export["tables"] == ["keywords"]
    assert export["dimensions"] == ["searchId", "keyword"]
    assert export["description"] == "by body"


def test_the_client_waits_for_an_export_and_downloads_it(answers: dict[str, Any]) -> None:
    export = answers["ready"]
    assert (answers["byBody"]["status"], export["status"]) == ("PENDING", "AVAILABLE")
    assert answers["link"]["id"] == export["id"]
    assert answers["magic"] == "PK"
    assert answers["followed"] == "SyntaxError"


def test_the_client_lists_and_deletes_exports(answers: dict[str, Any]) -> None:
    assert [export["id"] for export in answers["list"]] == [
        answers["byQuery"]["id"],
        answers["byBody"]["id"],
    ]
    assert answers["deleted"] == {}
    assert [export["id"] for export in answers["left"]] == [answers["byBody"]["id"]]


@pytest.mark.parametrize(
    ("call", "status", "title"),
    [
        ("quota", 400, "ExportLimitReached"),
        ("wrongRange", 400, "InvalidParameter"),
        ("wrongTable", 400, "InvalidParameter"),
        ("unknown", 404, "ExportNotFound"),
        ("deletedTwice", 404, "ExportNotFound"),
        ("wrongKey", 401, "InvalidToken"),
        ("wrongOrg", 403, "AccessDenied"),
    ],
)
def test_the_client_understands_an_error(
    answers: dict[str, Any], call: str, status: int, title: str
) -> None:
    error = answers[call]
    assert (error["status"], error["title"]) == (status, title)
    assert len(error["detail"]) > 20
    assert len(error["xRequestId"]) == 36
