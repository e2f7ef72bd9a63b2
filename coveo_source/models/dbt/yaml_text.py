"""YAML files as dbt reads them: it renders the texts in them as Jinja."""

from collections.abc import Mapping
from typing import Any

import yaml

_LINE_LENGTH = 100


def literal(text: str) -> str:
    """Returns a name, path or text so that dbt, which renders its YAML files, reads it as it is."""
    # not by `raw`: what is in the text might end it
    return text.replace("{", "{{ '{' }}")


class _Dumper(yaml.SafeDumper):
    """A YAML dumper that folds long texts."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = ">" if len(text) > _LINE_LENGTH or "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text_node)


def yaml_of(content: Mapping[str, Any]) -> str:
    """Returns the text of a YAML file."""
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE_LENGTH
    )
