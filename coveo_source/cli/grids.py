"""Words and tables for texts."""

from collections.abc import Iterable, Sequence


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Returns a number with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {nouns or noun + 's'}"


def grid(lines: Sequence[Sequence[str]], rule_before: int, left: Iterable[int] = (0,)) -> str:
    """Returns lines in columns, with a rule above one of them.

    left: the columns that are aligned left; the others are aligned right
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    rule = "-" * max(map(len, texts))
    return "\n".join([*texts[:rule_before], rule, *texts[rule_before:]])
