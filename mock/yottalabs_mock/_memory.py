"""How much memory is taken: by values, and by what is on its way over connections."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from typing import Any

MEGABYTE = 1024 * 1024


def size_of(*values: Any) -> int:
    """Return how many bytes JSON values take, with everything in them; what is in them twice is counted twice."""
    size = 0
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        size += sys.getsizeof(value)
        if isinstance(value, dict):
            waiting += value
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return size


class Budget:
    """How many bytes may be held at once, by all holders together.

    Args:
        most: How many. One holder alone may have more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Hashable, int] = {}
        self._total = 0

    def take(self, holder: Hashable, size: int) -> bool:
        """Whether a holder may have so many bytes more. They are counted if it may."""
        held = self._held.get(holder, 0)
        if self._total + size > self._most and self._total > held:
            return False
        self._held[holder] = held + size
        self._total += size
        return True

    def held_by(self, holder: Hashable) -> int:
        """How many bytes a holder has."""
        return self._held.get(holder, 0)

    def release(self, holder: Hashable) -> None:
        """A holder has nothing any more."""
        self._total -= self._held.pop(holder, 0)
