"""Numbers and days as people read them."""

from datetime import date

NBSP = "\N{NO-BREAK SPACE}"


def one_line(text: str | None, most: int) -> str:
    """Returns a text without line breaks and what cannot be seen, of at most so many letters."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text or "")
    line = " ".join(seen.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def number(value: float) -> str:
    """Returns a count: `13,084`."""
    return f"{value:,.0f}"


def plural(count: float, noun: str, nouns: str | None = None) -> str:
    """Returns a count with its noun: `1 click`, `13 clicks`."""
    return f"{number(count)} {noun if count == 1 else nouns or noun + 's'}"


def percent(value: float) -> str:
    """Returns a share from 0 to 1: `38.5 %`."""
    return f"{100 * value:.1f}{NBSP}%"


def decimal(value: float) -> str:
    """Returns an average: `2.42`."""
    return f"{value:.2f}"


def duration(milliseconds: float) -> str:
    """Returns a time as its two largest units: `1 min 5 s`, `19.4 s`."""
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f}{NBSP}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{NBSP}min {rest}{NBSP}s"
    return f"{minutes // 60}{NBSP}h {minutes % 60}{NBSP}min"


def signed(change: float, style: str) -> str:
    """Returns a change with its sign, `+12`; `±0` if it rounds to nothing."""
    text = f"{abs(change):{style}}"
    sign = "+" if change > 0 else "−"  # noqa: RUF001
    return f"{sign if text.strip('0.,') else '±'}{text}"


def short_day(day: date) -> str:
    """Returns a day with its weekday: `Tue 3 Nov`."""
    return f"{day:%a} {day.day} {day:%b}"


def long_day(day: date) -> str:
    """Returns a day with its year: `3 November 2026`."""
    return f"{day.day} {day:%B} {day.year}"
