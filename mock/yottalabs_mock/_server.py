"""Serves the simulator on a socket of this machine, where every failure of a connection really happens."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ._app import CONNECTION, FULL, App, Receive, Scope, Send
from ._catalogue import Fault
from ._contract import LARGEST_BODY
from ._faults import Faults, Rule
from ._memory import MEGABYTE, Budget
from ._messages import Answer, Breakage, refused

HOST = "127.0.0.1"
START_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048
LARGEST_HEAD = 8 * MEGABYTE  # bytes; so that an overlong path still comes to where it can be said what is wrong
MOST_ON_THE_WAY = 256 * MEGABYTE
"""How many bytes of requests and answers are held at once, of all connections; what is beyond that gets a 503."""
SMALL_ANSWER = 64 * 1024  # bytes; such an answer is not counted
_LAST_SECONDS = 5.0  # for a client to take the last answer
_LAST_STEPS = 10  # of the loop, more than it takes to make a connection that was accepted
_FILLERS = 8  # more than a backlog of nobody takes
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: for no time at all

_silent = logging.getLogger("yottalabs_mock.http")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


class Door:
    """Where connections come in. It can be shut: then nobody listens, or nobody says whether anybody does.

    The port is held all the while by a socket that does not listen, so that nobody else can take it.
    """

    def __init__(self, port: int) -> None:
        self._held = _claimed(port)
        self.port: int = self._held.getsockname()[1]
        self._make: Callable[[], asyncio.Protocol]
        self._server: asyncio.Server | None = None
        self._jam: list[socket.socket] = []
        self._closures: deque[tuple[Breakage, float]] = deque()
        self._opening: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()

    async def open(self, make: Callable[[], asyncio.Protocol]) -> None:
        """Lets connections in; each gets a protocol of its own."""
        self._make = make
        await self._open()

    @property
    def is_shut(self) -> bool:
        """Whether connections do not come in."""
        return self._server is None

    def shut(self, breakage: Breakage, seconds: float) -> None:
        """Lets no connection in for so many seconds, after those that it is shut for. In the server's own thread."""
        self._closures.append((breakage, seconds))
        if not self.is_shut:
            self._shut_next()

    async def open_now(self) -> None:
        """Lets connections in again, however long it was to be shut."""
        self._closures.clear()
        if self._opening is not None:
            self._opening.cancel()
        if self.is_shut:
            self._stop_listening()
            await self._open()

    def close(self) -> None:
        """Lets nobody in any more, and gives the port back."""
        if self._opening is not None:
            self._opening.cancel()
        self._stop_listening()
        self._held.close()

    async def closed(self) -> None:
        """Returns once nobody is on the way in."""
        await asyncio.gather(*self._endings)

    def _shut_next(self) -> None:
        breakage, seconds = self._closures.popleft()
        self._stop_listening()
        if breakage == Breakage.UNREACHABLE:
            self._jam = _jammed(self.port)
        self._opening = asyncio.get_running_loop().create_task(self._open_after(seconds))

    async def _open_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._closures:
            self._shut_next()
            return
        self._stop_listening()
        await self._open()

    async def _open(self) -> None:
        loop, listener = asyncio.get_running_loop(), _bound(self.port)
        self._server = await loop.create_server(self._make, sock=listener, backlog=BACKLOG, start_serving=False)
        await self._server.start_serving()

    def _stop_listening(self) -> None:
        if self._server is not None:
            loop = asyncio.get_running_loop()
            for listener in self._server.sockets:
                loop.remove_reader(listener.fileno())
                with suppress(OSError):  # not everywhere; then it listens a moment longer
                    listener.shutdown(socket.SHUT_RDWR)
            ending = loop.create_task(_end(self._server))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            self._server = None
        while self._jam:
            self._jam.pop().close()


async def _end(server: asyncio.Server) -> None:
    """Closes a server. asyncio would lose a connection that it has accepted just now, so that is made first."""
    for _ in range(_LAST_STEPS):
        await asyncio.sleep(0)
    server.close()


class Server:
    """An application behind a door."""

    def __init__(self, app: App, faults: Faults, port: int) -> None:
        self._faults = faults
        self._door = Door(port)
        self._state = ServerState()
        self.budget = Budget(MOST_ON_THE_WAY)
        # No lifespan, no signals: whoever starts it also ends it.
        self._config = uvicorn.Config(
            cast("Any", app),
            http=type("Protocol", (_Protocol,), {"behind": self}),
            lifespan="off",
            workers=1,  # given, so that WEB_CONCURRENCY in the environment is not looked at
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            server_header=False,
            h11_max_incomplete_event_size=LARGEST_HEAD,
            date_header=False,
        )
        self._loop: asyncio.AbstractEventLoop
        self._opening: asyncio.Task[None] | None = None  # kept, for a loop holds its tasks only weakly

    @property
    def base_url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self._door.port}"

    async def start(self) -> None:
        """Begins to answer."""
        self._loop = asyncio.get_running_loop()
        self._config.load()
        protocol = cast("type[_Protocol]", self._config.http_protocol_class)
        await self._door.open(lambda: protocol(config=self._config, server_state=self._state, app_state={}))
        self._faults.begin_at(self)

    async def stop(self) -> None:
        """Ends every connection, whatever it waits for, and gives the port back."""
        self._faults.end_at(self)
        self._door.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        await self._door.closed()

    @property
    def is_shut(self) -> bool:
        """Whether no connection is to come about."""
        return self._door.is_shut

    def shut_door(self, breakage: Breakage, seconds: float) -> None:
        """Lets no connection come about for so many seconds, and ends those that wait for a further request."""
        self._door.shut(breakage, seconds)
        for connection in list(self._state.connections):
            connection.shutdown()

    def shut(self, rule: Rule) -> None:
        """Lets a scripted fault of connections happen, before anyone can know what a connection is for."""
        breakage = Breakage.REFUSED if rule.fault == Fault.CONNECTION_REFUSED else Breakage.UNREACHABLE
        seconds = rule.options["seconds"] * (rule.times or 1)
        if self._is_here():
            self.shut_door(breakage, seconds)
            return

        async def there() -> None:
            self.shut_door(breakage, seconds)

        self._wait_for(there())

    def open(self) -> None:
        """Lets connections come about again, at once."""
        if self._is_here():
            self._opening = self._loop.create_task(self._door.open_now())
        else:
            self._wait_for(self._door.open_now())

    def _is_here(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something in the server's thread, and returns when it is done."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)


class _Protocol(H11Protocol):
    """One connection, which the application can reach."""

    behind: Server

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.logger = _silent
        self._is_over = False
        application = self.app

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[CONNECTION] = self
            await application(cast("Any", scope), cast("Any", receive), cast("Any", send))

        self.app = cast("Any", with_connection)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Takes a connection, unless the door was shut in the meantime."""
        super().connection_made(transport)
        if self.behind.is_shut:
            self.reset()

    def data_received(self, data: bytes) -> None:
        """Reads on, unless the last answer has been given."""
        if self._is_over:
            return
        # What is more than that is not held: it is read, and thrown away.
        room = LARGEST_HEAD + LARGEST_BODY - self.behind.budget.held_by(self)
        if room > 0 and not self.behind.budget.take(self, min(len(data), room)):
            self._refuse(refused(503, FULL))
            if self.cycle is not None and not self.cycle.response_complete:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            return
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Goes on to the next request."""
        if not self.flow.write_paused:
            self.behind.budget.release(self)
        super().on_response_complete()

    def resume_writing(self) -> None:
        """Goes on once the client has taken most of an answer."""
        self.behind.budget.release(self)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends with the connection."""
        self.behind.budget.release(self)
        super().connection_lost(exc)

    def may_send(self, size: int) -> bool:
        """Whether an answer of so many bytes may be held until the client has taken it."""
        return size <= SMALL_ANSWER or self.behind.budget.take(self, size)

    def reset(self) -> None:
        """Resets the connection at once."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def end(self) -> None:
        """Ends the connection, once everything that was sent has gone out."""
        self.transport.close()

    def shut_door(self, breakage: Breakage, seconds: float) -> None:
        """Lets no further connection come about for so many seconds."""
        self.behind.shut_door(breakage, seconds)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # it says nothing; the parser's error does
        """Answers what is no HTTP, in the envelope."""
        error = sys.exc_info()[1]
        too_long = getattr(error, "error_status_hint", None) == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if too_long else HTTPStatus.BAD_REQUEST
        reason = str(error).partition(":")[0]  # what follows may be a line of the request, with a key in it
        self._refuse(
            refused(status, "the request line and headers are too long" if too_long else f"this is not HTTP: {reason}")
        )

    def _refuse(self, answer: Answer) -> None:
        """Answers what is not given to the application, and ends the connection."""
        status = HTTPStatus(answer.status)
        head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: application/json\r\n"
        size = f"content-length: {len(answer.body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(f"{head}{size}".encode() + answer.body)
        # A client that is still sending when the connection closes does not get to see the answer.
        self._is_over = True
        self.transport.write_eof()
        self.loop.call_later(_LAST_SECONDS, self.transport.abort)


@contextmanager
def serving(app: App, faults: Faults, port: int) -> Iterator[str]:
    """Serves an application from a thread of its own for as long as the block runs; gives the base URL."""
    server = Server(app, faults, port)  # here, so that a port that is taken is an error here
    ready = threading.Event()
    over: list[Callable[[], object]] = []

    async def run() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        over.append(lambda: loop.call_soon_threadsafe(ended.set))
        await server.start()
        ready.set()
        try:
            await ended.wait()
        finally:
            await server.stop()

    thread = threading.Thread(target=_run, args=(run(),), name="yottalabs_mock", daemon=True)
    thread.start()
    if not ready.wait(START_SECONDS):
        raise RuntimeError(f"the simulator was not ready within {START_SECONDS:g} seconds")
    try:
        yield server.base_url
    finally:
        over[0]()
        thread.join(START_SECONDS)


def _run(main: Coroutine[Any, Any, None]) -> None:
    # Of asyncio itself: uvicorn has another loop if uvloop is there, whose sockets cannot be reset like this.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(main)


def _bound(port: int) -> socket.socket:
    """A socket that has a port, shared with others of this process."""
    # With its protocol named: asyncio turns off the delay of small packets only then.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        share = getattr(socket, "SO_REUSEPORT", socket.SO_REUSEADDR)
        found.setsockopt(socket.SOL_SOCKET, share, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
    except BaseException:  # an interrupt too must not leave the socket open
        found.close()
        raise
    return found


def _claimed(port: int) -> socket.socket:
    """A socket that has a port and does not listen. No other process can take the port, not even one that asks now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as claim:
        claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        claim.bind((HOST, port))
        claim.listen(0)  # of two that ask at once, this gives it to one
        share = getattr(socket, "SO_REUSEPORT", socket.SO_REUSEADDR)
        claim.setsockopt(socket.SOL_SOCKET, share, 1)  # with the next one, which is of this process
        held = _bound(claim.getsockname()[1])
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # or another's claim would hold while nobody listens
    return held


def _jammed(port: int) -> list[socket.socket]:
    """Sockets that make a port neither take nor refuse a connection: its queue is full, and nobody empties it."""
    full = _bound(port)
    full.listen(0)
    sockets = [full]
    for _ in range(_FILLERS):
        filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        filler.settimeout(0)
        filler.connect_ex((HOST, port))
        sockets.append(filler)
    return sockets
