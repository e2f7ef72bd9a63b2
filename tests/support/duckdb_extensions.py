"""DuckDB's extensions from packages that pip installs, as the tests have no network."""

from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

PACKAGES = ("ducklake", "postgres_scanner", "sqlite_scanner")


def extension_folder(folder: Path) -> str:
    """Fills a new folder as DuckDB's setting `extension_directory` expects it; returns its path."""
    ((version, platform),) = duckdb.sql(
        "select library_version, platform from pragma_version(), pragma_platform()"
    ).fetchall()
    for name in PACKAGES:
        package = find_spec(f"duckdb_extension_{name}")
        file = f"extensions/{version}/{name}.duckdb_extension"
        source = Path(str(package.origin)).parent / file if package else Path(file)
        if not source.is_file():
            pytest.skip(f"the extension {name} of DuckDB {version} is not installed (.[dev])")
        target = folder / version / platform / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
    return str(folder)
