"""How many calls of one client are on their way at once; the others wait for their turn."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext

import anyio

MOST_AT_ONCE = 50
"""Half as many as httpx2 opens connections. It goes through all of them for each request, so that more take longer."""


class AsyncTurns:
    """The turns of tasks.

    httpx2 would queue them too, but goes through the whole queue whenever a connection becomes free; a thousand tasks
    at once can take ten times as long.
    """

    def __init__(self) -> None:
        self._semaphore: anyio.Semaphore | None = None  # it belongs to the event loop that it is made in

    def aturn(self) -> AbstractAsyncContextManager[object]:
        """Waits for a turn, and holds it."""
        if self._semaphore is None:
            self._semaphore = anyio.Semaphore(MOST_AT_ONCE, fast_acquire=True)
        return self._semaphore


class Turns:
    """The turns of threads. There are never so many of them that httpx2 takes long to choose among them."""

    def turn(self) -> AbstractContextManager[object]:
        """Nothing: httpx2 lets them wait."""
        return nullcontext()
