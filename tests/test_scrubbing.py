"""Nothing that is raised, logged or printed carries a secret."""

import io
import json
import logging
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest
import requests
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

from coveo_source.exceptions import ApiError
from coveo_source.scrubbing import scrub_error, scrub_records, scrubbed_errors, scrubbed_output
from coveo_source.secrets import keep_token
from tests.support.secrecy import TOKEN, logging_to, tree_of


@pytest.fixture(autouse=True)
def kept() -> None:
    keep_token(TOKEN)


def decoding_error() -> Exception:
    return UnicodeDecodeError("utf-8", f"{TOKEN}\xff".encode("latin-1"), 36, 37, TOKEN)


def request_error() -> Exception:
    request = requests.Request("GET", "http://h/", headers={"Authorization": TOKEN}).prepare()
    pool = HTTPConnectionPool("h", headers={"Authorization": TOKEN})
    return requests.ConnectionError(MaxRetryError(pool, f"/?k={TOKEN}"), request=request)


def fail(cause: Exception) -> None:
    """Raises an error with a cause, with a context, and with a piece of the token."""
    try:
        raise OSError(TOKEN)
    except OSError:
        raise RuntimeError(f"because of {TOKEN[:12]}") from cause


ERRORS: dict[str, Callable[[], Exception]] = {
    "text": lambda: ValueError(f"no {TOKEN}", {"token": [TOKEN]}, (TOKEN.encode(), 1)),
    "key": lambda: KeyError(TOKEN),
    "file": lambda: FileNotFoundError(2, "not found", f"/exports/{TOKEN}"),
    "bytes": decoding_error,
    "JSON": lambda: json.JSONDecodeError("no JSON", TOKEN, 1),
    "request": request_error,
    "ours": lambda: ApiError("list", 400, TOKEN, TOKEN, TOKEN),
    "long": lambda: ValueError(b"x" * 200_000 + TOKEN.encode()),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_and_its_causes_are_scrubbed(name: str) -> None:
    with pytest.raises(RuntimeError) as raised, scrubbed_errors():
        fail(ERRORS[name]())
    tree = tree_of(raised.value)
    assert len(tree) >= 3
    for each in tree:
        assert TOKEN not in f"{each!s} {each!r} {each.args!r} {vars(each)!r}"
        assert getattr(each, "request", None) is None
        assert getattr(each, "pool", None) is None
    text = "".join(traceback.format_exception(raised.value))
    assert TOKEN[:12] not in text
    assert "***" in text


def test_an_error_without_secrets_stays_as_it_is() -> None:
    value = {"a": [1, "b", b"c"]}
    error = ValueError("text", value)
    error.__cause__ = error
    scrub_error(error)
    assert error.args == ("text", value)
    assert error.args[1] is value


@pytest.mark.parametrize("name", ["dlt", "urllib3.connectionpool", "urllib3.util.retry"])
def test_logs_are_scrubbed_for_every_handler(name: str, caplog: pytest.LogCaptureFixture) -> None:
    scrub_records()
    logger = logging.getLogger(name)
    with logging_to(caplog.handler):
        logger.debug("%s said %r", "the server", {"token": TOKEN})
        logger.warning(f"100% {TOKEN}")
        logger.info("no token, but %d arguments", 1)
        error = ValueError(TOKEN)
        logger.error("failed", exc_info=error)
    # whoever raised it may still need it
    assert str(error) == TOKEN
    assert TOKEN not in caplog.text
    assert "the server said {'token': '***'}" in caplog.text
    assert "100% ***" in caplog.text
    assert "ValueError: ***" in caplog.text
    assert ("no token, but %d arguments", (1,)) in [(r.msg, r.args) for r in caplog.records]


def test_what_is_printed_is_scrubbed_and_the_stream_is_the_same_otherwise() -> None:
    stream = io.StringIO()
    with redirect_stdout(stream):
        with scrubbed_output():
            sys.stdout.writelines(["a ", TOKEN, " b\n"])
            sys.stdout.write(f"{TOKEN}|")
            assert isinstance(stream.isatty(), bool)
        sys.stdout.write(TOKEN)
    assert stream.getvalue() == f"a *** b\n***|{TOKEN}"
