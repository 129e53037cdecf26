"""The simulator as an httpx2 transport: no socket, and every failure as httpx2 itself would raise it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import NoReturn

import httpx2
from anyio.lowlevel import checkpoint

from ._clock import Clock
from ._contract import LARGEST_BODY
from ._messages import Answer, Breakage, Exchange, Outcome, Request, headers_of

FOR_EVER = "no answer ever comes, and the request has no timeout: it would wait for ever"


class Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """For `httpx2.Client` and `httpx2.AsyncClient` alike, and so for both of ours."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange = exchange
        self._clock = clock

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Sends a request. A wait that it takes is one of the simulator's clock."""
        with self._clock.held():
            outcome = self._exchange(_request(request, request.read()))
        wait = _wait(request, outcome)
        if wait:
            self._clock.sleep(wait)
        return _response(request, outcome)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Sends a request. A wait that it takes is one of the simulator's clock."""
        with self._clock.held():
            outcome = self._exchange(_request(request, await request.aread()))
            await checkpoint()  # other tasks run, as they do while an answer is on its way
        wait = _wait(request, outcome)
        if wait:
            await self._clock.asleep(wait)
        return _response(request, outcome)


def _request(request: httpx2.Request, body: bytes) -> Request:
    target = request.url.raw_path.decode("ascii")
    return Request(request.method, target, headers_of(request.headers.raw), body if len(body) <= LARGEST_BODY else None)


def _timeout(request: httpx2.Request, phase: str) -> float | None:
    found: float | None = request.extensions.get("timeout", {}).get(phase)
    return found


def _wait(request: httpx2.Request, outcome: Outcome) -> float:
    """How many seconds pass before there is an answer, or before whoever asked gives up."""
    if outcome.breakage == Breakage.UNREACHABLE:
        return _timeout(request, "connect") or 0.0
    patience = _timeout(request, "read")
    if outcome.breakage == Breakage.SILENCE:
        return patience or 0.0
    return outcome.delay if patience is None else min(outcome.delay, patience)


def _response(request: httpx2.Request, outcome: Outcome) -> httpx2.Response:
    patience = _timeout(request, "read")
    too_late = patience is not None and outcome.delay > patience
    if outcome.answer is None or too_late:
        _fail(request, outcome.breakage)
    answer = outcome.answer
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    stream = _CutBody(answer) if outcome.breakage == Breakage.CUT else httpx2.ByteStream(answer.body)
    return httpx2.Response(answer.status, headers=headers, stream=stream, request=request)


def _fail(request: httpx2.Request, breakage: Breakage | None) -> NoReturn:
    if breakage == Breakage.REFUSED:
        raise httpx2.ConnectError("[Errno 111] Connection refused", request=request)
    if breakage == Breakage.UNREACHABLE:
        raise httpx2.ConnectTimeout("timed out", request=request)
    if breakage == Breakage.RESET:
        raise httpx2.ReadError("[Errno 104] Connection reset by peer", request=request)
    message = "timed out" if _timeout(request, "read") is not None else FOR_EVER
    raise httpx2.ReadTimeout(message, request=request)


class _CutBody(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The first half of a body, and then the end of the connection."""

    def __init__(self, answer: Answer) -> None:
        self._body = answer.body

    def __iter__(self) -> Iterator[bytes]:
        half = self._body[: len(self._body) // 2]
        if half:
            yield half
        raise httpx2.RemoteProtocolError(
            "peer closed connection without sending complete message body "
            f"(received {len(half)} bytes, expected {len(self._body)})"
        )

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part
