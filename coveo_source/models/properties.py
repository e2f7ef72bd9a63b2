"""The YAML file beside each model and seed, in dbt's format of properties.

https://docs.getdbt.com/reference/configs-and-properties. The arguments of a data test are under
`arguments`, as in dbt 1.10.5 and newer.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

try:
    # takes a tenth of the time; PyYAML's wheels have it
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

from ..exceptions import CheckError
from ..model_settings import DEFAULTS, ModelSettings
from .rendering import rendered

VISIT, DAY, WEEK = UNIT_COLUMNS = ("visit_id", "day", "week")
"""What a model can be rebuilt by: whole visits, or all of a day or a week. A week is its Monday."""

_ARGUMENTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "unique": (frozenset(), frozenset()),
    "not_null": (frozenset(), frozenset()),
    "relationships": (frozenset({"to", "field"}), frozenset()),
    "accepted_values": (frozenset({"values"}), frozenset({"quote"})),
    "expression_is_true": (frozenset({"expression"}), frozenset()),
}
"""The known data tests, each with its required and its optional arguments."""

_CONFIG = frozenset({"severity", "where", "enabled"})
_BESIDE_ARGUMENTS = frozenset({"arguments", "config", "column_name", "name", "description"})

_REFERENCE = re.compile(r"""(?:ref|source)\(\s*(?:['"]\w+['"]\s*,\s*)?['"](\w+)['"]\s*\)""")
"""`ref('visits')` or `source('coveo_ua', 'searches')`."""


class DataTest(NamedTuple):
    """One data test.

    table: the model or seed that is tested
    column: the column, or an SQL expression; None for a test of the whole table
    kind: dbt's name for the test
    file: the YAML file that it is in
    severity: `error` or `warn`, for failing rows
    where: the condition for the rows that are tested; None for all
    """

    table: str
    column: str | None
    kind: str
    file: Path
    arguments: Mapping[str, Any]
    severity: str
    where: str | None

    @property
    def label(self) -> str:
        """The name of the test in messages."""
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
        """The table that a `relationships` test refers to; empty if the reference is invalid."""
        match = _REFERENCE.fullmatch(str(self.arguments["to"]).strip())
        return match[1] if match else ""


class Properties(NamedTuple):
    """What a YAML file says about one model or seed.

    content: the entry below `models` or `seeds`
    text: the whole file, for the settings in force
    """

    name: str
    file: Path
    content: Mapping[str, Any]
    text: str = ""

    @property
    def unit(self) -> str | None:
        """What the model is rebuilt by, a column; None if it is always built in full."""
        unit = self._config.get("unique_key")
        return str(unit) if unit in UNIT_COLUMNS else None

    @property
    def look_back(self) -> Mapping[str, int]:
        """By table, how many days before its own day or week a unit reads rows."""
        days: Mapping[str, int] = self._meta.get("look_back_days", {})
        return days

    @property
    def reads(self) -> frozenset[str]:
        """The tables and models that a model selects from; empty if the file does not say it.

        It could be found in the SQL, but to parse all of it takes longer than a run with nothing
        due.
        """
        return frozenset(self._meta.get("reads", ()))

    @property
    def longest_look_back(self) -> int:
        """The greatest of these; 0 for a model that reads its own day or week only."""
        return max(self.look_back.values(), default=0)

    @property
    def time(self) -> str | None:
        """The first column of times that is in every row; None if there is none."""
        times = (column for column in self._columns if column["data_type"] == "timestamptz")
        filled = (column for column in times if "not_null" in column.get("data_tests", ()))
        return next((str(column["name"]) for column in filled), None)

    @property
    def columns(self) -> dict[str, str]:
        """The SQL type of each column by name."""
        return {str(column["name"]): str(column["data_type"]) for column in self._columns}

    @property
    def description(self) -> str:
        """What the table is, without further remarks; empty if nothing is said of it."""
        first, _, _ = str(self.content.get("description") or "").partition("\n")
        return first.strip()

    @property
    def descriptions(self) -> dict[str, str]:
        """The description of each column that has one, on one line, by name."""
        texts = {str(each["name"]): str(each.get("description") or "") for each in self._columns}
        return {name: " ".join(text.split()) for name, text in texts.items() if text.strip()}

    @property
    def data_tests(self) -> list[DataTest]:
        """The data tests, those of the whole table first; a CheckError if one is not valid."""
        tests = [_read_test(test, self, None) for test in self.content.get("data_tests", [])]
        for column in self._columns:
            name = str(column["name"])
            tests += [_read_test(test, self, name) for test in column.get("data_tests", [])]
        return [test for test in tests if test is not None]

    @property
    def key(self) -> list[str]:
        """The columns, or SQL expressions, that identify a row."""
        unique = [test.column for test in self.data_tests if test.kind == "unique"]
        return list(dict.fromkeys(key for key in (*unique, self.unit) if key))

    @property
    def _meta(self) -> Mapping[str, Any]:
        meta: Mapping[str, Any] = self._config.get("meta", {})
        return meta

    @property
    def _config(self) -> Mapping[str, Any]:
        return self.content.get("config") or {}

    @property
    def _columns(self) -> list[Mapping[str, Any]]:
        return list(self.content.get("columns", []))


def read_properties(file: Path, settings: ModelSettings = DEFAULTS) -> Properties:
    """Reads a YAML file; the properties are empty if there is no such file."""
    if not file.exists():
        return Properties(file.stem, file, {})
    written = file.read_bytes().decode()
    described = _described(written)
    columns = {str(column["name"]) for column in described.get("columns", ())}
    text = rendered(written, settings, columns)
    if text != written:
        described = _described(text)
    return Properties(str(described["name"]), file, described, text)


def _described(text: str) -> Mapping[str, Any]:
    content = yaml.load(text, SafeLoader)
    described: Mapping[str, Any] = (content.get("models") or content["seeds"])[0]
    return described


def read_folder(folder: Path, settings: ModelSettings = DEFAULTS) -> Iterator[Properties]:
    """Yields the properties of all models and seeds that a folder describes, by file name."""
    return (read_properties(file, settings) for file in sorted(folder.glob("*.yml")))


def _read_test(test: Any, table: Properties, column: str | None) -> DataTest | None:
    """Reads one test, `unique` or `unique: {…}`; returns None if it is disabled."""
    kind, *others = [test] if isinstance(test, str) else test
    given = {} if isinstance(test, str) else test[kind] or {}
    where = f"{table.file.name}, {table.name}{f'.{column}' if column else ''}, test {kind}"
    if others:
        raise CheckError(f"{where}: {', '.join(others)} is beside it. Indent what belongs to it.")
    if kind not in _ARGUMENTS:
        raise CheckError(f"{where}: there is no such test. Known tests: {', '.join(_ARGUMENTS)}.")
    arguments, config = given.get("arguments") or {}, given.get("config") or {}
    _check_names(where, kind, given)
    column = given.get("column_name", column)
    if column is None and kind != "expression_is_true":
        raise CheckError(f"{where}: it needs a column. Put it below one, or set column_name.")
    severity = str(config.get("severity", "error")).lower()
    if severity not in ("error", "warn"):
        raise CheckError(f"{where}: the severity {severity} is unknown. Use error or warn.")
    test_where = config.get("where")
    read = DataTest(table.name, column, kind, table.file, arguments, severity, test_where)
    if kind == "relationships" and not read.parent:
        raise CheckError(
            f"{where}: the argument to is {arguments['to']!r}. Write ref('a_model') or"
            " source('a_source', 'a_table')."
        )
    return read if config.get("enabled", True) else None


def _check_names(where: str, kind: str, given: Mapping[str, Any]) -> None:
    """Checks the names of arguments and settings, as dbt would ignore unknown ones."""
    required, optional = _ARGUMENTS[kind]
    arguments, config = (set(given.get(part) or ()) for part in ("arguments", "config"))
    known = ", ".join(sorted(required | optional)) or "none"
    for names, problem in (
        (
            given.keys() - _BESIDE_ARGUMENTS,
            f"{{}} is in the wrong place. Put the test's arguments ({known}) below `arguments`, and"
            " its settings below `config`.",
        ),
        (required - arguments, "missing argument {}."),
        (arguments - required - optional, f"unknown argument {{}}. Known arguments: {known}."),
        (config - _CONFIG, f"unknown setting {{}}. Known settings: {', '.join(sorted(_CONFIG))}."),
    ):
        if names:
            raise CheckError(f"{where}: {problem.format(', '.join(sorted(names)))}")
