"""One moment that bounds a whole call: connecting, sending, waiting, and reading to the last byte.

httpx2 bounds each phase of a request by itself, and within a phase each read, so that a server that sends a byte now
and then is never too late. An asynchronous call is simply cancelled at its deadline. A synchronous one cannot be: each
of its phases gets what is left of the time when the phase begins, and on connections of our own, so does each single
read and write, and each address of a host (`bound_reads`). What nothing can bound in a synchronous call is the name
look-up of the operating system.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.from_thread
import anyio.lowlevel
import httpcore2

from ._clock import is_frozen

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    import httpx2

    from ._clock import Clock

logger = logging.getLogger("yottalabs")

_PIECE_BYTES = 64 * 1024
_SHORTEST = 0.001  # seconds; a phase that begins too late still gets a timeout, never none
_current: ContextVar[Deadline | None] = ContextVar("yottalabs_deadline", default=None)


class Deadline:
    """The end of a call, a number of seconds from now."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds
        self._end = clock.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds until the end; negative after it."""
        return self._end - self._clock.monotonic()

    def passed(self) -> bool:
        """Whether it is too late."""
        return self.remaining() <= 0

    def phases(self) -> dict[str, float]:
        """Httpx's `timeout` extension: what is left of the time, asked for by each phase as it begins."""
        return _Phases(self)

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """Bounds the reads and writes that happen inside."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    @asynccontextmanager
    async def aenforced(self) -> AsyncIterator[None]:
        """Cancels what happens inside, with a TimeoutError, when the time is over."""
        with fail_after(self.remaining()):
            yield


@contextmanager
def fail_after(seconds: float) -> Iterator[None]:
    """Cancels the tasks' work inside, with a TimeoutError, when the time is over; also where tests freeze the time."""
    if not is_frozen():
        with anyio.fail_after(max(seconds, 0)):
            yield
        return
    with anyio.CancelScope() as scope:
        # The timers of the event loop do not fire.
        timer = threading.Timer(max(seconds, 0), _cancel, (scope, anyio.lowlevel.current_token()))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
    if scope.cancelled_caught:
        raise TimeoutError


def _cancel(scope: anyio.CancelScope, token: anyio.lowlevel.EventLoopToken) -> None:
    with suppress(anyio.RunFinishedError):
        anyio.from_thread.run_sync(scope.cancel, token=token)


class _Phases(dict[str, float]):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__(dict.fromkeys(("connect", "read", "write", "pool"), deadline.seconds))
        self._deadline = deadline

    def __getitem__(self, phase: str) -> float:
        return max(self._deadline.remaining(), _SHORTEST)

    def get(self, phase: str, default: Any = None) -> Any:
        return self[phase] if phase in self else default  # noqa: SIM401  # this is that method


def bound_reads(transport: httpx2.HTTPTransport | httpx2.AsyncHTTPTransport) -> None:
    """Make each read and write on a synchronous transport's connections end at the deadline of its call.

    httpx2 has no way to pass a network backend to a transport, so that of its connection pool is replaced. These are
    the only private names of httpx2 that this package uses. Where a release has other ones, calls are bounded by phase
    only, which is logged.
    """
    pool: Any = getattr(transport, "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    if isinstance(backend, httpcore2.NetworkBackend):
        pool._network_backend = _BoundBackend(backend)  # noqa: SLF001  # see above
    elif not isinstance(backend, httpcore2.AsyncNetworkBackend):
        logger.warning("httpx2 %s is not known: a timeout bounds each read, not the whole call", version("httpx2"))


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(error) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _bounded(timeout: float | None, late: type[httpcore2.TimeoutException], share: int = 1) -> float | None:
    deadline = _current.get()
    if deadline is None:
        return timeout
    remaining = deadline.remaining()
    if remaining <= 0:
        raise late
    return (remaining if timeout is None else min(timeout, remaining)) / share


class _BoundBackend(httpcore2.NetworkBackend):
    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = _addresses(host, port)
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            # An address that does not answer leaves the others their share of the time.
            timeout_here = _bounded(timeout, httpcore2.ConnectTimeout, share=left)
            try:
                stream = self._backend.connect_tcp(address, port, timeout_here, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if left == 1:
                    raise
            else:
                return _BoundStream(stream)
        raise httpcore2.ConnectError(f"{host} has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None
    ) -> httpcore2.NetworkStream:
        timeout = _bounded(timeout, httpcore2.ConnectTimeout)
        return _BoundStream(self._backend.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _BoundStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _bounded(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces: within one write, each part that the peer takes would get the whole time again. A view copies
        # nothing, and does not show what it is of: a request has the key and the body.
        buffer = cast("bytes", memoryview(buffer))
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._stream.write(buffer[start : start + _PIECE_BYTES], _bounded(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        timeout = _bounded(timeout, httpcore2.ConnectTimeout)
        return _BoundStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
