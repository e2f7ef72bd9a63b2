"""Commands in the form in which the user called this one."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from coveo_source.command_lines import (
    dlt_command,
    install_command,
    program,
    relative,
    verb_command,
)
from tests.support.scripts import HERE, script

AS_MODULE = str(Path(__file__).parents[1] / "coveo_source" / "__main__.py")
PYTHON = shlex.quote(sys.executable)


@pytest.fixture
def off_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH without the programs of this environment."""
    others = [part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != HERE]
    monkeypatch.setenv("PATH", os.pathsep.join(others))


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH on which the programs of this environment come first."""
    monkeypatch.setenv("PATH", f"{HERE}{os.pathsep}{os.environ['PATH']}")


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", list(words))


@pytest.mark.usefixtures("on_path")
@pytest.mark.parametrize(
    ("program", "command"),
    [
        (script("dlt"), "dlt pipeline coveo run"),
        (script("coveo-source"), "coveo-source coveo run"),
        (AS_MODULE, f"{PYTHON} -m coveo_source coveo run"),
        ("/opt/airflow/bin/airflow", "dlt pipeline coveo run"),
    ],
)
def test_a_command_begins_as_the_one_that_prints_it(
    program: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called(monkeypatch, program, "coveo", "models")
    assert verb_command("coveo", "run") == command


@pytest.mark.usefixtures("off_path")
@pytest.mark.parametrize("name", ["dlt", "coveo-source"])
def test_a_program_that_is_not_on_the_path_is_printed_with_its_folder(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called(monkeypatch, script(name), "coveo", "models")
    assert shlex.split(verb_command("coveo", "run"))[0] == script(name)


@pytest.mark.usefixtures("off_path")
def test_whoever_has_only_our_script_gets_dlts_command_with_its_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called(monkeypatch, script("coveo-source"), "coveo", "run")
    assert shlex.split(dlt_command("coveo", "info"))[:2] == [script("dlt"), "pipeline"]


def test_a_link_to_our_script_on_the_path_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "coveo-source").symlink_to(script("coveo-source"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("coveo-source") == "coveo-source"


def test_another_environments_program_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "dlt"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("dlt") == script("dlt")


def test_what_says_which_dataset_is_meant_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ("--destination", "postgres", "--dataset-name=my data", "--test")
    called(monkeypatch, script("coveo-source"), "--pipelines-dir", "d", "coveo", "models", *given)
    assert shlex.split(verb_command("coveo", "run"))[1:] == [
        *("--pipelines-dir", "d", "coveo", "run"),
        *("--destination", "postgres", "--dataset-name", "my data"),
    ]
    assert shlex.split(dlt_command("coveo", "info"))[1:] == [
        *("pipeline", "--pipelines-dir", "d", "coveo", "info"),
    ]


def test_options_of_a_program_that_is_not_ours_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called(monkeypatch, "etl.py", "--destination", "mars")
    assert verb_command("coveo", "run") == "dlt pipeline coveo run"
    assert dlt_command("coveo", "sync") == "dlt pipeline coveo sync"


@pytest.mark.parametrize(
    ("left", "command"),
    [
        ("pyvenv.cfg", "pip install 'coveo-source[report]'"),
        ("pipx_metadata.json", "pipx install --force 'coveo-source[report]'"),
        ("uv-receipt.toml", "uv tool install 'coveo-source[report]'"),
    ],
)
def test_an_extra_is_installed_by_what_installed_the_package(
    left: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / left).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert install_command("report") == command


def test_a_folder_is_relative_where_that_is_shorter(own_folder: Path) -> None:
    assert relative(str(own_folder / "a" / "b")) == "a/b"
    assert relative("/elsewhere/b") == "/elsewhere/b"
