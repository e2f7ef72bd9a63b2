"""A progress display whose package is not installed."""

import os
import subprocess
import sys

import pytest

from coveo_source.demo import DemoServer
from tests.cli.commands import assert_refused
from tests.support.assertions import run_arguments
from tests.support.cli_user import environment

WITHOUT_PACKAGE = """
import importlib.util, sys
missing = sys.argv.pop(1)
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == missing else found(name, *more)
from coveo_source.__main__ import main
main()
"""


@pytest.mark.parametrize("name", ["tqdm", "enlighten", "alive_progress"])
def test_a_display_that_is_not_installed_is_refused_before_anything_is_done(
    demo: DemoServer, name: str
) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", WITHOUT_PACKAGE, name, *run_arguments("--progress", name)],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert_refused(completed, 2, f"pip install {name.replace('_', '-')}")
    assert demo.requests == []
