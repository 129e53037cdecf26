"""A signal that would end the process at once ends it by an exception instead, and leaves time for a last word."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = ("SIGTERM", "SIGHUP")


@contextmanager
def raised() -> Iterator[None]:
    """Raises SystemExit for such a signal, for as long as the block runs.

    Where somebody else takes care of a signal already, as a temporary pod does, that stays.
    """
    replaced: list[signal.Signals] = []
    try:
        for name in ENDINGS:
            number = getattr(signal, name, None)  # Windows has not all of them
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _end)
                replaced.append(number)
        yield
    finally:
        for number in replaced:
            if signal.getsignal(number) is _end:
                signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
