"""The vendor's own Python SDK, unchanged, talks to what stands in for the API: nothing but its base URL is another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from yotta import ClientError, ServerError
from yotta.pod import PodApi

from .points import VENDOR
from support import contract
from support.processes import started
from support.wire import differences

pytestmark = pytest.mark.gate(VENDOR)

IMAGE = "yottalabsai/pytorch:2.8.0-py3.11-cuda12.8.1-cudnn-devel-ubuntu22.04-2025050802"
POD_ID = "331864222263676928"
VARIABLES = [{"key": "JUPYTER_PASSWORD", "value": "your_password"}]
MINIMAL = {"image": IMAGE, "gpu_type": "NVIDIA_L4_24G", "gpu_count": 1}
EVERYTHING = {
    **MINIMAL,
    "region": "us-west-1",
    "cloud_type": "SECURE",
    "pod_name": "my pod",
    "official_image": "CUSTOM",
    "image_public_type": "PRIVATE",
    "image_registry_username": "username",
    "image_registry_token": "token",
    "resource_type": "GPU",
    "container_volume_in_gb": 100,
    "persistent_volume_in_gb": 100,
    "persistent_mount_path": "/workspace",
    "initialization_command": "sshd &",
    "environment_vars": VARIABLES,
    "expose": [{"port": 22, "protocol": "SSH"}, {"port": 8000, "protocol": "HTTP"}],
}
"""Every argument of `new_pod` but `min_single_card_ram_in_gb`, which the documentation does not have."""

Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def prism() -> Iterator[str]:
    """What `make mock` serves."""
    with started(["make", "mock", "PORT=0"]) as (_, base_url):
        yield base_url


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    """What `make simulator` serves."""
    with started(["make", "simulator", "PORT=0"]) as (_, base_url):
        yield base_url


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes the SDK's client. It never closes its connections by itself, so that is done here."""
    with ExitStack() as stack:

        def connected(base_url: str, api_key: str = "a-key") -> Any:
            api = PodApi(api_key, base_url=base_url)
            stack.callback(api.session.close)
            return api

        yield connected


# --- Against Prism, which has no memory ----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [MINIMAL, EVERYTHING], ids=["minimal", "everything"])
def test_it_creates_a_pod(prism: str, connect: Connect, arguments: dict[str, Any]) -> None:
    answer = connect(prism).new_pod(**arguments)
    assert differences(contract.response_examples("createPod")["created"], answer, "answer") == []


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"region_list": ["us-west-1", "sg"]},
        {"status_list": [0, 1]},
        {"region_list": ["sg"], "status_list": [6], "n": 1},
    ],
    ids=["none", "regions", "statuses", "all"],
)
def test_it_lists_pods(prism: str, connect: Connect, filters: dict[str, Any]) -> None:
    answer = connect(prism).get_pods(**filters)
    assert differences(contract.response_examples("listPods")["pods"], answer, "answer") == []


@pytest.mark.parametrize("pod_id", [POD_ID, int(POD_ID)])
def test_it_deletes_a_pod_by_text_and_by_number(prism: str, connect: Connect, pod_id: str | int) -> None:
    answer = connect(prism).delete_pod(pod_id)
    assert differences(contract.response_examples("deletePod")["deleted"], answer, "answer") == []


def test_one_client_makes_several_calls(prism: str, connect: Connect) -> None:
    api = connect(prism)
    assert api.new_pod(**MINIMAL)["code"] == 10000
    assert api.get_pods()["code"] == 10000
    assert api.delete_pod(POD_ID)["code"] == 10000


def test_it_is_told_what_is_wrong_with_a_request(prism: str, connect: Connect) -> None:
    with pytest.raises(ClientError) as caught:
        connect(prism).new_pod(**{**MINIMAL, "gpu_type": "NVIDIA_H200", "expose": [{"port": 70000}]})
    assert (caught.value.status_code, caught.value.error_code, caught.value.error_data) == (422, 10001, None)
    assert "gpuType must be" in caught.value.error_message
    assert "expose.0.port must be" in caught.value.error_message


def test_it_is_told_that_the_key_is_missing(prism: str, connect: Connect) -> None:
    with pytest.raises(ClientError) as caught:
        connect(prism, api_key="").get_pods()
    assert (caught.value.status_code, caught.value.error_code) == (401, 401)
    assert "x-api-key" in caught.value.error_message


def test_it_is_told_that_the_api_failed(prism: str, connect: Connect) -> None:
    with pytest.raises(ServerError) as caught:
        connect(prism).get_pods(__code="500")
    assert caught.value.status_code == 500
    assert "system error" in caught.value.message


# --- Against the simulator, which remembers ------------------------------------------------------------------------


def listed(api: Any, pod_id: str) -> dict[str, Any]:
    """The one pod of that id."""
    answer = api.get_pods()
    assert answer["code"] == 10000
    (pod,) = [pod for pod in answer["data"] if pod["id"] == pod_id]
    return dict(pod)


def created(api: Any) -> str:
    answer = api.new_pod(**EVERYTHING)
    assert answer["code"] == 10000
    return str(answer["data"])


def test_a_created_pod_is_listed_as_it_was_asked_for(simulator: str, connect: Connect) -> None:
    api = connect(simulator)
    pod = listed(api, created(api))
    assert contract.validator("OpenapiPodDetailResponse").is_valid(pod)
    assert pod["environmentVars"] == VARIABLES
    assert (pod["podName"], pod["image"], pod["gpuType"], pod["gpuCount"]) == ("my pod", IMAGE, "NVIDIA_L4_24G", 1)
    assert [(port["port"], port["protocol"]) for port in pod["expose"]] == [(22, "SSH"), (8000, "HTTP")]


def test_a_pod_is_created_listed_and_deleted(simulator: str, connect: Connect) -> None:
    api = connect(simulator)
    one, other = created(api), created(api)
    assert one != other
    assert api.delete_pod(one)["code"] == 10000
    assert listed(api, one)["status"] in {"TERMINATING", "TERMINATED"}
    assert listed(api, other)["status"] in {"INITIALIZE", "RUNNING"}
