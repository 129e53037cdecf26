"""Calls what blocks for a moment: at once, or in another thread while other tasks run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import create_task_group, to_thread

T = TypeVar("T")


def run(function: Callable[[], T]) -> T:
    """Calls a function."""
    return function()


async def arun(function: Callable[[], T]) -> T:
    """Calls a function in another thread, and waits for it even if this task is cancelled."""
    results: list[T] = []
    errors: list[Exception] = []

    async def call() -> None:
        try:
            results.append(await to_thread.run_sync(function))
        except Exception as error:  # noqa: BLE001  # it goes on below, and not in a group
            errors.append(error)

    # asyncio cancels what a task awaits, and so the wait for the thread, unless another task does the waiting.
    async with create_task_group() as tasks:
        tasks.start_soon(call)
    for error in errors:
        raise error
    return results[0]
