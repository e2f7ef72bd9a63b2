"""The bounds in pyproject.toml: all are needed, and none can be lifted yet.

When a test here fails after an upgrade, that is good news: lift the bound and remove the test.
"""

import inspect
import re
from importlib.metadata import requires, version
from pathlib import Path

import dlt
import pytest
from dlt.dataset import lineage
from dlt.destinations.impl.duckdb import sql_client
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]


def requirement(name: str) -> Requirement:
    requirements = [Requirement(text) for text in requires("coveo-source") or ()]
    return next(found for found in requirements if found.name == name and not found.marker)


def test_sqlglot_is_held_back_while_dlt_passes_an_argument_that_newer_versions_dropped() -> None:
    assert "infer_schema=" in inspect.getsource(lineage)
    assert "30.22.0" not in requirement("sqlglot").specifier
    assert "30.21.0" in requirement("sqlglot").specifier


def test_duckdb_is_held_back_while_dlt_calls_a_method_that_newer_versions_dropped() -> None:
    sources = inspect.getsource(sql_client)
    assert re.search(r"fetch_arrow_table|fetch_record_batch", sources)
    assert "2.0.0" not in requirement("duckdb").specifier


def test_dlt_must_have_incremental_advance() -> None:
    assert hasattr(dlt.sources.incremental, "advance")
    assert "1.30.0" not in requirement("dlt").specifier
    assert "1.31.0" in requirement("dlt").specifier


def test_a_relation_returns_arrow_with_the_installed_versions(tmp_path: Path) -> None:
    pipeline = dlt.pipeline(
        "bounds", destination=dlt.destinations.duckdb(str(tmp_path / "bounds.duckdb"))
    )
    pipeline.run([{"n": 1}], table_name="numbers")
    table = pipeline.dataset()("select n from numbers").arrow()
    assert table is not None
    assert table.num_rows == 1


@pytest.mark.parametrize("name", ["dlt", "duckdb", "requests", "sqlglot", "pyarrow"])
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
