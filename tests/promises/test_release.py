"""What a release consists of: one version, its changes, and the Pythons that it is tested on."""

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
PYTHONS = re.findall(r":: (3\.\d+)$", "\n".join(PROJECT["classifiers"]), re.M)


def workflow() -> dict[str, Any]:
    text = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def test_the_workflow_runs_the_command_of_the_readme() -> None:
    [job] = workflow()["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert commands == [line for line in readme if re.match(r"python3 .*pytest$", line)]


def test_the_workflow_has_all_pythons_of_the_classifiers_and_no_other() -> None:
    [job] = workflow()["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == PYTHONS
    [setup] = [step for step in job["steps"] if "setup-python" in step.get("uses", "")]
    assert setup["with"]["python-version"] == "${{ matrix.python }}"


def test_the_workflow_runs_on_pushes_and_may_change_nothing() -> None:
    content = workflow()
    # YAML takes the key for a boolean
    assert {"push", "pull_request"} <= content[True].keys()  # type: ignore[index]
    assert content["permissions"] == {"contents": "read"}


def test_the_classifiers_are_the_pythons_that_are_allowed() -> None:
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(8, 30) if f"3.{minor}" in allowed] == PYTHONS


def test_the_version_stands_in_one_place() -> None:
    files = [*ROOT.glob("coveo_source/**/*.py"), *ROOT.glob("docs_site/*.py"), ROOT / "mkdocs.yml"]
    literal = re.compile(rf"""["']{re.escape(PROJECT["version"])}["']|__version__ =""")
    assert not [file for file in files if literal.search(file.read_text(encoding="utf-8"))]


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    titles = re.findall(r"^## (.+)$", CHANGES, re.M)
    assert titles[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", title) for title in titles[1:])
    kinds = re.findall(r"^### (.+)$", CHANGES, re.M)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_changelog_has_no_version_that_is_newer_than_the_package() -> None:
    released = [Version(found) for found in re.findall(r"^## \[(\d[\d.]*)\]", CHANGES, re.M)]
    assert all(newer > older for newer, older in pairwise(released))
    assert not released or Version(PROJECT["version"]) >= released[0]
    assert released or f"{PROJECT['version']} will be the first" in CHANGES


@pytest.mark.parametrize("name", ["CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "mkdocs.yml"])
def test_the_archive_of_the_sources_has_it(name: str) -> None:
    assert f"/{name}" in PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]


def test_all_that_the_archive_of_the_sources_is_to_have_exists() -> None:
    for pattern in PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        assert list(ROOT.glob(pattern.lstrip("/"))), pattern


def test_security_says_what_the_key_needs_and_how_to_report() -> None:
    text = " ".join((ROOT / "SECURITY.md").read_text(encoding="utf-8").split())
    assert "private vulnerability reporting" in text
    for privilege in ("View", "Edit"):
        assert re.search(rf"\*Analytics . Data exports . {privilege}\*", text)
