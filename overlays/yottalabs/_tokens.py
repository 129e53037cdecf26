"""What a client knows of the tokens it has created pods with, so that it makes no second live pod with any of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

from anyio import Lock as AsyncLock

from ._deadline import fail_after
from ._exceptions import APITimeoutError

_BUSY = "another create with the same token was still under way when the time was over; nothing was sent"

LockT = TypeVar("LockT", Lock, AsyncLock)


@dataclass(frozen=True, slots=True)
class Use:
    """What became of a token.

    Attributes:
        pod_id: The pod that was made with it; None if it is not known whether one was.
        digest: What the request was, in short.
        since: When the request was sent.
        moment: The same on the client's clock.
        before: The ids of pods that had the token when the request was sent.
        has_ended: Whether this client has deleted the pod.
    """

    pod_id: str | None
    digest: bytes = field(repr=False)
    since: datetime
    moment: float
    before: frozenset[str] = frozenset()
    has_ended: bool = False


class Tokens(Generic[LockT]):
    """The tokens of one client and its copies."""

    def __init__(self, make_lock: Callable[[], LockT]) -> None:
        self._make_lock: Callable[[], LockT] = make_lock
        self._locks: dict[str, LockT] = {}
        self._uses: dict[str, Use] = {}
        self._token_of: dict[str, str] = {}

    def lock(self, token: str) -> LockT:
        """What lets one create with a token go on at a time."""
        return self._locks.setdefault(token, self._make_lock())

    def note(self, token: str, use: Use | None) -> None:
        """Remembers what became of a token; None if it was not used after all."""
        if use is None:
            self._uses.pop(token, None)
        else:
            self._uses[token] = use
            if use.pod_id is not None:
                self._token_of[use.pod_id] = token

    def end(self, pod_id: str) -> None:
        """Remembers that a pod was deleted."""
        token = self._token_of.pop(pod_id, None)
        use = None if token is None else self._uses.get(token)
        if token is not None and use is not None and use.pod_id == pod_id:
            self._uses[token] = replace(use, has_ended=True)

    def use(self, token: str) -> Use | None:
        """What became of a token, if this client has used it."""
        return self._uses.get(token)


@contextmanager
def locked(lock: Lock, seconds: float) -> Iterator[None]:
    """Holds a lock, once it is free, which must be soon enough.

    Raises:
        APITimeoutError: It was not.
    """
    if not lock.acquire(timeout=max(seconds, 0.0)):
        raise APITimeoutError(_BUSY, maybe_sent=False)
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def alocked(lock: AsyncLock, seconds: float) -> AsyncIterator[None]:
    """Holds a lock, once it is free, which must be soon enough.

    Raises:
        APITimeoutError: It was not.
    """
    try:
        with fail_after(seconds):
            await lock.acquire()
    except TimeoutError:
        raise APITimeoutError(_BUSY, maybe_sent=False) from None
    try:
        yield
    finally:
        lock.release()


__all__ = ["AsyncLock", "Lock", "Tokens", "Use", "alocked", "locked"]
