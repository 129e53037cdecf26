"""Time: virtual, which passes when somebody waits and takes none, or real; for both clients, in asyncio and in trio."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx2
import pytest
from anyio.lowlevel import checkpoint
from yottalabs import APITimeoutError, AsyncYottaLabs, WaitTimeoutError, YottaLabs
from yottalabs_mock import Fault, RealClock, Simulator, Times, VirtualClock, _clock

from .asking import KEY, Caller
from support.raw import LIST

REQUEST: dict[str, Any] = {"image": "x", "gpu_type": "NVIDIA_L4_24G", "expose": [22]}
DAY = 24 * 3600
# A backend that is not installed is not tried; nothing here depends on it.
BACKENDS = [
    "asyncio",
    pytest.param("trio", marks=pytest.mark.skipif(importlib.util.find_spec("trio") is None, reason="not installed")),
]


def client(sim: Simulator, **options: Any) -> YottaLabs:
    return YottaLabs(KEY, base_url="http://127.0.0.1", transport=sim.transport, clock=sim.clock, **options)


def async_client(sim: Simulator, **options: Any) -> AsyncYottaLabs:
    return AsyncYottaLabs(KEY, base_url="http://127.0.0.1", transport=sim.transport, clock=sim.clock, **options)


# --- Virtual ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that an earlier test has left for a moment does not decide whether the clock lets others run."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


@pytest.mark.usefixtures("no_other_threads")
def test_a_wait_takes_virtual_time_alone(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: float) -> None:
        pytest.fail("somebody waits in real time")

    monkeypatch.setattr(time, "sleep", never)
    with client(sim) as yotta:
        pod_id = yotta.pods.create(**REQUEST)
        assert yotta.pods.wait(pod_id).is_ready
        assert 70 <= sim.clock.monotonic() < 85
        yotta.pods.delete(pod_id, wait=True)
        assert 80 <= sim.clock.monotonic() < 110


@pytest.mark.usefixtures("no_other_threads")
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_asynchronous_client_lives_a_whole_life_on_it(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sim = Simulator()

    async def live() -> None:
        async def never(_: float) -> None:
            pytest.fail("somebody waits in real time")

        monkeypatch.setattr(anyio, "sleep", never)
        async with async_client(sim) as yotta:
            pod_id = await yotta.pods.create(**REQUEST)
            assert (await yotta.pods.wait(pod_id)).is_ready
            await yotta.pods.delete(pod_id, wait=True)
        sim.faults.add("list", "slow_answer", seconds=3)
        async with httpx2.AsyncClient(transport=sim.transport, headers={"x-api-key": KEY}) as http:
            assert (await http.get(f"http://simulator{LIST}")).status_code == 200

    anyio.run(live, backend=backend)
    assert sim.clock.monotonic() > 80


@pytest.mark.parametrize("backend", BACKENDS)
def test_waits_that_begin_at_once_pass_together(backend: str) -> None:
    clock = VirtualClock()

    async def wait() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(clock.asleep, 5)

    anyio.run(wait, backend=backend)
    assert clock.monotonic() == 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wait_lets_others_run_meanwhile(backend: str) -> None:
    clock = VirtualClock()
    steps: list[str] = []

    async def walk(name: str) -> None:
        for _ in range(3):
            steps.append(name)
            await clock.asleep(0)

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(walk, "a")
            group.start_soon(walk, "b")

    anyio.run(both, backend=backend)
    assert steps[:2] in (["a", "b"], ["b", "a"])
    assert sorted(steps) == ["a"] * 3 + ["b"] * 3


def test_a_deadline_passes_in_virtual_time_too(sim: Simulator) -> None:
    sim.faults.add("list", "no_answer", times=3)
    with client(sim, timeout=12, max_retries=0) as yotta:
        with pytest.raises(APITimeoutError):
            yotta.pods.list()
        assert sim.clock.monotonic() == 12
        with pytest.raises(APITimeoutError):
            yotta.with_options(timeout=8).pods.list()  # a copy has the same clock
        assert sim.clock.monotonic() == 20
    sim.faults.clear()
    with client(sim) as yotta:
        sim.faults.add("create", "pod_stuck")
        pod_id = yotta.pods.create(**REQUEST)
        began = sim.clock.monotonic()
        with pytest.raises(WaitTimeoutError):
            yotta.pods.wait(pod_id, timeout=500)
        assert sim.clock.monotonic() - began == pytest.approx(500, abs=3)


@pytest.mark.parametrize("fault", ["no_answer", "connect_timeout"])
def test_the_deadline_of_the_asynchronous_client_passes_in_virtual_time_too(fault: str, sim: Simulator) -> None:
    async def ask() -> None:
        async with async_client(sim, timeout=12, max_retries=0) as yotta:
            with pytest.raises(APITimeoutError):
                await yotta.pods.list()

    sim.faults.add("list", fault)
    asyncio.run(ask())
    assert sim.clock.monotonic() == 12


def test_many_threads_that_move_it_lose_nothing() -> None:
    clock = VirtualClock()

    def move(_: int) -> None:
        for _ in range(500):
            clock.advance(1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(move, range(8)))
    assert clock.monotonic() == 4000


def test_it_never_goes_back() -> None:
    clock = VirtualClock()
    seen: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.append(clock.monotonic())

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(clock.sleep, [0.5] * 100))
    over.set()
    watcher.join()
    assert seen == sorted(seen)


def test_it_begins_at_the_same_date_always() -> None:
    first, second = VirtualClock(), VirtualClock()
    assert first.date() == second.date()
    assert first.date().tzinfo is UTC
    first.advance(90.5)
    assert first.date() - second.date() == timedelta(seconds=90.5)


# --- Virtual, with many who wait at once ------------------------------------------------------------------------------


class WatchedClock(VirtualClock):
    """Notes each moment that it goes to."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[float] = []

    def _go(self, moment: float) -> None:
        super()._go(moment)
        self.moments.append(moment)


def test_a_long_wait_moves_nobody_past_the_end_of_a_short_one() -> None:
    """Neither in threads nor in the tasks of event loops."""
    clock = WatchedClock()

    async def wait_in_tasks(*moments: int) -> None:
        async with anyio.create_task_group() as group:
            for moment in moments:
                group.start_soon(clock.asleep, moment)

    with ThreadPoolExecutor(6) as pool:
        with clock.held():
            waits = [pool.submit(clock.sleep, moment) for moment in (60, 1, 5, 5)]
            waits += [pool.submit(anyio.run, wait_in_tasks, *moments) for moments in ((90, 2, 4), (3, 70, 1, 6))]
            while len(clock._waits) < 11:
                pass  # they begin in other threads
        for wait in waits:
            wait.result()
    assert clock.moments == [1, 2, 3, 4, 5, 6, 60, 70, 90]


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_of_many_tasks_wakes_at_its_own_moment(backend: str) -> None:
    clock = VirtualClock()
    woken: list[tuple[int, float]] = []

    async def wait(seconds: int) -> None:
        await clock.asleep(seconds)
        woken.append((seconds, clock.monotonic()))

    async def wait_all() -> None:
        async with anyio.create_task_group() as group:
            for seconds in (5, 60, 1, 0, 3):
                group.start_soon(wait, seconds)

    anyio.run(wait_all, backend=backend)
    assert woken == [(seconds, float(seconds)) for seconds in (0, 1, 3, 5, 60)]


def test_no_call_takes_longer_because_another_waits_through_its_patience(sim: Simulator) -> None:
    for fault in ("no_answer", "connect_timeout", "slow_answer"):
        sim.faults.add("list", fault, probability=0.1)
    seconds: list[float] = []

    async def ask(http: httpx2.AsyncClient) -> None:
        for _ in range(20):
            began = sim.clock.monotonic()
            with suppress(httpx2.TimeoutException):
                await http.get(f"http://simulator{LIST}")
            seconds.append(sim.clock.monotonic() - began)

    async def ask_in_tasks() -> None:
        async with httpx2.AsyncClient(transport=sim.transport, headers={"x-api-key": KEY}, timeout=20) as http:
            await asyncio.gather(*(ask(http) for _ in range(10)))

    asyncio.run(ask_in_tasks())
    silent = sim.faults.counts[Fault.NO_ANSWER] + sim.faults.counts[Fault.CONNECT_TIMEOUT]
    slow = sim.faults.counts[Fault.SLOW_ANSWER]
    assert Counter(seconds) == {20: silent, 5: slow, 0: 200 - silent - slow}
    assert silent > 10 < slow


def test_time_stands_still_while_a_request_is_on_its_way() -> None:
    clock = VirtualClock()
    waits = threading.Thread(target=clock.sleep, args=(5,))
    with clock.held():
        waits.start()
        while not clock._waits:
            pass  # it begins in another thread
        for _ in range(20):
            with clock.held():  # a sign of life
                time.sleep(0.001)  # more than the turn for which a wait waits
        assert clock.monotonic() == 0
    waits.join()
    assert clock.monotonic() == 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wait_that_is_given_up_keeps_nobody_waiting(backend: str) -> None:
    clock = VirtualClock()

    async def give_up() -> None:
        async with anyio.create_task_group() as group:
            with clock.held():
                group.start_soon(clock.asleep, 1)
                while not clock._waits:
                    await checkpoint()  # until it has begun
            group.cancel_scope.cancel()
        await clock.asleep(5)

    anyio.run(give_up, backend=backend)
    assert clock.monotonic() == 5


def test_to_move_it_ends_the_waits_that_are_over_then_and_no_other() -> None:
    clock = VirtualClock()
    woken: list[float] = []

    def wait(seconds: float) -> None:
        clock.sleep(seconds)
        woken.append(clock.monotonic())

    threads = [threading.Thread(target=wait, args=(seconds,)) for seconds in (1, 2, 9)]
    with clock.held():
        for thread in threads:
            thread.start()
        while len(clock._waits) < len(threads):
            pass  # they begin in other threads
        clock.advance(5)
    for thread in threads:
        thread.join()
    assert woken == [5, 5, 9]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wait_that_keeps_the_others_from_running_is_over_all_the_same(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of a thread, made in a task: neither the request nor the wait of another task can end before it."""
    monkeypatch.setattr(_clock, "_LONGEST_SILENCE_SECONDS", 0.01)
    clock = VirtualClock()

    async def wait() -> None:
        async with anyio.create_task_group() as group:
            with clock.held():
                group.start_soon(clock.asleep, 1)
                while not clock._waits:
                    await checkpoint()  # until it has begun
                clock.sleep(5)

    anyio.run(wait, backend=backend)
    assert clock.monotonic() == 5


def test_whoever_asks_again_and_again_without_a_wait_does_not_keep_others_waiting_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_clock, "_LONGEST_WORK_SECONDS", 0.01)
    monkeypatch.setattr(_clock, "_LONGEST_SILENCE_SECONDS", 0.01)  # after which it looks how long it has been
    clock = VirtualClock()
    waits = threading.Thread(target=clock.sleep, args=(5,))
    with clock.held():
        waits.start()
        while clock.monotonic() < 5:
            with clock.held():
                pass
    waits.join()
    assert clock.monotonic() == 5


# --- Real -------------------------------------------------------------------------------------------------------------


def test_real_time_passes_by_itself_and_can_be_moved_ahead() -> None:
    sim = Simulator(clock="real", times=Times(boot=1000))
    caller = Caller(sim)
    before = datetime.now(UTC).replace(microsecond=0)
    pod_id = caller.create()
    told = datetime.fromisoformat(caller.pod(pod_id)["createdAt"]).replace(tzinfo=UTC)
    assert before - timedelta(seconds=1) <= told <= datetime.now(UTC)
    first = sim.clock.monotonic()
    while sim.clock.monotonic() == first:
        pass  # it goes on by itself
    assert caller.pod(pod_id)["status"] == "INITIALIZE"
    sim.advance(1000)
    assert caller.pod(pod_id)["status"] == "RUNNING"
    assert sim.clock.monotonic() >= first + 1000
    updated = datetime.fromisoformat(caller.pod(pod_id)["updatedAt"]).replace(tzinfo=UTC)
    assert updated - told in (timedelta(seconds=1000), timedelta(seconds=1001))


def test_the_real_clock_waits_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def asleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(anyio, "sleep", asleep)
    clock = RealClock()
    clock.sleep(3)
    asyncio.run(clock.asleep(4))
    assert slept == [3, 4]


def test_moving_it_from_many_threads_loses_nothing() -> None:
    clock = RealClock()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.advance, [10] * 1600))
    assert clock.monotonic() >= 16_000


# --- A clock of one's own, and what is none ---------------------------------------------------------------------------


def test_a_clock_of_ones_own_will_do() -> None:
    clock = VirtualClock(datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC))
    sim = Simulator(clock=clock)
    assert sim.clock is clock
    caller = Caller(sim)
    pod_id = caller.create()
    clock.advance(60)
    pod = caller.pod(pod_id)
    assert (pod["createdAt"], pod["updatedAt"]) == ("2030-05-06 07:08:09", "2030-05-06 07:09:09")


def test_two_simulators_may_share_a_clock() -> None:
    clock = VirtualClock()
    first, second = Simulator(clock=clock), Simulator(clock=clock)
    pods = [sim.pods[Caller(sim).create()] for sim in (first, second)]
    first.advance(60)
    assert [pod.status for pod in pods] == ["RUNNING", "RUNNING"]


@pytest.mark.parametrize("clock", ["Virtual", "", None, 5, VirtualClock, object(), time])
def test_what_is_no_clock_is_refused(clock: Any) -> None:
    with pytest.raises(ValueError, match="it must be 'virtual', 'real', or an object like sim.clock"):
        Simulator(clock=clock)


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), float("inf"), 1e10, None, "1", True, [1], 1j])
@pytest.mark.parametrize("clock", [VirtualClock(), RealClock()])
def test_what_is_no_time_moves_nothing(clock: Any, seconds: Any) -> None:
    sim = Simulator(clock=clock)
    before = clock.date().date()
    for move in (sim.advance, clock.advance, clock.sleep):
        with pytest.raises(ValueError, match="is no number of seconds to wait"):
            move(seconds)
    with pytest.raises(ValueError, match="is no number of seconds to wait"):
        asyncio.run(clock.asleep(seconds))
    assert clock.date().date() == before


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_time_ends_with_the_calendar_and_says_so(clock: Any) -> None:
    sim = Simulator(clock=clock)
    caller = Caller(sim)
    caller.create()
    with pytest.raises(ValueError, match="beyond the year 9999"):
        for _ in range(100):
            sim.advance(9e9)
    assert caller.pods()[0]["status"] == "RUNNING"


@pytest.mark.parametrize(
    ("option", "value"), [("times", {"boot": 5}), ("times", 5), ("times", Times), ("seed", "7"), ("seed", 1.5)]
)
def test_other_arguments_that_cannot_be_are_named(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{option} is .*; it must be"):
        Simulator(**{option: value})
