"""Time: every wait and every deadline of the client goes through a clock, so that tests need not take any."""

import time
from typing import Protocol


class Clock(Protocol):
    """What `YottaLabs(clock=…)` takes."""

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
