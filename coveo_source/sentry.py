"""Errors and warnings at Sentry, where dlt's setting `runtime.sentry_dsn` says so; without secrets.

dlt starts Sentry's client. It would send the variables of each function on the way to an error, and
with them the key and rows, and the command line, which names the person whose rows are erased.
"""

from typing import Any

import dlt

from .causes import find_cause
from .exceptions import CoveoSourceError
from .scrubbing import scrubbed

_FLUSH_SECONDS = 5.0
"""How long the end of a command waits until everything is sent."""


def protect_sentry() -> bool:
    """Keeps secrets out of what is sent from now on; returns False if nothing is sent."""
    # this starts the client, unless dlt has done so already
    if not dlt.current.run_context().runtime_config.sentry_dsn:
        return False
    import sentry_sdk

    sentry_sdk.get_client().options.update(
        before_send=_without_secrets,
        before_send_transaction=_without_secrets,
        include_local_variables=False,
        # the hosts that requests go to need not know of it
        trace_propagation_targets=[],
    )
    return True


def tell_sentry(error: BaseException, _code: int) -> None:
    """Sends an error with which a command ends, and waits a moment until it is there."""
    if isinstance(error, Exception) and protect_sentry():
        import sentry_sdk

        # the outermost one names what is sent, and dlt's is the same for all
        sentry_sdk.capture_exception(find_cause(error, CoveoSourceError) or error)
        sentry_sdk.flush(_FLUSH_SECONDS)


def _without_secrets(event: Any, _hint: Any) -> Any:
    event.get("extra", {}).pop("sys.argv", None)
    return scrubbed(event)
