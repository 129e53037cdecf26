"""The simulator's time: virtual, which passes when somebody waits, or real. Either can be moved ahead."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

VIRTUAL_START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What tells the simulator's time; what `YottaLabs(clock=…)` takes."""

    def monotonic(self) -> float:
        """Seconds since some moment in the past; never going back."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Waits."""
        ...

    async def asleep(self, seconds: float, /) -> None:
        """Waits, and lets other tasks run meanwhile."""
        ...

    def advance(self, seconds: float, /) -> None:
        """Moves the time ahead at once."""
        ...

    def date(self) -> datetime:
        """The date and time."""
        ...


class VirtualClock:
    """Time that passes only when somebody waits, and then at once.

    Those who wait at the same moment wait together: two waits of a second that begin at once take one second.
    """

    def __init__(self, start: datetime = VIRTUAL_START) -> None:
        self._start = start
        self._now = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def sleep(self, seconds: float, /) -> None:
        """Moves the time ahead."""
        self._reach(self._now + _duration(seconds))

    async def asleep(self, seconds: float, /) -> None:
        """Moves the time ahead, and lets other tasks run."""
        from anyio.lowlevel import checkpoint

        moment = self._now + _duration(seconds)
        await checkpoint()
        self._reach(moment)

    def advance(self, seconds: float, /) -> None:
        """Moves the time ahead at once."""
        self.sleep(seconds)

    def date(self) -> datetime:
        """The date and time, from a fixed beginning."""
        return self._start + timedelta(seconds=self._now)

    def _reach(self, moment: float) -> None:
        with self._lock:
            self._now = max(self._now, moment)


class RealClock:
    """The time of this machine, and as much as it was moved ahead."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._began = datetime.now(UTC)
        self._ahead = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return time.monotonic() - self._start + self._ahead

    def sleep(self, seconds: float, /) -> None:
        """Waits."""
        time.sleep(_duration(seconds))

    async def asleep(self, seconds: float, /) -> None:
        """Waits, and lets other tasks run meanwhile."""
        from anyio import sleep

        await sleep(_duration(seconds))

    def advance(self, seconds: float, /) -> None:
        """Moves the time ahead at once."""
        with self._lock:
            self._ahead += _duration(seconds)

    def date(self) -> datetime:
        """The date and time."""
        return self._began + timedelta(seconds=self.monotonic())


def _duration(seconds: object) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e10:
        raise ValueError(f"{seconds!r} is no number of seconds to wait; time cannot go back")
    return seconds
