"""Signals while a pod must not be lost: they end the program, but never between a pod and its deletion.

Python's own handlers know nothing of pods: SIGTERM, and SIGHUP as the terminal is closed, end the process at once, and
Ctrl-C raises wherever the program is, also in the middle of a delete. So while a temporary pod lives, all of them raise
where that does no harm; elsewhere they are held until it does none. Handlers are set in the main thread alone, over the
default ones alone, and put back: under nohup, SIGHUP stays ignored.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import CodeType, FrameType
from typing import Any, ParamSpec, TypeVar

import anyio

P = ParamSpec("P")
T = TypeVar("T")

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)
EXIT_STATUS_OF_SIGNALS = 128

_critical: set[CodeType] = set()
_edges: set[CodeType] = set()


def critical(function: Callable[P, T]) -> Callable[P, T]:
    """Marks a function in which signals are held, and in whatever it calls."""
    _critical.add(function.__code__)
    return function


def edge(function: Callable[P, T]) -> Callable[P, T]:
    """Marks a function in which signals are held, but not in what it calls: a signal between two of its steps waits."""
    _edges.add(function.__code__)
    return function


def ending_of(number: int) -> BaseException:
    """The exception that ends the program because of a signal."""
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(EXIT_STATUS_OF_SIGNALS + number)


def interruptions() -> tuple[type[BaseException], ...]:
    """What ends a synchronous program from outside of it."""
    return KeyboardInterrupt, SystemExit


def ainterruptions() -> tuple[type[BaseException], ...]:
    """What ends an asynchronous program, or a task, from outside of it."""
    return KeyboardInterrupt, SystemExit, anyio.get_cancelled_exc_class()


def outranks(interruption: BaseException, error: BaseException | None) -> bool:
    """Whether an interruption goes on in place of an error: a cancellation does not where the program is to end."""
    return isinstance(interruption, interruptions()) or not isinstance(error, interruptions())


@contextmanager
def shielded() -> Iterator[None]:
    """Nothing: a synchronous function cannot be cancelled."""
    yield


def ashielded() -> AbstractContextManager[Any]:
    """Keeps cancellation away, as far as it can be kept away."""
    return anyio.CancelScope(shield=True)


class _Handlers:
    """The handlers of the process, which everybody who needs them shares."""

    def __init__(self) -> None:
        self._replaced: dict[signal.Signals, Any] = {}
        self._users: list[Signals | AsyncSignals] = []

    def begin(self, user: Signals | AsyncSignals) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        try:
            self._users.append(user)
            if len(self._users) == 1:
                for number in SIGNALS:
                    if signal.getsignal(number) in DEFAULTS:
                        self._replaced[number] = signal.signal(number, self._handle)
        except BaseException:  # a signal that still had its default handler
            self.end(user)
            raise

    def end(self, user: Signals | AsyncSignals) -> None:
        try:
            # Before the user goes: as long as there is one, a signal does not come in between.
            if self._users == [user] and threading.current_thread() is threading.main_thread():
                self._put_back()
        finally:
            with suppress(ValueError):  # it never began: another thread
                self._users.remove(user)

    def _put_back(self) -> None:
        while self._replaced:
            number, handler = self._replaced.popitem()
            # Where somebody has set another handler meanwhile, that one stays.
            if signal.getsignal(number) == self._handle:
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        for user in reversed(self._users):
            if user.take(number, frame):
                return
        raise ending_of(number)


_handlers = _Handlers()


class Signals:
    """The signals while one temporary pod of a synchronous program lives."""

    def __init__(self) -> None:
        self._held: int | None = None

    def begin(self) -> None:
        """Begins to take signals."""
        _handlers.begin(self)

    def end(self) -> None:
        """Takes no more."""
        _handlers.end(self)

    def take(self, number: int, frame: FrameType | None) -> bool:
        """Holds a signal that comes where it must not raise."""
        must_wait = frame is not None and frame.f_code in _edges
        while frame is not None and not must_wait:
            must_wait = frame.f_code in _critical
            frame = frame.f_back
        if must_wait:
            self._held = self._held or number
        return must_wait

    def held(self) -> BaseException | None:
        """What a signal that was held raises now. It is held no longer."""
        number, self._held = self._held, None
        return None if number is None else ending_of(number)


class AsyncSignals:
    """The signals while one temporary pod of an asynchronous program lives: they cancel the task that holds it.

    asyncio alone is served. In any other event loop, and for Ctrl-C under `asyncio.run`, the loop has its own way.
    """

    def __init__(self) -> None:
        self._held: int | None = None
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """Begins to take signals."""
        with suppress(RuntimeError):  # another event loop
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.current_task()
            _handlers.begin(self)

    def end(self) -> None:
        """Takes no more."""
        _handlers.end(self)

    def take(self, number: int, _: FrameType | None) -> bool:
        """Cancels the task."""
        if self._task is None or self._loop is None or self._task.done() or self._loop.is_closed():
            return False
        self._held = self._held or number
        self._loop.call_soon_threadsafe(self._task.cancel)
        return True

    def held(self) -> BaseException | None:
        """What a signal that came raises now. It is held no longer."""
        number, self._held = self._held, None
        return None if number is None else ending_of(number)
