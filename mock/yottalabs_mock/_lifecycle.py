"""The life of a pod, declared once: the states, how one follows another, and what makes it.

What is known of it is in public code and documentation, none of it checked against the live service: a pod boots or
fails, runs, can be paused and resumed, and is deleted at any time, which takes a while.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from ._clock import LONGEST_SECONDS


class Status(StrEnum):
    """The states, by the names that the contract has for them."""

    INITIALIZE = "INITIALIZE"
    RUNNING = "RUNNING"
    PAUSING = "PAUSING"
    PAUSED = "PAUSED"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Transition:
    """A way from one state to another.

    Attributes:
        source: The state before.
        target: The state after; None where the pod is forgotten.
        because: What happens, for people.
        timer: The name of the time in `Times` after which it happens by itself, if it does.
    """

    source: Status
    target: Status | None
    because: str
    timer: str | None = None


TRANSITIONS = (
    Transition(Status.INITIALIZE, Status.RUNNING, "boots", "boot"),
    Transition(Status.INITIALIZE, Status.FAILED, "fails"),
    Transition(Status.RUNNING, Status.PAUSING, "is paused"),
    Transition(Status.PAUSING, Status.PAUSED, "has paused", "pause"),
    Transition(Status.PAUSED, Status.RUNNING, "is resumed"),
    *(
        Transition(status, Status.TERMINATING, "is deleted")
        for status in (Status.INITIALIZE, Status.RUNNING, Status.PAUSING, Status.PAUSED, Status.FAILED)
    ),
    Transition(Status.TERMINATING, Status.TERMINATED, "has ended", "terminate"),
    Transition(Status.TERMINATED, None, "is forgotten", "forget"),
)
FIRST = Status.INITIALIZE
_LAST_MOMENT = 1e12  # beyond every date

_ALLOWED = {(transition.source, transition.target) for transition in TRANSITIONS}
_BY_ITSELF = {transition.source: transition for transition in TRANSITIONS if transition.timer}
_ONLY_BY_ITSELF = {(transition.source, transition.target) for transition in _BY_ITSELF.values()}


class IllegalTransitionError(Exception):
    """A pod was to go from one state to another that does not follow it."""

    def __init__(self, pod_id: str, source: Status, target: Status) -> None:
        following = [transition for transition in TRANSITIONS if transition.source == source and transition.target]
        names = ", ".join(f"{part.target}{' by itself' if part.timer else ''}" for part in following) or "nothing"
        super().__init__(f"pod {pod_id} is {source} and cannot become {target}; what can follow: {names}")
        self.pod_id, self.source, self.target = pod_id, source, target

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.pod_id, self.source, self.target)


@dataclass(frozen=True)
class Reads:
    """A time that is counted in reads: so many lists that show the pod, and the next one shows it changed."""

    count: int

    def __post_init__(self) -> None:
        if isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 0:
            raise ValueError(f"Reads({self.count!r}): it must be a number of reads, 0 or more")


Duration: TypeAlias = float | tuple[float, float] | Reads
"""Seconds; a range of seconds, from which the simulator's seed chooses; or a number of reads."""


@dataclass(frozen=True)
class Times:
    """How long each part of a pod's life takes.

    Attributes:
        boot: From INITIALIZE to RUNNING, or to FAILED.
        healthy: From RUNNING until the exposed ports are healthy.
        pause: From PAUSING to PAUSED.
        terminate: From TERMINATING to TERMINATED.
        forget: How long a TERMINATED pod stays in the list.
    """

    boot: Duration = 60.0
    healthy: Duration = 10.0
    pause: Duration = 10.0
    terminate: Duration = 10.0
    forget: Duration = 24 * 3600.0

    def __post_init__(self) -> None:
        for part in fields(self):
            check_duration(getattr(self, part.name), part.name)

    def to_json(self) -> dict[str, str]:
        """The times, as text that `from_json` reads."""
        return {part.name: duration_text(getattr(self, part.name)) for part in fields(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> Times:
        """The times that `to_json` wrote."""
        names = [part.name for part in fields(cls)]
        return cls(**{name: read_duration(value[name]) for name in dict.fromkeys([*names, *value])})


def check_duration(duration: object, name: str) -> None:
    """Raises a ValueError for what is no time."""
    bounds = duration if isinstance(duration, tuple) else (duration, duration)
    numbers = [bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    if isinstance(duration, Reads):
        return
    if len(numbers) == len(bounds) == 2 and 0 <= numbers[0] <= numbers[1] < LONGEST_SECONDS:
        return
    message = f"{name} is {duration!r}; it must be a number of seconds, a range (from, to) of seconds, or Reads(n)"
    raise ValueError(message)


def read_duration(text: str) -> Duration:
    """A time from text: `60`, `60-120`, `3 reads`."""
    if match := re.fullmatch(r"\s*(\d+)\s*reads?\s*", text):
        return Reads(int(match[1]))
    if match := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:-\s*(\d+(?:\.\d+)?)\s*)?", text):
        first = float(match[1])
        duration = first if match[2] is None else (first, float(match[2]))
        check_duration(duration, "a time")
        return duration
    raise ValueError(f"'{text}' is no time; write seconds (60), a range (60-120), or a number of reads (3 reads)")


def duration_text(duration: Duration) -> str:
    """A time as text that `read_duration` reads."""
    if isinstance(duration, Reads):
        return f"{duration.count} reads"
    return "-".join(map(_number_text, duration)) if isinstance(duration, tuple) else _number_text(duration)


def _number_text(number: float) -> str:
    """A number to its last digit, without an exponent."""
    return f"{Decimal(repr(float(number))):f}".removesuffix(".0")


@dataclass
class Timer:
    """When something happens: at a moment, or after a number of reads. Without either, never."""

    at: float = math.inf
    reads: int | None = None

    @classmethod
    def start(cls, duration: Duration, now: float, lot: str) -> Timer:
        """A timer that runs from now on. The lot decides where in a range of seconds: the same lot, the same place."""
        if isinstance(duration, Reads):
            return cls(reads=duration.count) if duration.count else cls(at=now)
        return cls(at=now + (random.Random(lot).uniform(*duration) if isinstance(duration, tuple) else duration))

    def read(self, now: float) -> None:
        """Counts a read."""
        if self.reads is not None:
            self.reads -= 1
            if self.reads <= 0:
                self.at, self.reads = now, None

    def to_json(self) -> dict[str, Any]:
        """The timer as JSON values."""
        return {"at": None if self.at == math.inf else self.at, "reads": self.reads}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Timer:
        """The timer that `to_json` wrote."""
        reads = value["reads"]
        if reads is not None:
            Reads(reads)
        return cls(math.inf if value["at"] is None else moment(value["at"], "at"), reads)

    @property
    def runs(self) -> bool:
        """Whether anything will happen."""
        return self.at < math.inf or self.reads is not None


class Life:
    """Where one pod is in its life, and what time will do to it.

    Attributes:
        status: The state.
        healthy: Whether the exposed ports are reachable.
        changed_at: When either last changed.
        forgotten: Whether the pod is in no list any more.
    """

    def __init__(self, pod_id: str, times: Times, seed: int, now: float) -> None:
        self.pod_id = pod_id
        self.healthy = False
        self.forgotten = False
        self.fails = False
        self._times = times
        self._seed = seed
        self._timer = Timer()
        self._health = Timer()
        self._enter(FIRST, now)

    def settle(self, now: float) -> None:
        """Lets everything happen that is due, each at its own moment, however late anyone looks."""
        while not self.forgotten and min(self._timer.at, self._health.at) <= now:
            if self._health.at < self._timer.at:
                self.healthy, self.changed_at, self._health = True, self._health.at, Timer()
                continue
            at, transition = self._timer.at, _BY_ITSELF[self.status]
            if transition.target is None:
                self.forgotten = True
            else:
                self.move(Status.FAILED if self.fails and self.status == FIRST else transition.target, at)

    def move(self, target: Status, now: float) -> None:
        """Goes to another state.

        Raises:
            IllegalTransitionError: It does not follow the present one.
        """
        if (self.status, target) not in _ALLOWED:
            raise IllegalTransitionError(self.pod_id, self.status, target)
        self._enter(target, now)

    def command(self, target: Status, now: float) -> None:
        """Goes to another state because somebody wants it to.

        Raises:
            IllegalTransitionError: It does not follow the present one, or only by itself.
        """
        if (self.status, target) in _ONLY_BY_ITSELF:
            raise IllegalTransitionError(self.pod_id, self.status, target)
        self.move(target, now)

    def read(self, now: float) -> None:
        """Counts a read of the pod, for the times that are counted in reads."""
        self._timer.read(now)
        self._health.read(now)

    def timer(self, part: str, duration: Duration, now: float) -> Timer:
        """A timer for a part of the life. What chance decides of it, no other pod's life and no saving can change."""
        return Timer.start(duration, now, f"{self._seed} {self.pod_id} {part}")

    def stay(self) -> None:
        """Lets time do nothing more; only a caller can move the pod on."""
        self._timer = Timer()

    def _enter(self, status: Status, now: float) -> None:
        self.status = status
        self.changed_at = now
        self.healthy = False
        transition = _BY_ITSELF.get(status)
        self._timer = self._start(transition.timer, now) if transition and transition.timer else Timer()
        self._health = self._start("healthy", now) if status == Status.RUNNING else Timer()

    def _start(self, name: str, now: float) -> Timer:
        return self.timer(name, getattr(self._times, name), now)

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "status": str(self.status),
            "healthy": self.healthy,
            "changedAt": self.changed_at,
            "fails": self.fails,
            "timer": self._timer.to_json(),
            "health": self._health.to_json(),
        }

    def restore(self, value: Mapping[str, Any]) -> None:
        """Becomes what `to_json` wrote.

        Raises:
            ValueError: No life is like that.
        """
        self.status = Status(value["status"])
        self.healthy = _flag(value, "healthy")
        self.changed_at = moment(value["changedAt"], "changedAt")
        self.fails = _flag(value, "fails")
        self._timer = Timer.from_json(value["timer"])
        self._health = Timer.from_json(value["health"])
        if self._timer.runs and self.status not in _BY_ITSELF:
            raise ValueError(f"pod {self.pod_id} is {self.status} and has a timer, but does not change by itself")
        if (self.healthy or self._health.runs) and self.status != Status.RUNNING:
            raise ValueError(f"pod {self.pod_id} is {self.status} and healthy, or will be; only RUNNING is")


def moment(value: object, name: str) -> float:
    """A moment from JSON.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LAST_MOMENT:
        return float(value)
    raise ValueError(f"{name} is {value!r}; it must be a number of seconds")


def _flag(value: Mapping[str, Any], name: str) -> bool:
    found = value[name]
    if not isinstance(found, bool):
        raise ValueError(f"{name} is {found!r}; it must be true or false")  # noqa: TRY004  # as for every other value
    return found


def diagram() -> str:
    """The states and transitions, drawn: text that Mermaid, and so a code host, shows as a picture."""
    lines = ["stateDiagram-v2", f"    [*] --> {FIRST}: is created"]
    for transition in TRANSITIONS:
        timer = f" ({transition.timer})" if transition.timer else ""
        lines.append(f"    {transition.source} --> {transition.target or '[*]'}: {transition.because}{timer}")
    return "\n".join(lines)


def described() -> str:
    """The life of a pod for the documentation: drawn, and as a table."""
    lines = [
        f"```mermaid\n{diagram()}\n```",
        "",
        "A name in brackets is the part of `Times` after which it happens by itself.",
        "",
        "| from | to | because it | by itself after | by default |",
        "|---|---|---|---|---|",
    ]
    defaults = Times()
    for transition in TRANSITIONS:
        timer = transition.timer
        default = "" if timer is None else f"{getattr(defaults, timer):g} s"
        target = transition.target or "gone from the list"
        lines.append(f"| {transition.source} | {target} | {transition.because} | {timer or ''} | {default} |")
    healthy = f"{defaults.healthy:g} s"
    lines += [
        "",
        f"Exposed ports become healthy `healthy` after RUNNING ({healthy} by default), and are not in any other state.",
    ]
    return "\n".join(lines)
