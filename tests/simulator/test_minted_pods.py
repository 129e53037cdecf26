"""A pod as it is told: every documented field, in the documented form, in every state, and never a secret too many."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from yottalabs_mock import SimulatedPod, Simulator

from .asking import BODY, KEY, SUCCESS, Caller
from support import contract

TOKEN = "canary-token-of-a-registry"
EXAMPLE = contract.documented_pod()
PROPERTIES = contract.schema("OpenapiPodDetailResponse")["properties"]
REQUEST = contract.schema("OpenapiPodCreateRequest")["properties"]
GPU_TYPES = contract.schema("GpuType")["enum"]
BODIES: dict[str, dict[str, Any]] = {
    "minimal": BODY,
    "private": {
        **BODY,
        "imagePublicType": "PRIVATE",
        "imageRegistryUsername": "someone",
        "imageRegistryToken": TOKEN,
        "expose": [{"port": 22}, {"port": 8000, "protocol": "HTTP"}, {"port": 9000}],
        "environmentVars": [{"key": "A", "value": "1"}],
        "persistentVolumeInGb": 5,
        "persistentMountPath": "/data",
    },
    "cpu": {**BODY, "resourceType": "CPU"},
    **contract.request_examples(),
}
STEPS: list[tuple[str, bool, Callable[[Simulator, SimulatedPod], None]]] = [
    ("INITIALIZE", False, lambda _sim, _pod: None),
    ("RUNNING", False, lambda sim, _: sim.advance(60)),
    ("RUNNING", True, lambda sim, _: sim.advance(10)),
    ("PAUSING", False, lambda _, pod: pod.pause()),
    ("PAUSED", False, lambda sim, _: sim.advance(10)),
    ("RUNNING", False, lambda _, pod: pod.resume()),
    ("RUNNING", True, lambda sim, _: sim.advance(10)),
    ("TERMINATING", False, lambda _, pod: pod.delete()),
    ("TERMINATED", False, lambda sim, _: sim.advance(10)),
]
"""A whole life: each state and whether ports are healthy in it, and how it comes."""


@pytest.mark.parametrize("name", BODIES)
def test_it_obeys_the_contract_at_every_moment_of_its_life(name: str, sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create(**BODIES[name])]
    for status, healthy, step in STEPS:
        step(sim, pod)
        envelope = caller.http.get("/openapi/v1/pods/list").json()
        assert list(contract.validator("ResultListOpenapiPodDetailResponse").iter_errors(envelope)) == []
        (told,) = envelope["data"]
        assert told == pod.document
        assert told["status"] == status
        assert list(told) == list(PROPERTIES)
        assert {port["healthy"] for port in told["expose"]} <= {healthy}
        for port in told["expose"]:
            assert list(port) == list(contract.schema("OpenapiPodExposePortResponse")["properties"])
            assert bool(port["ingressUrl"]) == (status == "RUNNING")


def test_a_failed_pod_obeys_it_too(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("create", "pod_fails")
    pod_id = caller.create()
    sim.advance(60)
    told = caller.pod(pod_id)
    assert told["status"] == "FAILED"
    assert list(contract.validator("OpenapiPodDetailResponse").iter_errors(told)) == []


@pytest.mark.parametrize("name", BODIES)
def test_its_fields_have_the_types_of_the_documented_example(name: str, caller: Caller) -> None:
    told = caller.pod(caller.create(**{"expose": [{"port": 22}], **BODIES[name]}))
    for field, value in EXAMPLE.items():
        expected = (type(value), str) if value is None else (type(value),)
        assert type(told[field]) in expected, field
    for field, value in EXAMPLE["expose"][0].items():
        assert type(told["expose"][0][field]) is type(value), field


# --- Ids --------------------------------------------------------------------------------------------------------------


def test_ids_are_long_odd_and_never_given_twice() -> None:
    sim = Simulator()
    callers = [Caller(sim, f"key-{number}") for number in range(4)]
    for _ in range(100):
        for caller in callers:
            caller.create()
    pods = [pod for caller in callers for pod in caller.pods()]
    own = [pod["id"] for pod in pods]
    every = own + [pod["imageId"] for pod in pods]
    assert len(set(every)) == len(every) == 800
    for name in ("id", "orgId", "applicantId", "imageId"):
        for pod in pods:
            assert re.fullmatch(r"[1-9]\d{17}", pod[name])
            assert int(pod[name]) > 2**53
            assert int(pod[name]) % 2 == 1
            assert float(pod[name]) != int(pod[name])  # a double does not hold it
    assert set(sim.pods) == set(own)


def test_a_pod_that_is_forgotten_does_not_give_its_id_back(sim: Simulator, caller: Caller) -> None:
    seen = set()
    for _ in range(3):
        pod_id = caller.create()
        assert pod_id not in seen
        seen.add(pod_id)
        caller.delete(pod_id)
        sim.advance(2 * 24 * 3600)
        assert caller.pods() == []


# --- What was asked for, and what means something by itself -----------------------------------------------------------


def test_what_is_left_out_means_what_the_contract_says(caller: Caller) -> None:
    told = caller.pod(caller.create())
    defaults = {name: part["default"] for name, part in REQUEST.items() if "default" in part}
    assert set(defaults) == {"cloudType", "officialImage", "imagePublicType", "resourceType", "podName"}
    assert {name: told[name] for name in defaults} == defaults
    assert told["environmentVars"] == told["expose"] == []
    assert (told["imageRegistryUsername"], told["persistentMountPath"], told["persistentVolumeInGb"]) == (None, None, 0)
    assert (told["gpuCount"], told["initializationCommand"], told["sshCmd"]) == (1, "", "")


def test_a_pod_without_gpus_has_none_unless_it_asks(caller: Caller) -> None:
    assert caller.pod(caller.create(resourceType="CPU"))["gpuCount"] == 0
    assert caller.pod(caller.create(resourceType="CPU", gpuCount=3))["gpuCount"] == 3


def test_the_l4_is_that_of_the_documented_example(caller: Caller) -> None:
    told = caller.pod(caller.create())
    hardware = ("gpuDisplayName", "singleCardVramInGb", "singleCardRamInGb", "singleCardVcpu", "containerVolumeInGb")
    prices = ("singleCardPrice", "persistentVolumePrice", "containerVolumePrice")
    speeds = ("networkUploadMbps", "networkDownloadMbps", "diskReadSpeedMbps", "diskWriteSpeedMbps")
    for name in (*hardware, *prices, *speeds):
        assert told[name] == EXAMPLE[name], name


def test_each_kind_of_gpu_has_hardware_and_a_price_of_its_own(caller: Caller) -> None:
    pods = [caller.pod(caller.create(gpuType=gpu_type)) for gpu_type in GPU_TYPES]
    assert [pod["gpuType"] for pod in pods] == GPU_TYPES
    assert len({(pod["gpuDisplayName"], pod["singleCardPrice"]) for pod in pods}) == len(GPU_TYPES)
    for pod in pods:
        assert pod["gpuType"].rpartition("_")[2] == f"{pod['singleCardVramInGb']}G"
        assert pod["singleCardPrice"] > 0


def test_a_size_that_is_asked_for_is_given(caller: Caller) -> None:
    told = caller.pod(caller.create(containerVolumeInGb=7, persistentVolumeInGb=9, persistentMountPath="/data"))
    assert (told["containerVolumeInGb"], told["persistentVolumeInGb"], told["persistentMountPath"]) == (7, 9, "/data")


def test_environment_variables_come_back_in_order_and_twice_if_they_were_said_twice(caller: Caller) -> None:
    variables = [
        {"key": "Z", "value": "1"},
        {"key": "A", "value": ""},
        {"key": "Z", "value": "2"},
        {"key": "", "value": '\u20ac \U0001f600 \n\x00 "quoted" \\'},
        {"key": "Z", "value": "1"},
    ]
    assert caller.pod(caller.create(environmentVars=variables))["environmentVars"] == variables


def test_text_comes_back_to_the_letter(caller: Caller) -> None:
    text = "  Ünïcode \u2028\x7f\x00 </script> %00 ${x} \U0001f600  "
    fields = dict.fromkeys(("podName", "image", "region", "initializationCommand", "imageRegistryUsername"), text)
    told = caller.pod(caller.create(**fields))
    assert {name: told[name] for name in fields} == fields


def test_ports_say_how_they_are_reached_once_it_runs(sim: Simulator, caller: Caller) -> None:
    asked = [
        {"port": 22},
        {"port": 22, "protocol": "SSH"},
        {"port": 80, "protocol": "HTTP"},
        {"port": 5, "protocol": "TCP"},
        {"port": 6},
    ]
    pod_id = caller.create(expose=asked)
    sim.advance(60)
    ports = caller.pod(pod_id)["expose"]
    assert [port["port"] for port in ports] == [22, 22, 80, 5, 6]
    assert [port["protocol"] for port in ports] == ["SSH", "SSH", "HTTP", "TCP", "TCP"]
    assert [port["serviceName"] for port in ports] == ["SSH Port", "SSH Port", "HTTP Port", "TCP Port", "TCP Port"]
    assert len({port["proxyPort"] for port in ports}) == 5
    for port in ports:
        address = f"{port['host']}:{port['proxyPort']}"
        urls = {
            "SSH": f"ssh user@{port['host']} -p {port['proxyPort']} -i <private key file>",
            "HTTP": f"http://{address}",
            "TCP": address,
        }
        assert port["ingressUrl"] == urls[port["protocol"]]
    example = EXAMPLE["expose"][0]
    assert example["ingressUrl"] == f"ssh user@{example['host']} -p {example['proxyPort']} -i <private key file>"


def test_a_port_keeps_its_place_for_a_whole_life(sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create(expose=[{"port": 22}])]
    first = pod.document["expose"][0]["proxyPort"]
    for _, _, step in STEPS:
        step(sim, pod)
        assert caller.pod(pod.id)["expose"][0]["proxyPort"] == first


def test_proxy_ports_stay_ports_however_many_there_were(caller: Caller) -> None:
    for _ in range(3):
        caller.create(expose=[{"port": 1}] * 2000)
    assert all(1 <= port["proxyPort"] <= 65535 for pod in caller.pods() for port in pod["expose"])


# --- Deleting ---------------------------------------------------------------------------------------------------------


def test_a_deleted_pod_ends_later_stays_for_a_day_and_is_gone(sim: Simulator, caller: Caller) -> None:
    kept, pod_id = caller.create(), caller.create()
    sim.advance(100)
    response = caller.http.delete(f"/openapi/v1/pods/{pod_id}")
    assert response.json() == {"message": "success", "code": SUCCESS, "data": None}
    assert list(contract.validator("ResultVoid").iter_errors(response.json())) == []
    assert caller.pod(pod_id)["status"] == "TERMINATING"
    sim.advance(10)
    assert caller.pod(pod_id)["status"] == "TERMINATED"
    sim.advance(24 * 3600 - 1)
    assert caller.ids() == [kept, pod_id]
    sim.advance(1)
    assert caller.ids() == list(sim.pods) == [kept]


# --- Secrets, and what is handed out ----------------------------------------------------------------------------------


def test_the_registrys_token_is_nowhere(sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create(**BODIES["private"])]
    for told in (json.dumps(caller.pods()), json.dumps(pod.document), json.dumps(sim.to_json()), repr(vars(pod))):
        assert TOKEN not in told
    assert pod.document["imageRegistryUsername"] == "someone"
    assert KEY not in json.dumps(sim.to_json())


def test_what_is_handed_out_can_be_changed_without_harm(sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create(expose=[{"port": 22}], environmentVars=[{"key": "A", "value": "1"}])]
    before = caller.pods()
    for handed_out in (pod.document, pod.to_json()["document"], sim.to_json()["pods"][0]["document"]):
        handed_out["expose"][0]["port"] = 1
        handed_out["environmentVars"].clear()
        handed_out["status"] = "FAILED"
    assert caller.pods() == before


def test_the_pods_are_a_mapping_in_the_order_of_their_creation(sim: Simulator, caller: Caller) -> None:
    other = Caller(sim, "another-key")
    ids = [each.create() for each in (caller, other, caller)]
    assert list(sim.pods) == ids
    assert [pod.id for pod in sim.pods.values()] == ids
    assert ids[0] in sim.pods
    assert "1" not in sim.pods
    assert sim.pods.get("1") is None
    assert len(sim.pods) == 3
    assert caller.ids() == [ids[0], ids[2]]
    assert repr(sim.pods) == f"<Pods [{', '.join(f'<SimulatedPod {pod_id} INITIALIZE>' for pod_id in ids)}]>"
