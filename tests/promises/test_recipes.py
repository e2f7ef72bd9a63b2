"""The pages on schedulers show the files in examples/, which the tests in tests/schedulers run."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPES = [path for path in (ROOT / "examples").glob("*/[!_]*") if path.suffix != ".txt"]
PAGES = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: str(path.name))
def test_a_page_shows_each_recipe_as_it_is_tested(recipe: Path) -> None:
    text = recipe.read_text(encoding="utf-8")
    link = f"(../{recipe.relative_to(ROOT)})"
    assert any(link in page and f"\n{text}```\n" in page for page in PAGES)


@pytest.mark.parametrize("scheduler", ["airflow", "dagster", "prefect"])
def test_the_versions_of_a_scheduler_are_pinned(scheduler: str) -> None:
    pins = (ROOT / f"examples/{scheduler}/constraints.txt").read_text().splitlines()
    names = [name for name, _, version in (pin.partition("==") for pin in pins) if version]
    assert len(names) == len(pins)
    assert {"dlt", "duckdb", "sqlglot"} <= set(names)


def test_every_recipe_has_a_test_with_its_scheduler() -> None:
    folders = {path.parent.name.replace("-", "_") for path in RECIPES}
    tests = {path.stem.removeprefix("test_") for path in ROOT.glob("tests/schedulers/test_*.py")}
    assert folders == tests
