"""The documentation's own requests, sent as curl sends them, get the documented answers; the client sends the same."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from yottalabs import YottaLabs

from support import contract
from support.wire import Recorder, differences

POD_ID = "331864222263676928"
REQUESTS = contract.request_examples()


def as_curl_does(base_url: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {"User-Agent": "curl/8.5.0", "Accept": "*/*", "x-api-key": "<YOUR_API_KEY>"}
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
    assert answer == {"message": "success", "code": 10000, "data": 43264375788654}


def test_list_gets_the_documented_answer(prism: str) -> None:
    status, answer = as_curl_does(prism, "GET", "/openapi/v1/pods/list")
    assert (status, answer["message"], answer["code"]) == (200, "success", 10000)
    (pod,) = answer["data"]
    assert pod["id"] == POD_ID
    assert pod["singleCardPrice"] == 0.6
    assert pod["expose"][0]["ingressUrl"] == "ssh user@34.19.26.12 -p 32002 -i <private key file>"
    assert pod["createdAt"] == "2025-07-04 10:29:56"
    assert len(pod) == 36


def test_delete_gets_the_documented_answer(prism: str) -> None:
    status, answer = as_curl_does(prism, "DELETE", f"/openapi/v1/pods/{POD_ID}")
    assert status == 200
    assert answer == {"message": "success", "code": 10000, "data": None}


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
        assert yotta.pods.create(**{**common, **arguments[name]}) == "43264375788654"
    assert differences(REQUESTS[name], json.loads(recorder.take().body), "body") == []


def test_the_client_lists_and_deletes_the_documented_pod(prism: str) -> None:
    with YottaLabs("k", base_url=prism) as yotta:
        (pod,) = yotta.pods.list()
        assert pod.id == POD_ID
        yotta.pods.delete(pod)
        assert yotta.pods.wait(pod, until="terminated") == pod
