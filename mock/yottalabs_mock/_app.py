"""The simulator as an ASGI application."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias, cast
from urllib.parse import quote

from . import _control
from ._access import Access, cors_headers, preflight
from ._contract import LARGEST_BODY
from ._messages import Answer, Breakage, Exchange, Outcome, Refusal, Request, headers_of, printable, refused

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger("yottalabs_mock")

FULL = "the simulator holds as many bytes of requests and answers as it takes; ask again when others are done"
CONNECTION = "yottalabs_mock.connection"
"""The extension of the scope by which our own server lends an application the connection itself."""
_ABSOLUTE = re.compile(r"http://([^/?#:@\[\]]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?=[/?]|$)", re.IGNORECASE | re.ASCII)


class Connection(Protocol):
    """What our own server lets an application do to a connection."""

    def reset(self) -> None:
        """Resets it at once."""
        ...

    def end(self) -> None:
        """Ends it, once everything that was sent has gone out."""
        ...

    def shut_door(self, breakage: Breakage, seconds: float) -> None:
        """Lets no further connection come about for so many seconds."""
        ...

    def may_send(self, size: int) -> bool:
        """Whether an answer of so many bytes may be held until the client has taken it."""
        ...


class App:
    """An ASGI application.

    Args:
        exchange: What becomes of a request.
        access: Which hosts and origins a request may name.
        methods: The methods of the API, with commas between them, for the pages of allowed origins.
    """

    def __init__(self, exchange: Exchange, access: Access, methods: str) -> None:
        self._exchange = exchange
        self._access = access
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or takes part in the server's start and end."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, is_whole = await _body(receive)
        if not is_whole:
            return  # whoever asked is gone
        started = time.monotonic()
        request = Request(scope["method"], self._target(scope), headers_of(scope["headers"]), body)
        outcome, cors = self._outcome(request, scope)
        _log(request, outcome, time.monotonic() - started)
        connection = cast("Connection | None", scope.get("extensions", {}).get(CONNECTION))
        if connection is not None and outcome.answer is not None and not connection.may_send(len(outcome.answer.body)):
            await _send(send, refused(503, FULL), cors)
        elif outcome.breakage is None:
            await _wait(outcome.delay)
            await _send(send, outcome.answer, cors)
        elif outcome.breakage == Breakage.SILENCE:
            while (await receive())["type"] != "http.disconnect":
                pass
        elif connection is None:
            message = (
                f"'{outcome.breakage}' needs the connection itself: use sim.serve(), yottalabs-mock or sim.transport"
            )
            await _send(send, refused(500, message), cors)
        else:
            await _break(connection, outcome, send, cors)

    def _outcome(self, request: Request, scope: Scope) -> tuple[Outcome, dict[str, str]]:
        """What becomes of a request, and the headers that let the page of an allowed origin read the answer."""
        cors: dict[str, str] = {}
        try:
            origin = self._access.check(
                request.headers,
                scheme=scope.get("scheme", "http"),
                server=_server(scope)[0],
                is_admin=_control.concerns(request),
            )
            cors = cors_headers(origin)
            answer = preflight(request.method, request.headers, self._methods) if origin is not None else None
            return (Outcome(answer) if answer is not None else self._exchange(request)), cors
        except Refusal as refusal:
            return Outcome(refused(refusal.status, refusal.message)), cors
        except Exception:  # whatever it is, the client gets an answer and the server lives on
            logger.exception("internal error")
            return Outcome(refused(500, "the simulator failed; its log says why")), cors

    def _target(self, scope: Scope) -> str:
        """The path and the query. The client of a proxy writes the whole URL, which may be that of this server."""
        raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
        query = scope.get("query_string", b"")
        target = raw_path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
        absolute = _ABSOLUTE.match(target)
        if absolute is None or not self._access.knows(absolute[1]):
            return target
        if _server(scope)[1] not in {None, int(absolute[2] or 80)}:
            return target
        rest = target[absolute.end() :]
        return rest if rest.startswith("/") else f"/{rest}"


def _server(scope: Scope) -> tuple[str | None, int | None]:
    found: tuple[str | None, int | None] = scope.get("server") or (None, None)
    return found


async def _break(connection: Connection, outcome: Outcome, send: Send, cors: Mapping[str, str]) -> None:
    if outcome.breakage == Breakage.CUT and outcome.answer is not None:
        await _send(send, outcome.answer, cors, half=True)
        connection.end()
        return
    if outcome.breakage is not None and outcome.breakage in {Breakage.REFUSED, Breakage.UNREACHABLE}:
        # There is a connection already, so this one is broken and the next ones do not come about.
        connection.shut_door(outcome.breakage, outcome.seconds)
    connection.reset()


async def _wait(seconds: float) -> None:
    if seconds:
        from anyio import sleep

        await sleep(seconds)


async def _body(receive: Receive) -> tuple[bytes | None, bool]:
    """The body, or None if it is too large; and whether it came to its end. It is read to there whatever its size.

    A client that is still sending when the connection closes does not get to see the answer.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None, False
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= LARGEST_BODY:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body", False):
            return (b"".join(chunks) if size <= LARGEST_BODY else None), True


async def _send(send: Send, answer: Answer | None, cors: Mapping[str, str], *, half: bool = False) -> None:
    assert answer is not None
    size = {} if answer.status == HTTPStatus.NO_CONTENT else {"content-length": str(len(answer.body))}
    headers = {**answer.headers, **cors, **size}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    body = answer.body[: len(answer.body) // 2] if half else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": half})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _log(request: Request, outcome: Outcome, seconds: float) -> None:
    """One line: neither a header, nor a query, nor a body."""
    path = printable(re.sub(r"//[^/]*@", "//", request.target.partition("?")[0]))
    said = outcome.breakage or (outcome.answer.status if outcome.answer else "")
    logger.info("%s %s %s %.1f ms", printable(request.method), path, said, seconds * 1000)
