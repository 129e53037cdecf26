"""How answers are said: by the contract, or in every form that newer material shows; the client takes them all."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from yottalabs import AsyncYottaLabs, YottaLabs
from yottalabs_mock import Simulator

from .asking import BODY, Caller
from support import contract
from support.clients import Waited
from support.raw import CREATE, LIST

FULL = {
    **BODY,
    "gpuType": "NVIDIA_GeForce_RTX_4090_24G",
    "expose": [{"port": 22}, {"port": 8000, "protocol": "HTTP"}],
    "environmentVars": [{"key": "A", "value": "1"}],
}
ROUNDS = 80
DAY = 24 * 3600


def conversation(dialect: Any, seed: int = 0) -> list[bytes]:
    """Everything a simulator says while pods come, pause and go."""
    sim = Simulator(dialect=dialect, seed=seed)
    http = Caller(sim).http
    said: list[bytes] = []

    def ask(method: str, path: str, **options: Any) -> None:
        said.append(method.encode() + b" " + http.request(method, path, **options).content)

    for number in range(ROUNDS):
        ask("POST", CREATE, json=FULL)
        ask("GET", LIST)
        pod = list(sim.pods.values())[-1]
        sim.advance(60)
        if number % 2:
            pod.pause()
            ask("GET", LIST)
            sim.advance(10)
        ask("GET", LIST)
        ask("DELETE", f"/openapi/v1/pods/{pod.id}")
        ask("DELETE", f"/openapi/v1/pods/{pod.id}")
        ask("GET", LIST)
        if number % 2:
            sim.advance(DAY * 2)
    return said


def form_of_time(value: Any) -> str:
    if isinstance(value, int):
        return "epoch number"
    if value.isdecimal():
        return "epoch text"
    return "iso" if value.endswith("Z") else "documented"


def forms(said: list[bytes]) -> dict[str, set[str]]:
    """Which form of each subject was seen."""
    seen: dict[str, set[str]] = defaultdict(set)
    for line in said:
        method, _, content = line.decode().partition(" ")
        answer = json.loads(content)
        code, data = answer["code"], answer["data"]
        seen["code"].add(type(code).__name__)
        if int(code) != 10000:
            seen["failed"].add(str(code))
        elif method == "POST":
            seen["created"].add(type(data).__name__)
        elif method == "DELETE":
            seen["deleted"].add(json.dumps(data))
        pods = data if method == "GET" else [data] if isinstance(data, dict) and data else []
        for pod in pods:
            seen["time"] |= {form_of_time(pod[name]) for name in ("createdAt", "updatedAt")}
            seen["price"].add(type(pod["singleCardPrice"]).__name__)
            seen["speed"].add(type(pod["networkUploadMbps"]).__name__)
            seen["status"].add(pod["status"])
            seen["gpu type"].add(pod["gpuType"])
            seen["protocols"] |= {port["protocol"] for port in pod["expose"]}
            seen["more fields"].add(str("internalIp" in pod))
            seen["command"].add(repr(pod.get("initializationCommand", "missing")))
            seen["mount path"].add(repr(pod.get("persistentMountPath", "missing")))
        if method == "GET" and len({str(pod["updatedAt"]) for pod in pods}) > 1:
            ids = [pod["id"] for pod in pods]
            seen["order"].add("as created" if ids == sorted(ids) else "another")
    return dict(seen)


DOCUMENTED = {
    "code": {"int"},
    "failed": {"12001"},
    "created": {"str"},
    "deleted": {"null"},
    "time": {"documented"},
    "price": {"float"},
    "speed": {"float"},
    "status": {"INITIALIZE", "RUNNING", "PAUSING", "PAUSED", "TERMINATING", "TERMINATED"},
    "gpu type": {"NVIDIA_GeForce_RTX_4090_24G"},
    "protocols": {"SSH", "HTTP"},
    "more fields": {"False"},
    "command": {"''"},
    "mount path": {"None"},
    "order": {"as created"},
}
LATER = {
    "code": {"int"},
    "failed": {"12001"},
    "created": {"int", "dict"},
    "deleted": {"true"},
    "time": {"iso", "epoch number", "epoch text"},
    "price": {"str"},
    "speed": {"str"},
    "status": {"INITIALIZING", "RUNNING", "STOPPING", "STOPPED", "TERMINATING", "TERMINATED"},
    "gpu type": {"NVIDIA_RTX_4090_24G"},
    "protocols": {"ssh", "HTTPS"},
    "more fields": {"True"},
    "command": {"None", "''"},
    "mount path": {"None", "'missing'"},
}
ONLY_CHAOTIC = {"code": {"str"}, "deleted": {"{}"}, "status": {status.lower() for status in DOCUMENTED["status"]}}


def test_the_documented_dialect_has_one_form_of_everything() -> None:
    seen = forms(conversation("documented"))
    # Deleted pods are changed after those that were created later, so the order says something.
    assert seen == DOCUMENTED


def test_the_later_dialect_has_each_form_of_newer_material() -> None:
    seen = forms(conversation("later"))
    assert "another" in seen.pop("order")
    assert seen == LATER


def test_chaos_has_every_form_that_there_is() -> None:
    seen = forms(conversation("chaos"))
    assert seen.pop("order") == {"as created", "another"}
    expected = {name: DOCUMENTED[name] | LATER[name] | ONLY_CHAOTIC.get(name, set()) for name in LATER}
    expected["failed"] = {"12001"}
    assert seen == expected


def test_the_documented_dialect_always_obeys_the_contract() -> None:
    schemas = {
        "POST": "ResultString",
        "GET": "ResultListOpenapiPodDetailResponse",
        "DELETE": "ResultVoid",
    }
    for line in conversation("documented"):
        method, _, content = line.decode().partition(" ")
        assert list(contract.validator(schemas[method]).iter_errors(json.loads(content))) == []


@pytest.mark.parametrize("dialect", ["later", "chaos"])
def test_the_same_seed_says_the_same_and_another_seed_says_it_otherwise(dialect: str) -> None:
    first = conversation(dialect, seed=5)
    assert conversation(dialect, seed=5) == first
    assert conversation(dialect, seed=6) != first


def test_a_reset_begins_the_dialect_anew() -> None:
    sim = Simulator(dialect="chaos", seed=5)
    caller = Caller(sim)

    def said() -> list[bytes]:
        return [caller.post(FULL).content for _ in range(20)]

    first = said()
    sim.reset()
    assert said() == first


def test_no_form_loses_a_digit() -> None:
    """The forms are of one value each: read back, they are what the contract's form would say."""
    plain, chaotic = Simulator(), Simulator(dialect="chaos", seed=1)
    for _ in range(40):
        for sim in (plain, chaotic):
            Caller(sim).http.post(CREATE, json=FULL)
            sim.advance(7.5)
    for _ in range(40):
        expected, told = (Caller(sim).http.get(LIST).json()["data"] for sim in (plain, chaotic))
        expected.sort(key=lambda pod: pod["id"])
        told.sort(key=lambda pod: pod["id"])
        for one, other in zip(expected, told, strict=True):
            assert one["id"] == other["id"]
            for name in ("singleCardPrice", "containerVolumePrice", "diskReadSpeedMbps", "networkUploadMbps"):
                assert Decimal(str(one[name])) == Decimal(str(other[name]))
            for name in ("createdAt", "updatedAt"):
                assert as_date(one[name]) == as_date(other[name])
            assert one["environmentVars"] == other["environmentVars"]
            assert [port["port"] for port in one["expose"]] == [port["port"] for port in other["expose"]]


def as_date(value: Any) -> datetime:
    if isinstance(value, int) or value.isdecimal():
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


# --- The real client --------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[[Simulator], Any]]:
    """Makes a client of a simulator."""
    options: dict[str, Any] = {"base_url": "http://127.0.0.1"}
    if request.param == "sync":
        yield lambda sim: YottaLabs("a-key", transport=sim.transport, clock=sim.clock, **options)
        return
    with asyncio.Runner() as runner:
        yield lambda sim: Waited(AsyncYottaLabs("a-key", transport=sim.transport, clock=sim.clock, **options), runner)


@pytest.mark.parametrize("dialect", ["documented", "later", "chaos"])
def test_the_client_takes_all_of_them_without_losing_a_pod_or_a_digit(
    dialect: Any, connect: Callable[[Simulator], Any]
) -> None:
    sim = Simulator(dialect=dialect, seed=2)
    with connect(sim) as yotta:
        for _ in range(20):
            pod_id = yotta.pods.create(
                image="x",
                gpu_type="NVIDIA_GeForce_RTX_4090_24G",
                expose=[22, (8000, "HTTP")],
                environment_vars={"A": "1"},
            )
            assert pod_id == list(sim.pods)[-1]
            ready = yotta.pods.wait(pod_id, until="ready")
            assert ready.id == pod_id
            assert ready.is_ready
            assert ready.ssh_command
            pods = yotta.pods.list()
            assert {pod.id for pod in pods} == set(sim.pods)
            for pod in pods:
                assert pod.created is not None
                assert pod.updated is not None
                assert pod.created <= pod.updated
                assert pod.single_card_price == Decimal("0.69")
                assert pod.network_upload_mbps == Decimal("1258.2912")
                assert pod.hourly_price is not None
                assert pod.environment_vars == {"A": "1"}
                assert pod.status is not None
                assert pod.status.is_known or dialect != "documented"
            yotta.pods.delete(pod_id, wait=True)
            ended = yotta.pods.get(pod_id)
            assert str(ended.status).upper() == sim.pods[pod_id].status == "TERMINATED"
            assert not ended.is_active
        assert len(sim.pods) == 20


@pytest.mark.parametrize("dialect", ["x", "", None, 1, "Documented", ["later"], {"later"}])
def test_a_dialect_that_there_is_not_is_refused_with_those_that_there_are(dialect: Any) -> None:
    with pytest.raises(ValueError, match="'documented', 'later', 'chaos'"):
        Simulator(dialect=dialect)
