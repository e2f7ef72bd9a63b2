"""What people see of a verb under way: on a terminal, in a log, and if they want more or less."""

import os
import re
import signal
from collections.abc import Callable

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, at, becomes, inject, reported
from tests.cli.commands import run_verb
from tests.exports.prefetching import TWO_WINDOWS, Watch, downloads_second
from tests.support.assertions import FROM_DATE, WINDOW, invoke, run_against, run_arguments
from tests.support.cli_user import PIPELINE, dlt_command, environment
from tests.support.once import load_once
from tests.support.terminal import Shown, run_in_terminal

Serve = Callable[..., DemoServer]

STATES = ["asked", "building", "fetch", "reading", "loading", "loaded"]
"""The beginnings of what is shown of an export, in order."""
FIRST, SECOND = "2026-03-10 to 2026-03-11", "2026-03-11 to 2026-03-11 11:45"
TIME = r"\d\d:\d\d:\d\d  "


def run_on_screen(server: DemoServer, *words: str, **env: str) -> Shown:
    """Runs the verb `run` in a terminal."""
    return run_in_terminal(*run_arguments(*words), env={**environment(server), **env})


def is_building(server: DemoServer) -> DemoServer:
    """Has a server say of every new export that it is being built, however fast it is."""
    inject(server, Fault(at("create"), reported("PENDING"), times=None))
    return server


def states_of(window: str, texts: list[str]) -> list[str]:
    """Returns the states in which a window was seen, one after the other."""
    states: list[str] = []
    for text in texts:
        for state in re.findall(rf"{window}(?! \d)\W*?({'|'.join(STATES)})", text):
            if states[-1:] != [state]:
                states.append(state)
    return states


def test_a_terminal_shows_every_state_of_an_export_in_order(demo: DemoServer) -> None:
    shown = run_on_screen(is_building(demo))
    assert shown.code == 0
    assert states_of(WINDOW, shown.frames) == STATES
    assert re.search(r"reading about [\d,]+ rows", shown.err)
    assert f"Window 1 of 1: {WINDOW} (clicks, keywords)" in shown.err


def test_in_the_end_only_what_was_loaded_is_on_the_screen(demo: DemoServer) -> None:
    shown = run_on_screen(demo, *TWO_WINDOWS)
    assert shown.shows_cursor
    assert len(shown.screen) == 2
    for line, window in zip(shown.screen, (FIRST, SECOND), strict=True):
        assert re.fullmatch(rf"{window}: loaded [\d,]+ rows in [\d.]+ s", line)


def test_the_summary_is_what_stdout_gets(demo: DemoServer) -> None:
    shown = run_on_screen(demo)
    assert shown.out.startswith("Loaded ")
    assert "\x1b" not in shown.out
    assert "Loaded " not in shown.err


def test_the_export_that_is_fetched_ahead_has_a_line_too(demo: DemoServer) -> None:
    watch = Watch(is_building(demo), downloads_second)
    shown = run_on_screen(demo, *TWO_WINDOWS)
    assert watch.happened
    assert states_of(SECOND, shown.frames) == STATES
    assert any(FIRST in frame and SECOND in frame for frame in shown.frames)
    # it was fetched before its turn
    turn = shown.err.index("Window 2 of 2")
    assert re.search(rf"{SECOND} +fetch", shown.err[:turn])
    assert re.search(r"Window 2 of 2, about \d+ s left: ", shown.err)


def test_a_window_that_is_loaded_in_halves_has_no_line_any_more(serve: Serve) -> None:
    server = serve(row_limit=300)
    inject(server, Fault(at("status"), becomes("FAILED")))
    shown = run_on_screen(server)
    assert shown.code == 0, shown.err
    assert "trying the window in two halves" in shown.err
    assert [line for line in shown.screen if line.startswith(WINDOW)] == [
        f"{WINDOW}: Coveo could not build it"
    ]
    assert len([line for line in shown.screen if ": loaded " in line]) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_leaves_the_terminal_clean(serve: Serve, number: signal.Signals) -> None:
    server = serve()
    inject(server, Fault(at("status"), reported("PENDING"), times=None))
    sent: list[int] = []

    def stop_once_it_is_built(pid: int, text: str) -> None:
        if "building" in text and not sent:
            sent.append(pid)
            os.kill(pid, number)

    shown = run_in_terminal(
        *run_arguments(), env=environment(server), while_shown=stop_once_it_is_built
    )
    assert shown.code == 1
    assert shown.shows_cursor
    assert [line[:20] for line in shown.screen] == [f"Stopped by {number.name}. Wha"[:20]]


def test_the_cursor_is_visible_even_if_the_process_is_killed(serve: Serve) -> None:
    server = serve()
    inject(server, Fault(at("status"), reported("PENDING"), times=None))

    def kill_once_it_is_built(pid: int, text: str) -> None:
        if "building" in text:
            os.kill(pid, signal.SIGKILL)

    shown = run_in_terminal(
        *run_arguments(), env=environment(server), while_shown=kill_once_it_is_built
    )
    assert shown.code == -signal.SIGKILL
    assert shown.shows_cursor


def test_an_error_leaves_the_terminal_clean(serve: Serve) -> None:
    server = serve()
    inject(server, Fault(at("status"), becomes("EXPIRED"), times=None))
    shown = run_on_screen(server)
    assert shown.code == 1
    assert shown.shows_cursor
    assert len(shown.screen) == 1
    assert "is EXPIRED" in shown.screen[0]


def test_what_is_logged_meanwhile_stays_above_the_lines(demo: DemoServer) -> None:
    shown = run_on_screen(demo, RUNTIME__LOG_LEVEL="INFO")
    logged = [line for line in shown.screen if "|[INFO]|" in line]
    assert len(logged) > 10
    assert len(shown.screen) == len(logged) + 1


@pytest.mark.slow
def test_models_have_lines_while_they_are_built(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE)
    words = (PIPELINE, "models", "--select", "all_events", "search_outcomes", "visits")
    shown = run_in_terminal(*words, env={})
    assert shown.code == 0
    assert re.search(r"visits +building", shown.err)
    assert shown.shows_cursor
    for name, line in zip(("all_events", "search_outcomes", "visits"), shown.screen, strict=False):
        assert re.fullmatch(rf"Built {name} \([\d,]+ rows\) in [\d.]+ s", line)
    assert len(shown.screen) >= 3


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TTY_INTERACTIVE": "0"}], ids=str)
def test_a_terminal_that_cannot_change_lines_gets_plain_ones(
    demo: DemoServer, env: dict[str, str]
) -> None:
    shown = run_on_screen(demo, **env)
    assert "\x1b" not in shown.err
    assert re.search(rf"^{TIME}{WINDOW}: loaded ", shown.err, re.M)


def test_there_are_no_colours_with_no_color(demo: DemoServer) -> None:
    assert not re.search(r"\x1b\[[\d;]*m", run_on_screen(demo, NO_COLOR="1").err)


def test_a_log_gets_a_line_with_the_time_for_each_state(demo: DemoServer) -> None:
    completed = run_verb(is_building(demo), "run", "--from", FROM_DATE, FORCE_COLOR="1")
    lines = completed.stderr.splitlines()
    assert all(re.match(TIME, line) for line in lines)
    assert "\x1b" not in completed.stdout + completed.stderr
    assert re.fullmatch(rf"{TIME}Window 1 of 1: {WINDOW} \(searches, clicks, .+\)", lines[0])
    assert states_of(WINDOW, lines[1:]) == STATES
    assert len([line for line in lines if f"  {WINDOW}:" in line]) == len(STATES)


def test_a_log_has_each_state_of_an_export_that_is_fetched_ahead_once(demo: DemoServer) -> None:
    watch = Watch(is_building(demo), downloads_second)
    completed = run_against(demo, *TWO_WINDOWS)
    assert watch.happened
    lines = completed.err.splitlines()
    assert [states_of(window, lines) for window in (FIRST, SECOND)] == [STATES, STATES]
    assert len(lines) == 2 * (1 + len(STATES))


def test_an_export_that_is_tried_again_is_told_again(serve: Serve) -> None:
    server = serve()
    inject(server, Fault(at("status"), becomes("FAILED")))
    completed = run_against(server, "--from", "2026-03-11T11:43", "--tables", "clicks")
    assert completed.code == 0
    assert completed.err.count(": Coveo could not build it\n") == 1
    assert completed.err.count(": asked\n") == 2


@pytest.mark.slow
def test_a_log_names_the_models_before_they_are_built(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE)
    completed = invoke(PIPELINE, "models", "--select", "all_events", "search_outcomes", "visits")
    assert re.fullmatch(
        f"{TIME}Building all_events\n{TIME}Building search_outcomes\n{TIME}Building visits\n",
        completed.err,
    )
    verbose = invoke(PIPELINE, "models", "--full-refresh", "--select", "all_events", "-v")
    assert re.search(rf"{TIME}Built all_events \([\d,]+ rows\) in [\d.]+ s\n", verbose.err)


def test_a_quiet_run_that_succeeds_prints_nothing(demo: DemoServer) -> None:
    completed = run_against(demo, "-q")
    assert (completed.code, completed.out, completed.err) == (0, "", "")


def test_a_quiet_run_prints_why_it_fails(serve: Serve) -> None:
    completed = run_against(serve(quota=0), "--quiet")
    assert (completed.code, completed.out) == (1, "")
    assert not re.search(TIME, completed.err)
    assert "limit" in completed.message


def test_a_quiet_run_prints_what_may_be_wrong(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE)
    ignored = run_against(demo, "-q")
    assert (ignored.code, ignored.out) == (0, "")
    assert re.fullmatch(f"{TIME}Loading continues where it ended, .+\n", ignored.err)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("models",), ("report",)], ids=" ".join)
def test_other_verbs_are_quiet_too(demo: DemoServer, words: tuple[str, ...]) -> None:
    load_once(demo, from_date=FROM_DATE, with_models=True)
    completed = invoke(PIPELINE, *words, "-q")
    assert (completed.code, completed.out, completed.err) == (0, "", "")


@pytest.mark.slow
def test_quiet_data_tests_print_only_what_they_found(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE, with_models=True)
    words = (PIPELINE, "models", "--test", "--select", "all_events", "search_outcomes")
    everything, quiet = invoke(*words).out.splitlines(), invoke(*words, "-q").out.splitlines()
    *results, _ = everything
    assert quiet == [line for line in results if not line.startswith("pass")]
    assert len(quiet) < len(results)


def test_a_verbose_run_names_requests_and_exports(demo: DemoServer) -> None:
    completed = run_against(demo, "-v")
    [export] = {each.path.rpartition("/")[2] for each in demo.requests if each.method == "DELETE"}
    assert f"{WINDOW}: reading" in completed.err
    assert f"(export {export})" in completed.err
    assert re.search(rf'^{TIME}http://127.0.0.1:\d+ "GET /rest/ua/v15/exports', completed.err, re.M)
    assert "org=" in completed.err


@pytest.mark.slow
def test_dlt_s_command_knows_how_much_to_show(demo: DemoServer) -> None:
    # dlt takes -v off the command line for itself
    words = ("pipeline", PIPELINE, *run_arguments()[1:])
    verbose = dlt_command(*words, "-v", env=environment(demo))
    assert "|[INFO]|" in verbose.stderr
    assert "(export " in verbose.stderr
    quiet = dlt_command("pipeline", PIPELINE, "run", "--no-models", "-q", env=environment(demo))
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_how_much_to_show_is_one_of_the_two(demo: DemoServer) -> None:
    assert "not allowed with" in run_against(demo, "-q", "-v").err


@pytest.mark.slow
def test_a_progress_display_of_dlt_can_be_chosen(serve: Serve) -> None:
    server = serve(export_seconds=2)
    completed = run_verb(server, "run", "--from", "2026-03-10", "--progress", "log")
    assert completed.returncode == 0
    assert "Extract coveo_source" in completed.stdout
    assert re.search(r"bytes downloaded: [1-9]", completed.stdout)
    assert re.search(rf"{TIME}The export .+ is being built by Coveo: waiting", completed.stderr)
    assert ": reading" not in completed.stderr


def test_a_token_is_not_shown_where_the_terminal_is_narrow(serve: Serve) -> None:
    token = "xx5ecre7-0000-4000-8000-70ken0000000"
    server = serve(api_key=token)

    def with_token(server: DemoServer, request: Request) -> Response:
        answer = server.answer(request)
        return Response(429, {**answer.headers, "Retry-After": "0"}, token.encode())

    inject(server, Fault(at("list"), with_token))
    shown = run_on_screen(server, "-v", COLUMNS="30")
    assert shown.code == 0
    assert token[:8] not in re.sub(r"\s|\x1b\[[?\d;]*[A-Za-z]", "", shown.err)
