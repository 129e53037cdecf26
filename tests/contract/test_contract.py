"""openapi.yaml itself: it says what the documentation says, refuses what it must, and its checks check."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from . import documented, points
from .releases import LOADER
from support import contract

pytestmark = pytest.mark.gate(points.DOCUMENTED)

REQUEST = "OpenapiPodCreateRequest"
VALID = {"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1}
MUTANTS = {
    "a default is written otherwise": (
        "default: My Pod",
        "default: my pod",
        'OpenapiPodCreateRequest.properties.podName.default: expected "My Pod", was "my pod"',
    ),
    "a default is invented": (
        "        region:\n          type: string\n          description: The region to run in.",
        "        region:\n          type: string\n          default: us\n          description: The region to run in.",
        "OpenapiPodCreateRequest.properties.region.default: not expected",
    ),
    "a default is lost": ("          default: GPU\n", "", "resourceType.default: missing"),
    "a status is invented": ("TERMINATED, FAILED]", "TERMINATED, FAILED, STOPPED]", "properties.status.enum: expected"),
    "a GPU has another name": (
        "- NVIDIA_H100_80GB_HBM3_80G",
        "- NVIDIA_H100_80G",
        "properties.gpuType.enum[2]: expected",
    ),
    "a value of a protocol is lost": (
        "enum: [SSH, HTTP, TCP]",
        "enum: [SSH, HTTP]",
        "properties.protocol.enum: expected",
    ),
    "a time may look like anything": (
        "      pattern: '^\\d{4}-",
        "      x-pattern: '^\\d{4}-",
        "OpenapiPodDetailResponse.properties.createdAt.pattern: missing",
    ),
    "int32 is wider": (
        "maximum: 2147483647",
        "maximum: 4294967295",
        "properties.gpuCount.maximum: expected 2147483647",
    ),
    "int32 has no lower bound": ("      minimum: -2147483648\n", "", "properties.gpuCount.minimum: missing"),
    "a port may be 0": ("minimum: 1\n          maximum: 65535", "minimum: 0\n          maximum: 65535", "port.minimum"),
    "an example has another token": (
        "imageRegistryToken: dckr_pat__token",
        "imageRegistryToken: dckr_pat_token",
        "request, privateImage.imageRegistryToken: expected",
    ),
    "an example has a number for a text": (
        "networkUploadMbps: '1258.2912'",
        "networkUploadMbps: 1258.2912",
        "podsWithTextNumbers.data[0].networkUploadMbps: expected",
    ),
    "an example lacks a field": ("                        sshCmd: ''\n", "", "pods.data[0].sshCmd: missing"),
    "an example is invented": (
        "                noPods:\n",
        "                more:\n                  value: {code: 10000}\n                noPods:\n",
        "200, more: not expected",
    ),
    "a field is made required": (
        "required: [image, gpuType]",
        "required: [image, gpuType, gpuCount]",
        "OpenapiPodCreateRequest.required: expected",
    ),
    "a required field is made optional": (
        "required: [key, value]",
        "required: [key]",
        "KeyValuePairDTO.required: expected",
    ),
    "a field is invented": (
        "        sshCmd:\n          type: string\n",
        "        internalIp:\n          type: string\n        sshCmd:\n          type: string\n",
        "OpenapiPodDetailResponse.properties.internalIp: not expected",
    ),
    "a field has another name": (
        "        gpuDisplayName:\n",
        "        gpuName:\n",
        "properties.gpuDisplayName: missing",
    ),
    "a field has another type": (
        "        healthy:\n          type: boolean",
        "        healthy:\n          type: string",
        "OpenapiPodExposePortResponse.properties.healthy.type: expected",
    ),
    "a price is a number alone": (
        "singleCardPrice:\n          type: [number, string]",
        "singleCardPrice:\n          type: number",
        "singleCardPrice.type: expected",
    ),
    "a list holds something else": (
        "$ref: '#/components/schemas/OpenapiPodExposePortResponse'",
        "$ref: '#/components/schemas/OpenapiPodExposePortRequest'",
        "OpenapiPodDetailResponse.properties.expose.items.$ref: expected",
    ),
    "a secret may come back": ("          writeOnly: true\n", "", "imageRegistryToken.writeOnly: missing"),
    "a condition is lost": (
        "required: [imageRegistryUsername, imageRegistryToken]",
        "required: [imageRegistryUsername]",
        "OpenapiPodCreateRequest.allOf[1].then.required: expected",
    ),
    "a description is emptied": (
        "description: The user name at the image's registry.",
        "description: ''",
        "OpenapiPodCreateRequest.imageRegistryUsername.description: missing",
    ),
    "a description comes from a type alone": (
        "          description: How many GPUs the pod has.\n",
        "",
        "OpenapiPodDetailResponse.gpuCount.description: missing",
    ),
    "a path has another name": ("/openapi/v1/pods/list:", "/openapi/v1/pods:", "paths./openapi/v1/pods/list: missing"),
    "an operation has another method": ("    delete:\n", "    post:\n", "/openapi/v1/pods/{podId}.delete: missing"),
    "a parameter is invented": (
        "      operationId: listPods\n",
        "      operationId: listPods\n      parameters: [{name: status, in: query, schema: {type: string}}]\n",
        "/openapi/v1/pods/list.get.parameters: not expected",
    ),
    "a parameter may be anything": (
        "            pattern: '^(?!",
        "            x-pattern: '^(?!",
        "schema.pattern: missing",
    ),
    "the key has another header": ("name: x-api-key", "name: authorization", "securitySchemes.apiKey.name: expected"),
    "an operation wants no key": ("      security:\n        - apiKey: []\n", "", ".security: missing"),
    "a status is left out": (
        "        '500':\n          $ref: '#/components/responses/ServerFailure'\n",
        "",
        "responses.500: missing",
    ),
    "an answer has another schema": (
        "$ref: '#/components/schemas/ResultString'",
        "$ref: '#/components/schemas/ResultVoid'",
        "responses.200.content.application/json.schema.$ref: expected",
    ),
    "a link leads elsewhere": ("#/data/0/id", "#/data/1/id", "links.deleteListedPod.parameters.podId: expected"),
    "a link is left out": (
        (
            "              operationId: deletePod\n"
            "              parameters:\n"
            "                podId: $response.body#/data\n"
        ),
        "",
        "links.deleteCreatedPod.operationId: missing",
    ),
    "the API is elsewhere": ("https://api.yottalabs.ai", "https://api.yottalabs.com", "servers[0].url: expected"),
}


def test_the_contract_is_the_documentation_and_the_decisions_and_nothing_else() -> None:
    assert documented.differences(contract.document()) == []


@pytest.mark.parametrize("mutant", MUTANTS)
def test_any_other_contract_is_noticed(mutant: str) -> None:
    old, new, named = MUTANTS[mutant]
    text = (contract.ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert old in text
    found = documented.differences(yaml.load(text.replace(old, new, 1), Loader=LOADER))
    assert any(named in line for line in found), found


def test_every_decision_has_its_row_in_the_docs() -> None:
    page = (contract.ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    subjects = {line.split(" | ")[0].removeprefix("| ") for line in page.splitlines() if line.startswith("| ")}
    assert documented.rows() - subjects == set()


def test_every_decision_is_about_something_documented() -> None:
    schemas = contract.documented()["schemas"]
    assert documented.FIELDS.keys() <= {f"{name}.{field}" for name, fields in schemas.items() for field in fields}
    assert documented.SCHEMAS.keys() <= schemas.keys()
    assert documented.OPERATIONS.keys() == contract.documented()["operations"].keys()
    assert documented.EXAMPLES.keys() <= documented.DOCUMENTED_EXAMPLES.keys()
    assert {*documented.ENUMERATIONS.values()} == contract.documented()["enumerations"].keys()


def test_every_documented_example_has_its_place_in_the_contract() -> None:
    inside = documented.INSIDE_ANOTHER
    assert {*documented.DOCUMENTED_EXAMPLES.values(), *inside} == contract.documented_examples()
    for example, outer in inside.items():
        assert contract.documented_example(outer)["data"] == [contract.documented_example(example)]


def test_the_transcript_agrees_with_itself() -> None:
    facts = contract.documented()
    for name, fields in facts["schemas"].items():
        assert contract.documented_example(name).keys() == fields.keys(), name
    named = set(facts["schemas"])
    for heading, operation in facts["operations"].items():
        answer = contract.documented_example(operation["response_example"])
        assert answer["code"] == operation["responses"][200]["code"], heading
        named |= {operation["response_example"], *operation.get("request_examples", [])}
    assert named == contract.documented_examples()


def test_what_descriptions_name_obeys_the_contract() -> None:
    refused = []
    for name, fields in contract.documented()["schemas"].items():
        base = contract.documented_example(name)
        if name == "OpenapiPodExposePortRequest":
            del base["protocol"]  # a placeholder
        for field, cells in fields.items():
            values = cells.get("values", [])
            if "shows" in cells:
                try:
                    values = [json.loads(cells["shows"])]
                except ValueError:
                    refused.append(f"{name}.{field}")
            for value in values:
                body = {**base, field: value, "imageRegistryUsername": "u", "imageRegistryToken": "t"}
                body = {key: content for key, content in body.items() if key in fields}
                assert contract.validator(name).is_valid(body), f"{name}.{field}: {value}"
    # `"value": myValue` is not JSON (docs/contract.md).
    assert refused == ["OpenapiPodCreateRequest.environmentVars", "OpenapiPodDetailResponse.environmentVars"]


@pytest.mark.parametrize("operation_id", contract.OPERATIONS)
def test_each_operation_names_a_success_and_a_business_failure(operation_id: str) -> None:
    codes = [example["code"] for example in contract.response_examples(operation_id).values()]
    assert 10000 in codes
    assert any(code not in {10000, 0} for code in codes)


def test_ids_beyond_doubles_are_text() -> None:
    def numbers(value: object) -> list[float]:
        if isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            return [number for part in inner for number in numbers(part)]
        return [value] if isinstance(value, int | float) else []

    assert max(numbers(contract.document()), key=abs) < 2**53


@pytest.mark.gate(points.VALID)
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


@pytest.mark.gate(points.VALID)
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


def checked(check: str, content: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One check of `make check`, on a copy of the checkout with a contract."""
    checkout = folder / "a copy"
    for name in ("codegen", "generated", "overlays", "mock", "docs"):
        ignore = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(contract.ROOT / name, checkout / name, ignore=ignore)
    (checkout / "openapi.yaml").write_text(content, encoding="utf-8")
    command = [sys.executable, "codegen/check.py", check]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


@pytest.mark.gate(points.VALID)
@pytest.mark.parametrize("check", ["contract_is_valid", "examples_are_valid", "generated_is_current"])
def test_make_check_has_nothing_against_a_copy_of_the_contract(check: str, tmp_path: Path) -> None:
    done = checked(check, (contract.ROOT / "openapi.yaml").read_text(encoding="utf-8"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.gate(points.VALID)
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
    text = (contract.ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert old in text
    done = checked(check, text.replace(old, new, 1), tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED" in done.stdout
