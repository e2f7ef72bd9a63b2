"""The data tests that the YAML beside each model asks for, in dbt's format of properties.

dbt 1.10 and newer write a test's arguments under `arguments`, older ones beside its `config`;
both are read. https://docs.getdbt.com/reference/resource-properties/data-tests
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from ..exceptions import CheckError

Severity = Literal["error", "warn"]
SEVERITIES: dict[str, Severity] = {"error": "error", "warn": "warn"}

ARGUMENTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "unique": (frozenset(), frozenset()),
    "not_null": (frozenset(), frozenset()),
    "relationships": (frozenset({"to", "field"}), frozenset()),
    "accepted_values": (frozenset({"values"}), frozenset({"quote"})),
    "expression_is_true": (frozenset({"expression"}), frozenset()),
}
"""The tests that there are, with the arguments that each needs and those that it takes."""

CONFIG = frozenset({"severity", "where", "enabled"})
BESIDE = frozenset({"name", "test_name", "description", "config", "column_name"})
"""What may stand beside the arguments; dbt also takes the items of `config` there."""


REFERENCE = re.compile(r"""(?:ref|source)\(\s*(?:['"]\w+['"]\s*,\s*)?['"](\w+)['"]\s*\)""")
"""`ref('visits')` or `source('coveo_ua', 'searches')`."""


@dataclass(frozen=True)
class DataTest:
    """One data test.

    table: the model or seed that it is about
    column: the column, or an SQL expression; None for a test on the table as a whole
    kind: the test's name
    severity: whether rows that fail are an error or a warning
    where: the condition for the rows that are tested; None for all
    file: the YAML file that asks for it
    """

    table: str
    column: str | None
    kind: str
    file: Path
    arguments: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"
    where: str | None = None

    @property
    def label(self) -> str:
        """How the test is called in messages."""
        on = f"{self.table}.{self.column}" if self.column else self.table
        if self.kind == "relationships":
            return f"{on} is in {self.parent}.{self.arguments['field']}"
        if self.kind == "expression_is_true":
            return f"{on}{'' if self.column else ':'} {self.arguments['expression']}"
        if self.kind == "accepted_values":
            return f"{on} is one of {', '.join(map(str, self.arguments['values']))}"
        return f"{on} is {self.kind.replace('_', ' ')}"

    @property
    def parent(self) -> str:
        """The table that a test of the kind `relationships` refers to."""
        match = REFERENCE.fullmatch(str(self.arguments["to"]).strip())
        return match[1] if match else ""


@dataclass(frozen=True)
class Described:
    """What a YAML file says of one model or seed.

    keys: the columns that tell its rows apart
    checks: its data tests, the table's own first
    """

    name: str
    keys: tuple[str, ...]
    checks: tuple[DataTest, ...]


def described(folder: Path) -> Iterator[Described]:
    """All models and seeds that the YAML files of a folder describe.

    Raises:
        CheckError: if a test is not known, or is not written as dbt wants it
    """
    for file in sorted(folder.glob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for properties in [*content.get("models", []), *content.get("seeds", [])]:
            yield read_table(properties, file)


def read_table(properties: Mapping[str, Any], file: Path) -> Described:
    """One model or seed."""
    table = str(properties["name"])
    checks = [read_check(test, table, None, file) for test in tests(properties)]
    for column in properties.get("columns", []):
        name = str(column["name"])
        checks += [read_check(test, table, name, file) for test in tests(column)]
    present = [check for check in checks if check is not None]
    unit = (properties.get("config") or {}).get("unique_key")
    keys = [check.column for check in present if check.kind == "unique"]
    named = dict.fromkeys(key for key in [*keys, unit] if key)
    return Described(table, tuple(named), tuple(present))


def tests(properties: Mapping[str, Any]) -> list[Any]:
    """The tests of a table or column; dbt before 1.8 calls them `tests`."""
    return [*(properties.get("data_tests") or []), *(properties.get("tests") or [])]


def read_check(test: Any, table: str, column: str | None, file: Path) -> DataTest | None:
    """One test as it stands in the file; None if it is turned off."""
    kind, given = kind_and_rest(test)
    place = f"{file.name}, {table}{f'.{column}' if column else ''}, test {kind}"
    if kind not in ARGUMENTS:
        raise CheckError(f"{place}: there is no such test. Known are {', '.join(ARGUMENTS)}.")
    arguments = arguments_of(given)
    config = {key: value for key, value in given.items() if key in CONFIG}
    config |= given.get("config") or {}
    column = given.get("column_name", column)
    check_arguments(place, kind, arguments, config)
    if column is None and kind != "expression_is_true":
        raise CheckError(f"{place}: it needs a column. Write it below one, or give column_name.")
    severity = str(config.get("severity", "error")).lower()
    if severity not in SEVERITIES:
        raise CheckError(f"{place}: the severity {severity} is unknown. Write error or warn.")
    check = DataTest(
        table, column, kind, file, arguments, SEVERITIES[severity], config.get("where")
    )
    if kind == "relationships" and not check.parent:
        raise CheckError(
            f"{place}: to is {arguments['to']!r}. Write ref('a model') or source('a source',"
            " 'a table')."
        )
    return check if config.get("enabled", True) else None


def kind_and_rest(test: Any) -> tuple[str, Mapping[str, Any]]:
    """A test's name and what is given with it: `unique`, `unique: {…}` or `test_name: unique`."""
    if isinstance(test, str):
        return test, {}
    if "test_name" in test:
        return str(test["test_name"]), test
    (kind, rest), *_ = test.items()
    return str(kind), rest or {}


def arguments_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """A test's arguments, wherever they stand."""
    plain = set(given) - BESIDE - CONFIG - {"arguments"}
    return {**{key: given[key] for key in given if key in plain}, **(given.get("arguments") or {})}


def check_arguments(
    place: str, kind: str, arguments: Mapping[str, Any], config: Mapping[str, Any]
) -> None:
    """Refuses what would otherwise be overlooked.

    Raises:
        CheckError: if an argument is missing or not known, or a setting is not known
    """
    needed, optional = ARGUMENTS[kind]
    if lacking := sorted(needed - arguments.keys()):
        raise CheckError(f"{place}: the argument {', '.join(lacking)} is missing.")
    if unknown := sorted(arguments.keys() - needed - optional):
        known = ", ".join(sorted(needed | optional)) or "none"
        raise CheckError(f"{place}: {', '.join(unknown)} is not known. Its arguments: {known}.")
    if unknown := sorted(config.keys() - CONFIG):
        raise CheckError(
            f"{place}: the setting {', '.join(unknown)} is not known."
            f" Known are {', '.join(sorted(CONFIG))}."
        )
