"""What a client really sends: transports that note the request on its way to a real server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class Exchanged:
    """A request as it was handed to the network, and the answer."""

    method: str
    raw_path: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    answer: bytes


class _Notes:
    """Notes exchanges, and may ask Prism for a particular answer in a header that the client knows nothing of."""

    def __init__(self) -> None:
        self.exchanged: list[Exchanged] = []
        self.prefer: str | None = None

    def outgoing(self, request: httpx2.Request) -> httpx2.Request:
        if self.prefer is None:
            return request
        headers = [*request.headers.raw, (b"Prefer", self.prefer.encode())]
        return httpx2.Request(
            request.method, request.url, headers=headers, content=request.content, extensions=request.extensions
        )

    def note(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        self.exchanged.append(
            Exchanged(
                method=request.method,
                raw_path=request.url.raw_path,
                headers=tuple((name.decode(), value.decode("latin-1")) for name, value in request.headers.raw),
                body=request.content,
                status=response.status_code,
                answer=response.content,
            )
        )
        return httpx2.Response(response.status_code, headers=response.headers, content=response.content)

    def take(self) -> Exchanged:
        """The one exchange since the last time."""
        (exchanged,) = self.exchanged
        self.exchanged.clear()
        return exchanged


class Recorder(_Notes, httpx2.BaseTransport):
    def __init__(self) -> None:
        super().__init__()
        self._network = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        response = self._network.handle_request(self.outgoing(request))
        response.read()
        response.close()
        return self.note(request, response)

    def close(self) -> None:
        self._network.close()


class AsyncRecorder(_Notes, httpx2.AsyncBaseTransport):
    def __init__(self) -> None:
        super().__init__()
        self._network = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        response = await self._network.handle_async_request(self.outgoing(request))
        await response.aread()
        await response.aclose()
        return self.note(request, response)

    async def aclose(self) -> None:
        await self._network.aclose()


def differences(expected: Any, actual: Any, where: str) -> list[str]:
    """Where two JSON values differ, each place named: `body.expose[0].port: expected 22, was "22"`."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = [f"{where}.{name}: missing" for name in expected if name not in actual]
        found += [f"{where}.{name}: not expected" for name in actual if name not in expected]
        common = [name for name in expected if name in actual]
        return found + [
            line for name in common for line in differences(expected[name], actual[name], f"{where}.{name}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [line for index, (one, other) in pairs for line in differences(one, other, f"{where}[{index}]")]
    if type(expected) is type(actual) and expected == actual:
        return []
    return [f"{where}: expected {json.dumps(expected)[:200]}, was {json.dumps(actual)[:200]}"]


def header_differences(expected: Mapping[str, str], actual: tuple[tuple[str, str], ...], body: bytes) -> list[str]:
    """Where headers differ: those that are expected, to the letter, and no others than every HTTP request has."""
    found = {name.lower(): value for name, value in actual}
    lines = [
        f"header.{name.lower()}: sent twice"
        for name, _ in actual
        if [n.lower() for n, _ in actual].count(name.lower()) > 1
    ]
    for name, value in expected.items():
        if name not in found:
            lines.append(f"header.{name}: missing")
        elif found[name] != value:
            lines.append(f"header.{name}: expected {value!r}, was {found[name]!r}")
    technical = {"host", "accept", "accept-encoding", "connection", "user-agent"} | (
        {"content-length"} if body else set()
    )
    lines += [f"header.{name}: not expected" for name in found.keys() - expected.keys() - technical]
    if body and found.get("content-length") != str(len(body)):
        lines.append(f"header.content-length: expected {len(body)}, was {found.get('content-length')}")
    return lines
