"""What the contract says: which operation a request is for, who may ask, and in what a request breaks it.

`openapi.yaml` is read and nothing else: there is no second description of the API here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

import jsonschema_rs
import yaml

from ._messages import JSON, Refusal, Request, printable

LARGEST_BODY = 4 * 1024 * 1024  # bytes
LONGEST_TARGET = 8 * 1024  # characters
LONGEST_HEADERS = 16 * 1024  # characters
MOST_VALUES = 10_000  # a request of this API has some hundreds; each may have several findings, and each costs time
MOST_LEVELS = 100  # of arrays and objects in each other; the contract has four
MOST_LEVELS_OF_JSON = 1000  # a document with more is refused as one that is not JSON
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_BEFORE_VALUES = (b"[", b"{", b",")
MOST_FINDINGS = 50
_POD = "OpenapiPodDetailResponse"
_PORT = "OpenapiPodExposePortResponse"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MASK = "the value"  # what stands for a value in a message; it may be a secret
_PATH = re.compile(r"/(?:[A-Za-z0-9_.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")  # RFC 3986, path-absolute
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Operation:
    """One operation of the contract.

    Attributes:
        id: Its operationId, `createPod` for example.
        method: The HTTP method, in capitals.
        path: The path, with a name in braces for each parameter.
        defaults: What a field of the request's body means when it is left out, where the contract says it.
        shown_fields: The names of the fields of the body that an answer may show, too.
    """

    id: str
    method: str
    path: str
    key_headers: tuple[str, ...]
    has_body: bool
    defaults: Mapping[str, Any]
    shown_fields: frozenset[str]
    body_validator: Any = field(repr=False)
    parameter_validators: Mapping[str, Any] = field(repr=False)

    def matches(self, path: str) -> dict[str, str] | None:
        """The parameters in a path, percent-encoded, or None if the path is another one."""
        expected, found = self.path.split("/"), path.split("/")
        if len(expected) != len(found):
            return None
        parameters: dict[str, str] = {}
        for part, text in zip(expected, found, strict=True):
            if part.startswith("{"):
                parameters[part.strip("{}")] = text
            elif part != text:
                return None
        return parameters if all(parameters.values()) else None


class Contract:
    """The contract, ready to route and to validate requests."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = tuple(self._operations())
        self._pod_validator = self._validator({"$ref": f"#/components/schemas/{_POD}"})

    @property
    def methods(self) -> str:
        """Every method of the API, with commas between them."""
        return _listed(self.operations)

    def schema(self, name: str) -> Mapping[str, Any]:
        """A schema by its name."""
        found: Mapping[str, Any] = self.document["components"]["schemas"][name]
        return found

    def route(self, request: Request) -> tuple[Operation, dict[str, str]]:
        """The operation that a request is for, and the parameters in its path, percent-encoded as they came.

        Raises:
            Refusal: 400, 404, 405, 414 or 431: there is none.
        """
        if len(request.target) > LONGEST_TARGET:
            message = f"the path has {len(request.target)} characters, more than the {LONGEST_TARGET} that are taken"
            raise Refusal(414, message)
        path = request.target.partition("?")[0]
        if request.method == "CONNECT":
            raise Refusal(405, "the simulator is not a proxy", {"allow": self.methods})
        if not _PATH.fullmatch(path) or _decoded(path) is None:
            message = f"the path {printable(path)} cannot be read; percent-encode what is not a letter or digit"
            raise Refusal(400, message)
        length = sum(len(name) + len(value) for name, value in request.headers.items())
        if length > LONGEST_HEADERS:
            raise Refusal(431, f"the headers have {length} characters, more than the {LONGEST_HEADERS} that are taken")
        # OpenAPI: a path without parameters comes before one with them.
        exact = [operation for operation in self.operations if operation.path == path]
        on_path = exact or [operation for operation in self.operations if operation.matches(path) is not None]
        if not on_path:
            raise Refusal(404, f"the contract has no path {printable(path)}")
        for operation in on_path:
            if operation.method == request.method:
                return operation, operation.matches(path) or {}
        allowed = _listed(on_path)
        message = f"{printable(request.method)} is not allowed on {printable(path)}; allowed: {allowed}"
        raise Refusal(405, message, {"allow": allowed})

    def read_body(self, operation: Operation, request: Request) -> Any:
        """The body of a request, as the operation wants it.

        Raises:
            Refusal: 400, 413, 415 or 422: it is not what the contract describes. Each offending field is named.
        """
        if not operation.has_body:
            return None
        body = _parse(request)
        _refuse(_findings(operation.body_validator, body, "the body"))
        return body

    def read_parameters(self, operation: Operation, encoded: Mapping[str, str]) -> dict[str, str]:
        """The parameters in a path.

        Raises:
            Refusal: 422: one is not what the contract describes.
        """
        parameters = {name: unquote(text) for name, text in encoded.items()}
        for name, value in parameters.items():
            _refuse(_findings(operation.parameter_validators[name], value, name))
        return parameters

    def findings_of_pod(self, document: Mapping[str, Any]) -> list[str]:
        """In what a pod is not one that the contract describes, with all of its fields."""
        findings = _findings(self._pod_validator, document, "the pod")
        if not findings:
            findings = [f"{name} is missing" for name in self.schema(_POD)["properties"] if name not in document]
            findings += [
                f"expose[{index}].{name} is missing"
                for index, entry in enumerate(document.get("expose", []))
                for name in self.schema(_PORT)["properties"]
                if name not in entry
            ]
        return findings

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method, described in item.items():
                if method in _METHODS:
                    yield self._operation(path, method, described)

    def _operation(self, path: str, method: str, described: Mapping[str, Any]) -> Operation:
        media = described.get("requestBody", {}).get("content", {}).get(JSON)
        return Operation(
            id=described["operationId"],
            method=method.upper(),
            path=path,
            key_headers=self._key_headers(described.get("security", self.document.get("security", []))),
            has_body=media is not None,
            defaults=self._defaults(media["schema"]) if media else {},
            shown_fields=self._shown_fields(media["schema"]) if media else frozenset(),
            body_validator=self._validator(media["schema"]) if media else None,
            parameter_validators={
                parameter["name"]: self._validator(parameter["schema"])
                for parameter in described.get("parameters", [])
                if parameter["in"] == "path"
            },
        )

    def _key_headers(self, security: list[Mapping[str, Any]]) -> tuple[str, ...]:
        schemes = self.document["components"]["securitySchemes"]
        named = [schemes[name] for requirement in security for name in requirement]
        return tuple(scheme["name"].lower() for scheme in named if scheme["in"] == "header")

    def _defaults(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = self._properties(schema)
        return {name: part["default"] for name, part in properties.items() if "default" in part}

    def _shown_fields(self, schema: Mapping[str, Any]) -> frozenset[str]:
        properties = self._properties(schema)
        return frozenset(name for name, part in properties.items() if not part.get("writeOnly", False))

    def _properties(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.schema(schema["$ref"].rpartition("/")[2])
        found: Mapping[str, Any] = schema.get("properties", {})
        return found

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        document = {"$schema": _DIALECT, "components": self.document["components"], **schema}
        return jsonschema_rs.validator_for(document, mask=_MASK)


@cache
def load_contract() -> Contract:
    """The contract that comes with the package, or that of the checkout that the package is part of."""
    # The package need not be a folder: it may be in a zip file.
    for path in (files("yottalabs_mock") / "openapi.yaml", Path(__file__).resolve().parents[2] / "openapi.yaml"):
        if path.is_file():
            # The loader in C, where there is one: the other takes eight times as long.
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            return Contract(yaml.load(path.read_text(encoding="utf-8"), loader))  # noqa: S506  # both loaders are safe
    raise FileNotFoundError("openapi.yaml is not in the package yottalabs_mock; install yottalabs-client again")


def _listed(operations: Iterable[Operation]) -> str:
    return ", ".join(sorted({operation.method for operation in operations}))


def _decoded(path: str) -> str | None:
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return None


def _parse(request: Request) -> Any:
    if request.body is None:
        raise Refusal(413, f"the body has more than the {LARGEST_BODY} bytes that are taken")
    if not request.body:
        raise Refusal(400, "the body is empty; send a JSON object")
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != JSON:
        raise Refusal(415, f"the content type is '{printable(media_type)}'; send Content-Type: {JSON}")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Refusal(415, f"the content encoding is '{printable(encoding)}'; send the body as it is")
    return read_json(request.body)


def read_json(body: bytes) -> Any:
    """The value of a body that is JSON in UTF-8.

    How many values and levels are taken is fixed, and counted before anything that recurses parses the body: the answer
    must not depend on the interpreter's version or its recursion limit.

    Raises:
        Refusal: 400, 413 or 422: the body is not JSON, has too many values, or is nested too deeply.
    """
    without_text = _TEXT.sub(b"", body)
    if sum(without_text.count(sign) for sign in _BEFORE_VALUES) >= MOST_VALUES:
        raise Refusal(413, f"the body has more values than the {MOST_VALUES} that are taken")
    levels = _levels(without_text)
    if levels > MOST_LEVELS_OF_JSON:
        raise Refusal(400, f"the body is not JSON: it is nested too deeply, in more than {MOST_LEVELS_OF_JSON} levels")
    if levels > MOST_LEVELS:
        raise Refusal(422, f"the body: the value is nested too deeply, in more than {MOST_LEVELS} levels")
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise Refusal(400, "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        # The position alone: the text around it may be a secret.
        raise Refusal(400, f"the body is not JSON: syntax error at position {error.pos}") from None
    except ValueError:
        raise Refusal(400, "the body is not JSON: a number is too long") from None


def levels_of_json(text: str) -> int:
    """How many arrays and objects of a JSON text are in each other, at the deepest place."""
    return _levels(_TEXT.sub(b"", text.encode(errors="replace")))


def _levels(without_text: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(without_text):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise Refusal(400, f"the body is not JSON: {name} is no number")


def _findings(validator: Any, value: Any, whole: str) -> list[str]:
    # What is not Unicode can neither be looked at everywhere nor be saved.
    places = [f"{_place(path, whole)}: the value is not Unicode" for path in _not_unicode(value)]
    if places:
        return places
    errors = validator.iter_errors(value)
    found = (f"{_place(error.instance_path, whole)}: {said}" for error in errors for said in _said(error))
    return list(dict.fromkeys(found))


def _said(error: Any) -> list[str]:
    unexpected = getattr(error.kind, "unexpected", None)
    if unexpected is None:
        return [printable(error.message, 500)]
    return [f"there is no field '{printable(name)}'" for name in unexpected]


def _not_unicode(value: Any) -> list[list[str | int]]:
    """Where in a value there is half of a surrogate pair, which is text to Python and to nobody else."""
    found: list[list[str | int]] = []
    waiting: list[tuple[list[str | int], Any]] = [([], value)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, str) and not _is_unicode(part):
            found.append(path)
        elif isinstance(part, dict):
            found += [[*path, name] for name in part if not _is_unicode(name)]
            waiting += [([*path, name], inner) for name, inner in reversed(part.items())]
        elif isinstance(part, list):
            waiting += [([*path, index], part[index]) for index in reversed(range(len(part)))]
    return found


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _place(path: list[str | int], whole: str) -> str:
    """Where in a body: `expose[0].port`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{printable(part)}" for part in path)
    return text.lstrip(".") or whole


def _refuse(findings: list[str]) -> None:
    if not findings:
        return
    more = len(findings) - MOST_FINDINGS
    shown = findings if more <= 0 else [*findings[:MOST_FINDINGS], f"… and {more} more"]
    raise Refusal(422, "; ".join(shown))
