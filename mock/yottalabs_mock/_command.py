"""What the command does: `yottalabs-mock --port 4020`.

Standard output carries one line, `ready http://127.0.0.1:PORT`, once requests are answered. The log of requests goes to
standard error. SIGINT and SIGTERM end it, and so does the end of the program that it is told to follow. Another
program may have it as a command of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import select
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar

from . import _ending
from ._messages import printable

if TYPE_CHECKING:
    from ._lifecycle import Duration
    from ._simulator import Simulator

T = TypeVar("T")

NAME = "yottalabs-mock"
FAILED = 1
MISUSED = 2
"""The exit statuses: something stood in the way; the command line says what cannot be."""
WIDTH_OF_DOCUMENTATION = 78  # what argparse uses of 80 columns
KEYS_VARIABLE = "YOTTALABS_MOCK_API_KEYS"
DEFAULT_PORT = "4020"
LONGEST_LINE = 2000  # characters of a line of the log
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
A_TIME = "a number of seconds (60), an ascending range (60-120), or a number of reads of the pod (3 reads)"


def run(arguments: Sequence[str] | None = None, program: str = NAME) -> None:
    """Serves until it is told to end.

    Args:
        arguments: What the command line says behind the name of the program; by default, that of this process.
        program: The name of the program, for its messages and its help.

    Raises:
        SystemExit: It did not serve. The status is 2 if the command line cannot be right and 1 if anything else is in
            the way, which standard error tells in one line; 0 after `--help`.
    """
    try:
        _serve_from(_parser(program).parse_args(arguments))
    except _StopError as stop:
        if sys.stderr is not None:  # it was closed before the start
            with suppress(OSError):  # who would read it has gone away; the status tells it as well
                print(f"{program}: {stop}", file=sys.stderr)
        raise SystemExit(stop.status) from None
    finally:
        _let_go_of_output()


def help_text(program: str) -> str:
    """What `--help` tells, as on a terminal of 80 columns, wherever it is made: for documentation.

    Args:
        program: The name of the program.
    """
    parser = _parser(program, width=WIDTH_OF_DOCUMENTATION)
    parser.__dict__["color"] = False  # which argparse has since Python 3.14
    return parser.format_help()


class _StopError(Exception):
    """The end of the program, and why."""

    status = FAILED


class _UsageError(_StopError):
    """A command line that cannot be right."""

    status = MISUSED


def _serve_from(arguments: argparse.Namespace) -> None:
    port = _port(arguments.port)
    try:
        from . import _server  # noqa: F401  # whether it is there
    except ImportError as error:
        raise _StopError(f"{error.name} is not installed; install 'yottalabs-client[simulator]'") from None
    simulator = _simulator(arguments)
    _log_to(sys.stderr, logging.WARNING if arguments.quiet else logging.INFO)
    asyncio.run(_serve(simulator, port, arguments.follow_parent))


async def _serve(simulator: Simulator, port: int, parent: int | None) -> None:
    from ._parent import parent_is_done
    from ._server import Server

    loop, told = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(_log_briefly)

    try:
        server = Server(simulator.app, simulator.faults, port)
        await server.start()
    except OSError as error:
        raise _StopError(_why_not(error, port)) from None
    _ending.on_signals(lambda *_: loop.call_soon_threadsafe(told.set))
    try:
        with suppress(OSError):  # who waited for it may have gone away; the server stays
            print(f"ready {server.base_url}", flush=True)
        following = None if parent is None else asyncio.ensure_future(parent_is_done(parent))
        if following is not None:
            following.add_done_callback(lambda _: told.set())
        await told.wait()
    finally:
        _ending.on_signals(_ending.at_once)  # whoever asks again does not want to wait, and the loop is soon over
        loop.set_exception_handler(lambda *_: None)  # of what is cut off now
        await server.stop()


# --- What it is told ----------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Says what is wrong in one line, as for everything else."""
        raise _UsageError(f"{printable(message, 500)}; --help lists the options")


def _parser(program: str, width: int | None = None) -> _Parser:
    parser = _Parser(
        prog=program,
        formatter_class=partial(argparse.HelpFormatter, width=width),
        description="Serves a simulator of the YottaLabs API on this machine: pods that boot, run, fail and go away.",
        epilog=f"Keys: any, unless the environment variable {KEYS_VARIABLE} names those that are accepted, "
        f"with commas between them. A time is {A_TIME}.",
        allow_abbrev=False,
    )
    parser.add_argument("--port", default=DEFAULT_PORT, help=f"where to listen; 0 takes a free port ({DEFAULT_PORT})")
    for name, default in TIMES.items():
        parser.add_argument(f"--{name}", metavar="TIME", help=f"{ABOUT_TIMES[name]} ({default})")
    parser.add_argument("--dialect", help="documented, later or chaos (documented)")
    parser.add_argument("--seed", type=_whole, help="what chance begins with (0)")
    parser.add_argument("--ssh", metavar="USER@HOST:PORT", help="a real SSH server that the SSH ports of pods lead to")
    parser.add_argument(
        "--load", metavar="FILE", help="begin with a saved state, with the times, the dialect and the seed in it"
    )
    parser.add_argument(
        "--allow-host",
        metavar="HOST",
        action="append",
        default=[],
        help="answer requests that name this host, too, and not those of this machine alone; may be repeated",
    )
    parser.add_argument(
        "--allow-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="answer web pages of this origin, http://localhost:3000 for example; may be repeated",
    )
    parser.add_argument("--quiet", action="store_true", help="no log of requests")
    parser.add_argument("--follow-parent", metavar="PID", type=_whole, help=argparse.SUPPRESS)
    return parser


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{printable(text, 40)}' is not a whole number") from None


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= LAST_PORT:
        return int(text)
    raise _UsageError(f"port '{printable(text, 40)}' is not a number from 0 to {LAST_PORT}; 0 takes a free one")


def _simulator(arguments: argparse.Namespace) -> Simulator:
    from ._access import Access
    from ._lifecycle import Times
    from ._minting import SSHServer
    from ._simulator import Simulator

    given = {name: getattr(arguments, name) for name in (*TIMES, "dialect", "seed")}
    given = {name: value for name, value in given.items() if value is not None}
    ssh = arguments.ssh
    access = {"allow_hosts": arguments.allow_host, "allow_origins": arguments.allow_origin}
    # Here, so that whatever else is wrong with a state is wrong with its file.
    _used(Access, *access.values())
    if ssh is not None:
        _used(SSHServer.read, ssh)
    try:
        if arguments.load is None:
            times = Times(**{name: _time(name, given.pop(name, default)) for name, default in TIMES.items()})
            return _used(partial(Simulator, api_keys=_keys(), clock="real", times=times, ssh=ssh, **access, **given))
        _refuse_with_load(given)
        return Simulator.load(arguments.load, api_keys=_keys(), clock="real", ssh=ssh, **access)
    except ValueError as error:
        message = str(error)
    except OSError as error:
        # One without a reason of the system's is not about the file.
        message = f"{arguments.load} cannot be read: {error.strerror}" if error.strerror else str(error)
    raise _StopError(printable(message, 500))


def _used(make: Callable[..., T], *values: object) -> T:
    """What is made of the command line's values, which may be none."""
    try:
        return make(*values)
    except ValueError as error:
        raise _UsageError(printable(str(error), 500)) from None


def _refuse_with_load(given: Mapping[str, Any]) -> None:
    if given:
        raise _UsageError(
            f"--{next(iter(given))} does not go with --load: the file has times, a dialect and a seed in it"
        )


def _keys() -> list[str] | None:
    text = os.environ.get(KEYS_VARIABLE, "")
    if not text:
        return None
    from ._organisations import Organisations

    keys = [key.strip() for key in text.split(",") if key.strip()]
    try:
        Organisations(keys)
    except ValueError:
        keys = []
    if not keys:
        raise _StopError(f"{KEYS_VARIABLE} is set, and is not keys with commas between them")
    return keys


def _time(name: str, text: str) -> Duration:
    from ._lifecycle import read_duration

    try:
        return read_duration(text)
    except ValueError:
        raise _UsageError(f"--{name}: '{printable(text, 40)}' is no time; write {A_TIME}") from None


# --- What it says -------------------------------------------------------------------------------------------------


class _Log(logging.StreamHandler[TextIO]):
    """A log for whoever reads it. Who has gone away, or does not read, must not hold the server up: lines are lost."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record, each printable: a traceback may show what a client sent."""
        return "\n".join(printable(line, LONGEST_LINE) for line in super().format(record).split("\n"))

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line, if there is room for it now."""
        if os.name != "posix" or select.select([], [self.stream], [], 0)[1]:
            super().emit(record)


def _log_to(stream: TextIO | None, level: int) -> None:
    if stream is None:  # it was closed before the start
        return
    handler = _Log(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("yottalabs_mock").setLevel(level)


def _log_briefly(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """What nobody awaited: connections that cannot be accepted for lack of files, for example. The server stays."""
    _log_once(f"{context['message']}: {printable(str(context.get('exception')), 500)}")


@lru_cache(maxsize=100)
def _log_once(text: str) -> None:
    logging.getLogger("yottalabs_mock").warning(text)


def _let_go_of_output() -> None:
    """What a reader that has gone away did not take is no error of ours; Python would say so at the end."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: it was closed before the start
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _why_not(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; stop what listens there, or choose another: 0 takes a free one"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"port {port} is not yours to open; choose another: 0 takes a free one"
    return f"port {port} cannot be opened: {error.strerror}"
