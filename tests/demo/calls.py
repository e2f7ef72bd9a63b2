"""A fixed time, and requests to a demo server, for the tests of the demo."""

import csv
import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import requests

from coveo_source.demo import DemoServer

DAY = datetime(2026, 3, 3, tzinfo=timezone.utc)
NOW = DAY + timedelta(days=10, hours=12)
"""The time of the server's clock."""

RANGE = {"from": "2026-03-03T00:00:00.000Z", "to": "2026-03-03T23:59:59.999Z"}
"""The parameters for an export of `DAY`."""

Rows = list[list[str]]
T = TypeVar("T")


@dataclass
class Calls:
    """Sends requests to a demo server, with its key."""

    server: DemoServer
    session: requests.Session = field(default_factory=requests.Session)

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.server.api_key}", **options.pop("headers", {})}
        return self.session.request(
            method,
            f"{self.server.base_url}/rest/ua/v15{path}",
            headers=headers,
            allow_redirects=False,
            timeout=10,
            **options,
        )

    def create(self, **parameters: Any) -> dict[str, Any]:
        response = self("POST", "/exports", params={**RANGE, **parameters})
        assert response.status_code == 201, response.text
        return dict(response.json())

    def finished_export(self, **parameters: Any) -> dict[str, Any]:
        """Creates an export and waits until it is no longer pending."""
        export_id = self.create(**parameters)["id"]
        return wait_for(lambda: self.if_finished(export_id))

    def if_finished(self, export_id: str) -> dict[str, Any] | None:
        export = dict(self("GET", f"/exports/{export_id}").json())
        return None if export["status"] == "PENDING" else export

    def link(self, export_id: str) -> str:
        response = self("GET", f"/exports/{export_id}", params={"redirect": "true"})
        assert response.status_code == 303, response.text
        return response.headers["Location"]

    def archive(self, **parameters: Any) -> zipfile.ZipFile:
        link = self.link(self.finished_export(**parameters)["id"])
        return zipfile.ZipFile(io.BytesIO(requests.get(link, timeout=10).content))

    def tables(self, **parameters: Any) -> dict[str, Rows]:
        """Returns the rows of every file of a new export, header first, read as RFC 4180."""
        archive = self.archive(**parameters)
        return {name.removesuffix(".csv"): read(archive, name) for name in archive.namelist()}

    def error(self, method: str, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
        response = self(method, path, **options)
        assert response.headers["X-Request-ID"]
        return response.status_code, response.json()


def read(archive: zipfile.ZipFile, name: str) -> Rows:
    text = archive.read(name).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def wait_for(look: Callable[[], T | None]) -> T:
    """Calls `look` until it returns something true."""
    for _ in range(400):
        if result := look():
            return result
        time.sleep(0.02)
    raise AssertionError("still nothing after 8 seconds")
