"""`coveo-source`, the verbs without dlt's command."""

import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

from coveo_source.__main__ import main, make_parser
from coveo_source.demo import DemoServer
from coveo_source.plugin import VERBS, Verb
from tests.support.assertions import invoke
from tests.support.cli_user import PIPELINE, environment, query
from tests.support.scripts import needs_bash, pasted, script

MODULE = (sys.executable, "-m", "coveo_source")
SCRIPT = (script("coveo-source"),)


def command(*words: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, capture_output=True, text=True, check=False, env=env)


def test_the_script_is_the_module() -> None:
    [found] = entry_points(group="console_scripts", name="coveo-source")
    assert found.load() is main


@pytest.mark.parametrize("called", [SCRIPT, MODULE], ids=["script", "module"])
def test_the_version_is_that_of_the_package(called: tuple[str, ...]) -> None:
    done = command(*called, "--version")
    assert done.returncode == 0
    assert done.stdout.startswith(f"coveo-source {version('coveo-source')}, dlt {version('dlt')}, ")


@pytest.mark.parametrize("words", [(), (PIPELINE,), (PIPELINE, "load"), ("--pipelines-dir", ".")])
def test_without_a_verb_the_usage_is_shown(words: tuple[str, ...]) -> None:
    completed = invoke(*words)
    assert completed.code == 2
    assert completed.err.startswith("usage: ")
    assert ",".join(verb.command for verb in VERBS) in completed.err
    assert "Traceback" not in completed.err


def test_each_way_to_call_it_shows_its_own_name() -> None:
    assert command(*SCRIPT, "--help").stdout.startswith("usage: coveo-source ")
    assert command(*MODULE, "--help").stdout.startswith("usage: python -m coveo_source ")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.command)
def test_the_help_of_a_verb_says_what_it_does(
    verb: type[Verb], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args([PIPELINE, verb.command, "--help"])
    assert ended.value.code == 0
    assert verb.help_string[:20] in capsys.readouterr().out


def test_the_script_runs_a_verb(demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(demo).items():
        monkeypatch.setenv(name, value)
    done = command(*SCRIPT, PIPELINE, "run", "--no-models", "--tables", "clicks")
    assert done.returncode == 0, done.stderr
    assert query("select count(*) > 0 from clicks") == [(True,)]


@needs_bash
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("coveo", ""), [verb.command for verb in VERBS]),
        (("coveo", "r"), ["run", "report"]),
        (("--pipelines-dir", "folder", "coveo", "er"), ["erase"]),
        (("coveo", "models", "--te"), ["--test"]),
        (("coveo", "erase", "--visi"), ["--visitor-id", "--visit-id"]),
        (("coveo", "run", "--report", "re"), ["report.html"]),
    ],
)
def test_bash_completes_what_the_parser_accepts(typed: tuple[str, ...], offered: list[str]) -> None:
    Path("report.html").touch()
    words = " ".join(f"'{word}'" for word in ("coveo-source", *typed))
    shown = pasted(f"""
        coveo-source() {{ {SCRIPT[0]} "$@"; }}
        eval "$(coveo-source --print-completion bash)"
        function=$(complete -p coveo-source | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=({words}) COMP_CWORD={len(typed)} COMPREPLY=()
        set +eu
        $function coveo-source '{typed[-1]}' '{typed[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
        """)
    assert sorted(shown.split()) == sorted(offered)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_there_is_a_completion_for_other_shells(shell: str) -> None:
    done = command(*SCRIPT, "--print-completion", shell)
    assert done.returncode == 0
    assert all(verb.command in done.stdout for verb in VERBS)
