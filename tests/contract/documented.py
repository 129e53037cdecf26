"""Where openapi.yaml differs from the documentation, in either direction.

A second contract is made from the documentation as it was transcribed (`documentation/`) and from the decisions below,
and the two are compared whole. What the documentation does not have and no decision adds is a difference; so is what
openapi.yaml lacks. Only its words (descriptions, summaries) are its own: that they are there is checked apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from support.contract import documented, documented_example
from support.wire import differences as unlike

Json = Any
WORDS = ("description", "summary", "$comment")

# --- The decisions: what openapi.yaml says instead of what is documented, and the row of docs/contract.md -----------


@dataclass(frozen=True)
class Decision:
    row: str
    """The subject of the row that has the evidence."""
    change: Callable[[Json], Json]


def also(**keywords: Json) -> Callable[[Json], Json]:
    return lambda documented: {**documented, **keywords}


def instead(**keywords: Json) -> Callable[[Json], Json]:
    return lambda _: keywords


def without(keyword: str) -> Callable[[Json], Json]:
    return lambda documented: {name: value for name, value in documented.items() if name != keyword}


def or_any_text(documented: Json) -> Json:
    return {"anyOf": [documented, {"type": "string"}]}


CONDITIONS = [
    {
        "if": {"properties": {"resourceType": {"const": "GPU"}}},
        "then": {"properties": {"gpuCount": {"minimum": 1}}},
    },
    {
        "if": {"required": ["imagePublicType"], "properties": {"imagePublicType": {"const": "PRIVATE"}}},
        "then": {"required": ["imageRegistryUsername", "imageRegistryToken"]},
    },
    {
        "if": {
            "required": ["persistentVolumeInGb"],
            "properties": {"persistentVolumeInGb": {"type": "integer", "exclusiveMinimum": 0}},
        },
        "then": {"required": ["persistentMountPath"]},
    },
]
NOT_EMPTY = Decision("`image`, `gpuType`", also(minLength=1))
NO_DEFAULT = Decision("`containerVolumeInGb`, `persistentVolumeInGb`", without("default"))
NUMBER_OR_TEXT = Decision("speeds and prices", instead(type=["number", "string"]))
TEXT_OR_NULL = Decision("`imageRegistryUsername`, `persistentMountPath`", instead(type=["string", "null"]))
TIMESTAMP = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"}
A_TIME = Decision("`createdAt`, `updatedAt`", instead(**TIMESTAMP))
PODS = {"type": "array", "items": {"$ref": "#/components/schemas/OpenapiPodDetailResponse"}}

FIELDS: dict[str, Decision] = {
    "ResultVoid.data": Decision("`data` of delete", instead(type=["object", "null"])),
    "ResultString.data": Decision("`data` of create", instead(type=["string", "integer", "null"])),
    "ResultListOpenapiPodDetailResponse.data": Decision(
        "`data` of list", instead(**{**PODS, "type": ["array", "null"]})
    ),
    "OpenapiPodCreateRequest.image": NOT_EMPTY,
    "OpenapiPodCreateRequest.gpuType": NOT_EMPTY,
    "OpenapiPodCreateRequest.imageRegistryToken": Decision(
        "`imageRegistryToken`", also(format="password", writeOnly=True)
    ),
    "OpenapiPodCreateRequest.gpuCount": Decision("`gpuCount`", without("default")),
    "OpenapiPodCreateRequest.containerVolumeInGb": NO_DEFAULT,
    "OpenapiPodCreateRequest.persistentVolumeInGb": NO_DEFAULT,
    "OpenapiPodCreateRequest.persistentMountPath": Decision("`persistentMountPath`", without("default")),
    "OpenapiPodExposePortRequest.port": Decision("`port`", also(minimum=1, maximum=65535)),
    "OpenapiPodExposePortResponse.protocol": Decision("`protocol` of an exposed port", or_any_text),
    "OpenapiPodDetailResponse.imagePublicType": Decision("`imagePublicType`", or_any_text),
    "OpenapiPodDetailResponse.gpuType": Decision("`gpuType`", or_any_text),
    "OpenapiPodDetailResponse.cloudType": Decision("`cloudType`", or_any_text),
    "OpenapiPodDetailResponse.imageRegistryUsername": TEXT_OR_NULL,
    "OpenapiPodDetailResponse.persistentMountPath": TEXT_OR_NULL,
    "OpenapiPodDetailResponse.networkUploadMbps": NUMBER_OR_TEXT,
    "OpenapiPodDetailResponse.networkDownloadMbps": NUMBER_OR_TEXT,
    "OpenapiPodDetailResponse.diskReadSpeedMbps": NUMBER_OR_TEXT,
    "OpenapiPodDetailResponse.diskWriteSpeedMbps": NUMBER_OR_TEXT,
    "OpenapiPodDetailResponse.singleCardPrice": NUMBER_OR_TEXT,
    "OpenapiPodDetailResponse.persistentVolumePrice": NUMBER_OR_TEXT,
    "OpenapiPodDetailResponse.containerVolumePrice": NUMBER_OR_TEXT,
    "OpenapiPodDetailResponse.createdAt": A_TIME,
    "OpenapiPodDetailResponse.updatedAt": A_TIME,
}
SCHEMAS: dict[str, Decision] = {
    "OpenapiPodCreateRequest": Decision("unknown fields", also(additionalProperties=False, allOf=CONDITIONS)),
    "OpenapiPodExposePortRequest": Decision("unknown fields", also(additionalProperties=False)),
}
PARAMETERS: dict[str, Decision] = {
    "podId": Decision("`podId`", also(pattern=r"^(?!\.{1,2}$)[^/]+$")),
}
# The schemas that an operation names by itself: of its body, and of its answer.
OPERATIONS: dict[str, tuple[str, str | None, str]] = {
    "Create Pod": ("createPod", "OpenapiPodCreateRequest", "ResultString"),
    "List Pods": ("listPods", None, "ResultListOpenapiPodDetailResponse"),
    "Delete Pod": ("deletePod", None, "ResultVoid"),
}
FAILURE = "ResultVoid"
# Where an id in a successful answer leads; nothing is documented of it.
LINKS = {
    "createPod": {"deleteCreatedPod": {"operationId": "deletePod", "parameters": {"podId": "$response.body#/data"}}},
    "listPods": {"deleteListedPod": {"operationId": "deletePod", "parameters": {"podId": "$response.body#/data/0/id"}}},
}
# The enumerations, named here after the fields; and types that recur, which the documentation writes out each time.
ENUMERATIONS = {
    "CloudType": "cloudType",
    "ImageSource": "officialImage",
    "ImagePublicType": "imagePublicType",
    "ResourceType": "resourceType",
    "GpuType": "gpuType",
    "PodStatus": "status",
}
INT32 = {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
TYPES = {"Int32": INT32, "Code": INT32, "Timestamp": TIMESTAMP}

OTHER_ROWS = (
    *("HTTP 500", "other statuses", "`x-api-key`", "content type", "the schemas of the operations"),
    *("names of the enumerations", "names of the operations", "`int32` fields", "links"),
    *("`imageRegistryUsername`, `imageRegistryToken`", "the address in `ingressUrl`"),
    "`cloudType`, `officialImage`, `imagePublicType`, `resourceType`, `gpuType`",
)
"""Rows of what is not a field's own: decided for the whole contract, in the code below."""

# --- Examples: where each documented one stands, and which ones are ours --------------------------------------------

CREATE, LIST, DELETE = "/openapi/v1/pods/create post", "/openapi/v1/pods/list get", "/openapi/v1/pods/{podId} delete"
DOCUMENTED_EXAMPLES = {
    f"{CREATE} request, curl": "create-curl",
    f"{CREATE} request, publicImage": "create-public-image",
    f"{CREATE} request, privateImage": "create-private-image",
    f"{CREATE} request, everyField": "OpenapiPodCreateRequest",
    f"{CREATE} 200, created": "create-response",
    f"{CREATE} 200, createdWithTextId": "ResultString",
    f"{LIST} 200, pods": "list-response",
    f"{LIST} 200, podsWithTextNumbers": "ResultListOpenapiPodDetailResponse",
    f"{DELETE} 200, deleted": "delete-response",
    f"{DELETE} 200, placeholder": "ResultVoid",
    "ResultObject, 0": "ResultObject",
    "OpenapiPodExposePortRequest, 0": "OpenapiPodExposePortRequest",
    "OpenapiPodExposePortResponse, 0": "OpenapiPodExposePortResponse",
    "KeyValuePairDTO, 0": "KeyValuePairDTO",
}
INSIDE_ANOTHER = {"OpenapiPodDetailResponse": "ResultListOpenapiPodDetailResponse"}
"""The documented pod is the one in the documented list; openapi.yaml has it there alone."""

EXAMPLES: dict[str, Decision] = {
    "OpenapiPodExposePortRequest, 0": Decision("`protocol` of an exposed port", without("protocol")),
}
CODES_ROW = "the codes in examples of failures"


def failure(message: str, code: int) -> tuple[str, Json]:
    return CODES_ROW, {"message": message, "code": code, "data": None}


OUR_EXAMPLES: dict[str, tuple[str, Json]] = {
    f"{CREATE} 200, refused": failure("invalid request", 10001),
    f"{LIST} 200, refused": failure("no permission", 10004),
    f"{LIST} 200, noPods": ("`data` of list", {"message": "success", "code": 10000, "data": []}),
    f"{DELETE} 200, refused": failure("pod does not exist", 12000),
    f"{DELETE} podId, documented": ("`podId`", "331864222263676928"),
    "ServerFailure, serverFailure": failure("system error", 10002),
    "Failure, failure": failure("request failed", 10001),
    "Failure, unauthorized": failure("unauthorized", 401),
    "Failure, tooManyRequests": failure("too many requests", 429),
}


def rows() -> set[str]:
    """The subjects of every row that a decision here relies on."""
    decided = [*FIELDS.values(), *SCHEMAS.values(), *PARAMETERS.values(), *EXAMPLES.values()]
    return {decision.row for decision in decided} | {row for row, _ in OUR_EXAMPLES.values()} | set(OTHER_ROWS)


# --- The contract that the documentation and the decisions make -----------------------------------------------------


def expected_field(schema: str, name: str, cells: Json) -> Json:
    """A field as documented, then as decided. It makes sure that the decision is one."""
    kind = cells.get("type", "")
    values = documented()["enumerations"].get(name, cells.get("values"))
    if values is not None:
        field = {"type": kind, "enum": values}
    elif kind.startswith("["):
        field = {"type": "array", "items": {"$ref": f"#/components/schemas/{kind.strip('[]')}"}}
    elif kind == "integer(int32)":
        field = dict(INT32)
    elif kind == "string(date-time)":
        field = {"type": "string", "format": "date-time"}
    else:
        field = {"type": kind}
    if "default" in cells:
        field["default"] = cells["default"]
    decision = FIELDS.get(f"{schema}.{name}")
    if decision is None:
        return field
    decided = decision.change(field)
    assert decided != field, f"{schema}.{name}: the decision decides nothing"
    return decided


def expected_schema(name: str, fields: Json) -> Json:
    schema: Json = {
        "type": "object",
        "properties": {field: expected_field(name, field, cells) for field, cells in fields.items()},
    }
    if required := [field for field, cells in fields.items() if cells["required"]]:
        schema["required"] = required
    return SCHEMAS[name].change(schema) if name in SCHEMAS else schema


def expected_operation(heading: str, facts: Json) -> Json:
    operation_id, body, answer = OPERATIONS[heading]

    def content(schema: str) -> Json:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}

    operation: Json = {"operationId": operation_id, "security": [{"apiKey": []}]}
    header = documented()["authentication"]["header"]
    parameters = [
        {
            "name": name,
            "in": cells["location"],
            "required": cells["required"],
            "schema": PARAMETERS[name].change({"type": cells["type"]}),
        }
        for name, cells in facts["parameters"].items()
        if name != header  # it is the security scheme
    ]
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": content(body)}
    operation["responses"] = {
        **{str(status): {"content": content(answer if status == 200 else FAILURE)} for status in facts["responses"]},
        "default": {"content": content(FAILURE)},
    }
    if operation_id in LINKS:
        operation["responses"]["200"]["links"] = LINKS[operation_id]
    return operation


def expected_contract() -> Json:
    """All of it, but for words and examples."""
    facts = documented()
    paths: Json = {}
    for heading, operation in facts["operations"].items():
        method, path = operation["endpoint"].split()
        paths.setdefault(path, {})[method.lower()] = expected_operation(heading, operation)
    schemas = {name: expected_schema(name, fields) for name, fields in facts["schemas"].items()}
    named = {name: {"type": "string", "enum": facts["enumerations"][field]} for name, field in ENUMERATIONS.items()}
    protocol = facts["schemas"]["OpenapiPodExposePortRequest"]["protocol"]["values"]
    return {
        "openapi": "3.1.0",
        "servers": [{"url": facts["base_url"]}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": facts["authentication"]["header"]}
            },
            "schemas": {**schemas, **named, "Protocol": {"type": "string", "enum": protocol}, **TYPES},
        },
    }


# --- openapi.yaml, brought to the same form -------------------------------------------------------------------------


def without_words(part: Json, document: Json) -> Json:
    """A part without words and examples; references are followed, but for those to documented schemas."""
    if isinstance(part, list):
        return [without_words(item, document) for item in part]
    if not isinstance(part, dict):
        return part
    rest = {
        name: without_words(value, document)
        for name, value in part.items()
        if not (name in WORDS and isinstance(value, str)) and name not in {"$ref", "examples"}
    }
    if "$ref" not in part:
        return rest
    *_, kind, name = part["$ref"].split("/")
    if kind == "schemas" and name in documented()["schemas"]:
        return {"$ref": part["$ref"], **rest}
    return {**without_words(document["components"][kind][name], document), **rest}


def examples(document: Json) -> Iterator[tuple[str, Json]]:
    """Every example of openapi.yaml, with its place."""

    def named(place: str, part: Json) -> Iterator[tuple[str, Json]]:
        yield from ((f"{place}, {name}", example["value"]) for name, example in part.get("examples", {}).items())

    def all_of(place: str, response: Json) -> Iterator[tuple[str, Json]]:
        for media in response.get("content", {}).values():
            yield from named(place, media)

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from all_of(f"{path} {method} request", operation.get("requestBody", {}))
            for parameter in operation.get("parameters", []):
                yield from named(f"{path} {method} {parameter['name']}", parameter)
            for status, response in operation["responses"].items():
                yield from all_of(f"{path} {method} {status}", response)
    for name, response in document["components"]["responses"].items():
        yield from all_of(name, response)
    for name, schema in document["components"]["schemas"].items():
        yield from ((f"{name}, {index}", value) for index, value in enumerate(schema.get("examples", [])))


def speaking(document: Json) -> Iterator[tuple[str, Json]]:
    """Every part that should have a description of its own, with its place."""
    yield "info", document["info"]
    for kind in ("servers", "tags"):
        yield from ((f"{kind}[{index}]", part) for index, part in enumerate(document[kind]))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            place = f"{path} {method}"
            yield place, operation
            yield from ((f"{place} {part['name']}", part) for part in operation.get("parameters", []))
            yield from ((f"{place} {status}", part) for status, part in operation["responses"].items())
    for kind, parts in document["components"].items():
        for name, part in parts.items():
            yield f"{kind}.{name}", part
            yield from ((f"{kind}.{name}.{field}", field_) for field, field_ in part.get("properties", {}).items())


def undescribed(document: Json) -> Iterator[str]:
    """What says nothing of itself. A response may refer to another, and a code says the same wherever it is."""
    for place, part in speaking(document):
        refers = set(part) == {"$ref"} and part["$ref"].endswith(("/Code", "/Failure", "/ServerFailure"))
        if not refers and not part.get("description", "").strip():
            yield f"{place}.description: missing"
        if "operationId" in part and not part.get("summary", "").strip():
            yield f"{place}.summary: missing"


def differences(document: Json) -> list[str]:
    """Every difference, each with its place."""
    actual = without_words(document, document)
    for own in ("info", "tags"):
        actual.pop(own, None)
    actual["components"].pop("responses", None)  # they are compared where they are used
    for methods in actual["paths"].values():
        for operation in methods.values():
            operation.pop("tags", None)
    found = unlike(expected_contract(), actual, "contract")

    wanted = {place: documented_example(name) for place, name in DOCUMENTED_EXAMPLES.items()}
    for place, decision in EXAMPLES.items():
        wanted[place] = decision.change(wanted[place])
    wanted |= {place: value for place, (_, value) in OUR_EXAMPLES.items()}
    found += unlike(wanted, dict(examples(document)), "examples")
    return found + list(undescribed(document))
