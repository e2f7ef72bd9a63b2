"""The page: one HTML file that needs nothing else, and that nothing from outside can reach."""

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .formats import long_day
from .parts import Section, Source, shortened
from .period import Comparison

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(title: str, days: Comparison, sections: Iterable[Section], made: datetime) -> str:
    """Returns the page.

    made: when, in the time zone of the report
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = environment.get_template("source.html.jinja")

    def source_of(part: Source) -> Markup:
        return Markup(source.render(source=part))  # noqa: S704 the template escapes

    style, script = (_text(file) for file in ("style.css", "page.js"))
    return environment.get_template("page.html.jinja").render(
        title=shortened(title),
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 a file of ours
        script=Markup(script),  # noqa: S704 a file of ours
        days=days.now,
        before=days.before,
        notes=days.notes,
        sections=list(sections),
        source=source_of,
        made=f"{long_day(made.date())}, {made:%H:%M %Z}",
    )


def _text(file: str) -> str:
    return (_TEMPLATES / file).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Returns the content security policy: this style, this script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
