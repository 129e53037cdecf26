from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from yottalabs import AsyncYottaLabs, YottaLabs

from support.clients import Waited
from support.scripted import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes a client; each test that uses it runs with the synchronous and with the asynchronous one."""
    if request.param == "sync":
        yield YottaLabs
        return
    with asyncio.Runner() as runner:
        yield lambda *args, **kwargs: Waited(AsyncYottaLabs(*args, **kwargs), runner)


@pytest.fixture
def client(make: Callable[..., Any], clock: VirtualClock) -> Callable[..., Any]:
    """A client over a scripted transport, in virtual time."""
    return lambda transport, **options: make("a-key", transport=transport, clock=clock, **options)
