"""Many pods, threads and tasks: nothing is lost, nothing comes twice, nothing grows with what is not asked for."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from yottalabs import AsyncYottaLabs, YottaLabs
from yottalabs_mock import Simulator, Times, _pods
from yottalabs_mock._messages import Request

from .asking import BODY, Caller
from support.raw import CREATE, LIST

THREADS, TASKS, EACH = 8, 20, 8
OPTIONS: dict[str, Any] = {"base_url": "http://127.0.0.1"}
REQUEST: dict[str, Any] = {"image": "x", "gpu_type": "NVIDIA_L4_24G", "expose": [22]}


def live_in_threads(sim: Simulator, key: str) -> list[str]:
    """Threads that each create pods, wait for them and delete half; the ids."""

    def life(_: int) -> list[str]:
        with YottaLabs(key, transport=sim.transport, clock=sim.clock, **OPTIONS) as client:
            ids = [client.pods.create(**REQUEST) for _ in range(EACH)]
            client.pods.wait(ids[0], until="running")
            for pod_id in ids[::2]:
                client.pods.delete(pod_id)
            assert set(ids) <= {pod.id for pod in client.pods.list()}
        return ids

    with ThreadPoolExecutor(THREADS) as pool:
        return [pod_id for ids in pool.map(life, range(THREADS)) for pod_id in ids]


def live_in_tasks(sim: Simulator, key: str) -> list[str]:
    """The same in tasks of one event loop."""

    async def life(client: AsyncYottaLabs) -> list[str]:
        ids = [await client.pods.create(**REQUEST) for _ in range(EACH)]
        await client.pods.wait(ids[0], until="running")
        await asyncio.gather(*(client.pods.delete(pod_id) for pod_id in ids[::2]))
        return ids

    async def lives() -> list[str]:
        async with AsyncYottaLabs(key, transport=sim.transport, clock=sim.clock, **OPTIONS) as client:
            return [pod_id for ids in await asyncio.gather(*(life(client) for _ in range(TASKS))) for pod_id in ids]

    return asyncio.run(lives())


def test_threads_and_tasks_at_once_lose_nothing() -> None:
    sim = Simulator()
    found: dict[str, list[str]] = {}
    threads = [
        threading.Thread(target=lambda: found.update(threads=live_in_threads(sim, "key-one"))),
        threading.Thread(target=lambda: found.update(tasks=live_in_tasks(sim, "key-two"))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = found["threads"] + found["tasks"]
    assert len(found["threads"]) == THREADS * EACH
    assert len(found["tasks"]) == TASKS * EACH
    assert len(set(ids)) == len(ids) == len(sim.pods)
    assert set(ids) == set(sim.pods)
    assert sorted(Caller(sim, "key-one").ids()) == sorted(found["threads"])
    assert sorted(Caller(sim, "key-two").ids()) == sorted(found["tasks"])
    statuses = Counter(pod.is_live for pod in sim.pods.values())
    assert statuses == {True: len(ids) // 2, False: len(ids) // 2}
    created = [record for record in sim.requests if record.operation == "createPod"]
    assert len(created) == len(ids)
    assert [record.number for record in sim.requests[:-2]] == list(range(1, len(sim.requests) - 1))


def test_over_a_socket_many_connections_at_once_lose_nothing() -> None:
    sim = Simulator(clock="real", times=Times(boot=0))
    with sim.serve() as base_url:

        def create(_: int) -> list[str]:
            with Caller(base_url) as caller:
                return [caller.create() for _ in range(EACH)]

        with ThreadPoolExecutor(THREADS) as pool:
            ids = [pod_id for made in pool.map(create, range(THREADS)) for pod_id in made]
        with Caller(base_url) as caller:
            assert sorted(caller.ids()) == sorted(ids)
    assert len(set(ids)) == THREADS * EACH


def test_a_wait_of_many_tasks_takes_the_time_of_one() -> None:
    sim = Simulator()

    async def wait_for_all() -> None:
        async with AsyncYottaLabs("k", transport=sim.transport, clock=sim.clock, **OPTIONS) as client:
            ids = [await client.pods.create(**REQUEST) for _ in range(20)]
            await asyncio.gather(*(client.pods.wait(pod_id) for pod_id in ids))

    asyncio.run(wait_for_all())
    assert 70 <= sim.clock.monotonic() < 140


# --- What ten thousand pods cost, in looks at pods, not in seconds ----------------------------------------------------


class Looks:
    """Counts how often a pod is looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        for name in ("settle", "show"):
            monkeypatch.setattr(_pods.SimulatedPod, name, self._counting(getattr(_pods.SimulatedPod, name)))

    def _counting(self, method: Any) -> Any:
        def counted(*args: Any) -> Any:
            self.count += 1
            return method(*args)

        return counted

    def during(self, client: httpx2.Client, method: str, path: str, **options: Any) -> int:
        self.count = 0
        assert client.request(method, path, **options).json()["code"] == 10000
        return self.count


def crowded() -> Simulator:
    """A simulator with ten thousand pods of one organisation."""
    sim = Simulator()
    headers = {"x-api-key": "many", "content-type": "application/json"}
    create = Request("POST", CREATE, headers, json.dumps(BODY).encode())
    for _ in range(10_000):
        assert sim.exchange(create).answer is not None
    assert len(sim.pods) == 10_000
    return sim


def test_among_ten_thousand_pods_a_request_looks_at_those_that_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    sim, alone = crowded(), Caller(Simulator())
    many, few = Caller(sim, "many"), Caller(sim, "few")
    looks = Looks(monkeypatch)

    to_create = looks.during(alone.http, "POST", CREATE, json=BODY)
    for caller in (many, few):
        assert looks.during(caller.http, "POST", CREATE, json=BODY) == to_create > 0

    to_list_one = looks.during(alone.http, "GET", LIST)
    assert looks.during(few.http, "GET", LIST) == to_list_one > 0
    # Ten thousand and one, each as often as the only one.
    assert looks.during(many.http, "GET", LIST) == to_list_one * 10_001

    (only,), first = alone.ids(), next(iter(sim.pods))
    to_delete = looks.during(alone.http, "DELETE", f"/openapi/v1/pods/{only}")
    assert looks.during(many.http, "DELETE", f"/openapi/v1/pods/{first}") == to_delete > 0


def test_pods_that_are_forgotten_are_let_go() -> None:
    sim = Simulator(times=Times(terminate=1, forget=1))
    caller = Caller(sim)
    for _ in range(50):
        caller.delete(caller.create())
    sim.advance(2)
    assert caller.pods() == []
    assert len(sim.to_json()["pods"]) == 0
