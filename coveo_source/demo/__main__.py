"""The command `python -m coveo_source.demo [--port N] [--days N] …`, which serves the demo."""

import argparse
import signal
import sys
from collections.abc import Sequence
from threading import Event

from .faults import NAMED, inject
from .server import DemoServer
from .traffic import Traffic

_WELCOME = """\
Coveo demo API   {server.base_url}
API key          {server.api_key}
Organization     {server.org}

export SOURCES__COVEO_SOURCE__BASE_URL={server.base_url}
export SOURCES__COVEO_SOURCE__API_KEY={server.api_key}
export SOURCES__COVEO_SOURCE__ORG={server.org}

Stop it with Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until Ctrl-C or SIGTERM. Returns the exit code: 1 if the port is taken."""
    options = _parser().parse_args(arguments)
    traffic = Traffic(options.seed, options.visits_per_day, days=options.days)
    try:
        server = DemoServer(traffic, port=options.port)
    except OSError as error:
        print(f"Cannot listen on port {options.port}: {error.strerror}.", file=sys.stderr)
        return 1
    inject(server, *(fault for name in options.fault for fault in NAMED[name]()))
    with server:
        print(_WELCOME.format(server=server), flush=True)
        _wait_for_signal()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m coveo_source.demo",
        description="Serve a local stand-in for Coveo's exports API.",
    )
    parser.add_argument(
        "--port", type=int, default=8300, help="0 for any free port (default: %(default)s)"
    )
    parser.add_argument(
        "--days", type=int, default=90, help="days of history (default: %(default)s)"
    )
    parser.add_argument(
        "--visits-per-day",
        type=int,
        default=200,
        help="average number on a working day (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=7, help="another seed, other events (default: %(default)s)"
    )
    parser.add_argument(
        "--fault",
        action="append",
        choices=sorted(NAMED),
        default=[],
        metavar="NAME",
        help=f"make the service fail in this way; may be repeated: {', '.join(sorted(NAMED))}",
    )
    return parser


def _wait_for_signal() -> None:
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.wait(0.5):
        pass


if __name__ == "__main__":
    sys.exit(main())
