"""The bounds in pyproject.toml: all are needed, and none can be lifted yet.

When a test of an upper bound fails after an upgrade, that is good news: lift the bound and remove
the test. `.ci/bounds` runs these tests with the lowest and the newest versions.
"""

import inspect
import re
import sys
from contextlib import closing
from importlib.metadata import requires, version
from pathlib import Path

import dlt
import duckdb
import pytest
from dlt.dataset import lineage
from dlt.destinations.impl.duckdb import sql_client
from packaging.requirements import Requirement

from coveo_source.models.files import parse_sql
from coveo_source.models.qualify import qualify_query


def requirement(name: str) -> Requirement:
    requirements = [Requirement(text) for text in requires("coveo-source") or ()]
    return next(found for found in requirements if found.name == name and not found.marker)


def reserved_gigabytes() -> float:
    kilobytes = re.search(r"VmData:\s+(\d+)", Path("/proc/self/status").read_text())
    assert kilobytes
    return int(kilobytes[1]) / 2**20


def test_sqlglot_is_held_back_while_dlt_passes_an_argument_that_newer_versions_dropped() -> None:
    assert "infer_schema=" in inspect.getsource(lineage)
    assert "30.22.0" not in requirement("sqlglot").specifier
    assert "30.21.0" in requirement("sqlglot").specifier


def test_sqlglot_must_give_a_union_by_name_the_columns_of_all_its_branches() -> None:
    union = "select * from shelf union all by name select * from box"
    query = parse_sql(f"with both_kinds as ({union}) select * from both_kinds")
    schema = {"shelf": {"a": "int"}, "box": {"b": "int"}}
    assert qualify_query(query, schema).named_selects == ["a", "b"]
    assert "30.16.0" not in requirement("sqlglot").specifier
    assert "30.17.0" in requirement("sqlglot").specifier


def test_compiled_sqlglot_has_the_version_of_its_source() -> None:
    assert requirement("sqlglot").extras == {"c"}
    assert version("sqlglotc") == version("sqlglot")


def test_duckdb_is_held_back_while_dlt_calls_a_method_that_newer_versions_dropped() -> None:
    sources = inspect.getsource(sql_client)
    assert re.search(r"fetch_arrow_table|fetch_record_batch", sources)
    assert "2.0.0" not in requirement("duckdb").specifier


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own count")
def test_duckdb_must_not_reserve_memory_that_keeps_a_process_from_forking() -> None:
    before = reserved_gigabytes()
    with closing(duckdb.connect()), closing(duckdb.connect()):
        assert reserved_gigabytes() - before < 2
    assert "1.5.0" not in requirement("duckdb").specifier
    assert "1.5.1" in requirement("duckdb").specifier


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
