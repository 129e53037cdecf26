"""Waiting for many pods takes as many lists as waiting for one; for both clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from yottalabs import InvalidArgumentError, Pod, PodFailedError, WaitTimeoutError
from yottalabs_mock import Reads, Simulator, Times

from support.raw import CREATE

MANY = 1000
BODY = {"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1, "expose": [{"port": 22, "protocol": "SSH"}]}


class Cloud:
    """A simulator in which pods come by being looked at, so that chance in the pauses does not matter; and a client."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self.simulator = Simulator(times=Times(boot=Reads(3), healthy=Reads(2)))
        self.client = make("a-key", transport=self.simulator.transport, clock=self.simulator.clock)
        self._http = httpx2.Client(
            transport=self.simulator.transport, base_url="http://mock", headers={"x-api-key": "a-key"}
        )

    def pods(self, count: int) -> list[str]:
        return [str(self._http.post(CREATE, json=BODY).json()["data"]) for _ in range(count)]

    def lists(self) -> int:
        return sum(request.operation == "listPods" for request in self.simulator.requests)


@pytest.fixture
def cloud(make: Callable[..., Any]) -> Cloud:
    return Cloud(make)


def test_a_thousand_pods_take_as_many_lists_as_one(cloud: Cloud) -> None:
    cloud.client.pods.wait_all(cloud.pods(1))
    of_one = cloud.lists()
    assert of_one > 3
    cloud.simulator.reset()
    ids = cloud.pods(MANY)
    found = cloud.client.pods.wait_all(ids)
    assert cloud.lists() == of_one
    assert list(found) == ids
    assert all(pod.is_ready and pod.id == pod_id for pod_id, pod in found.items())


def test_an_error_has_the_state_of_every_pod(cloud: Cloud) -> None:
    ids = cloud.pods(MANY)
    cloud.simulator.faults.add("create", "pod_fails")
    failing, other = cloud.pods(1)[0], cloud.pods(1)[0]
    with pytest.raises(PodFailedError, match=f"pod {failing}") as caught:
        cloud.client.pods.wait_all([*ids, failing, other])
    assert caught.value.pod_id == failing
    assert list(caught.value.pods) == [*ids, failing, other]
    statuses = {pod_id: str(pod.status) for pod_id, pod in caught.value.pods.items()}
    assert statuses == {**dict.fromkeys([*ids, other], "RUNNING"), failing: "FAILED"}


def test_a_wait_that_takes_too_long_tells_how_far_every_pod_came(cloud: Cloud) -> None:
    ready = cloud.pods(2)
    cloud.simulator.faults.add("create", "pod_stuck", times=2)
    stuck = cloud.pods(2)
    with pytest.raises(WaitTimeoutError) as caught:
        cloud.client.pods.wait_all([*ready, *stuck], timeout=100)
    assert {pod_id: str(pod.status) for pod_id, pod in caught.value.pods.items()} == {
        **dict.fromkeys(ready, "RUNNING"),
        **dict.fromkeys(stuck, "INITIALIZE"),
    }


def test_a_pod_that_was_never_seen_is_among_the_states(cloud: Cloud) -> None:
    (pod_id,) = cloud.pods(1)
    with pytest.raises(WaitTimeoutError) as caught:
        cloud.client.pods.wait_all([pod_id, "12"], timeout=30)
    assert set(caught.value.pods) == {pod_id, "12"}
    assert caught.value.pods["12"].status is None


def test_on_change_is_told_of_each_pod_whenever_it_changes(cloud: Cloud) -> None:
    ids = cloud.pods(50)
    told: list[tuple[str | None, str, bool]] = []
    cloud.client.pods.wait_all(ids, on_change=lambda pod: told.append((pod.id, str(pod.status), pod.is_ready)))
    steps = [("INITIALIZE", False), ("RUNNING", False), ("RUNNING", True)]
    assert told == [(pod_id, *step) for step in steps for pod_id in ids]


def test_pods_are_given_in_the_order_in_which_they_were_asked_for_and_once(cloud: Cloud) -> None:
    ids = cloud.pods(3)
    asked = [ids[2], Pod({"id": ids[0]}), ids[2], ids[1]]
    assert list(cloud.client.pods.wait_all(iter(asked), "running")) == [ids[2], ids[0], ids[1]]


def test_no_pods_are_waited_for_without_a_look(cloud: Cloud) -> None:
    assert cloud.client.pods.wait_all([]) == {}
    assert cloud.lists() == 0


def test_all_can_be_waited_for_to_end(cloud: Cloud) -> None:
    ids = cloud.pods(3)
    for pod_id in ids:
        cloud.client.pods.delete(pod_id)
    found = cloud.client.pods.wait_all(ids, "terminated")
    assert {str(pod.status) for pod in found.values()} == {"TERMINATED"}


def test_a_look_that_fails_does_not_end_the_wait(cloud: Cloud) -> None:
    ids = cloud.pods(3)
    cloud.simulator.faults.add("list", "html_502", times=3)
    assert all(pod.is_ready for pod in cloud.client.pods.wait_all(ids).values())


def test_what_is_no_pod_is_said_before_anything_is_sent(cloud: Cloud) -> None:
    with pytest.raises(InvalidArgumentError):
        cloud.client.pods.wait_all(["12", ""])
    with pytest.raises(InvalidArgumentError):
        cloud.client.pods.wait_all(["12"], "soon")
    assert cloud.lists() == 0
