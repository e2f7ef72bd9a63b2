"""No query has a window over all of its rows, `over ()`.

Where no row is left, DuckDB's threads fail by it now and then, and the database refuses all that
follows until the process ends. Versions 1.5.1 to 1.5.5 do.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = [
    file
    for folder in ("coveo_source", "docs")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in {".sql", ".py", ".yml", ".md", ".jinja"}
]


def whole_windows(text: str) -> list[str]:
    code = re.sub(r"(#|--).*", "", text)
    return re.findall(r"[^\n]*\bover\s*\(\s*\)", code, re.IGNORECASE)


def test_a_window_over_all_rows_is_recognized() -> None:
    sql = "select 1, sum(a) over (\n) from b -- count(*) over ()\n, max(a) over (partition by a)"
    assert whole_windows(sql) == ["select 1, sum(a) over (\n)"]


def test_no_query_has_a_window_over_all_rows() -> None:
    found = {file: whole_windows(file.read_text(encoding="utf-8")) for file in SHIPPED}
    assert len(found) > 100
    assert not {file: windows for file, windows in found.items() if windows}
