"""Time: every wait and every deadline of the client goes through a clock, so that tests need not take any."""

import time
from datetime import UTC, datetime
from typing import Protocol


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


class SystemClock:
    """The time of this machine."""

    def monotonic(self) -> float:
        """Seconds since some moment in the past; never going back."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Waits."""
        time.sleep(seconds)

    async def asleep(self, seconds: float, /) -> None:
        """Waits, and lets other tasks run meanwhile."""
        from anyio import sleep

        await sleep(seconds)


def date_of(clock: Clock) -> datetime:
    """The date and time: the clock's own, where it has one."""
    date = getattr(clock, "date", None)
    found = date() if callable(date) else None
    return found if isinstance(found, datetime) and found.tzinfo is not None else datetime.now(UTC)
