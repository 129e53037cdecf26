"""Serves the simulator on a socket of this machine, where every failure of a connection really happens."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ._app import CONNECTION, Receive, Scope, Send
from ._faults import Fault, Rule
from ._messages import Breakage, refused

if TYPE_CHECKING:
    from ._simulator import Simulator

HOST = "127.0.0.1"
START_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048
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
        _refuse_taken(port)
        self._held = _bound(port)
        self.port: int = self._held.getsockname()[1]
        self._make: Callable[[], asyncio.Protocol]
        self._server: asyncio.Server | None = None
        self._jam: list[socket.socket] = []
        self._opening: asyncio.Task[None] | None = None

    async def open(self, make: Callable[[], asyncio.Protocol]) -> None:
        """Lets connections in; each gets a protocol of its own."""
        self._make = make
        await self._open()

    def shut(self, breakage: Breakage, seconds: float) -> None:
        """Lets no connection in for so many seconds. In the server's own thread."""
        if self._opening is not None:
            self._opening.cancel()
        self._stop_listening()
        if breakage == Breakage.UNREACHABLE:
            self._jam = _jammed(self.port)
        self._opening = asyncio.get_running_loop().create_task(self._open_after(seconds))

    def close(self) -> None:
        """Lets nobody in any more, and gives the port back."""
        if self._opening is not None:
            self._opening.cancel()
        self._stop_listening()
        self._held.close()

    async def _open_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._stop_listening()
        await self._open()

    async def _open(self) -> None:
        listener = _bound(self.port)
        self._server = await asyncio.get_running_loop().create_server(self._make, sock=listener, backlog=BACKLOG)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        while self._jam:
            self._jam.pop().close()


class Server:
    """A simulator behind a door."""

    def __init__(self, simulator: Simulator, port: int) -> None:
        self._simulator = simulator
        self._door = Door(port)
        self._state = ServerState()
        # No lifespan, no signals: whoever starts it also ends it.
        self._config = uvicorn.Config(
            cast("Any", simulator.app),
            http=type("Protocol", (_Protocol,), {"behind": self}),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            server_header=False,
            date_header=False,
        )
        self._loop: asyncio.AbstractEventLoop

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
        self._simulator.faults.on_closed_door = self._take

    async def stop(self) -> None:
        """Ends every connection, whatever it waits for, and gives the port back."""
        self._simulator.faults.on_closed_door = None
        self._door.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)

    def shut_door(self, breakage: Breakage, seconds: float) -> None:
        """Lets no connection come about for so many seconds, and ends those that wait for a further request."""
        self._door.shut(breakage, seconds)
        for connection in list(self._state.connections):
            connection.shutdown()

    def _take(self, rule: Rule) -> bool:
        """Takes a scripted fault of connections, which happens before anyone can know what a connection is for."""
        breakage = Breakage.REFUSED if rule.fault == Fault.CONNECTION_REFUSED else Breakage.UNREACHABLE
        self._here(self.shut_door, breakage, rule.options["seconds"] * (rule.times or 1))
        return True

    def _here(self, call: Callable[..., None], *arguments: object) -> None:
        """Calls in the server's thread, and returns when it is done."""
        try:
            is_here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            is_here = False
        if is_here:
            call(*arguments)
            return

        async def there() -> None:
            call(*arguments)

        asyncio.run_coroutine_threadsafe(there(), self._loop).result(START_SECONDS)


class _Protocol(H11Protocol):
    """One connection, which the application can reach."""

    behind: Server

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.logger = _silent
        application = self.app

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[CONNECTION] = self
            await application(cast("Any", scope), cast("Any", receive), cast("Any", send))

        self.app = cast("Any", with_connection)

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

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, in the envelope."""
        answer = refused(400, f"this is not HTTP: {msg}")
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(answer.body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + answer.body)
        self.transport.close()


@contextmanager
def serving(simulator: Simulator, port: int) -> Iterator[str]:
    """Serves a simulator from a thread of its own for as long as the block runs; gives the base URL."""
    server = Server(simulator, port)  # here, so that a port that is taken is an error here
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
    except BaseException:
        found.close()
        raise
    return found


def _refuse_taken(port: int) -> None:
    """Raises an OSError if somebody has a port: sharing it, as `_bound` does, would not tell."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))


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
