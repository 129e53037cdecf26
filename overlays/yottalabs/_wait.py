"""When a wait for a pod is over. No input or output happens here: a `Wait` is shown the list of pods and decides."""

from __future__ import annotations

import random
from collections.abc import Callable
from inspect import isawaitable, iscoroutine
from typing import Literal, TypeAlias, get_args

from yottalabs_api.models import PodStatus

from ._answer import Listing
from ._exceptions import (
    APIConnectionError,
    InvalidArgumentError,
    NotFoundError,
    PodFailedError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
    WaitTimeoutError,
    YottaLabsError,
)
from ._pod import ENDED, Pod
from ._settings import DURATION, is_duration
from ._text import LONGEST_ID, LONGEST_QUOTE, printable

Until: TypeAlias = Literal["ready", "running", "terminated"]

DEFAULT_WAIT_SECONDS = 900.0
GRACE_SECONDS = 60.0  # how long the list may lag behind a create, and how long looking at it may fail
LOOKS_UNTIL_GONE = 2  # lists in a row that a pod must be missing from
LAST_PORT = 65535
LAST_LOOK_SECONDS = 2.0  # what is left of the time for the last look at the list, unless the whole time is short
SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
PAUSE_GROWTH = 1.5
JITTER = 0.2
_SHORTEST_SLEEP = 0.001  # what is left of the time may be too little to be added to it

_STATUS = Pod.json_names["status"]
_NOTHING = object()  # what no look has told

TRANSIENT = (APIConnectionError, ResponseValidationError, ServerError, RateLimitError)
"""Errors of a look at the list that a later look need not have."""


class Patience:
    """How long is waited, and when to look again: one for all the pods that are waited for together.

    Attributes:
        timeout: How long to wait at most, in seconds.
        failure: Why the last look failed, if it did.
    """

    def __init__(self, *, now: float, timeout: float) -> None:
        """Begins to wait.

        Args:
            now: The time, in seconds of a monotonic clock.
            timeout: How long to wait at most, in seconds.
        """
        if not is_duration(timeout):
            raise InvalidArgumentError(f"timeout is {timeout!r}; it must be {DURATION}", argument="timeout")
        self.timeout = timeout
        self.failure: YottaLabsError | None = None
        self._last_look = min(LAST_LOOK_SECONDS, timeout / 10)
        self._start = now
        self._null_since: float | None = None
        self._failing_since: float | None = None
        self._not_before = now
        self._pause = SHORTEST_PAUSE
        self._random = random.Random()  # noqa: S311  # jitter, not a secret

    def waited(self, now: float) -> float:
        """Seconds since the beginning."""
        return now - self._start

    def remaining(self, now: float) -> float:
        """Seconds until it takes too long."""
        return self._start + self.timeout - now

    def see(self, listing: Listing, now: float) -> None:
        """Takes a look at the list into account."""
        self.failure = self._failing_since = None
        if not listing.is_null:
            self._null_since = None
        elif self._null_since is None:
            self._null_since = now

    def is_null_for_long(self, now: float) -> bool:
        """Whether there has been no list for so long that an empty one must be meant."""
        return self._null_since is not None and now - self._null_since >= GRACE_SECONDS

    def fail_to_see(self, error: YottaLabsError, now: float) -> None:
        """Takes a failed look into account: raises the error again once looking has failed for too long."""
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since >= GRACE_SECONDS:
            raise error
        self.failure = error
        if isinstance(error, RateLimitError) and error.retry_after is not None:
            self._not_before = now + min(error.retry_after, GRACE_SECONDS)

    def pause(self, now: float, *, changed: bool) -> float | None:
        """How many seconds to wait before the next look; None if there is no time left for one.

        Args:
            now: The time.
            changed: Whether the last look showed a change, after which another is likely.
        """
        left = self.remaining(now) - self._last_look
        if left < _SHORTEST_SLEEP:
            return None
        self._pause = SHORTEST_PAUSE if changed else min(self._pause * PAUSE_GROWTH, LONGEST_PAUSE)
        jittered = self._pause * self._random.uniform(1 - JITTER, 1 + JITTER)
        return min(max(jittered, self._not_before - now), left)


class Wait:
    """A wait for one pod.

    Attributes:
        pod_id: The pod's id.
        pod: The pod as it was last seen.
        changed: Whether the last look showed a change.
    """

    def __init__(
        self, pod_id: str, until: Until, *, port: int | None = None, seen: Pod | None = None, known: bool = False
    ) -> None:
        """Begins a wait.

        Args:
            pod_id: The pod.
            until: What is waited for.
            port: The port of the container that `ready` looks at; None for the SSH port.
            seen: The pod as it was last seen.
            known: Whether the pod is known to have existed, seen or not.
        """
        if until not in get_args(Until):
            choices = ", ".join(map(repr, get_args(Until)))
            raise InvalidArgumentError(
                f"until is {until!r}; it must be one of {choices}", argument="until", pod_id=pod_id
            )
        if port is not None:
            _check_port(port, until, pod_id)
        self.pod_id = pod_id
        self.pod = seen
        self.changed = False
        self._sight: Pod | None = None  # the pod as the last look showed it
        self._status: object = _NOTHING  # as the last look told it, to the letter
        self._is_news = False
        self._outline: object = _NOTHING
        self._until = until
        self._port = port
        self._known = known or seen is not None
        self._missing = 0

    @property
    def last(self) -> Pod:
        """The pod as it was last seen; an empty one, of which only the id is known, if it never was."""
        return self.pod or Pod({"id": self.pod_id})

    def see(self, listing: Listing, *, is_null_for_long: bool, heeds_ports: bool = True) -> None:
        """Takes a look at the list into account.

        Args:
            listing: The list.
            is_null_for_long: Whether there has been no list for so long that an empty one must be meant.
            heeds_ports: Whether a port's health counts as a change, though it is not waited for.
        """
        sight = self._sight = listing.find(self.pod_id)
        self.changed = False
        if sight is not None:
            self.pod, self._known, self._missing = sight, True, 0
            status = sight.raw.get(_STATUS)
            self._is_news, self._status = status != self._status, status
            # Of ten thousand pods hardly any has changed; to read the ports of all takes longer than all the rest.
            outline = _outline(sight) if heeds_ports or self._until == "ready" else status
            self.changed, self._outline = outline != self._outline, outline
        elif listing.is_whole or is_null_for_long:
            self._missing += 1

    def is_over(self, waited: float) -> bool:
        """Whether what was waited for has come, by the last look.

        Args:
            waited: Seconds since the beginning.

        Raises:
            PodFailedError: It cannot come any more.
            NotFoundError: The pod was not in the list for as long as the list may lag.
            InvalidArgumentError: The port that `ready` looks at is not exposed.
        """
        if self._sight is not None:
            # All but `ready` is said by the status alone.
            return (self._is_news or self._until == "ready") and self._has_come(self._sight)
        if self._known:
            return self._missing >= LOOKS_UNTIL_GONE and self._is_gone()
        if self._missing and waited >= GRACE_SECONDS:
            message = f"the pod was not in the list for {GRACE_SECONDS:g} seconds"
            raise NotFoundError(message, status_code=200, pod_id=self.pod_id)
        return False

    def too_late(self, timeout: float) -> WaitTimeoutError:
        """The error for what has not come in time."""
        wanted = f"it was to be {self._until} within {timeout:g} seconds"
        if self.pod is None:
            message = f"the pod was not seen in the list; {wanted}"
        else:
            unready = ", not ready" if self._until == "ready" and self.pod.is_running else ""
            state = printable(str(self.pod.status), LONGEST_ID) + unready
            message = f"the pod was still {state}; {wanted}"
        return WaitTimeoutError(message, pod=self.pod, pod_id=self.pod_id)

    def _is_gone(self) -> bool:
        if self._until == "terminated":
            return True
        message = f"the pod is gone from the list; it was to be {self._until}"
        raise PodFailedError(message, pod=self.pod, pod_id=self.pod_id)

    def _has_come(self, pod: Pod) -> bool:
        if self._until == "terminated":
            return pod.status == PodStatus.TERMINATED
        if pod.status in ENDED:
            message = f"the pod is {pod.status}; it was to be {self._until}"
            raise PodFailedError(message, pod=pod, pod_id=self.pod_id)
        return pod.is_running if self._until == "running" else self._is_ready(pod)

    def _is_ready(self, pod: Pod) -> bool:
        entry = pod.ssh_port if self._port is None else pod.exposed(self._port)
        # Nothing is known of the ports of a pod that does not list any yet; a list without the port is an answer.
        may_still_come = not pod.is_running and not pod.has("expose")
        if entry is None and not may_still_come:
            wanted = "SSH port" if self._port is None else f"port {self._port}"
            entries = ", ".join(f"{entry.port}/{entry.protocol}" for entry in pod.expose)
            exposed = printable(entries, LONGEST_QUOTE) or "none"
            message = (
                f"the pod has no exposed {wanted} to become ready (exposed: {exposed}); wait until='running' instead"
            )
            raise InvalidArgumentError(message, argument="port", pod_id=self.pod_id)
        return pod.is_running and entry is not None and entry.healthy is True


def _outline(pod: Pod) -> tuple[object, ...]:
    """What of a pod counts as a change."""
    return pod.status, [(entry.port, entry.healthy) for entry in pod.expose]


def _check_port(port: object, until: Until, pod_id: str) -> None:
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= LAST_PORT:
        message = f"port is {port!r}; it must be a number from 1 to {LAST_PORT}"
        raise InvalidArgumentError(message, argument="port", pod_id=pod_id)
    if until != "ready":
        message = f"port is {port!r}, which only until='ready' looks at; until is {until!r}"
        raise InvalidArgumentError(message, argument="port", pod_id=pod_id)


def tell(on_change: Callable[[Pod], object], pod: Pod) -> None:
    """Calls back."""
    result = on_change(pod)
    if isawaitable(result):
        if iscoroutine(result):
            result.close()
        message = "on_change is asynchronous, which only AsyncYottaLabs can wait for; pass a plain function"
        raise InvalidArgumentError(message, argument="on_change", pod_id=pod.id)


async def atell(on_change: Callable[[Pod], object], pod: Pod) -> None:
    """Calls back, and waits for it if it is asynchronous."""
    result = on_change(pod)
    if isawaitable(result):
        await result
