"""Time: every wait and every deadline of the client goes through a clock, so that tests need not take any."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol


class Clock(Protocol):
    """What `YottaLabs(clock=…)` takes.

    It may also have `date()`, the date and time with a zone, by which leases are then written and read.
    """

    def monotonic(self) -> float:
        """Seconds since some moment in the past; never going back."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Waits."""
        ...

    async def asleep(self, seconds: float, /) -> None:
        """Waits, and lets other tasks run meanwhile."""
        ...


# Tests that freeze the time (freezegun, time-machine) replace `time.monotonic`, but not the system call below it.
# On macOS, CLOCK_UPTIME_RAW is the clock of `time.monotonic`; elsewhere CLOCK_MONOTONIC is.
_system_call: Callable[[Any], float] | None = getattr(time, "clock_gettime", None)
_CLOCK_ID = getattr(time, "CLOCK_UPTIME_RAW", getattr(time, "CLOCK_MONOTONIC", None))
_LARGEST_DIFFERENCE = 1.0  # seconds, between two readings of one clock


def system_monotonic() -> float:
    """Return the seconds of a clock that never goes back, and that no test has frozen where the platform has one."""
    return time.monotonic() if _system_call is None or _CLOCK_ID is None else _system_call(_CLOCK_ID)


def is_frozen() -> bool:
    """Return whether the time of this process is replaced, so that timers of an event loop may never fire."""
    return abs(system_monotonic() - time.monotonic()) > _LARGEST_DIFFERENCE


class SystemClock:
    """The time of this machine.

    It goes on in tests that freeze the time of the process: a wait there ends as it would without.
    """

    def monotonic(self) -> float:
        """Seconds since some moment in the past; never going back."""
        return system_monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Waits."""
        time.sleep(seconds)

    async def asleep(self, seconds: float, /) -> None:
        """Waits, and lets other tasks run meanwhile."""
        import anyio

        if is_frozen():
            await anyio.to_thread.run_sync(time.sleep, seconds, abandon_on_cancel=True)
        else:
            await anyio.sleep(seconds)


def date_of(clock: Clock) -> datetime:
    """The date and time: the clock's own, where it has one."""
    date = getattr(clock, "date", None)
    found = date() if callable(date) else None
    return found if isinstance(found, datetime) and found.tzinfo is not None else datetime.now(UTC)
