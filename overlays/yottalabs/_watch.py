"""What the owner of a pod and its guard say to each other, and what follows from it. Nothing is sent here.

A guard belongs to its owner, and deletes the pod also when that one has ended; or it is detached, and then the end of
its owner means nothing, but that the pod has ended before its time lets the guard end.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from yottalabs_api.models import PodStatus

from ._answer import Listing
from ._creation import with_token
from ._secrecy import HiddenBytes
from ._wait import LOOKS_UNTIL_GONE

READY = "ready"
"""What a guard says when it is."""

DONE = {"done": True}
"""What an owner says who needs the guard no more."""


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
        user_agent: What the User-Agent header begins with, if anything.
        token: The create token of the pod.
        lease: The lease of the pod, as text. One without an owner makes the guard a detached one.
        look: How long to wait between two looks at the clock and the owner, in seconds.
        check: How long a detached guard waits between two looks at the list, in seconds.
        search: How long a pod that may yet come is looked for, in seconds.
        patience: How long to go on trying to delete it, in seconds.
    """

    api_key: str = field(repr=False)
    base_url: str
    timeout: float
    max_response_bytes: int
    user_agent: str | None
    token: str
    lease: str
    look: float
    check: float
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
        is_detached: Whether it may live until then, whatever becomes of its owner.
        is_released: Whether the owner needs the guard no more.
    """

    def __init__(self, expires: datetime | None, *, is_detached: bool = False) -> None:
        self.pod_id: str | None = None
        self.expires = expires
        self.is_detached = is_detached
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
        is_left = not self.is_detached and (eof or owner_alive is False)
        return Verdict.DELETE if is_left or is_over else Verdict.WAIT


class Sightings:
    """Whether a pod has ended before its time, by looks at the list now and then. No input or output happens here.

    In doubt it has not: one that is ending may yet go on, one that no look has shown may yet come, and one that is
    missing from a list may be back in the next.

    Attributes:
        has_ended: Whether it has.
    """

    def __init__(self, token: str) -> None:
        self.has_ended = False
        self._token = token
        self._was_seen = False
        self._missing = 0

    def see(self, listing: Listing, pod_id: str | None) -> None:
        """Takes a look at the list into account.

        Args:
            listing: The list.
            pod_id: The pod, if it is known by more than its token.
        """
        pod = None if pod_id is None else listing.find(pod_id)
        if pod is None:
            pod = with_token(listing, self._token)
        if pod is None:
            self._missing += listing.is_whole
            self.has_ended = self._was_seen and self._missing >= LOOKS_UNTIL_GONE
        else:
            self._was_seen, self._missing = True, 0
            self.has_ended = pod.status == PodStatus.TERMINATED
