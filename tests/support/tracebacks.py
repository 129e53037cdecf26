"""What tools show of the local variables of a traceback: the standard library, rich and pytest."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from types import FrameType

from _pytest._io.saferepr import safeformat, saferepr
from rich.pretty import traverse

OURS = {"yottalabs", "yottalabs_api"}
"""The packages whose frames must show no secret."""
CUT, WHOLE = (10, 80), (None, None)
"""How many items and characters rich shows: by default, and on demand."""


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it, also what Python itself does not show."""
    seen: set[int] = set()
    found: list[BaseException | None] = [error]
    while found:
        each = found.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            found += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]


def is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in OURS


def our_frames(error: BaseException) -> list[FrameType]:
    """The frames of an error, and of all that led to it, that are this project's."""
    tracebacks = (each.__traceback__ for each in chain(error))
    return [frame for each in tracebacks for frame, _ in traceback.walk_tb(each) if is_ours(frame)]


def our_live_frames() -> list[FrameType]:
    """The frames that are being executed, and are this project's."""
    return [frame for frame, _ in traceback.walk_stack(sys._getframe()) if is_ours(frame)]


def shown(frames: list[FrameType]) -> Iterator[tuple[str, str]]:
    """What is shown of the variables of frames, and by what."""
    for frame in frames:
        where = f"{frame.f_globals['__name__']}.{frame.f_code.co_name}"
        for summary in traceback.StackSummary.extract([(frame, frame.f_lineno)], capture_locals=True):
            yield f"traceback: {where}", str(summary.locals)
        for name, value in list(frame.f_locals.items()):
            yield f"pytest: {where}.{name}", f"{saferepr(value)} {safeformat(value)}"  # by default, and with -vv
            for length, text in (CUT, WHOLE):
                node = traverse(value, max_length=length, max_string=text)
                yield f"rich: {where}.{name}", node.render(max_width=10_000)
