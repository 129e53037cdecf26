"""The contract in the simpler form that the templates understand. What has no such form stops the generation.

In that form a schema has no conditions and no limits (specification/checks.py looks after these), a choice is an
`anyOf`, parameters stand in their operation, and every object and enumeration has a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openapi_python_client.strings import ClassName, PythonIdentifier

from .errors import stop
from .patterns import python_pattern
from .references import SCHEMAS, Schema, referred, refuse_recursion, resolve

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SCALARS = {"string", "integer", "number", "boolean"}

_KEPT = {"description", "default"}
_NOTES = {"title", "example", "examples", "deprecated", "readOnly", "writeOnly", "format", "$comment", "externalDocs"}
_LIMITS = {
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "const"),
}
_CONDITIONS = {"allOf", "if", "then", "else", "not"}
_STRUCTURE = {"$ref", "type", "enum", "properties", "required", "additionalProperties", "items", "anyOf", "oneOf"}
_KEYWORDS = _KEPT | _NOTES | _LIMITS | _CONDITIONS | _STRUCTURE
_STYLES = {"query": "form", "path": "simple", "header": "simple"}


class SimpleContract:
    """The schemas and operations of a contract, in that form.

    Attributes:
        schemas: Every schema by its name, also those that had none.
        places: Where each stands in openapi.yaml.
        paths: The operations, as OpenAPI has them.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas: dict[str, Schema] = {}
        self.places: dict[str, str] = {}
        for key in ("openapi", "info", "servers", "paths", "components"):
            if not document.get(key):
                stop(key, "is missing; an OpenAPI document of ours has it")
        named = document["components"].get("schemas", {})
        refuse_recursion(named)
        for name, schema in named.items():
            self.places[name] = f"{SCHEMAS}/{name}"
            self.schemas[name] = self._schema(schema, self.places[name], name, is_named=True)
        self.paths = {path: self._path(path, item) for path, item in document["paths"].items()}
        for name, schema in self.schemas.items():
            for place, part in parts(self.places[name], schema):
                self._refuse_unreadable(part, place)

    # --- Schemas ---

    def _schema(self, schema: Any, place: str, name: str, *, is_named: bool = False) -> Schema:
        if not isinstance(schema, dict):
            stop(place, "is not a schema; write an object")
        for keyword in schema:
            if keyword not in _KEYWORDS and not keyword.startswith("x-"):
                stop(place, f"the keyword {keyword!r} has no template; say it with other keywords")
        schema = _plain_reference(schema)
        simple = {key: schema[key] for key in _KEPT if key in schema}
        if schema.get("format") == "password":
            simple["format"] = "password"
        if "$ref" in schema:
            return {**simple, **self._reference(schema, place)}
        if "enum" in schema:
            return {**simple, **_enumeration(schema, place, is_named=is_named)}
        _refuse_inherited(schema, place)
        choices = [(key, part) for key in ("anyOf", "oneOf") for part in schema.get(key, [])]
        if choices and not all(_is_condition(part, schema) for _, part in choices):
            return {**simple, **self._choice(schema, place, name)}
        return self._typed(schema, simple, place, name, is_named=is_named)

    def _reference(self, schema: Schema, place: str) -> Schema:
        beside = sorted((_STRUCTURE - {"$ref"}) & schema.keys())
        if beside:
            stop(place, f"{beside[0]!r} beside a reference has no template; write the schema out")
        referred(self.document, schema, "schemas", place)
        return {"$ref": schema["$ref"]}

    def _choice(self, schema: Schema, place: str, name: str) -> Schema:
        beside = sorted((_STRUCTURE - {"anyOf", "oneOf"}) & schema.keys())
        if beside or {"anyOf", "oneOf"} <= schema.keys():
            stop(place, "a choice beside other keywords has no template; write everything into the alternatives")
        key = "anyOf" if "anyOf" in schema else "oneOf"
        alternatives = [
            self._schema(part, f"{place}/{key}/{index}", f"{name}Choice{index}")
            for index, part in enumerate(schema[key])
        ]
        return {"anyOf": alternatives}

    def _typed(self, schema: Schema, simple: Schema, place: str, name: str, *, is_named: bool) -> Schema:
        kinds = _kinds(schema)
        if len(kinds - {"null"}) > 1 and not kinds - {"null"} <= SCALARS:
            stop(place, f"the type {sorted(kinds)} has no template; give it one type, with or without null")
        if "type" in schema:
            simple["type"] = schema["type"]
        if "array" in kinds:
            if "items" not in schema:
                stop(place, "a list without `items`; say what it holds")
            simple |= {"type": schema.get("type", "array")}
            simple["items"] = self._schema(schema["items"], f"{place}/items", f"{name}Item")
        if "object" in kinds:
            return self._object(schema, simple, place, name, is_named=is_named)
        return simple

    def _object(self, schema: Schema, simple: Schema, place: str, name: str, *, is_named: bool) -> Schema:
        values = schema.get("additionalProperties")
        properties = schema.get("properties", {})
        if isinstance(values, dict) and values:
            if properties:
                stop(place, "`additionalProperties` with a schema beside `properties`; keep one of them")
            simple["additionalProperties"] = self._schema(values, f"{place}/additionalProperties", f"{name}Value")
        if not properties:
            return {"type": "object", **simple}
        missing = [key for key in schema.get("required", []) if key not in properties]
        if missing:
            stop(place, f"{missing[0]!r} is required, but not among the properties; describe it")
        whole = {
            **simple,
            "type": "object",
            "required": schema.get("required", []),
            "properties": {
                key: self._schema(value, f"{place}/properties/{key}", name + str(ClassName(key, "")))
                for key, value in properties.items()
            },
        }
        return whole if is_named else self._named(whole, place, name, is_nullable="null" in _kinds(schema))

    def _named(self, schema: Schema, place: str, name: str, *, is_nullable: bool) -> Schema:
        """A reference to an object that had no name, and now has one."""
        if name in self.schemas or name in self.document["components"]["schemas"]:
            stop(place, f"this object would be called {name}, as another is; name it under {SCHEMAS}")
        self.schemas[name], self.places[name] = schema, place
        reference: Schema = {"$ref": f"#/{SCHEMAS}/{name}"}
        if is_nullable:
            reference = {"anyOf": [reference, {"type": "null"}]}
        return {**reference, **{key: schema[key] for key in _KEPT if key in schema}}

    def _refuse_unreadable(self, schema: Schema, place: str) -> None:
        """Stops at what can be written down, but not be read back."""
        shapes = [alternative for alternative in self.alternatives(schema) if is_structured(alternative)]
        if len(shapes) > 1:
            stop(place, "a choice between several structures has no template; keep one of them")
        for shape in shapes:
            for inner in (shape.get("items"), shape.get("additionalProperties")):
                found = self.alternatives(inner) if inner else []
                if any(part.get("type") == "array" for part in found):
                    stop(place, "a list in a list, or in a mapping, has no template; put it into an object")
                if any(is_structured(part) for part in found) and len(found) + is_nullable(inner or {}) > 1:
                    stop(place, "items that may be null or something else have no template; let them be one thing")

    def alternatives(self, schema: Schema) -> list[Schema]:
        """What a value may be, apart from null: each with one type or none, and its references resolved."""
        return list(alternatives(resolve(self.schemas, schema)))

    def is_nullable(self, schema: Schema) -> bool:
        """Whether a value may be null."""
        return is_nullable(resolve(self.schemas, schema))

    # --- Operations ---

    def _path(self, path: str, item: Mapping[str, Any]) -> dict[str, Any]:
        place = f"paths{path}"
        for key in item:
            if key not in {*METHODS, "parameters", "summary", "description"}:
                stop(place, f"{key!r} has no template; write it into the operations")
        return {method: self._operation(item, method, f"{place}/{method}") for method in METHODS if method in item}

    def _operation(self, item: Mapping[str, Any], method: str, place: str) -> dict[str, Any]:
        operation = item[method]
        name = operation.get("operationId")
        if not name:
            stop(place, "has no operationId; give it one, it becomes the name of a module")
        if "servers" in operation:
            stop(place, "servers of its own have no template; there is one base URL for all")
        class_name = str(ClassName(name, ""))
        simple = {key: operation[key] for key in ("operationId", "tags", "summary", "description") if key in operation}
        simple["parameters"] = self._parameters(item, operation, place)
        if "requestBody" in operation:
            body = referred(self.document, operation["requestBody"], "requestBodies", place)
            simple["requestBody"] = self._body(body, f"{place}/requestBody", f"{class_name}Body")
        simple["responses"] = {
            str(status): self._answer(answer, f"{place}/responses/{status}", f"{class_name}Response{status}")
            for status, answer in operation["responses"].items()
        }
        return simple

    def _parameters(self, item: Mapping[str, Any], operation: Mapping[str, Any], place: str) -> list[Schema]:
        """The parameters of an operation, those of its path among them."""
        found: dict[tuple[str, str], Schema] = {}
        for holder in (item, operation):
            for parameter in holder.get("parameters", []):
                whole = referred(self.document, parameter, "parameters", place)
                found[whole["in"], whole["name"]] = whole
        return [self._parameter(parameter, f"{place}/parameters/{name}") for (_, name), parameter in found.items()]

    def _parameter(self, parameter: Mapping[str, Any], place: str) -> Schema:
        kind = str(parameter["in"])
        if kind not in _STYLES:
            stop(place, f"a {kind} parameter has no template")
        if "schema" not in parameter:
            stop(place, "a parameter without `schema` has no template; give it one")
        style = parameter.get("style", _STYLES[kind])
        if style != _STYLES[kind] or parameter.get("explode", style == "form") != (style == "form"):
            stop(place, "this `style` or `explode` has no template; leave them out")
        if parameter.get("allowReserved"):
            stop(place, "`allowReserved` has no template; leave it out")
        if kind == "header" and parameter["name"].lower() in self._taken_headers():
            stop(place, "this header is sent by the client itself; leave the parameter out")
        schema = self._schema(parameter["schema"], f"{place}/schema", "Parameter")
        self._refuse_unsendable(schema, kind, f"{place}/schema")
        simple = {"name": parameter["name"], "in": kind, "required": parameter.get("required", False), "schema": schema}
        return {**simple, "description": parameter.get("description", ""), "x-pattern": self._pattern(parameter, place)}

    def _taken_headers(self) -> set[str]:
        keys = self.document["components"].get("securitySchemes", {}).values()
        return {
            "accept",
            "content-type",
            "authorization",
            "cookie",
            "host",
            *(str(k.get("name")).lower() for k in keys),
        }

    def _refuse_unsendable(self, schema: Schema, kind: str, place: str) -> None:
        allowed = {"query": SCALARS, "header": SCALARS, "path": {"string", "integer"}}[kind]
        found = self.alternatives(schema)
        if kind == "query" and [part.get("type") for part in found] == ["array"]:
            items = found[0]["items"]
            if self.is_nullable(items):
                stop(place, "null has no form in a query; leave it out")
            found = self.alternatives(items)
        if self.is_nullable(schema):
            stop(place, f"null has no form in a {kind}; leave it out")
        if len(found) != 1 or found[0].get("type") not in allowed:
            stop(place, f"a {kind} parameter of this type has no template; make it one of {', '.join(sorted(allowed))}")

    def _pattern(self, parameter: Mapping[str, Any], place: str) -> str | None:
        pattern = resolve(self.document["components"]["schemas"], parameter["schema"]).get("pattern")
        return None if pattern is None else python_pattern(pattern, f"{place}/schema/pattern")

    def _body(self, body: Mapping[str, Any], place: str, name: str) -> dict[str, Any]:
        if body.get("required") is not True:
            stop(place, "a body that may be left out has no template; write `required: true`")
        schema = self._json(body.get("content", {}), place, name)
        found = self.alternatives(schema or {})
        if len(found) != 1 or "properties" not in found[0] or self.is_nullable(schema or {}):
            stop(place, "a body that is not an object with properties has no template")
        return {"required": True, "content": {"application/json": {"schema": schema}}}

    def _answer(self, answer: Any, place: str, name: str) -> dict[str, Any]:
        answer = referred(self.document, answer, "responses", place)
        simple = {"description": answer.get("description", "")}
        if answer.get("content"):
            schema = self._json(answer["content"], place, name)
            for where, part in parts(f"{place}/schema", schema):
                self._refuse_unreadable(part, where)
            simple["content"] = {"application/json": {"schema": schema}}
        return simple

    def _json(self, content: Mapping[str, Any], place: str, name: str) -> Schema:
        if list(content) != ["application/json"]:
            stop(place, f"the content {', '.join(content) or 'nothing'} has no template; it must be application/json")
        return self._schema(content["application/json"].get("schema", {}), f"{place}/schema", name)


def python_name(json_name: str) -> str:
    """A name of the contract in snake_case, as the generator has it."""
    return str(PythonIdentifier(json_name, "field_"))


def parts(place: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """A simple schema and all that it holds, with where each is."""
    yield place, schema
    for key, part in schema.get("properties", {}).items():
        yield from parts(f"{place}/properties/{key}", part)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from parts(f"{place}/{key}", schema[key])
    for index, part in enumerate(schema.get("anyOf", [])):
        yield from parts(f"{place}/anyOf/{index}", part)


def alternatives(schema: Schema) -> Iterator[Schema]:
    """What a value of a simple, resolved schema may be, apart from null: each with one type or none."""
    if "anyOf" in schema:
        for part in schema["anyOf"]:
            yield from alternatives(part)
        return
    kinds = sorted(_kinds(schema) - {"null"})
    if kinds or "null" not in _kinds(schema):
        yield from ({**schema, "type": kind} for kind in kinds) if kinds else [schema]


def is_nullable(schema: Schema) -> bool:
    """Whether a value of a simple, resolved schema may be null."""
    return "null" in _kinds(schema) or any(is_nullable(part) for part in schema.get("anyOf", []))


def is_structured(schema: Schema) -> bool:
    """Whether a value is more than a text, a number or a bool."""
    return "enum" in schema or schema.get("type") in {"array", "object"}


def _kinds(schema: Schema) -> set[str]:
    """The JSON types that a schema names, or gives away."""
    kind = schema.get("type")
    if kind is None:
        return {"object"} if "properties" in schema else {"array"} if "items" in schema else set()
    return {kind} if isinstance(kind, str) else set(kind)


def _plain_reference(schema: Schema) -> Schema:
    """`allOf` with one reference in it, as earlier versions of OpenAPI need it for a description, as a reference."""
    inherited = schema.get("allOf", [])
    if len(inherited) == 1 and inherited[0].keys() == {"$ref"} and not schema.keys() & _STRUCTURE:
        return {**{key: value for key, value in schema.items() if key != "allOf"}, **inherited[0]}
    return schema


def _refuse_inherited(schema: Schema, place: str) -> None:
    for index, part in enumerate(schema.get("allOf", [])):
        if not _is_condition(part, schema):
            stop(f"{place}/allOf/{index}", "schemas are not merged; write the properties out in the schema itself")


def _is_condition(part: Any, schema: Schema) -> bool:
    """Whether a part of a schema only narrows what the schema itself describes."""
    combined = ("allOf", "anyOf", "oneOf")
    known = _LIMITS | _CONDITIONS | {"required", "properties", "$comment", *combined}
    if not isinstance(part, dict) or not part.keys() <= known or not _kinds(schema):
        return False
    inner = [inner for key in combined for inner in part.get(key, [])]
    is_described = part.get("properties", {}).keys() <= schema.get("properties", {}).keys()
    return is_described and all(_is_condition(condition, schema) for condition in inner)


def _enumeration(schema: Schema, place: str, *, is_named: bool) -> Schema:
    values = schema["enum"]
    if not values or not all(isinstance(value, str) for value in values):
        stop(place, "an enumeration of anything but texts has no template; make its values texts (null stands apart)")
    if _kinds(schema) - {"string"}:
        stop(place, "an enumeration has `type: string`; null, or another type, goes into an `anyOf` beside it")
    if not is_named:
        stop(place, f"name this enumeration under {SCHEMAS} and refer to it")
    return {"type": "string", "enum": values}
