"""What the tests of the demo share: a moment, and requests to a server."""

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
RANGE = {"from": "2026-03-03T00:00:00.000Z", "to": "2026-03-03T23:59:59.999Z"}

Rows = list[list[str]]
T = TypeVar("T")


@dataclass
class Calls:
    """Requests to a demo server, with its key."""

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
        answer = self("POST", "/exports", params={**RANGE, **parameters})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def finished(self, **parameters: Any) -> dict[str, Any]:
        export_id = self.create(**parameters)["id"]
        return wait_for(lambda: self.done(export_id))

    def done(self, export_id: str) -> dict[str, Any] | None:
        export = dict(self("GET", f"/exports/{export_id}").json())
        return None if export["status"] == "PENDING" else export

    def link(self, export_id: str) -> str:
        answer = self("GET", f"/exports/{export_id}", params={"redirect": "true"})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def archive(self, **parameters: Any) -> zipfile.ZipFile:
        link = self.link(self.finished(**parameters)["id"])
        return zipfile.ZipFile(io.BytesIO(requests.get(link, timeout=10).content))

    def tables(self, **parameters: Any) -> dict[str, Rows]:
        """Every file of a new export, header first, read as plain CSV."""
        archive = self.archive(**parameters)
        return {name.removesuffix(".csv"): read(archive, name) for name in archive.namelist()}

    def refusal(self, method: str, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
        answer = self(method, path, **options)
        assert answer.headers["X-Request-ID"]
        return answer.status_code, answer.json()


def read(archive: zipfile.ZipFile, name: str) -> Rows:
    text = archive.read(name).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def wait_for(look: Callable[[], T | None]) -> T:
    for _ in range(400):
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("waited for 8 seconds")
