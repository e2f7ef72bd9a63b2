"""Stops a run cleanly within seconds on SIGINT or SIGTERM.

dlt only records a signal, and checks for one between two of its own steps. While we wait for
Coveo there is nothing to clean up, so a signal ends the wait immediately.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from dlt.common.exceptions import SignalReceivedException
from dlt.common.runtime import signals

from .causes import find_cause

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def graceful_shutdown() -> Iterator[None]:
    """Lets a first signal end the run as soon as dlt is ready, and a second one immediately."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # on a second signal dlt calls the handler that was installed before its own; Python's default
    # one would make the process wait for the threads of a running load
    with _handled_by(_exit_now), signals.intercepted_signals():
        yield


def _exit_now(number: int, frame: FrameType | None) -> None:
    """Ends the process immediately, whatever it is doing."""
    name = signal.Signals(number).name
    text = f"Stopped immediately by a second {name}. Run again to continue from here.\n"
    # the lines of a display stay, and the cursor is at the end of the last one
    os.write(2, f"\n{text}".encode() if os.isatty(2) else text.encode())
    os._exit(1)


@contextmanager
def interruptible() -> Iterator[None]:
    """Lets a signal end the body of the `with` statement immediately.

    Raises:
        SignalReceivedException: on a signal, even if it came before the body began
    """
    if threading.current_thread() is not threading.main_thread():
        # Python delivers signals to the main thread only
        yield
        return
    signals.raise_if_signalled()
    with _handled_by(_raise_signal):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _raise_signal(number: int, frame: FrameType | None) -> None:
    """Raises the signal as an exception, wherever the program is."""
    # dlt asks for the signal itself, since others may wrap the exception
    signals.set_received_signal(number)
    raise SignalReceivedException(number)


def find_signal(error: BaseException) -> str | None:
    """Returns the name of the signal that caused an error; None if no signal did."""
    if received := find_cause(error, SignalReceivedException):
        return signal.Signals(received.signal_code).name
    return signal.SIGINT.name if find_cause(error, KeyboardInterrupt) else None
