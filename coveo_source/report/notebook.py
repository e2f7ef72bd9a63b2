"""A marimo notebook with the queries and charts of a report, to change them.

It has the queries as they were asked and the modules that draw the charts as they are here, so that
nothing in it is out of reach.
"""

import ast
import re
from collections.abc import Iterator
from inspect import getsource
from textwrap import indent
from types import ModuleType
from typing import Any, NamedTuple

from . import bars, catalog, formats, looks, trends
from .catalog import ChartPlan
from .period import Comparison
from .queries import Answer, Queries

_HEAD = '''# /// script
# requires-python = ">=3.10"
# dependencies = [{dependencies}]
# ///
"""{title}. Edit it: marimo edit {file}"""

import marimo

app = marimo.App(width="medium")
'''

_TAIL = """

if __name__ == "__main__":
    app.run()
"""


class Connection(NamedTuple):
    """How a notebook reaches the data.

    package: what it needs for that
    code: defines `query`, a function from SQL to rows by column
    """

    package: str
    code: str


def duckdb_connection(path: str) -> Connection:
    """Returns the connection to a DuckDB file.

    path: relative to the notebook
    """
    return Connection(
        "duckdb",
        f"""import duckdb

database = duckdb.connect(mo.notebook_dir() / {path!r}, read_only=True)


def query(sql):
    rows = database.execute(sql)
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
""",
    )


def dlt_connection(pipeline: str, destination: str, dataset: str) -> Connection:
    """Returns the connection to any other database, with dlt's settings and secrets."""
    return Connection(
        "coveo-source",
        f"""import dlt

pipeline = dlt.pipeline({pipeline!r}, destination={destination!r}, dataset_name={dataset!r})


def query(sql):
    with pipeline.sql_client() as client, client.execute_query(sql) as rows:
        names = [column[0].lower() for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
""",
    )


class _Cell(NamedTuple):
    """One cell.

    uses, defines: names from and for other cells
    is_hidden: whether only its output is shown
    """

    code: str
    uses: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    is_hidden: bool = False

    def __str__(self) -> str:
        body = indent(self.code.strip(), "    ")
        names = "".join(f"{name}, " for name in self.defines)
        result = f"\n    return ({names.strip()})" if names else "\n    return"
        options = "(hide_code=True)" if self.is_hidden else ""
        return f"\n\n@app.cell{options}\ndef _({', '.join(self.uses)}):\n{body}{result}\n"


def notebook_code(queries: Queries, title: str, file: str, connection: Connection) -> str:
    """Returns the text of a notebook."""
    needed = ("altair>=6", connection.package, "marimo>=0.19")
    dependencies = ", ".join(f'"{name}"' for name in needed)
    head = _HEAD.format(dependencies=dependencies, title=_plain(title), file=_plain(file))
    return head + "".join(map(str, _cells(queries, title, connection))) + _TAIL


def _cells(queries: Queries, title: str, connection: Connection) -> Iterator[_Cell]:
    yield _Cell("import marimo as mo", (), ("mo",))
    yield _markdown(f"# {title}\n\n{queries.days}")
    yield _Cell(connection.code, ("mo",), ("query",))
    module = _module_code(formats, looks, trends, bars)
    yield _Cell(module, (), tuple(_names(module)))
    yield _Cell(_points(queries.days), ("date",), ("points",))
    asked: set[str] = set()
    for plan in catalog.ALL_CHARTS:
        answer = queries.ask(plan.query)
        if answer.rows:
            yield from _new_query(answer, asked)
            yield _markdown(f"## {plan.title}")
            yield _chart(plan)
    for heading, name in catalog.ALL_TABLES.items():
        answer = queries.ask(name)
        if answer.rows:
            yield from _new_query(answer, asked)
            yield _markdown(f"## {heading}\n\n{answer.definition}")
            yield _Cell(f"mo.ui.table({name}_rows)", ("mo", f"{name}_rows"))


def _new_query(answer: Answer, asked: set[str]) -> Iterator[_Cell]:
    if answer.name not in asked:
        asked.add(answer.name)
        rows = f"{answer.name}_rows"
        comment = f"# {answer.definition}"
        yield _Cell(f"{comment}\n{rows} = query(\n{quoted(answer.sql)}\n)", ("query",), (rows,))


def _chart(plan: ChartPlan) -> _Cell:
    function, rows = plan.draw.__name__, f"{plan.query}_rows"
    uses = [function, rows, *(["points"] if plan.is_trend else [])]
    uses += [each.__name__ for each in plan.arguments if callable(each)]
    given = [each.__name__ if callable(each) else repr(each) for each in plan.arguments]
    arguments = [rows, *(["points"] if plan.is_trend else []), *given]
    return _Cell(f"{function}({', '.join(arguments)})", tuple(uses))


def _markdown(text: str) -> _Cell:
    return _Cell(f"mo.md({text!r})", ("mo",), is_hidden=True)


def _points(days: Comparison) -> str:
    pairs = "".join(
        f"    ({str(day)!r}, {str(then)!r}),\n" if then else f"    ({str(day)!r}, None),\n"
        for day, then in days.points
    )
    return (
        "# days, or Mondays of weeks, each with the one that it is compared with\n"
        f"pairs = [\n{pairs}]\n"
        "points = [\n"
        "    (date.fromisoformat(day), then and date.fromisoformat(then)) for day, then in pairs\n"
        "]"
    )


def _module_code(*modules: ModuleType) -> str:
    """Returns modules as one cell: without their imports of each other, and nothing private.

    What begins with an underscore would be gone when the cell has run.
    """
    lines = (line for module in modules for line in getsource(module).splitlines())
    code = "\n".join(line for line in lines if not line.startswith("from ."))
    for name in _names(code):
        if name.startswith("_"):
            code = re.sub(rf"\b{name}\b", f"{name[1:]}_", code)
    return code


def _names(code: str) -> list[str]:
    """Returns what a module defines or imports."""
    names: list[str] = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            targets = (each for target in node.targets for each in ast.walk(target))
            names += [each.id for each in targets if isinstance(each, ast.Name)]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names += [each.asname or each.name for each in node.names]
    return list(dict.fromkeys(names))


def quoted(sql: str) -> str:
    """Returns SQL as a literal that can be read, unless something in it does not allow that."""
    is_plain = all(line.isprintable() for line in sql.split("\n"))
    if is_plain and "\\" not in sql and '"""' not in sql:
        return f'"""\n{sql}\n"""'
    return repr(sql)


def _plain(text: Any) -> str:
    return "".join(each for each in str(text) if each.isalnum() or each in " -_./,:()")
