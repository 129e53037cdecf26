"""A server's answers without a server: a transport for both clients that answers as a test says, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2

Step = Any
"""An answer: JSON data for a success, a whole httpx2.Response, an exception to raise, or a function of the request."""


class VirtualClock:
    """Time that passes only when someone waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class Scripted(httpx2.MockTransport):
    """Answers with one step after the other; the last one repeats."""

    def __init__(self, *steps: Step) -> None:
        super().__init__(self._answer)
        self.requests: list[httpx2.Request] = []
        self._steps: Iterator[Step] = self._repeat(steps)

    @staticmethod
    def _repeat(steps: Iterable[Step]) -> Iterator[Step]:
        step: Step = None
        for step in steps:
            yield step
        while True:
            yield step

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        step = next(self._steps)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx2.Response):
            return httpx2.Response(step.status_code, headers=step.headers, content=step.content)
        return envelope(step(request) if callable(step) else step)


def envelope(data: Any, code: Any = 10000, status: int = 200, message: Any = "success") -> httpx2.Response:
    content = json.dumps({"message": message, "code": code, "data": data}, separators=(",", ":"))
    return httpx2.Response(status, content=content, headers={"Content-Type": "application/json"})


def text(body: Any) -> str:
    return json.dumps(body)
