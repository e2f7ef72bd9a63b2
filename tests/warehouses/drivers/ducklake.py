"""DuckDB as it is, but for the signatures of its extensions, which every connection checks.

They are from packages that pip installs, and each check of two of them takes 0.2 s.
"""

from typing import Any

import duckdb


def install() -> None:
    """Has all connections of this process take extensions without a look at their signatures."""
    connect: Any = duckdb.connect

    def connect_without_checks(
        *words: Any, config: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        config = {**(config or {}), "allow_unsigned_extensions": "true"}
        return connect(*words, config=config, **options)

    duckdb.connect = connect_without_checks
