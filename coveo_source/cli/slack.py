"""Messages to Slack, where dlt's setting `runtime.slack_incoming_hook` says so.

dlt reads the setting, but sends nothing by itself; its function for it waits for ever if Slack does
not answer.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

import dlt
import requests
from dlt.common import logger

from ..secrets import keep_passwords, scrub
from .summary import Outcome, error_text, headline

_SECONDS = 10.0
"""How long Slack may take to answer."""
_LONGEST = 3000
"""Characters of a message."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""Characters that Slack takes for links or mentions."""


def tell_of_run(pipeline: str, outcome: Outcome) -> None:
    """Posts what a run has done."""
    doubts = "".join(
        f"\nThe export {each.export.id} may not be whole: {'; '.join(each.signs)}"
        for each in outcome.fetched
        if each.signs
    )
    _post(f":white_check_mark: The pipeline {pipeline}: {headline(outcome)}{doubts}")


def tell_of_error(pipeline: str) -> Callable[[BaseException, int], None]:
    """Returns what posts why a command failed."""
    return lambda error, _code: _post(f":x: The pipeline {pipeline}: {error_text(error)}")


def tell_of_alarms(pipeline: str, alarms: list[str]) -> None:
    """Posts what somebody has to look after, if there is anything."""
    if alarms:
        _post("\n".join([f":rotating_light: The pipeline {pipeline} is not fresh.", *alarms]))


def _post(text: str) -> None:
    """Posts a message; nothing depends on it, so what stands in the way is only logged."""
    hook = dlt.current.run_context().runtime_config.slack_incoming_hook
    if not hook:
        return
    # whoever knows the address may post
    keep_passwords(*urlsplit(hook).path.split("/"))
    message = scrub(text)[:_LONGEST].translate(_ESCAPES)
    try:
        requests.post(hook, json={"text": message}, timeout=_SECONDS).raise_for_status()
    except requests.RequestException as error:
        logger.warning(f"Slack could not be told: {error}")
