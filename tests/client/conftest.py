from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.scripted import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def client(make: Callable[..., Any], clock: VirtualClock) -> Callable[..., Any]:
    """A client over a scripted transport, in virtual time."""
    return lambda transport, **options: make("a-key", transport=transport, clock=clock, **options)
