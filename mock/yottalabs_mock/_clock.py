"""The simulator's time: virtual, which passes when somebody waits, or real. Either can be moved ahead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from importlib import import_module
from typing import Any, NamedTuple, Protocol

VIRTUAL_START = datetime(2026, 1, 1, tzinfo=UTC)
_TURN_SECONDS = 0.001  # of real time, in which every other thread that has something to do has its turn
_LONGEST_SILENCE_SECONDS = 1.0  # of real time, in which nobody does anything
_LONGEST_WORK_SECONDS = 10.0  # of real time, in which somebody does without ever waiting
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


class _Wait(NamedTuple):
    """Somebody's wait.

    Attributes:
        moment: When it is over.
        number: Which it was; of those that are over at once, the first comes first.
        wake: Lets whoever waits look at the time, from any thread.
    """

    moment: float
    number: int
    wake: Callable[[], object]


class VirtualClock:
    """Time that passes only when somebody waits, and then at once.

    It goes from wait to wait, in the order in which they are over, however many threads and tasks wait: two waits of a
    second that begin at once take one second, and a long wait moves nobody past the end of a short one. It stands still
    while somebody's request is on its way or somebody has just woken, or that one would be too late without any reason.
    """

    def __init__(self, start: datetime = VIRTUAL_START) -> None:
        self._start = start
        self._now = 0.0
        self._lock = threading.RLock()  # a signal's handler may come in between
        self._holds = 0
        self._waits: list[_Wait] = []  # a heap
        self._begun = 0
        self._sign = object()  # of life: another one whenever a request or a wait begins or ends

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def sleep(self, seconds: float, /) -> None:
        """Moves the time ahead, and lets other threads run."""
        bell = threading.Event()
        with self._waiting(seconds, bell.set) as wait:
            for may_rest in self._steps(wait):
                if may_rest:
                    bell.wait(_LONGEST_SILENCE_SECONDS)
                    bell.clear()
                elif threading.active_count() > 1:
                    time.sleep(_TURN_SECONDS)  # or the other threads would have no turn

    async def asleep(self, seconds: float, /) -> None:
        """Moves the time ahead, and lets other tasks and threads run."""
        import anyio
        from anyio.lowlevel import checkpoint

        bell = anyio.Event()
        call = _caller()
        with self._waiting(seconds, lambda: call(bell.set)) as wait:  # the bell that it has then
            for may_rest in self._steps(wait):
                if may_rest:
                    with anyio.move_on_after(_LONGEST_SILENCE_SECONDS):
                        await bell.wait()
                    bell = anyio.Event()
                elif threading.active_count() > 1:
                    await anyio.sleep(_TURN_SECONDS)
                else:
                    await checkpoint()

    def advance(self, seconds: float, /) -> None:
        """Moves the time ahead at once."""
        with self._lock:
            self._go(self._now + _duration(seconds))
            self._wake_next()

    def date(self) -> datetime:
        """The date and time, from a fixed beginning."""
        return self._start + timedelta(seconds=self._now)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps others' waits from moving the time while a request is on its way."""
        with self._lock:
            self._holds += 1
            self._sign = object()
        try:
            yield
        finally:
            with self._lock:
                self._holds -= 1
                self._wake_next()

    @contextmanager
    def _waiting(self, seconds: float, wake: Callable[[], object]) -> Iterator[_Wait]:
        with self._lock:
            self._begun += 1
            wait = _Wait(self._now + _duration(seconds), self._begun, wake)
            heappush(self._waits, wait)
            self._sign = object()
        try:
            yield wait
        finally:
            with self._lock:
                if self._waits[0] is wait:
                    heappop(self._waits)
                else:  # it was given up, or another one before it was
                    self._waits.remove(wait)
                    heapify(self._waits)
                self._wake_next()

    def _steps(self, wait: _Wait) -> Iterator[bool]:
        """What to do until a wait is over: False, let others have a turn; True, rest until woken."""
        patience = time.monotonic() + _LONGEST_WORK_SECONDS
        is_alone = False
        while True:
            sign = self._sign
            yield False
            with self._lock:
                is_next = self._waits[0] is wait and not self._holds
                is_time = is_next and self._sign is sign  # nobody did anything in a whole turn: all of them wait
                if self._now < wait.moment and (is_time or is_alone or time.monotonic() > patience):
                    self._go(wait.moment)
                if self._now >= wait.moment:
                    return
            if not is_next:
                yield True
                # Whoever is before it may be a task that this very wait keeps from running.
                is_alone = self._sign is sign

    def _wake_next(self) -> None:
        self._sign = object()
        if self._waits and not self._holds:
            with suppress(RuntimeError):  # its event loop has ended
                self._waits[0].wake()

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


def _caller() -> Callable[[Callable[[], object]], object]:
    """How the event loop that runs here, of asyncio or of trio, is made to call something, from any thread."""
    import asyncio  # it takes longer to load than the rest, and whoever waits in a thread has no need of it

    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        trio: Any = import_module("trio")  # by its name: it need not be installed
        run_soon: Callable[[Callable[[], object]], object] = trio.lowlevel.current_trio_token().run_sync_soon
        return run_soon


def _duration(seconds: object) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < LONGEST_SECONDS:
        raise ValueError(f"{seconds!r} is no number of seconds to wait; time cannot go back")
    return seconds


def _check_date(start: datetime, seconds: float) -> None:
    try:
        start + timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError("the time cannot go beyond the year 9999") from None
