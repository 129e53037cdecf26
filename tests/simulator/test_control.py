"""`/_mock/…`: a simulator in another process can be looked at and moved on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from yottalabs_mock import Simulator

from .asking import KEY, Caller


@pytest.fixture(params=["in process", "over a socket"])
def http(request: pytest.FixtureRequest, sim: Simulator) -> Iterator[httpx2.Client]:
    """Somebody without a key."""
    if request.param == "in process":
        with httpx2.Client(transport=sim.transport, base_url="http://simulator") as client:
            yield client
        return
    with sim.serve() as base_url, httpx2.Client(base_url=base_url) as client:
        yield client


def data(response: httpx2.Response) -> Any:
    assert response.status_code == 200, response.text
    assert response.json()["code"] == 10000
    return response.json()["data"]


def test_its_health_says_how_many_pods_there_are_and_what_time_it_is(http: httpx2.Client, caller: Caller) -> None:
    caller.create()
    assert data(http.get("/_mock/health")) == {"pods": 1, "time": 0.0}


def test_time_can_be_moved_ahead(http: httpx2.Client, caller: Caller) -> None:
    pod_id = caller.create()
    assert data(http.post("/_mock/advance", json={"seconds": 60})) == {"time": 60.0}
    assert caller.pod(pod_id)["status"] == "RUNNING"


@pytest.mark.parametrize("seconds", [None, "60", -1, True, [], 1e300])
def test_a_time_that_is_none_is_refused(http: httpx2.Client, seconds: Any) -> None:
    response = http.post("/_mock/advance", json={"seconds": seconds})
    assert response.status_code == 422
    assert response.json()["message"].startswith("seconds: ")
    assert data(http.get("/_mock/health"))["time"] == 0


def test_faults_can_be_added_looked_at_and_cleared(http: httpx2.Client, caller: Caller) -> None:
    fault = {"operation": "list", "fault": "business_code", "times": 2, "code": 10007, "message": "gone"}
    told = data(http.post("/_mock/faults", json=fault))
    assert [(rule["operation"], rule["fault"], rule["times"]) for rule in told] == [("listPods", "business_code", 2)]
    answer = caller.http.get("/openapi/v1/pods/list").json()
    assert answer == {"message": "gone", "code": 10007, "data": None}
    looked = data(http.get("/_mock/faults"))
    assert looked["counts"] == {"business_code": 1}
    assert looked["pending"][0]["times"] == 1
    assert data(http.delete("/_mock/faults")) is None
    assert caller.pods() == []


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({}, "operation must be text"),
        ({"operation": "create"}, "fault must be text"),
        ({"operation": 5, "fault": "redirect"}, "operation must be text"),
        ({"operation": "create", "fault": "earthquake"}, "there is no fault 'earthquake'"),
        ({"operation": "pause", "fault": "redirect"}, "there is no operation 'pause'"),
        ({"operation": "create", "fault": "redirect", "times": 0}, "times is 0"),
        ({"operation": "create", "fault": "redirect", "sevonds": 1}, "no option 'sevonds'"),
        ({"operation": "delete", "fault": "pod_fails"}, "cannot happen to delete"),
        ({"operation": "create", "fault": "redirect", "self": 1}, "no option 'self'"),
    ],
)
def test_a_fault_that_is_none_is_named(http: httpx2.Client, fault: dict[str, Any], word: str) -> None:
    response = http.post("/_mock/faults", json=fault)
    assert response.status_code == 422
    assert word in response.json()["message"]
    assert data(http.get("/_mock/faults"))["pending"] == []


def test_requests_can_be_looked_at_and_asking_is_none_of_them(http: httpx2.Client, caller: Caller) -> None:
    caller.create()
    caller.pods()
    records = data(http.get("/_mock/requests"))
    assert [(record["number"], record["operation"]) for record in records] == [(1, "createPod"), (2, "listPods")]
    assert KEY not in str(records)
    assert len(data(http.get("/_mock/requests"))) == 2


def test_the_state_can_be_taken_elsewhere(http: httpx2.Client, caller: Caller) -> None:
    caller.create(environmentVars=[{"key": "A", "value": "b"}])
    elsewhere = Simulator.load(data(http.get("/_mock/state")))
    assert Caller(elsewhere).pods() == caller.pods()


def test_it_can_be_made_forget_everything(http: httpx2.Client, caller: Caller, sim: Simulator) -> None:
    first = caller.create()
    http.post("/_mock/faults", json={"operation": "create", "fault": "redirect"})
    assert data(http.post("/_mock/reset")) is None
    assert len(sim.pods) == len(sim.requests) == len(sim.faults.pending) == 0
    assert caller.pods() == []
    assert caller.create() == first  # a new world


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/_mock/nothing", 404, "/_mock/health"),
        ("GET", "/_mock/", 404, "/_mock/health"),
        ("GET", "/_mock", 404, "no path"),
        ("POST", "/_mock/health", 405, "allowed: GET"),
        ("GET", "/_mock/reset", 405, "allowed: POST"),
        ("PUT", "/_mock/faults", 405, "DELETE, GET, POST"),
        ("POST", "/_mock/advance", 400, "not JSON"),
    ],
)
def test_what_there_is_not_is_named(http: httpx2.Client, method: str, path: str, status: int, word: str) -> None:
    response = http.request(method, path)
    assert response.status_code == status
    assert word in response.json()["message"]
    assert ("allow" in response.headers) == (status == 405)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 100_000])
def test_a_body_that_is_none_is_refused(http: httpx2.Client, content: bytes) -> None:
    for path in ("/_mock/advance", "/_mock/faults"):
        assert http.post(path, content=content).status_code in {400, 422}
