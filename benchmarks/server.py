"""A server that answers at once: canned bodies over HTTP/1.1 with keep-alive, `python -m benchmarks.server`.

It takes as little time as it can, so that what is measured is the client. It prints `ready` and its base URL, and ends
when its standard input does: with whoever started it, however that ended.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys

from .pods import documented_pod, list_body

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


def _answer(data: object) -> bytes:
    return json.dumps({"message": "success", "code": 10000, "data": data}, separators=(",", ":")).encode()


def _response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


ANSWERS = {
    b"POST": _response(_answer(documented_pod()["id"])),
    b"GET": _response(list_body(1)),
    b"DELETE": _response(_answer(None)),
}


class Canned(asyncio.Protocol):
    """One connection: for each whole request the answer to its method."""

    def __init__(self) -> None:
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers what is whole."""
        assert self._transport is not None
        self._pending += data
        while (end := _end_of_request(self._pending)) is not None:
            method = self._pending.split(b" ", 1)[0]
            self._pending = self._pending[end:]
            self._transport.write(ANSWERS[method])


def _end_of_request(data: bytes) -> int | None:
    """Where the first request ends, if it is whole."""
    head_end = data.find(_HEAD_END)
    if head_end < 0:
        return None
    end = head_end + len(_HEAD_END)
    for line in data[:head_end].lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            end += int(line.removeprefix(_LENGTH))
    return end if len(data) >= end else None


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    server = await loop.create_server(Canned, "127.0.0.1", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    print(f"ready http://127.0.0.1:{port}", flush=True)
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.add_reader(sys.stdin, over.set)  # nobody writes to it: what can be read is its end
    await over.wait()
    server.close()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started it
    asyncio.run(_serve())
