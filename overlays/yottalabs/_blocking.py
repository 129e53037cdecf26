"""Calls what blocks for a moment: at once, or in another thread while other tasks run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

T = TypeVar("T")


def run(function: Callable[[], T]) -> T:
    """Calls a function."""
    return function()


async def arun(function: Callable[[], T]) -> T:
    """Calls a function in another thread, and waits for it even if this task is cancelled."""
    return await to_thread.run_sync(function)
