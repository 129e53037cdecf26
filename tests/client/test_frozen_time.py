"""A program's tests may freeze the time of the process: what waits for the API ends all the same."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
from freezegun import freeze_time
from yottalabs import APITimeoutError, AsyncYottaLabs, WaitTimeoutError, YottaLabs
from yottalabs._clock import SystemClock, is_frozen

from support.scripted import Scripted

POD = {"id": "1", "status": "INITIALIZING"}
SECONDS = 0.3

Client = Callable[..., Any]


@pytest.fixture
def silent() -> Iterator[str]:
    """The base URL of a server that accepts connections, and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@freeze_time("2026-01-01")
def test_the_machines_clock_goes_on() -> None:
    assert is_frozen()
    clock = SystemClock()
    began = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() >= began + 0.01


def test_the_time_of_a_program_is_its_own() -> None:
    assert not is_frozen()


@freeze_time("2026-01-01")
def test_a_wait_ends(make: Client) -> None:
    with make("k", transport=Scripted([POD])) as yotta:
        with pytest.raises(WaitTimeoutError):
            yotta.pods.wait("1", timeout=SECONDS)
        with pytest.raises(WaitTimeoutError):
            yotta.pods.wait_all(["1"], timeout=SECONDS)


@freeze_time("2026-01-01")
def test_a_call_without_an_answer_ends(make: Client, silent: str) -> None:
    with make("k", base_url=silent, timeout=SECONDS) as yotta, pytest.raises(APITimeoutError):
        yotta.pods.list()


async def _wait_and_call(base_url: str) -> None:
    async with AsyncYottaLabs("k", transport=Scripted([POD])) as yotta:
        with pytest.raises(WaitTimeoutError):
            await yotta.pods.wait("1", timeout=SECONDS)
    async with AsyncYottaLabs("k", base_url=base_url, timeout=SECONDS) as yotta:
        with pytest.raises(APITimeoutError):
            await yotta.pods.list()


@pytest.mark.parametrize("real_asyncio", [True, False])
def test_tasks_end_with_the_loop_frozen_or_not(silent: str, *, real_asyncio: bool) -> None:
    with freeze_time("2026-01-01", real_asyncio=real_asyncio):
        asyncio.run(_wait_and_call(silent))


@freeze_time("2026-01-01")
def test_tasks_of_trio_end(silent: str) -> None:
    trio.run(_wait_and_call, silent)


@freeze_time("2026-01-01")
def test_a_task_that_waits_can_be_cancelled() -> None:
    async def main() -> None:
        async with AsyncYottaLabs("k", transport=Scripted([POD])) as yotta:
            waiting = asyncio.create_task(yotta.pods.wait("1", timeout=60))
            while not asyncio.all_tasks() - {asyncio.current_task(), waiting}:
                await asyncio.sleep(0)
                break
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(main())


def test_a_client_that_was_made_before_the_freeze_goes_on() -> None:
    with YottaLabs("k", transport=Scripted([POD])) as yotta, freeze_time("2026-01-01"), pytest.raises(WaitTimeoutError):
        yotta.pods.wait("1", timeout=SECONDS)
