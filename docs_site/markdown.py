"""Markdown, as the generated pages need it."""

from collections.abc import Iterable, Sequence

WRITTEN_BY = "<!-- written by `python -m docs_site`; change the code instead -->"


def page(title: str, *parts: str) -> str:
    """Returns a page: its title, and parts with a blank line between them."""
    return "\n\n".join((f"# {title}", WRITTEN_BY, *filter(None, parts))) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table; a pipe inside a cell does not end the cell."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def code(text: str) -> str:
    """Returns a text as code, even if it has backticks in it."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def listed(words: Iterable[str]) -> str:
    """Returns words as code, with commas between them."""
    return ", ".join(map(code, words))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
