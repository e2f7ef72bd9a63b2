"""The main job, step by step: what somebody does with a database from the first load on."""

from collections.abc import Callable

from coveo_source.demo import DemoServer
from tests.support.cli_user import environment
from tests.support.clock import Clock
from tests.support.person import NAME
from tests.warehouses.engines import User

FIRST, LAST = "2026-03-07", "2026-03-09"
"""The days that the first load begins with, and from which some rows are removed."""

Step = Callable[[User, DemoServer, Clock], None]


def load_for_the_first_time(user: User, server: DemoServer, clock: Clock) -> None:
    user.types("run", "--from", FIRST, env=environment(server))


def load_a_day_again_and_two_new_ones(user: User, server: DemoServer, clock: Clock) -> None:
    clock.advance(days=2, milliseconds=251)
    user.types("run", env=environment(server))


def test_the_data(user: User, server: DemoServer, clock: Clock) -> None:
    results = user.types("models", "--test").stdout
    assert " passed" in results
    assert "FAIL" not in results.upper().replace("FAILED.", "")


def build_the_models_in_full(user: User, server: DemoServer, clock: Clock) -> None:
    user.types("models", "--full-refresh")


def remove_what_is_no_longer_exported(user: User, server: DemoServer, clock: Clock) -> None:
    window = ("--from", FIRST, "--to", LAST)
    filters = {"SOURCES__COVEO_SOURCE__FILTERS": "[\"deviceCategory!='Phone'\"]"}
    user.types("run", *window, "--replace", env={**environment(server), **filters})


def erase_a_person(user: User, server: DemoServer, clock: Clock) -> None:
    user.types("erase", "--user-name", NAME, "--yes")


STEPS: tuple[Step, ...] = (
    load_for_the_first_time,
    load_a_day_again_and_two_new_ones,
    test_the_data,
    build_the_models_in_full,
    remove_what_is_no_longer_exported,
    erase_a_person,
)
