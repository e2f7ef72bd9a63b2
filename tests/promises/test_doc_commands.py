"""The commands in the README and in `docs/` work as they stand."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from coveo_source.__main__ import make_parser
from coveo_source.demo import DemoServer
from coveo_source.plugin import VERBS
from tests.support.cli_user import environment, query
from tests.support.once import load_once
from tests.support.scripts import HERE, needs_bash, paste, pasted

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = {verb.command for verb in VERBS}
CALLS = r"(?:dlt pipeline|coveo-source|python -m coveo_source) "
"""How a verb is called in a text."""

ENVIRONMENT = re.compile(r"(?:[A-Z_]+=\S+ )*")
OTHER_DATABASE = re.compile(r"--destination|--adapter")


def shell_blocks(page: Path) -> list[str]:
    """Returns the code blocks for a shell, without the indentation of a list."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^( *)```sh\n(.+?)^ *```$", text, re.M | re.S)
    return [re.sub(rf"^{indent}", "", block, flags=re.M) for indent, block in found]


def commands(page: Path) -> Iterator[str]:
    """Yields each of our commands in a page, in blocks and in sentences, without a comment."""
    text = page.read_text(encoding="utf-8")
    inline = re.findall(rf"`({CALLS}[^`\n]+)`", text)
    lines = [line for block in shell_blocks(page) for line in block.splitlines()]
    yield from (line for line in [*inline, *lines] if re.match(ENVIRONMENT.pattern + CALLS, line))


def words_of(command: str) -> list[str]:
    """Returns what our parser gets of a command; nothing if it is dlt's, or stands for several."""
    words = shlex.split(ENVIRONMENT.sub("", command, count=1), comments=True)
    # where a shell writes what is printed is none of our words
    words = words[: words.index(">")] if ">" in words else words
    words = words[{"dlt": 2, "python": 3}.get(words[0], 1) :]
    is_whole = OURS & set(words) and "NAME" not in words and not any("…" in each for each in words)
    return words if is_whole else []


EVERY_COMMAND = sorted(
    {command for page in PAGES for command in commands(page) if words_of(command)}
)


def blocks_of_ours(page: Path) -> list[str]:
    """Returns the code blocks of a page that have only commands about an organization's data."""
    ours = re.compile(ENVIRONMENT.pattern + CALLS + "coveo ")
    return [
        block
        for block in shell_blocks(page)
        if all(map(ours.match, block.splitlines())) and not OTHER_DATABASE.search(block)
    ]


PAGES_TO_PASTE = [pytest.param(page, id=page.stem) for page in PAGES if blocks_of_ours(page)]


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_every_command_is_one_that_the_parser_accepts(command: str) -> None:
    assert make_parser().parse_args(words_of(command))


@needs_bash
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES_TO_PASTE)
def test_the_commands_of_a_page_run_as_they_stand(page: Path, demo: DemoServer) -> None:
    load_once(demo, with_models=True, tables="searches, clicks, custom_events")
    for block in blocks_of_ours(page):
        done = paste(block, PATH=f"{HERE}:/usr/bin:/bin", BROWSER="true", **environment(demo))
        # what is loaded is old, and freshness says so
        code = 1 if "freshness" in block else 0
        assert done.returncode == code, block + done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@needs_bash
@pytest.mark.slow
def test_a_newcomer_loads_their_organization_as_the_readme_says(demo: DemoServer) -> None:
    steps = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Load your own")[2]
    secrets = re.search(r"```toml\n(.+?)```", steps, re.S)
    plan = re.search(r"`(dlt pipeline coveo plan [^`]+)`", steps)
    python = re.search(r"```python\n(.+?)```", steps, re.S)
    assert secrets
    assert plan
    assert python
    Path(".dlt").mkdir()
    text = re.sub(r"^ +", "", secrets[1], flags=re.M)
    text = text.replace("xx…", demo.api_key).replace("yourorganizationid", demo.org)
    Path(".dlt/secrets.toml").write_text(text, encoding="utf-8")
    there = {
        "PATH": f"{HERE}:/usr/bin:/bin",
        "SOURCES__COVEO_SOURCE__BASE_URL": demo.base_url,
    }
    assert "estimated rows" in pasted(plan[1], **there)
    pasted(plan[1].replace(" plan ", " run ") + " --no-models", **there)
    loaded = query("select count(*) from searches")
    pasted(f"python - <<'EOF'\n{python[1]}EOF", **there)
    assert query("select count(*) from searches") == loaded != [(0,)]
