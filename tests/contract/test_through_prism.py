"""Valid traffic through Prism's proxy in front of the simulator: Prism has nothing to say about either side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from yottalabs import NotFoundError, PodFailedError, ServerError, YottaLabs
from yottalabs_mock import Simulator

from . import fidelity
from .points import PROXY
from prism import running_proxy
from support import contract

pytestmark = pytest.mark.gate(PROXY)

KEY = "a-key"
HEADER = "sl-violations"
RANDOM_CASES = 60  # of an operation, made by schemathesis
FEWEST_CASES = {"createPod": 100, "listPods": 10, "deletePod": 60}
REQUEST = {
    "": "OpenapiPodCreateRequest",
    "expose": "OpenapiPodExposePortRequest",
    "environmentVars": "KeyValuePairDTO",
}
POD = {
    "": "OpenapiPodDetailResponse",
    "expose": "OpenapiPodExposePortResponse",
    "environmentVars": "KeyValuePairDTO",
}
"""Schemas, by the name of the list that holds what they are of."""


@dataclass
class Watched(httpx2.BaseTransport):
    """The network, and what Prism has to say about what passes: in a header, or in an answer of its own."""

    network: httpx2.HTTPTransport = field(default_factory=httpx2.HTTPTransport)
    answers: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        response = self.network.handle_request(request)
        content = response.read()
        response.close()
        self.answers[request.method] += 1
        if HEADER in response.headers or response.headers["content-type"] != "application/json":
            said = response.headers.get(HEADER) or content.decode()
            self.violations.append(f"{request.method} {request.url.path}: HTTP {response.status_code}: {said[:1000]}")
        else:
            self._look(body, json.loads(content))
        return httpx2.Response(response.status_code, headers=response.headers, content=content)

    def close(self) -> None:
        self.network.close()

    def _look(self, body: bytes, answer: Mapping[str, Any]) -> None:
        """Notes which fields were sent and came, each with a value."""
        self.sent |= _names(json.loads(body)) if body else set()
        for pod in answer["data"] if isinstance(answer["data"], list) else []:
            self.statuses.add(pod["status"])
            self.seen |= _names(pod)


def _names(value: Mapping[str, Any]) -> set[str]:
    """The fields of an object and of the objects in its lists, but for those that are null."""
    names = {name for name, inner in value.items() if inner is not None}
    lists = ((name, inner) for name, inner in value.items() if isinstance(inner, list))
    return names.union(f"{name}[].{field}" for name, inner in lists for item in inner for field in item)


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
def proxy(simulator: Simulator) -> Iterator[str]:
    with simulator.serve() as upstream, running_proxy(upstream) as base_url:
        yield base_url


@pytest.fixture
def watched() -> Iterator[Watched]:
    transport = Watched()
    yield transport
    transport.close()


def documented(objects: Mapping[str, str]) -> set[str]:
    """Every field of some schemas, those of inner objects after the name of the list that they are in."""
    return {
        f"{inner}[].{name}" if inner else name
        for inner, schema in objects.items()
        for name in contract.schema(schema)["properties"]
    }


def test_every_valid_request_and_its_answer_pass(
    simulator: Simulator, proxy: str, watched: Watched, tell: Callable[[str], None], cases: Callable[[int], None]
) -> None:
    counts: Counter[str] = Counter()
    with httpx2.Client(base_url=proxy, transport=watched, headers={"x-api-key": KEY}) as client:
        for case in fidelity.cases(RANDOM_CASES):
            counts[case.operation] += 1
            path, method = contract.OPERATIONS[case.operation]
            path = path.replace("{podId}", quote(case.pod_id, safe=""))
            answer = client.request(method, path, json=case.body)
            assert watched.violations == []
            assert answer.status_code == 200
            # Of each pod that was created: it is in the list, then it is deleted.
            if case.operation == "createPod":
                pod_id = answer.json()["data"]
                assert pod_id in [pod["id"] for pod in client.get("/openapi/v1/pods/list").json()["data"]]
                assert client.delete(f"/openapi/v1/pods/{pod_id}").json()["code"] == 10000
                simulator.advance(2 * 24 * 3600)  # it is forgotten
    tell(f"through Prism's proxy: {watched.answers.total()} requests, of which cases: {dict(counts)}")
    cases(watched.answers.total())
    assert watched.violations == []
    assert documented(REQUEST) - watched.sent == set()
    assert {name: counts[name] for name, count in FEWEST_CASES.items() if counts[name] < count} == {}


def test_the_client_takes_pods_through_their_whole_lives(
    simulator: Simulator, proxy: str, watched: Watched, tell: Callable[[str], None], cases: Callable[[int], None]
) -> None:
    with YottaLabs(KEY, base_url=proxy, transport=watched, clock=simulator.clock) as yotta:
        pods = yotta.pods
        for example in contract.request_examples().values():
            pod_id = pods.create(**fidelity.arguments(example))
            assert pods.get(pod_id).status == "INITIALIZE"
            assert pods.wait(pod_id, "running").is_running
            assert pods.wait(pod_id).is_ready
            simulator.pods[pod_id].pause()
            assert pods.get(pod_id).status == "PAUSING"
            simulator.advance(10)
            assert pods.get(pod_id).status == "PAUSED"
            simulator.pods[pod_id].resume()
            assert pods.wait(pod_id).ssh_command
            pods.delete(pod_id)
            assert pods.get(pod_id).status == "TERMINATING"
            assert pods.wait(pod_id, "terminated").status == "TERMINATED"
            simulator.advance(24 * 3600)
            with pytest.raises(NotFoundError):
                pods.delete(pod_id)
        simulator.faults.add("create", "pod_fails")
        pod_id = pods.create(image="x", gpu_type="NVIDIA_L4_24G")
        with pytest.raises(PodFailedError):
            pods.wait(pod_id, "running")
    tell(f"the client through Prism's proxy: {watched.answers.total()} requests")
    cases(watched.answers.total())
    assert watched.violations == []
    assert documented(POD) - watched.seen == set()
    assert watched.statuses == set(contract.schema("PodStatus")["enum"])


def test_an_answer_against_the_contract_does_not_pass(simulator: Simulator, proxy: str, watched: Watched) -> None:
    simulator.faults.add("list", "unknown_status")
    with YottaLabs(KEY, base_url=proxy, transport=watched, max_retries=0) as yotta:
        yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G")
        with pytest.raises(ServerError):
            yotta.pods.list()
        yotta.pods.list()
    (violation,) = watched.violations
    assert '["response","body","data","0","status"]' in violation
    assert '"severity":"Error"' in violation


def test_a_request_against_the_contract_does_not_pass(proxy: str, watched: Watched, simulator: Simulator) -> None:
    with httpx2.Client(base_url=proxy, transport=watched, headers={"x-api-key": KEY}) as client:
        client.post("/openapi/v1/pods/create", json={"image": "x", "gpuType": "NVIDIA_L4_24G", "gpucount": 1})
        client.get("/openapi/v1/pods/list", headers={"x-api-key": ""})
    assert [violation.split(": ")[1] for violation in watched.violations] == ["HTTP 422", "HTTP 401"]
    assert "gpucount" in watched.violations[0]
    assert list(simulator.requests) == []
