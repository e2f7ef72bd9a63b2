"""Puts the settings into the SQL of a model.

The files are plain SQL with the defaults, ready to be pasted. Comments say what a setting changes:
a literal before `/* setting: NAME */` is replaced, and `/* each of model_dimensions: … */` is
repeated for every dimension.
"""

import re
from collections.abc import Container

from ..model_settings import ModelSettings

_SETTING = re.compile(r"(?:'[^']*'|\d+)(?= /\* setting: (\w+) \*/)")
_EACH = re.compile(r"/\* each of model_dimensions:(.*?)\*/", re.S)
_NAME = re.compile(r"(?<![a-z_])\{dimension\}(?![a-z_])")


def rendered(sql: str, settings: ModelSettings, columns: Container[str]) -> str:
    """Returns the SQL of a model for some settings, with its lines where they are.

    columns: those that the model has anyway, whatever the dimensions
    """
    dimensions = [name for name in settings.model_dimensions if name not in columns]

    def literal(match: re.Match[str]) -> str:
        value = getattr(settings, match[1])
        return f"'{value}'" if isinstance(value, str) else str(value)

    def repeated(match: re.Match[str]) -> str:
        template = " ".join(match[1].split())
        texts = (
            _NAME.sub(f'"{name}"', template).replace("{dimension}", name) for name in dimensions
        )
        return " ".join(texts) + "\n" * match[1].count("\n")

    return _EACH.sub(repeated, _SETTING.sub(literal, sql))
