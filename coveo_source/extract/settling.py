"""Waits for the last events of a range; Coveo may not have them yet when it has just ended."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from ..api import CoveoClient
from ..exceptions import TooEarly
from ..exports import short_time
from ..signals import interruptible
from .plan import Plan


def plan_when_settled(make: Callable[[], Plan], client: CoveoClient, patience: timedelta) -> Plan:
    """Returns a plan whose events are all there, but for late ones.

    make: makes the plan; called again after waiting
    patience: how long to wait at most

    Raises:
        TooEarly: if that takes longer
    """
    plan = make()
    if plan.settles_at is None:
        return plan
    _wait_until(plan.settles_at, client, patience)
    return make()


def _wait_until(moment: datetime, client: CoveoClient, patience: timedelta) -> None:
    left = moment - client.now
    if left > patience:
        raise TooEarly(short_time(moment), patience)
    client.say(
        f"Coveo may take until {short_time(moment)} to have all events of the range: waiting"
        f" {left.total_seconds() / 60:.0f} minutes."
    )
    with interruptible():
        while client.now < moment:
            time.sleep(min(1.0, max(0.0, (moment - client.now).total_seconds())) + 0.01)
