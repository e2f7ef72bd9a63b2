"""The README agrees with the code."""

import argparse
import re
from pathlib import Path

import pytest

from coveo_source.plugin import VERBS, Verb
from coveo_source.setting_values import HOSTS
from coveo_source.settings import CoveoConfiguration

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def command_line_options(verb: type[Verb]) -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    verb().configure_parser(parser)
    return [option for action in parser._actions for option in action.option_strings]


@pytest.mark.parametrize("name", list(CoveoConfiguration.get_resolvable_fields()))
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    row = re.search(rf"^\| `{name}` \| (.+?) \| .+ \|$", README, re.M)
    assert row
    default = getattr(CoveoConfiguration, name, None)
    if isinstance(default, bool):
        assert row[1] == f"`{str(default).lower()}`"
    elif isinstance(default, (int, float)):
        assert row[1] == f"{default:g}"
    elif default is not None:
        assert row[1] == f"`{default}`"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented_with_its_options(verb: type[Verb]) -> None:
    assert f"`dlt pipeline NAME {verb.command}`" in README
    for option in command_line_options(verb):
        assert f"`{option}`" in README


def test_every_region_is_documented() -> None:
    assert all(f"`{region}`" in README for region in HOSTS)


def test_the_first_run_and_the_tests_take_one_command_each() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert [command.split()[-1] for command in commands] == ["--demo", ".venv/bin/pytest"]


def test_no_example_is_left_unfinished() -> None:
    assert "@@" not in README
    assert README.count("```") % 2 == 0


def test_every_promise_links_to_tests_that_exist() -> None:
    promises = README.split("## What it promises")[1].split("\n## ")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| **")]
    folder = Path(__file__).parents[2]
    assert len(rows) > 8
    for row in rows:
        files = re.findall(r"\]\((tests/[\w/]+\.py)\)", row)
        assert files
        assert all((folder / file).is_file() for file in files), row
