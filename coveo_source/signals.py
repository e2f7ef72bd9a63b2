"""SIGINT and SIGTERM: a tidy end within seconds.

dlt only notes a signal and looks at the note between two steps of its own. While we wait for
Coveo there is nothing to be tidied up, so there a signal ends the waiting at once.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dlt.common.exceptions import SignalReceivedException
from dlt.common.runtime import signals

from .exceptions import find_cause

STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def orderly() -> Iterator[None]:
    """Lets a first signal end a run when dlt is ready to, and a second one at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # dlt calls what was there before it for the second signal; without this the process would
    # wait for the threads of a load that is under way
    before = {number: signal.signal(number, end_at_once) for number in STOPPING}
    try:
        with signals.intercepted_signals():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_at_once(number: int, frame: FrameType | None) -> None:
    """Ends the process, whatever it does."""
    name = signal.Signals(number).name
    text = f"Ended at once by a second {name}. Run again, and it goes on from here.\n"
    os.write(2, text.encode())
    os._exit(1)


@contextmanager
def interruptible() -> Iterator[None]:
    """Lets a signal end at once what is done inside.

    Raises:
        SignalReceivedException: also if a signal came before
    """
    if threading.current_thread() is not threading.main_thread():
        # there Python delivers no signals
        yield
        return
    signals.raise_if_signalled()
    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(number: int, frame: FrameType | None) -> None:
    """Ends what is under way."""
    # for dlt, which may look only after the exception was wrapped
    signals.set_received_signal(number)
    raise SignalReceivedException(number)


def signal_in(error: BaseException) -> str | None:
    """Name of the signal at the bottom of an error, if there is one."""
    if received := find_cause(error, SignalReceivedException):
        return signal.Signals(received.signal_code).name
    return signal.SIGINT.name if find_cause(error, KeyboardInterrupt) else None
