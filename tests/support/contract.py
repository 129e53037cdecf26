"""openapi.yaml and the documentation, as the tests read them: not through the code that they are there to check."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
OPERATIONS = {
    "createPod": ("/openapi/v1/pods/create", "post"),
    "listPods": ("/openapi/v1/pods/list", "get"),
    "deletePod": ("/openapi/v1/pods/{podId}", "delete"),
}


@cache
def _document() -> Any:
    # By libyaml where it is there, as it is with the wheels: each mutant is a process that reads it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((ROOT / "openapi.yaml").read_text(encoding="utf-8"), Loader=loader)


def document() -> Any:
    return copy.deepcopy(_document())


def operation(operation_id: str) -> Any:
    path, method = OPERATIONS[operation_id]
    return document()["paths"][path][method]


def request_examples() -> dict[str, Any]:
    media = operation("createPod")["requestBody"]["content"]["application/json"]
    return {name: example["value"] for name, example in media["examples"].items()}


def response_examples(operation_id: str, status: str = "200") -> dict[str, Any]:
    response = operation(operation_id)["responses"][status]
    if "$ref" in response:
        response = document()["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    media = response["content"]["application/json"]
    return {name: example["value"] for name, example in media["examples"].items()}


def successes(operation_id: str) -> dict[str, Any]:
    return {name: value for name, value in response_examples(operation_id).items() if value["code"] == 10000}


def documented_pod() -> dict[str, Any]:
    pod: dict[str, Any] = response_examples("listPods")["pods"]["data"][0]
    return pod


@cache
def validator(schema_name: str) -> Any:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"#/components/schemas/{schema_name}",
        "components": _document()["components"],
    }
    return jsonschema_rs.validator_for(schema)


def resolved(schema: Any) -> Any:
    """A schema with its references followed; what stands beside a reference wins."""
    if isinstance(schema, list):
        return [resolved(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: resolved(value) for key, value in schema.items() if key != "$ref"}
    if "$ref" not in schema:
        return rest
    return {**resolved(_document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]), **rest}


def schema(name: str) -> Any:
    return resolved({"$ref": f"#/components/schemas/{name}"})


# --- What openapi.yaml was made from: the documentation, transcribed by itself -------------------------------------

DOCUMENTATION = ROOT / "tests" / "contract" / "documentation"
ADDRESS = ("[email protected]", "user@34.19.26.12")
"""The documentation's web page blots every address out; the contract has one that could have stood there."""


@cache
def _documented() -> Any:
    return yaml.safe_load((DOCUMENTATION / "api.yaml").read_text(encoding="utf-8"))


def documented() -> Any:
    """The tables of the documentation."""
    return copy.deepcopy(_documented())


def documented_example(name: str) -> Any:
    """A JSON example of the documentation, with the address that was blotted out."""
    return json.loads((DOCUMENTATION / f"{name}.json").read_text(encoding="utf-8").replace(*ADDRESS))


def documented_examples() -> set[str]:
    """The names of all of them."""
    return {path.stem for path in DOCUMENTATION.glob("*.json")}
