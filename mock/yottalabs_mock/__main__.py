"""The simulator from the command line: `yottalabs-mock --port 4020`.

Standard output carries one line, `ready http://127.0.0.1:PORT`, once requests are answered. The log of requests goes to
standard error. SIGINT and SIGTERM end it.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from ._lifecycle import Duration
    from ._simulator import Simulator

NAME = "yottalabs-mock"
KEYS_VARIABLE = "YOTTALABS_MOCK_API_KEYS"
DEFAULT_PORT = "4020"
LAST_PORT = 65535
# Short enough to sit and watch; the library's own are closer to life.
TIMES = {"boot": "5", "healthy": "3", "pause": "2", "terminate": "3", "forget": "86400"}
ABOUT_TIMES = {
    "boot": "from INITIALIZE to RUNNING",
    "healthy": "from RUNNING until the exposed ports are healthy",
    "pause": "from PAUSING to PAUSED",
    "terminate": "from TERMINATING to TERMINATED",
    "forget": "how long a TERMINATED pod stays in the list",
}


def main() -> NoReturn:
    """Serves until it is told to end."""
    # Until the server listens for them itself. An interrupt is no crash, however early it comes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    arguments = _arguments()
    try:
        from . import _server  # noqa: F401  # whether it is there
    except ImportError as error:
        raise _stop(f"{error.name} is not installed; install 'yottalabs-client[simulator]'") from None
    port = _port(arguments.port)
    simulator = _simulator(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("yottalabs_mock").setLevel(logging.WARNING if arguments.quiet else logging.INFO)
    logging.raiseExceptions = False  # who read the log may go away; the server stays
    asyncio.run(_serve(simulator, port, arguments.follow_parent))
    raise SystemExit(0)


async def _serve(simulator: Simulator, port: int, parent: int | None) -> None:
    from ._parent import parent_is_done
    from ._server import Server

    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))
    loop = asyncio.get_running_loop()
    try:
        server = Server(simulator, port)
        await server.start()
    except OSError as error:
        raise _stop(_why_not(error, port)) from None
    try:
        with suppress(BrokenPipeError):
            print(f"ready {server.base_url}", flush=True)  # what a script waits for
        following = None if parent is None else asyncio.ensure_future(parent_is_done(parent))
        if following is not None:
            following.add_done_callback(lambda _: told.set())
        await told.wait()
    finally:
        await server.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=NAME,
        description="Serves a simulator of the YottaLabs API on this machine: pods that boot, run, fail and go away.",
        epilog=f"Keys: any, unless the environment variable {KEYS_VARIABLE} names those that are accepted, "
        "with commas between them. A time is a number of seconds (60), a range (60-120), or a number of reads of "
        "the pod (3 reads).",
        allow_abbrev=False,
    )
    parser.add_argument("--port", default=DEFAULT_PORT, help=f"where to listen; 0 takes a free port ({DEFAULT_PORT})")
    for name, default in TIMES.items():
        parser.add_argument(f"--{name}", metavar="TIME", default=default, help=f"{ABOUT_TIMES[name]} ({default})")
    parser.add_argument("--dialect", default="documented", help="documented, later or chaos (documented)")
    parser.add_argument("--seed", type=int, default=0, help="what chance begins with (0)")
    parser.add_argument("--load", metavar="FILE", help="begin with a saved state, with the times and dialect in it")
    parser.add_argument("--quiet", action="store_true", help="no log of requests")
    parser.add_argument("--follow-parent", metavar="PID", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _simulator(arguments: argparse.Namespace) -> Simulator:
    from ._simulator import Simulator

    keys = [key.strip() for key in os.environ.get(KEYS_VARIABLE, "").split(",") if key.strip()] or None
    try:
        if arguments.load is not None:
            return Simulator.load(arguments.load, api_keys=keys, clock="real")
        from ._lifecycle import Times

        times = Times(**{name: _time(name, getattr(arguments, name)) for name in TIMES})
        return Simulator(api_keys=keys, clock="real", times=times, dialect=arguments.dialect, seed=arguments.seed)
    except ValueError as error:
        message = str(error)
    except OSError as error:
        message = f"{arguments.load} cannot be read: {error.strerror}"
    raise _stop(message)


def _time(name: str, text: str) -> Duration:
    from ._lifecycle import read_duration

    try:
        return read_duration(text)
    except ValueError as error:
        raise _stop(f"--{name}: {error}") from None


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= LAST_PORT:
        return int(text)
    shown = "".join(character if character.isprintable() else "?" for character in text[:40])
    raise _stop(f"port '{shown}' is not a number from 0 to {LAST_PORT}; 0 takes a free one")


def _why_not(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; stop what listens there, or choose another: 0 takes a free one"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"port {port} is not yours to open; choose another: 0 takes a free one"
    return f"port {port} cannot be opened: {error.strerror}"


def _stop(message: str) -> SystemExit:
    """The end of the program: the message goes to standard error, and the exit status is 1."""
    return SystemExit(f"{NAME}: {message}")


if __name__ == "__main__":
    main()
