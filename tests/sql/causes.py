"""The kinds of causes of searches and clicks: the package's, and a user's own."""

import csv
from collections.abc import Mapping
from functools import cache

from coveo_source.model_settings import CLICK_CAUSES, SEARCH_CAUSES, ModelSettings
from coveo_source.models.files import sql_folder

Kinds = Mapping[str, str]
"""Kinds by cause, in lower case."""


def search_kinds(settings: ModelSettings) -> Kinds:
    """Returns the kind of each cause of searches."""
    return _kinds(SEARCH_CAUSES, settings)


def click_kinds(settings: ModelSettings) -> Kinds:
    """Returns the kind of each cause of clicks."""
    return _kinds(CLICK_CAUSES, settings)


@cache
def _kinds(seed: str, settings: ModelSettings) -> Kinds:
    with (sql_folder() / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        listed = {line["action_cause"]: line["kind"] for line in csv.DictReader(file)}
    own = dict(dict(settings.causes).get(seed, ()))
    return {cause.lower(): kind for cause, kind in (*listed.items(), *own.items())}
