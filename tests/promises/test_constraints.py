"""constraints.txt pins every version, and these are the ones that are tested."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["dlt", "duckdb", "requests", "sqlglot", "sqlglotc", "pyarrow"])
def test_the_installed_versions_are_those_in_constraints(name: str) -> None:
    pinned = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if line
    )
    assert Version(version(name)) == Version(pinned[name])


def test_constraints_contain_only_pinned_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    pin = r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+]+(; python_version (<|>=) \"3[.][0-9]+\")?"
    assert all(re.fullmatch(pin, line) for line in lines)
