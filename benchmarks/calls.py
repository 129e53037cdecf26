"""Calls over a socket of this machine: one after the other, and many at once."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import httpx2
import requests
from yotta.pod import PodApi
from yottalabs import AsyncYottaLabs, YottaLabs

from .measuring import Contender, Experiment, Goal, Measure, Row, timed
from .pods import documented_pod
from .processes import running
from .scale import Scale

CREATE, LIST, DELETE = "/openapi/v1/pods/create", "/openapi/v1/pods/list", "/openapi/v1/pods/331864222263676928"
POD_ID = DELETE.rpartition("/")[2]
KEY = "a-key"
HEADERS = {"x-api-key": KEY}

IMAGE = "yottalabsai/pytorch:2.8.0-py3.11-cuda12.8.1-cudnn-devel-ubuntu22.04-2025050802"
PASSWORD = "9f2375dc-277b-4550-add9-563ad23973a5"  # noqa: S105  # the documentation's own example
BODY: Mapping[str, Any] = {
    "image": IMAGE,
    "gpuType": "NVIDIA_L4_24G",
    "gpuCount": 1,
    "environmentVars": [{"key": "JUPYTER_PASSWORD", "value": PASSWORD}],
    "expose": [{"port": 22, "protocol": "SSH"}],
}

Calls = Mapping[str, Callable[[], object]]


def experiments(scale: Scale) -> Iterator[Experiment]:
    """One call over a connection that is kept alive, for each operation; and many calls at once."""
    with running([sys.executable, "-m", "benchmarks.server"]) as base_url, ExitStack() as stack:
        contenders = {
            "ours": _ours(base_url, stack),
            "raw httpx2": _raw_httpx(base_url, stack),
            "yottactl": _yottactl(base_url, stack),
            "requests": _requests(base_url, stack),
        }
        for operation in ("create", "list", "delete"):
            yield Experiment(
                [
                    Contender(name, timed(calls[operation], scale.calls), _told(operation, calls))
                    for name, calls in contenders.items()
                ]
                + _without_token(operation, base_url, stack, scale),
                [
                    Row(f"{operation} over a kept connection, against raw httpx2", "raw httpx2", Goal("at most", 1.10)),
                    Row(f"{operation} over a kept connection, against yottactl", "yottactl", Goal("less than", 1.0)),
                ],
                scale.many_rounds,
            )
        yield _at_once(base_url, scale)


def _ours(base_url: str, stack: ExitStack) -> Calls:
    client = stack.enter_context(YottaLabs(KEY, base_url=base_url))
    return {
        "create": lambda: client.pods.create(**arguments()),
        "list": client.pods.list,
        "delete": lambda: client.pods.delete(POD_ID),
    }


def arguments() -> Any:
    """What a create is asked for with."""
    return {
        "image": IMAGE,
        "gpu_type": "NVIDIA_L4_24G",
        "gpu_count": 1,
        "environment_vars": {"JUPYTER_PASSWORD": PASSWORD},
        "expose": [22],
    }


def _without_token(operation: str, base_url: str, stack: ExitStack, scale: Scale) -> list[Contender]:
    """What a create takes that sends the same bytes as the others."""
    if operation != "create":
        return []
    client = stack.enter_context(YottaLabs(KEY, base_url=base_url))

    def call() -> str:
        return client.pods.create(create_token=None, **arguments())

    return [
        Contender(
            "ours, create_token=None",
            timed(call, scale.calls),
            _told(operation, {operation: call}),
        )
    ]


def _raw_httpx(base_url: str, stack: ExitStack) -> Calls:
    client = stack.enter_context(httpx2.Client(base_url=base_url))
    return {
        "create": lambda: json.loads(client.post(CREATE, json=dict(BODY), headers=HEADERS).content),
        "list": lambda: json.loads(client.get(LIST, headers=HEADERS).content),
        "delete": lambda: json.loads(client.delete(DELETE, headers=HEADERS).content),
    }


def _requests(base_url: str, stack: ExitStack) -> Calls:
    session = stack.enter_context(requests.Session())
    return {
        "create": lambda: session.post(base_url + CREATE, json=dict(BODY), headers=HEADERS, timeout=30).json(),
        "list": lambda: session.get(base_url + LIST, headers=HEADERS, timeout=30).json(),
        "delete": lambda: session.delete(base_url + DELETE, headers=HEADERS, timeout=30).json(),
    }


def _yottactl(base_url: str, stack: ExitStack) -> Calls:
    api: Any = PodApi(KEY, base_url=base_url)
    stack.callback(api.session.close)
    return {
        "create": lambda: api.new_pod(
            image=IMAGE,
            gpu_type="NVIDIA_L4_24G",
            gpu_count=1,
            environment_vars=[{"key": "JUPYTER_PASSWORD", "value": PASSWORD}],
            expose=[{"port": 22, "protocol": "SSH"}],
        ),
        "list": api.get_pods,
        "delete": lambda: api.delete_pod(POD_ID),
    }


def _told(operation: str, calls: Calls) -> Callable[[], object]:
    """What an answer says, whether it is ours or an envelope."""

    def told() -> object:
        answer = calls[operation]()
        data: Any = answer.get("data") if isinstance(answer, dict) else answer
        return [pod if isinstance(pod, dict) else pod.raw for pod in data] if isinstance(data, list) else data

    return told


# --- Many at once -----------------------------------------------------------------------------------------------------


def _at_once(base_url: str, scale: Scale) -> Experiment:
    async def ours(count: int) -> float:
        async with AsyncYottaLabs(KEY, base_url=base_url, timeout=120) as client:
            return await _gathered(client.pods.list, count, lambda pods: pods[0].id)

    async def raw(count: int) -> float:
        async with httpx2.AsyncClient(base_url=base_url, timeout=120) as client:

            async def one() -> Any:
                return json.loads((await client.get(LIST, headers=HEADERS)).content)

            return await _gathered(one, count, lambda answer: answer["data"][0]["id"])

    count = scale.at_once
    return Experiment(
        [Contender("ours", _in_a_loop(ours, count)), Contender("raw httpx2", _in_a_loop(raw, count))],
        [Row(f"{count:,} lists at once, asynchronously", "raw httpx2", Goal("at most", 1.10))],
        scale.rounds,
    )


def _in_a_loop(run: Callable[[int], Awaitable[float]], count: int) -> Measure:
    async def running_it() -> float:
        return await run(count)

    return lambda: asyncio.run(running_it())


async def _gathered(call: Callable[[], Awaitable[Any]], count: int, id_of: Callable[[Any], str]) -> float:
    """How long so many calls take at once, over connections that are opened for them."""
    await call()  # what the first call loads
    gc.collect()
    started = time.perf_counter()
    answers = await asyncio.gather(*(call() for _ in range(count)))
    elapsed = time.perf_counter() - started
    assert [id_of(answer) for answer in answers] == [documented_pod()["id"]] * count
    return elapsed
