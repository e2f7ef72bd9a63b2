"""What tests of several verbs begin with."""

from typing import Any

import pytest

from coveo_source.demo import DemoServer
from tests.support.once import load_once
from tests.support.person import PersonalTraffic


@pytest.fixture
def loaded(serve: Any) -> DemoServer:
    """A server with the events of a person, of which those of two days are loaded."""
    server: DemoServer = serve(PersonalTraffic())
    load_once(server, from_date="2026-03-10")
    return server
