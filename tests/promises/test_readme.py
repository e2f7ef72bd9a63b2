"""The README and the pages in docs/ agree with the code."""

import argparse
import re
from pathlib import Path

import pytest
from dlt.common.configuration.specs import BaseConfiguration

from coveo_source.model_settings import CAUSE_KINDS, ModelConfiguration
from coveo_source.plugin import VERBS, Verb
from coveo_source.setting_values import HOSTS
from coveo_source.settings import CoveoConfiguration

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
VERBS_PAGE = (ROOT / "docs/verbs.md").read_text(encoding="utf-8")
DOCS = sorted((ROOT / "docs").rglob("*.md"))
CONFIGURATIONS = (CoveoConfiguration, ModelConfiguration)
OTHERS = [ROOT / name for name in ("benchmarks/README.md", "CHANGELOG.md", "SECURITY.md")]
PAGES = [ROOT / "README.md", *OTHERS, ROOT / "CONTRIBUTING.md", *DOCS]


def command_line_options(verb: type[Verb]) -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    verb().configure_parser(parser)
    return [option for action in parser._actions for option in action.option_strings]


def section(page: str, title: str) -> str:
    """Returns the part of a page below a heading of the second level."""
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def relative_links(page: Path) -> list[tuple[str, str, str]]:
    """Returns text, path and anchor of each link of a page that leads to a file or within it."""
    found = re.findall(
        r"\[([^\[\]]+)\]\(([^()#\s]*)(#[^()\s]*)?\)", page.read_text(encoding="utf-8")
    )
    return [link for link in found if "://" not in link[1]]


def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {"#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize(
    ("configuration", "name"),
    [(each, name) for each in CONFIGURATIONS for name in each.get_resolvable_fields()],
)
def test_every_setting_is_documented_with_its_default(
    configuration: type[BaseConfiguration], name: str
) -> None:
    row = re.search(rf"^\| `{name}` \| [\w ]+ \| (.+?) \| .+ \|$", SETTINGS, re.M)
    assert row
    default = getattr(configuration, name, None)
    if isinstance(default, bool):
        assert row[1] == f"`{str(default).lower()}`"
    elif isinstance(default, (int, float)):
        assert row[1] == f"{default:g}"
    elif default is not None:
        assert row[1] == f"`{default}`"
    else:
        assert row[1] == ("required" if name in ("api_key", "org") else "none")


@pytest.mark.parametrize(
    ("title", "configuration"),
    [
        ("Settings of the source", CoveoConfiguration),
        ("Settings of the models", ModelConfiguration),
    ],
)
def test_the_settings_of_source_and_models_have_a_table_each(
    title: str, configuration: type[BaseConfiguration]
) -> None:
    names = re.findall(r"^\| `(\w+)` \|", section(SETTINGS, title), re.M)
    assert names == list(configuration.get_resolvable_fields())


def test_the_settings_in_the_readme_have_the_defaults_of_the_code() -> None:
    rows = re.findall(r"^\| (`.+?`) \| (.+?) \|", section(README, "Settings"), re.M)
    fields = {name: getattr(c, name) for c in CONFIGURATIONS for name in c.get_resolvable_fields()}
    listed = {name: row[1] for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert listed.keys() <= fields.keys()
    for name, default in listed.items():
        assert default == f"`{fields[name]}`" or fields[name] is None, name


def test_every_model_and_no_other_is_in_the_table() -> None:
    listed = re.findall(r"\[`(\w+)`\]\(docs/models/(\w+)\.md\)", README)
    assert sorted(listed) == sorted((path.stem, path.stem) for path in ROOT.glob("sql/*.sql"))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented_with_its_options(verb: type[Verb]) -> None:
    assert f"`dlt pipeline NAME {verb.command}`" in README
    rows = re.findall(r"^\| (`-.+?) \| .+ \|$", section(VERBS_PAGE, verb.command), re.M)
    listed = [option for row in rows for option in re.findall(r"(?<![\w-])--?[a-z][\w-]*", row)]
    assert listed == command_line_options(verb)


def test_every_region_is_documented() -> None:
    assert all(f"`{region}`" in README and f"`{region}`" in SETTINGS for region in HOSTS)


def test_the_first_run_and_the_tests_take_one_command_each() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert [command.split()[-1] for command in commands] == ["report.html", ".venv/bin/pytest"]


def test_the_readme_has_fewer_than_150_lines() -> None:
    assert len(README.splitlines()) < 150


def test_the_readme_links_to_every_page() -> None:
    linked = {(ROOT / path).resolve() for _, path, _ in relative_links(ROOT / "README.md")}
    seeds = {(ROOT / f"docs/models/{seed}.md") for seed in CAUSE_KINDS}
    assert set(PAGES[1:]) - seeds <= linked


def test_the_page_of_models_links_to_the_page_of_each() -> None:
    page = ROOT / "docs/models.md"
    linked = {(page.parent / path).resolve() for _, path, _ in relative_links(page)}
    assert {each for each in DOCS if each.parent.name == "models"} <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_example_is_left_unfinished(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "@@" not in text
    assert "TODO" not in text
    assert text.count("```") % 2 == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for text, path, anchor in relative_links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}{anchor}"
        if name := re.fullmatch(r"`(test_[\w*]+\.py)`", text):
            folder = target if target.is_dir() else target.parent
            assert list(folder.glob(name[1])), text


def test_every_promise_links_to_tests() -> None:
    promises = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    rows = [line for line in promises.splitlines() if line.startswith("| **")]
    assert len(rows) > 8
    for row in rows:
        assert re.search(r"\[`test_[\w*]+\.py`\]\(\.\./tests/[\w/]+(\.py)?\)", row), row
