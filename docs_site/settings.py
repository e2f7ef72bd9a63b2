"""The page of settings: names, types and defaults of the fields, and what the docstrings say."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue, is_optional_type

from coveo_source.model_settings import ModelConfiguration
from coveo_source.settings import CoveoConfiguration, DateLike, Words

from .markdown import code, page, table

_TYPES = {
    "date or time": DateLike,
    "list": Words,
    "secret": TSecretStrValue,
    "text": str,
    "true or false": bool,
    "whole number": int,
    "number": float,
}
_MORE = {
    "allow_erased": "erasing.md",
    "exclude_dimensions": "privacy.md#exclude",
    "hash_dimensions": "privacy.md#hash",
    "hash_key": "privacy.md#hash",
    "exports_ahead": "performance.md#waiting-for-coveo",
    "search_causes": "differences.md#kinds-of-searches-and-clicks",
    "click_causes": "differences.md#kinds-of-searches-and-clicks",
    "strict": "promises.md",
}
"""Where a page says more about a setting."""

_INTRODUCTION = """\
Write them under `[sources.coveo_source]` in `.dlt/secrets.toml` (the keys) or `.dlt/config.toml`
(all others) in the folder from which you run:

```toml
[sources.coveo_source]
org = "yourorganizationid"
region = "eu"
from_date = "2026-01-01"
tables = ["searches", "clicks"]
```

Or set environment variables, which come before the files: `SOURCES__COVEO_SOURCE__REGION=eu`. A
list in an environment variable is written as in JSON, `["searches", "clicks"]`, or with commas.
In Python they are parameters, which come before both: `coveo_source(region="eu")`. A value that
is not accepted ends a command with exit code 2 and says what is accepted."""

_OF_THE_MODELS = """\
They stand in the same places, but are no parameters of the source: what is loaded does not depend
on them. The next `run` or `models` applies a change to all rows."""


def settings_page() -> str:
    """Returns the page of all settings."""
    return page(
        "Settings",
        _INTRODUCTION,
        "## Settings of the source",
        _settings_table(CoveoConfiguration),
        "## Settings of the models",
        _OF_THE_MODELS,
        _settings_table(ModelConfiguration),
    )


def meanings(spec: type[BaseConfiguration]) -> dict[str, str]:
    """Returns what the docstring of a specification says about each of its fields.

    A line `name: meaning`, or `name, name: meaning`, begins it; indented lines continue it.
    """
    text = re.sub(r"\n +", " ", inspect.getdoc(spec) or "")
    lines = re.findall(r"^(\w+(?:, \w+)*): (.+)$", text, re.M)
    return {name: meaning for names, meaning in lines for name in names.split(", ")}


def _settings_table(spec: type[BaseConfiguration]) -> str:
    return table(("setting", "type", "default", "meaning"), _rows(spec))


def _rows(spec: type[BaseConfiguration]) -> Iterator[tuple[str, str, str, str]]:
    said = meanings(spec)
    for name, hint in spec.get_resolvable_fields().items():
        more = f" ([more]({_MORE[name]}))" if name in _MORE else ""
        yield code(name), _type_of(hint), _default_of(spec, name, hint), said[name] + more


def _type_of(hint: Any) -> str:
    """Returns what a value of a setting is, in words."""
    return next(word for word, kind in _TYPES.items() if _members(kind) == _members(hint))


def _members(hint: Any) -> set[Any]:
    """Returns what a union, or a type as it is, consists of, without None."""
    members = set(get_args(hint)) - {type(None)} or {hint}
    # what is secret is annotated
    return members if len(members) > 1 or hint in members else _members(*members)


def _default_of(spec: type[BaseConfiguration], name: str, hint: Any) -> str:
    """Returns a default as it is written in a file."""
    default = getattr(spec, name)
    if default is None:
        return "none" if is_optional_type(hint) else "required"
    if isinstance(default, bool):
        return code(str(default).lower())
    return f"{default:g}" if isinstance(default, (int, float)) else code(default)
