"""What a client knows of the tokens it has created pods with, so that it makes no second live pod with any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

from anyio import Lock as AsyncLock

LockT = TypeVar("LockT", Lock, AsyncLock)


@dataclass(frozen=True, slots=True)
class Use:
    """What became of a token.

    Attributes:
        pod_id: The pod that was made with it; None if it is not known whether one was.
        digest: What the request was, in short.
        since: When the request was sent.
        moment: The same on the client's clock.
    """

    pod_id: str | None
    digest: bytes
    since: datetime
    moment: float


class Tokens(Generic[LockT]):
    """The tokens of one client and its copies. Those that it made up itself and that did their work are not kept."""

    def __init__(self, make_lock: Callable[[], LockT]) -> None:
        self._make_lock: Callable[[], LockT] = make_lock
        self._locks: dict[str, LockT] = {}
        self._uses: dict[str, Use] = {}

    def lock(self, token: str) -> LockT:
        """What lets one create with a token go on at a time."""
        return self._locks.setdefault(token, self._make_lock())

    def note(self, token: str, use: Use) -> None:
        """Remembers what became of a token."""
        self._uses[token] = use

    def use(self, token: str) -> Use | None:
        """What became of a token, if this client has used it and that matters."""
        return self._uses.get(token)


__all__ = ["AsyncLock", "Lock", "Tokens", "Use"]
