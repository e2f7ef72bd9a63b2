"""Waiting for the last events of a range, against Coveo's clock."""

from datetime import datetime, timedelta

import pytest

from coveo_source.demo import DemoServer
from coveo_source.exceptions import TooEarly
from coveo_source.extract.plan import Plan
from coveo_source.extract.settling import plan_when_settled
from tests.extract.plans import client_of
from tests.support.clock import NOW


class Planner:
    """Makes plans that settle at some time until it has come."""

    def __init__(self, demo: DemoServer, settles_at: datetime) -> None:
        self.client = client_of(demo)
        self.client.exports()
        self.settles_at = settles_at
        self.made = 0

    def __call__(self) -> Plan:
        self.made += 1
        is_settled = self.client.now >= self.settles_at
        return Plan([], [], settles_at=None if is_settled else self.settles_at)


def test_a_settled_plan_is_made_once(demo: DemoServer) -> None:
    planner = Planner(demo, NOW)
    assert plan_when_settled(planner, planner.client, timedelta()).settles_at is None
    assert planner.made == 1


def test_another_plan_is_made_once_the_time_has_come(
    demo: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    planner = Planner(demo, NOW + timedelta(seconds=1))
    plan = plan_when_settled(planner, planner.client, timedelta(minutes=1))
    assert plan.settles_at is None
    assert planner.made == 2
    assert planner.client.now >= planner.settles_at


def test_a_longer_wait_than_allowed_is_refused_before_waiting(demo: DemoServer) -> None:
    planner = Planner(demo, NOW + timedelta(minutes=20))
    with pytest.raises(TooEarly, match=r"wait_minutes is 10\. Nothing was loaded"):
        plan_when_settled(planner, planner.client, timedelta(minutes=10))
    assert planner.made == 1
