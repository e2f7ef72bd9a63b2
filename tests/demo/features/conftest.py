from datetime import timedelta

import pytest

from coveo_source.demo import Traffic
from coveo_source.tables import TABLES
from tests.demo.calls import DAY
from tests.demo.features.month import Month


@pytest.fixture(scope="session")
def month() -> Month:
    """Thirty days of the demo's own traffic."""
    traffic, end = Traffic(), DAY + timedelta(days=30)
    return Month({table: list(traffic.records(table, DAY, end)) for table in TABLES})
