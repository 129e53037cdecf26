"""What the owner of a pod and its guard say to each other, and what follows from it. Nothing is sent here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from ._secrecy import HiddenBytes

READY = "ready"
"""What a guard says when it is."""


def line_of(message: dict[str, Any]) -> bytes:
    """A message as it goes through the pipe."""
    return json.dumps(message).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Job:
    """What a guard is told first.

    Attributes:
        api_key: The key.
        base_url: Where the API is.
        timeout: How long a call may take.
        max_response_bytes: How large an answer may be.
        token: The create token of the pod.
        lease: The lease of the pod, as text.
        look: How long to wait between two looks at the clock and the owner, in seconds.
        search: How long a pod that may yet come is looked for, in seconds.
        patience: How long to go on trying to delete it, in seconds.
    """

    api_key: str = field(repr=False)
    base_url: str
    timeout: float
    max_response_bytes: int
    token: str
    lease: str
    look: float
    search: float
    patience: float

    def line(self) -> HiddenBytes:
        """The job as it goes through the pipe."""
        return HiddenBytes(line_of(asdict(self)))


class Verdict(Enum):
    """What a guard has to do now."""

    WAIT = "go on waiting"
    LEAVE = "end, and leave the pod alone"
    DELETE = "delete the pod"


class Watch:
    """What a guard knows, and what follows from it. No input or output happens here.

    Attributes:
        pod_id: The pod, once it is known.
        expires: When its time is over; None if it may live as long as its owner.
        is_released: Whether the owner needs the guard no more.
    """

    def __init__(self, expires: datetime | None) -> None:
        self.pod_id: str | None = None
        self.expires = expires
        self.is_released = False

    def hear(self, line: bytes) -> None:
        """Takes a message of the owner; one that broke off as the owner died says nothing."""
        try:
            message = json.loads(line)
            if message.get("done") is True:
                self.is_released = True
            if isinstance(message.get("pod_id"), str):
                self.pod_id = message["pod_id"]
            if "expires" in message:
                when = datetime.fromisoformat(message["expires"]).astimezone(UTC)
                self.expires = when if self.expires is None else min(self.expires, when)
        except (ValueError, TypeError, AttributeError, OverflowError):
            return

    def verdict(self, now: datetime, *, owner_alive: bool | None, eof: bool) -> Verdict:
        """What to do.

        Args:
            now: The time.
            owner_alive: Whether the owner lives, as `Owner.is_alive` says.
            eof: Whether the pipe was closed at the owner's end.
        """
        if self.is_released:
            return Verdict.LEAVE
        is_over = self.expires is not None and self.expires <= now
        return Verdict.DELETE if eof or owner_alive is False or is_over else Verdict.WAIT
