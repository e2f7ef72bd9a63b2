"""Export requests against a demo server, or against none."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer
from coveo_source.exports.job import ExportOwner, ExportRequest
from coveo_source.exports.window import Window
from coveo_source.settings import CoveoConfiguration, Settings, check_settings

START = datetime(2026, 3, 3, tzinfo=timezone.utc)
WINDOW = Window(START, START + timedelta(days=1))
LEDGER = ExportOwner("coveo", "coveo_ua")


def settings_of(server: DemoServer | None = None, **changes: Any) -> Settings:
    configuration = CoveoConfiguration()
    configuration.api_key = server.api_key if server else "key"
    configuration.org = server.org if server else "acme"
    configuration.base_url = server.base_url if server else "https://platform.cloud.coveo.com"
    return replace(check_settings(configuration), **changes)


def job_of(server: DemoServer | None = None, **changes: Any) -> ExportRequest:
    job = ExportRequest(WINDOW, ("searches", "clicks"), LEDGER, settings_of(server))
    return replace(job, **changes)


def client_of(server: DemoServer) -> CoveoClient:
    return CoveoClient(server.base_url, server.org, server.api_key)
