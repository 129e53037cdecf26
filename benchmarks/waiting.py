"""What a wait takes for each look at the list, and how many looks it takes."""

from __future__ import annotations

import gc
import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from unittest.mock import patch

import httpx2
from yottalabs import YottaLabs
from yottalabs._answer import listed, read_answer
from yottalabs._wait import Until, Wait
from yottalabs_mock import Simulator

from .measuring import Contender, Experiment, Goal, Measure, Row, timed
from .pods import LIVE_STATUSES, list_body, pod_ids
from .scale import Scale

KEY, BASE_URL = "any-key", "http://127.0.0.1"


def experiments(scale: Scale) -> Iterator[Experiment]:
    """A look at a long list while nothing changes; the looks of one wait for many pods."""
    count = scale.pods
    body = list_body(count, LIVE_STATUSES)
    ids = pod_ids(count)
    for awaited, whom in (
        (ids, f"all of {count:,} pods"),
        (ids[count // 2 : count // 2 + 1], f"one of {count:,} pods"),
    ):
        yield Experiment(
            [
                Contender("ours", _tick(body, awaited), partial(_ended, count, awaited)),
                Contender("json.loads", timed(lambda: json.loads(body)), partial(list, awaited)),
                Contender("ours, from bytes to states", _look(body, awaited, "terminated")),
                Contender("ours, until ready, from bytes to states", _look(body, awaited, "ready")),
            ],
            [Row(f"one look while waiting for {whom}", "json.loads", Goal("at most", 0.9))],
            scale.rounds,
        )
    many = scale.waited_for
    yield Experiment(
        [Contender("ours", lambda: _looks(many)), Contender("one pod", lambda: _looks(1))],
        [Row(f"list requests of a wait for {many:,} pods", "one pod", Goal("exactly", 1.0))],
        scale.few_rounds,
        "requests",
    )


def _look(body: bytes, awaited: Sequence[str], until: Until) -> Measure:
    """From the bytes of a list to the waits that are not over, for pods that are as the look before has shown them.

    The list of the look before is dropped when the time has been taken, as every other result is.
    """
    waits = [Wait(pod_id, until) for pod_id in awaited]

    def look() -> Sequence[Wait]:
        listing = listed(read_answer(200, {}, body))
        for wait in waits:
            wait.see(listing, is_null_for_long=False, heeds_ports=False)
        return [wait for wait in waits if not wait.is_over(0.0)]

    look()

    def measure() -> float:
        before = [wait.pod for wait in waits]
        elapsed = timed(look)()
        assert all(wait.pod is not pod for wait, pod in zip(waits, before, strict=True))
        return elapsed

    return measure


class _EnoughError(Exception):
    """The wait has looked as often as is needed."""


class _Answers(httpx2.BaseTransport):
    """Answers each request with the next list, in bytes of its own each time, as they come from a socket."""

    def __init__(self, *bodies: bytes) -> None:
        self.left = [bytes(bytearray(body)) for body in bodies]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answers."""
        return httpx2.Response(200, content=self.left.pop(0), request=request)


class _Ticking:
    """A clock that takes no time, and measures what passes between two of the wait's pauses."""

    def __init__(self) -> None:
        self._now = 0.0
        self._paused = 0.0
        self.ticks: list[float] = []

    def monotonic(self) -> float:
        """The time by the pauses."""
        return self._now

    def sleep(self, seconds: float, /) -> None:
        """A look is over. The first one does what is done once, so it does not count."""
        now = time.perf_counter()
        if self._paused:
            self.ticks.append(now - self._paused)
            raise _EnoughError
        self._now += seconds
        gc.collect()
        self._paused = time.perf_counter()

    async def asleep(self, seconds: float, /) -> None:
        """Nothing here waits asynchronously."""
        raise NotImplementedError


def _tick(body: bytes, awaited: Sequence[str]) -> Measure:
    """All that a client does between two pauses: the call as well, and dropping the list of the look before."""

    def measure() -> float:
        transport, clock = _Answers(body, body), _Ticking()
        with YottaLabs(KEY, base_url=BASE_URL, transport=transport, clock=clock) as client, suppress(_EnoughError):
            client.pods.wait_all(awaited, until="terminated")
        assert not transport.left
        (tick,) = clock.ticks
        return tick

    return measure


def _ended(count: int, awaited: Sequence[str]) -> object:
    """The pods of which a wait says that they have ended, when a second look shows that."""
    transport = _Answers(list_body(count, LIVE_STATUSES), list_body(count, ("TERMINATED",)))
    clock = Simulator().clock
    with YottaLabs(KEY, base_url=BASE_URL, transport=transport, clock=clock) as client:
        pods = client.pods.wait_all(awaited, until="terminated")
    assert not transport.left
    return [pod_id for pod_id, pod in pods.items() if pod.status == "TERMINATED"]


class _SameChance(random.Random):
    """Chance that always begins with the same."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)


def _looks(count: int) -> float:
    """How many list requests a wait for so many pods sends, from their creation until they are ready."""
    simulator = Simulator()
    with YottaLabs(KEY, base_url=BASE_URL, transport=simulator.transport, clock=simulator.clock) as client:
        ids = [client.pods.create(image="x", gpu_type="NVIDIA_L4_24G", expose=[22]) for _ in range(count)]
        # Chance makes each pause a little longer or shorter. It is the same for all: nothing but the pods differs.
        with patch.object(random, "Random", _SameChance):
            pods = client.pods.wait_all(ids)
    assert all(pod.is_ready for pod in pods.values())
    assert list(pods) == ids
    return float(sum(request.operation == "listPods" for request in simulator.requests))
