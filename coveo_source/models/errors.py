"""What to tell of a model that failed: its file, the line, and the database's own words."""

import re
from collections.abc import Sequence
from itertools import pairwise

from ..exceptions import ModelError, causes, reason
from .files import Model

REST = "All that was loaded is complete, and its table is as it was."


def failed(models: Sequence[Model], error: BaseException) -> ModelError:
    """The error to raise for one of some models that were built together."""
    model = culprit(models, error)
    why = reason(error)
    if model is None:
        return ModelError(f"The models cannot be built: {why} {REST}")
    line = line_of(model, error)
    place = f"{model.path}:{line}" if line else f"{model.path}"
    return ModelError(f"The model {model.name} ({place}) failed: {why} {REST}")


def culprit(models: Sequence[Model], error: BaseException) -> Model | None:
    """The model whose job failed."""
    if len(models) == 1:
        return models[0]
    told = " ".join(str(each) for each in causes(error))
    for model in models:
        if re.search(rf"\b{re.escape(model.name)}\.\w+(\.\d+)?\.(model|sql)\b", told):
            return model
    return None


def line_of(model: Model, error: BaseException) -> int | None:
    """The line of a model's file that an error is about, as well as it can be told.

    sqlglot reads the file itself and knows the line. A database was sent SQL that was made from
    it, and shows the place there; the line with the most words of that place is taken.
    """
    *_, innermost = causes(error)
    text = str(innermost)
    if known := re.search(r"\bLine:? (\d+), Col:", text):
        return int(known[1])
    words = sql_words(place_of(text))
    lines = model.sql.lower().splitlines()
    scores = [len(words & sql_words(line)) for line in lines]
    best = max(scores, default=0)
    return scores.index(best) + 1 if best else None


def place_of(text: str) -> str:
    """The SQL that a database points to with a caret; all it says if it points to nothing."""
    lines = text.splitlines()
    for shown, below in pairwise(lines):
        if below.strip() == "^":
            return shown[below.index("^") :][:60]
    return text


def sql_words(text: str) -> set[str]:
    """The words of some SQL."""
    return set(re.findall(r"[a-z_][a-z0-9_]+", text.lower())) - {"as", "cast", "select", "line"}
