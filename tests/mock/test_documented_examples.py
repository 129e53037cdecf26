"""The documentation's own requests, sent as curl sends them, get the documented answers; the client sends the same."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
import yottalabs_api.models
from yottalabs import YottaLabs
from yottalabs_api.views import PodView

from support import contract
from support.tokens import with_token
from support.wire import Recorder, differences

POD_ID = "331864222263676928"
REQUESTS = {
    name: contract.documented_example(example)
    for name, example in {
        "publicImage": "create-public-image",
        "privateImage": "create-private-image",
        "curl": "create-curl",
        "everyField": "OpenapiPodCreateRequest",
    }.items()
}
ANSWERS = {
    ("createPod", "created"): "create-response",
    ("createPod", "createdWithTextId"): "ResultString",
    ("listPods", "pods"): "list-response",
    ("listPods", "podsWithTextNumbers"): "ResultListOpenapiPodDetailResponse",
    ("deletePod", "deleted"): "delete-response",
    ("deletePod", "placeholder"): "ResultVoid",
}
"""The examples that Prism can be asked for by name, and the documented ones that they are."""

DOCUMENTED_POD = {
    "id": POD_ID,
    "org_id": "217646376996249600",
    "applicant_id": "217646376987860992",
    "name": "Test_from_SDK",
    "image_id": "219419172892971011",
    "official_image": "CUSTOM",
    "image_public_type": "PUBLIC",
    "image": "yottalabsai/pytorch:2.8.0-py3.11-cuda12.8.1-cudnn-devel-ubuntu22.04-2025050802",
    "image_registry_username": None,
    "resource_type": "GPU",
    "gpu_type": "NVIDIA_L4_24G",
    "gpu_display_name": "L4",
    "gpu_count": 1,
    "single_card_vram_in_gb": 24,
    "single_card_ram_in_gb": 10,
    "single_card_vcpu": 3,
    "location": "OR",
    "region": "gke-dev-us-west-1",
    "cloud_type": "SECURE",
    "container_volume_in_gb": 252,
    "persistent_volume_in_gb": 0,
    "persistent_mount_path": None,
    "network_upload_mbps": Decimal("1258.2912"),
    "network_download_mbps": Decimal("1761.60768"),
    "disk_read_speed_mbps": Decimal("2516.5824"),
    "disk_write_speed_mbps": Decimal("5872.0256"),
    "single_card_price": Decimal("0.6"),
    "persistent_volume_price": Decimal("0.00005"),
    "container_volume_price": Decimal("0.00005"),
    "initialization_command": "",
    "environment_vars": {"JUPYTER_PASSWORD": "9f2375dc-277b-4550-add9-563ad23973a5"},
    "ssh_cmd": "",
    "status": "TERMINATED",
    "created_at": "2025-07-04 10:29:56",
    "updated_at": "2025-07-04 10:48:13",
}
"""Every attribute but `expose`, whose one entry is below; the same for both documented lists."""

DOCUMENTED_PORT = {
    "port": 22,
    "proxy_port": 32002,
    "protocol": "SSH",
    "host": "34.19.26.12",
    "healthy": True,
    "ingress_url": "ssh user@34.19.26.12 -p 32002 -i <private key file>",
    "service_name": "SSH Port",
}


def attributes(view: Any, of: type) -> dict[str, Any]:
    """Every field of a view, as it is read."""
    return {name: getattr(view, name) for name, kind in vars(of).items() if isinstance(kind, property)}


def as_curl_does(base_url: str, method: str, path: str, body: Any = None, prefer: str | None = None) -> tuple[int, Any]:
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {"User-Agent": "curl/8.5.0", "Accept": "*/*", "x-api-key": "<YOUR_API_KEY>"}
    if prefer is not None:
        headers["Prefer"] = prefer
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body=None if body is None else json.dumps(body, indent=4), headers=headers)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


@pytest.mark.parametrize("name", REQUESTS)
def test_create_gets_the_documented_answer(prism: str, name: str) -> None:
    status, answer = as_curl_does(prism, "POST", "/openapi/v1/pods/create", REQUESTS[name])
    assert status == 200
    assert differences(contract.documented_example("create-response"), answer, "answer") == []


def test_list_gets_the_documented_answer(prism: str) -> None:
    status, answer = as_curl_does(prism, "GET", "/openapi/v1/pods/list")
    assert status == 200
    assert differences(contract.documented_example("list-response"), answer, "answer") == []


def test_delete_gets_the_documented_answer(prism: str) -> None:
    status, answer = as_curl_does(prism, "DELETE", f"/openapi/v1/pods/{POD_ID}")
    assert status == 200
    assert differences(contract.documented_example("delete-response"), answer, "answer") == []


@pytest.mark.parametrize(("operation_id", "name"), ANSWERS)
def test_every_documented_answer_can_be_asked_for_by_name(prism: str, operation_id: str, name: str) -> None:
    path, method = contract.OPERATIONS[operation_id]
    body = REQUESTS["curl"] if method == "post" else None
    status, answer = as_curl_does(prism, method.upper(), path.format(podId=POD_ID), body, f"example={name}")
    assert status == 200
    assert differences(contract.documented_example(ANSWERS[operation_id, name]), answer, "answer") == []


@pytest.mark.parametrize("name", REQUESTS)
def test_the_client_puts_the_same_json_on_the_wire(prism: str, name: str) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "publicImage": {"environment_vars": {"JUPYTER_PASSWORD": "9f2375dc-277b-4550-add9-563ad23973a5"}},
        "curl": {"environment_vars": {"JUPYTER_PASSWORD": "your_password"}},
        "privateImage": {
            "image": "yottalabsai/xxxxx",
            "image_public_type": "PRIVATE",
            "image_registry_username": "yottalabsai",
            "image_registry_token": "dckr_pat__token",
            "initialization_command": "sshd &",
        },
        "everyField": {
            "cloud_type": "SECURE",
            "official_image": "OFFICIAL",
            "image_public_type": "PUBLIC",
            "resource_type": "GPU",
            "region": "us-west-1",
            "name": "my pod",
            "image": "aoudiamoncef/ubuntu-sshd",
            "image_registry_username": "username",
            "image_registry_token": "token",
            "container_volume_in_gb": 100,
            "persistent_volume_in_gb": 100,
            "persistent_mount_path": "/workspace",
            "initialization_command": "",
            "environment_vars": [("key", "value")],
        },
    }
    common = {"image": REQUESTS["curl"]["image"], "gpu_type": "NVIDIA_L4_24G", "gpu_count": 1, "expose": [22]}
    recorder = Recorder()
    with YottaLabs("k", base_url=prism, transport=recorder) as yotta:
        assert yotta.pods.create(**{**common, **arguments[name]}, create_token=None) == "43264375788654"
        assert differences(REQUESTS[name], json.loads(recorder.take().body), "body") == []
        assert yotta.pods.create(**{**common, **arguments[name]}) == "43264375788654"
    sent = json.loads(recorder.take().body)
    assert differences(with_token(REQUESTS[name], sent), sent, "body") == []


@pytest.mark.parametrize("name", ["pods", "podsWithTextNumbers"])
def test_the_client_reads_every_field_of_the_documented_pod(prism: str, name: str) -> None:
    recorder = Recorder()
    recorder.prefer = f"example={name}"
    with YottaLabs("k", base_url=prism, transport=recorder) as yotta:
        (pod,) = yotta.pods.list()
    (documented,) = contract.documented_example(ANSWERS["listPods", name])["data"]
    assert differences(documented, pod.raw, "raw") == []
    assert len(documented) == len(DOCUMENTED_POD) + 1 == 36
    (port,) = pod.expose
    assert attributes(pod, PodView) == {**DOCUMENTED_POD, "expose": pod.expose}
    assert attributes(port, type(port)) == DOCUMENTED_PORT


def test_the_client_lists_and_deletes_the_documented_pod(prism: str) -> None:
    with YottaLabs("k", base_url=prism) as yotta:
        (pod,) = yotta.pods.list()
        assert pod.id == POD_ID
        yotta.pods.delete(pod)
        assert yotta.pods.wait(pod, until="terminated") == pod


@pytest.mark.parametrize("name", sorted(contract.documented()["schemas"]))
def test_a_generated_model_gives_back_the_documented_example_of_its_schema(name: str) -> None:
    documented = contract.documented_example(name)
    read: Callable[[Any], Any] = getattr(yottalabs_api.models, name).from_dict
    assert differences(documented, read(documented).to_dict(), name) == []
