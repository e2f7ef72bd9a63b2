"""The generated pages say what the code says."""

from pathlib import Path

import pytest
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration

from docs_site.markdown import code, table
from docs_site.pages import ROOT, generated_pages
from docs_site.settings import meanings

RENEW = "run: python -m docs_site"


@pytest.mark.parametrize("name", generated_pages())
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == generated_pages()[name], RENEW


def test_there_is_no_page_of_a_model_that_is_gone() -> None:
    pages = {str(Path("docs/models") / path.name) for path in (ROOT / "docs/models").glob("*.md")}
    assert pages <= generated_pages().keys()


def test_nothing_is_left_without_a_meaning() -> None:
    for name, text in generated_pages().items():
        rows = [line for line in text.splitlines() if line.startswith("| `")]
        assert not [row for row in rows if row.endswith("|  |")], name


def test_a_docstring_says_what_each_setting_means() -> None:
    @configspec
    class Example(BaseConfiguration):
        """Settings of an example: three of them.

        first: what it is
        second, third: what both are,
            on two lines
        """

    said = meanings(Example)
    assert said == {
        "first": "what it is",
        "second": "what both are, on two lines",
        "third": "what both are, on two lines",
    }


def test_a_cell_may_hold_a_pipe_and_code_a_backtick() -> None:
    assert table(("a",), [(code("x | y"),)]).splitlines()[-1] == "| `x \\| y` |"
    assert code("a ` b") == "`` a ` b ``"
