"""The simulator's time: virtual, which passes when somebody waits, or real. Either can be moved ahead."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Protocol

VIRTUAL_START = datetime(2026, 1, 1, tzinfo=UTC)
_TURN_SECONDS = 0.0001  # of real time, in which another thread has its turn
_LONGEST_HOLD_SECONDS = 1.0  # of real time
LONGEST_SECONDS = 1e10  # some hundred years; what is longer is a mistake


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

    def held(self) -> AbstractContextManager[None]:
        """Keeps others' waits from moving the time while a request is on its way."""
        ...


class VirtualClock:
    """Time that passes only when somebody waits, and then at once.

    Those who wait at the same moment wait together: two waits of a second that begin at once take one second. Nobody's
    wait moves the time while somebody else's request is on its way, or that one would be too late without any reason.
    """

    def __init__(self, start: datetime = VIRTUAL_START) -> None:
        self._start = start
        self._now = 0.0
        self._lock = threading.Condition()
        self._holds = 0

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def sleep(self, seconds: float, /) -> None:
        """Moves the time ahead, and lets other threads run."""
        moment = self._now + _duration(seconds)
        if threading.active_count() > 1:
            time.sleep(_TURN_SECONDS)  # or this thread could wait through the patience of one that had no turn
        with self._lock:
            # Not for ever: the request may be one of a task that this very wait keeps from running.
            self._lock.wait_for(lambda: self._holds == 0, _LONGEST_HOLD_SECONDS)
            self._go(max(self._now, moment))

    async def asleep(self, seconds: float, /) -> None:
        """Moves the time ahead, and lets other tasks run."""
        from anyio.lowlevel import checkpoint

        moment = self._now + _duration(seconds)
        await checkpoint()
        while self._holds:
            await checkpoint()
        with self._lock:
            self._go(max(self._now, moment))

    def advance(self, seconds: float, /) -> None:
        """Moves the time ahead at once."""
        with self._lock:
            self._go(self._now + _duration(seconds))

    def date(self) -> datetime:
        """The date and time, from a fixed beginning."""
        return self._start + timedelta(seconds=self._now)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps others' waits from moving the time while a request is on its way."""
        with self._lock:
            self._holds += 1
        try:
            yield
        finally:
            with self._lock:
                self._holds -= 1
                self._lock.notify_all()

    def _go(self, moment: float) -> None:
        _check_date(self._start, moment)
        self._now = moment


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
            _check_date(self._began, self.monotonic() + _duration(seconds))
            self._ahead += seconds

    def date(self) -> datetime:
        """The date and time."""
        return self._began + timedelta(seconds=self.monotonic())

    def held(self) -> AbstractContextManager[None]:
        """Nothing: real time is nobody's to hold."""
        return nullcontext()


def _duration(seconds: object) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < LONGEST_SECONDS:
        raise ValueError(f"{seconds!r} is no number of seconds to wait; time cannot go back")
    return seconds


def _check_date(start: datetime, seconds: float) -> None:
    try:
        start + timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError("the time cannot go beyond the year 9999") from None
