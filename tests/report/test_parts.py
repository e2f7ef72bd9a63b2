"""What is left of a text in a cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.report.parts import MOST_LETTERS, shortened

tricky = st.text(
    st.characters()
    | st.sampled_from([*" \t\r\n\x00\x1b\u200b\u202e\u2028\ufeff\u00a0", "é", "😀"]),
    max_size=400,
)


@given(tricky)
def test_a_cell_is_one_short_line_of_visible_letters(text: str) -> None:
    cell = shortened(text)
    assert cell.isprintable()
    assert len(cell) <= MOST_LETTERS
    assert cell == cell.strip()
    assert "  " not in cell


@given(st.lists(st.text("abcé😀", min_size=1, max_size=9), max_size=15))
def test_words_that_fit_stay_as_they_are(words: list[str]) -> None:
    assert shortened("\n\x00\t ".join(words)) == " ".join(words)


@pytest.mark.parametrize("text", [None, "", " \n", "\x00\u202e"])
def test_without_anything_to_see_a_cell_is_empty(text: str | None) -> None:
    assert shortened(text) == ""


def test_only_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    assert shortened("a" * MOST_LETTERS) == "a" * MOST_LETTERS
    assert shortened("a" * (MOST_LETTERS + 1)) == "a" * (MOST_LETTERS - 1) + "…"
    assert len(shortened("b" * 100_000)) == MOST_LETTERS


def test_markup_is_left_to_the_page() -> None:
    assert shortened("<b>&amp;\"'</b>") == "<b>&amp;\"'</b>"
