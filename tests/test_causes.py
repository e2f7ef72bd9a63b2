"""Why something failed, in one sentence."""

from importlib.metadata import PackageNotFoundError, version

import pytest
from dlt.common.exceptions import MissingDependencyException

from coveo_source.causes import missing_packages, reason


def caused_by(cause: Exception) -> RuntimeError:
    error = RuntimeError("It failed")
    error.__cause__ = cause
    return error


def test_the_reason_is_the_innermost_message() -> None:
    assert reason(caused_by(OSError("The disk is full"))) == "The disk is full."


def test_a_search_that_found_nothing_is_no_reason() -> None:
    # Python looks for the package with next()
    with pytest.raises(PackageNotFoundError) as error:
        version("no-such-package")
    assert "no-such-package" in reason(error.value)


def test_an_error_without_a_message_is_named() -> None:
    assert reason(StopIteration()) == "StopIteration."
    assert reason(KeyError()) == "KeyError."


def test_what_dlt_lacks_is_found_behind_other_errors() -> None:
    missing = MissingDependencyException("a display", ["tqdm", "psutil"])
    assert missing_packages(caused_by(missing)) == ["tqdm", "psutil"]
    assert missing_packages(OSError()) == []
