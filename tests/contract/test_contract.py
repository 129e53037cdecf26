"""openapi.yaml itself: it says what the documentation says, refuses what it must, and its checks check."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import contract

REQUEST = "OpenapiPodCreateRequest"
VALID = {"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1}
DOCUMENTED_SCHEMAS = {
    "ResultVoid": {"message", "code", "data"},
    "ResultString": {"message", "code", "data"},
    "ResultObject": {"message", "code", "data"},
    "OpenapiPodCreateRequest": {
        *("cloudType", "officialImage", "imagePublicType", "resourceType", "region", "podName", "image"),
        *("imageRegistryUsername", "imageRegistryToken", "gpuType", "gpuCount", "containerVolumeInGb"),
        *("persistentVolumeInGb", "persistentMountPath", "initializationCommand", "environmentVars", "expose"),
    },
    "OpenapiPodExposePortRequest": {"port", "protocol"},
    "OpenapiPodExposePortResponse": {
        *("port", "proxyPort", "protocol", "host", "healthy", "ingressUrl", "serviceName"),
    },
    "KeyValuePairDTO": {"key", "value"},
    "ResultListOpenapiPodDetailResponse": {"message", "code", "data"},
    "OpenapiPodDetailResponse": {
        *("id", "orgId", "applicantId", "podName", "imageId", "officialImage", "imagePublicType", "image"),
        *("imageRegistryUsername", "resourceType", "gpuType", "gpuDisplayName", "gpuCount", "singleCardVramInGb"),
        *("singleCardRamInGb", "singleCardVcpu", "location", "region", "cloudType", "containerVolumeInGb"),
        *("persistentVolumeInGb", "persistentMountPath", "networkUploadMbps", "networkDownloadMbps"),
        *("diskReadSpeedMbps", "diskWriteSpeedMbps", "singleCardPrice", "persistentVolumePrice"),
        *("containerVolumePrice", "initializationCommand", "environmentVars", "expose", "sshCmd", "status"),
        *("createdAt", "updatedAt"),
    },
}


def test_every_documented_schema_has_exactly_its_documented_fields() -> None:
    for name, fields in DOCUMENTED_SCHEMAS.items():
        assert set(contract.schema(name)["properties"]) == fields, name


def test_every_field_and_operation_has_a_description() -> None:
    for name in DOCUMENTED_SCHEMAS:
        assert contract.schema(name)["description"]
        for field, described in contract.schema(name)["properties"].items():
            assert described.get("description"), f"{name}.{field}"
    for operation_id in contract.OPERATIONS:
        assert contract.operation(operation_id)["description"]


def test_required_fields_are_those_of_the_documentation() -> None:
    required = {name: set(contract.schema(name).get("required", [])) for name in DOCUMENTED_SCHEMAS}
    assert {name: fields for name, fields in required.items() if fields} == {
        "ResultObject": {"message", "code"},
        "OpenapiPodCreateRequest": {"image", "gpuType"},
        "OpenapiPodExposePortRequest": {"port"},
        "OpenapiPodExposePortResponse": {"port"},
        "KeyValuePairDTO": {"key", "value"},
        "OpenapiPodDetailResponse": {"officialImage", "imagePublicType"},
    }


@pytest.mark.parametrize("operation_id", contract.OPERATIONS)
def test_each_operation_names_a_success_and_a_business_failure(operation_id: str) -> None:
    codes = [example["code"] for example in contract.response_examples(operation_id).values()]
    assert 10000 in codes
    assert any(code not in {10000, 0} for code in codes)
    assert set(contract.operation(operation_id)["responses"]) == {"200", "500", "default"}
    assert contract.operation(operation_id)["security"] == [{"apiKey": []}]


def test_ids_beyond_doubles_are_text() -> None:
    def numbers(value: object) -> list[float]:
        if isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            return [number for part in inner for number in numbers(part)]
        return [value] if isinstance(value, int | float) else []

    assert max(numbers(contract.document()), key=abs) < 2**53


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"image": "x"},
        {"gpuType": "NVIDIA_L4_24G"},
        {**VALID, "image": ""},
        {**VALID, "gpuType": ""},
        {**VALID, "gpuType": "NVIDIA_RTX_4090_24G"},
        {**VALID, "gpuCount": 0},
        {**VALID, "gpuCount": 0, "resourceType": "GPU"},
        {**VALID, "gpuCount": "1"},
        {**VALID, "gpuCount": 2**31},
        {**VALID, "cloudType": "secure"},
        {**VALID, "officialImage": "OTHER"},
        {**VALID, "imagePublicType": "PRIVATE"},
        {**VALID, "imagePublicType": "PRIVATE", "imageRegistryUsername": "u"},
        {**VALID, "persistentVolumeInGb": 1},
        {**VALID, "containerVolumeInGb": -(2**31) - 1},
        {**VALID, "expose": [{"port": 0}]},
        {**VALID, "expose": [{"port": 65536}]},
        {**VALID, "expose": [{"protocol": "SSH"}]},
        {**VALID, "expose": [{"port": 1, "protocol": "UDP"}]},
        {**VALID, "expose": [{"port": 1, "proto": "SSH"}]},
        {**VALID, "environmentVars": [{"key": "A"}]},
        {**VALID, "environmentVars": [{"key": "A", "value": 1}]},
        {**VALID, "region": None},
        {**VALID, "gpucount": 1},
    ],
)
def test_a_wrong_request_breaks_the_contract(body: object) -> None:
    assert not contract.validator(REQUEST).is_valid(body)


@pytest.mark.parametrize(
    "body",
    [
        VALID,
        {"image": "x", "gpuType": "NVIDIA_L4_24G"},
        {**VALID, "gpuCount": 0, "resourceType": "CPU"},
        {**VALID, "imagePublicType": "PUBLIC"},
        {**VALID, "imagePublicType": "PRIVATE", "imageRegistryUsername": "u", "imageRegistryToken": "t"},
        {**VALID, "persistentVolumeInGb": 0},
        {**VALID, "persistentVolumeInGb": 1, "persistentMountPath": "/data"},
        {**VALID, "expose": [{"port": 1}, {"port": 65535, "protocol": "TCP"}]},
    ],
)
def test_a_right_request_obeys_the_contract(body: object) -> None:
    assert contract.validator(REQUEST).is_valid(body)


@pytest.mark.parametrize(
    ("check", "old", "new"),
    [
        ("contract_is_valid", "operationId: listPods", "operationId: createPod"),
        ("contract_is_valid", "type: apiKey\n", "type: key\n"),
        ("examples_are_valid", "port: 65535", "port: 65536"),
        ("examples_are_valid", "default: SECURE", "default: SAFE"),
        ("examples_are_valid", "status: TERMINATED\n", "status: GONE\n"),
        (
            "examples_are_valid",
            "          examples:\n            documented:",
            "          x-examples:\n            documented:",
        ),
        ("generated_is_current", "description: The kind of GPU.", "description: The kind of GPU, or so."),
        ("generated_is_current", "podName:\n          type: string", "podName:\n          type: integer"),
    ],
)
def test_make_check_notices_a_broken_contract(check: str, old: str, new: str, tmp_path: Path) -> None:
    checkout = tmp_path / "a copy"
    for name in ("codegen", "generated", "overlays"):
        shutil.copytree(contract.ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    text = (contract.ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert old in text
    for content, status in ((text, 0), (text.replace(old, new, 1), 1)):
        (checkout / "openapi.yaml").write_text(content, encoding="utf-8")
        command = [sys.executable, "codegen/check.py", check]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
