"""Why something failed: an error, and the errors that caused it, however dlt wrapped them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from dlt.common.exceptions import MissingDependencyException

from .exceptions import CoveoSourceError

_Error = TypeVar("_Error", bound=BaseException)


@contextmanager
def with_context(place: str, marker: object) -> Iterator[None]:
    """Prefixes errors that are raised inside with the place, unless they already name it.

    marker: a message that contains this names the place
    """
    try:
        yield
    except CoveoSourceError as error:
        if str(marker) not in str(error):
            error.args = (f"{place}: {error}",)
        raise


def find_cause(error: BaseException, kind: type[_Error]) -> _Error | None:
    """Returns the outermost error of a type among an error and its causes, or None."""
    return next((cause for cause in causes(error) if isinstance(cause, kind)), None)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an error, then its causes from the outermost to the innermost."""
    # an error that was raised again can be its own cause's cause
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def missing_packages(error: BaseException) -> list[str]:
    """Returns the packages to install, if an error is that dlt lacks them."""
    missing = find_cause(error, MissingDependencyException)
    return list(missing.dependencies) if missing else []


def reason(error: BaseException) -> str:
    """Returns the innermost message of an error, as one sentence."""
    # a search that found nothing does not say what was searched for
    *_, innermost = [error, *(each for each in causes(error) if type(each) is not StopIteration)]
    text = " ".join(str(innermost).split()) or type(innermost).__name__
    return text if text.endswith((".", "^")) else f"{text}."
