"""The error for a model that failed: its file, the line, and the database's message."""

import re
from collections.abc import Sequence
from itertools import pairwise

from ..causes import causes, find_cause, reason
from ..destination import StepError
from ..exceptions import ModelError
from .files import Model

_REST = "All loaded data is complete, and the table of the failed model is unchanged."


def failed(models: Sequence[Model], error: BaseException) -> ModelError:
    """Returns the error to raise when one of the models that were built together failed."""
    model = _failed_model(models, error)
    if model is None:
        return ModelError(f"The models cannot be built: {reason(error)} {_REST}")
    line = _failed_line(model, error)
    place = f"{model.path}:{line}" if line else model.path
    return ModelError(f"The model {model.name} ({place}) failed: {reason(error)} {_REST}")


def _failed_model(models: Sequence[Model], error: BaseException) -> Model | None:
    """Returns the model whose load job failed, found by the job's name; None if unknown."""
    if step := find_cause(error, StepError):
        return next((model for model in models if model.name == step.table), None)
    if len(models) == 1:
        return models[0]
    messages = " ".join(str(cause) for cause in causes(error))
    for model in models:
        if re.search(rf"\b{re.escape(model.name)}\.\w+(\.\d+)?\.(model|sql)\b", messages):
            return model
    return None


def _failed_line(model: Model, error: BaseException) -> int | None:
    """Guesses the line of a model's file that an error is about; None if there is no clue."""
    *_, innermost = causes(error)
    text = str(innermost)
    # sqlglot parses the file itself, but a database points into SQL that was made from it: for
    # that, take the line that shares the most words
    if named := re.search(r"\bLine:? (\d+), Col:", text):
        return int(named[1])
    words = _sql_words(_marked_sql(text))
    scores = [len(words & _sql_words(line)) for line in model.sql.lower().splitlines()]
    best = max(scores, default=0)
    return scores.index(best) + 1 if best else None


def _marked_sql(text: str) -> str:
    """Returns the SQL that a database marks with a caret; the whole text if it marks nothing."""
    for line, below in pairwise(text.splitlines()):
        if below.strip() == "^":
            return line[below.index("^") :][:60]
    return text


def _sql_words(text: str) -> set[str]:
    return set(re.findall(r"[a-z_][a-z0-9_]+", text.lower())) - {"as", "cast", "select", "line"}
