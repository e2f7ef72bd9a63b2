"""The imports of the package follow the way of the data, and stop at each package's face.

The tree is read as text, imports inside functions included: nothing here depends on what is loaded.
"""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "coveo_source"

ARROWS = {
    "root": set(),
    "api": {"root"},
    "reader": {"root"},
    "destination": {"root"},
    "exports": {"root", "api", "reader"},
    "dataset": {"root", "destination", "exports"},
    "extract": {"root", "api", "reader", "destination", "exports", "dataset"},
    "load": {"root", "destination", "exports", "dataset", "extract"},
    "models": {"root", "destination"},
    "models.dbt": {"root", "models"},
    "report": {"root", "exports", "dataset", "models"},
    "cli": {
        *("root", "api", "destination", "exports", "dataset", "extract", "load"),
        *("models", "models.dbt", "report"),
    },
    # a stand-in for Coveo that shares the code under test would share its mistakes
    "demo": {"root"},
    "commands": {"root", "dataset", "extract", "models", "cli"},
    "plugin": {"root", "cli", "commands", "demo"},
    "__main__": {"root", "plugin"},
    "__init__": {"root", "extract"},
}
"""The packages that each package may import from, and the doors at the top."""

FACELESS = {"root", "cli", "commands", "plugin"}
"""Packages whose modules are imported directly. The base modules have no package; the verbs are
imported one by one, because dlt loads `plugin` at every start of its command."""


FACES = ARROWS.keys() - FACELESS - {"__init__", "__main__"} | {"cli", "plugin", "exceptions"}
"""Packages with an `__init__` of their own."""


class Import(NamedTuple):
    """One name that a module imports from another module of the package."""

    importer: str
    module: str
    name: str


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


PATHS = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def package_of(module: str) -> str:
    """The package of a module; `root` for the base modules."""
    if module in ("commands", "plugin", "__main__", "__init__"):
        return module
    if module.startswith("models.dbt"):
        return "models.dbt"
    first = module.partition(".")[0]
    return first if first in ARROWS else "root"


def imports_of(module: str) -> Iterator[Import]:
    path = PATHS[module]
    here = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(each.name.startswith("coveo_source") for each in node.names), module
        if not isinstance(node, ast.ImportFrom):
            continue
        assert node.level or not (node.module or "").startswith("coveo_source"), module
        if not node.level:
            continue
        base = [*here[: len(here) - node.level + 1], *(node.module or "").split(".")]
        target = ".".join(filter(None, base))
        for each in node.names:
            inner = f"{target}.{each.name}".lstrip(".")
            if inner in PATHS:
                yield Import(module, inner, "")
            else:
                yield Import(module, target or "__init__", each.name)


IMPORTS = [each for module in PATHS for each in imports_of(module)]
ACROSS = [each for each in IMPORTS if package_of(each.importer) != package_of(each.module)]


def face_of(package: str) -> list[str]:
    """The names that a package's `__init__` imports from its own modules."""
    return [
        each.name
        for each in IMPORTS
        if each.importer == package and package_of(each.module) == package
    ]


def test_the_tree_was_read() -> None:
    assert {package_of(module) for module in PATHS} == set(ARROWS)
    assert len(ACROSS) > 100


@pytest.mark.parametrize("package", ARROWS)
def test_no_import_runs_against_the_way_of_the_data(package: str) -> None:
    back = [
        each
        for each in ACROSS
        if package_of(each.importer) == package and package_of(each.module) not in ARROWS[package]
    ]
    assert back == []


def test_packages_import_each_other_in_no_circle() -> None:
    list(TopologicalSorter(ARROWS).static_order())


def test_modules_import_each_other_in_no_circle() -> None:
    graph: dict[str, set[str]] = {module: set() for module in PATHS}
    for each in IMPORTS:
        graph[each.importer].add(each.module)
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_nobody_imports_a_private_name() -> None:
    private = [
        each
        for each in IMPORTS
        if any(part.startswith("_") and part != "__init__" for part in each.module.split("."))
        or each.name.startswith("_")
    ]
    assert private == []


def test_other_packages_import_from_the_face_of_a_package_only() -> None:
    inside = [
        each
        for each in ACROSS
        if package_of(each.module) not in FACELESS
        and each.module != package_of(each.module)
        # a package inside another one is at home there
        and not each.importer.startswith(f"{package_of(each.module)}.")
    ]
    assert inside == []


@pytest.mark.parametrize("package", sorted(FACES - {"cli", "plugin", "exceptions"}))
def test_a_face_shows_what_others_use_and_nothing_else(package: str) -> None:
    used = {each.name for each in ACROSS if each.module == package and each.name}
    face = face_of(package)
    assert len(face) == len(set(face))
    if package == "demo":
        # the tests use it too
        assert used <= set(face)
    else:
        assert used == set(face)


def test_the_source_is_all_that_the_package_itself_defines() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert defined == ["coveo_source"]


def test_the_page_on_the_architecture_lists_every_module() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    tree = page.split("```")[1]
    listed, folder = [], ""
    for line in tree.splitlines():
        if found := re.match(r"(  +)(\S+?)(/|\.py)(?= |$)", line):
            indent, name, kind = found.groups()
            if kind == "/":
                folder = name if len(indent) == 2 else folder
            else:
                listed.append(f"{folder}.{name}" if len(indent) > 2 else name)
    shown = {m for m in PATHS if not m.startswith(("demo", "models.dbt")) and m not in FACES}
    assert sorted(listed) == sorted(shown)
