"""References within the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import stop

Schema = dict[str, Any]

SCHEMAS = "components/schemas"


def referred(document: Mapping[str, Any], part: Any, kind: str, place: str) -> Any:
    """What a reference refers to; a part that is no reference unchanged."""
    seen: list[str] = []
    while isinstance(part, dict) and "$ref" in part:
        reference = str(part["$ref"])
        name = reference.removeprefix(f"#/components/{kind}/")
        found = document.get("components", {}).get(kind, {})
        if name == reference or name not in found:
            stop(place, f"{reference} is not among components/{kind}; put it there")
        if name in seen:
            stop(place, f"{reference} refers to itself; write it out")
        seen.append(name)
        part = found[name]
    return part


def resolve(schemas: Mapping[str, Schema], schema: Schema) -> Schema:
    """A schema with every reference replaced by what it refers to; what stands beside a reference wins.

    The name of the schema or enumeration is kept under `x-schema-name` or `x-enum-name`.
    """
    resolved = {key: _resolve_any(schemas, value) for key, value in schema.items() if key != "$ref"}
    if "$ref" not in schema:
        return resolved
    name = schema["$ref"].rsplit("/", 1)[1]
    target = resolve(schemas, schemas[name])
    return {**target, "x-enum-name" if "enum" in target else "x-schema-name": name, **resolved}


def refuse_recursion(schemas: Mapping[str, Schema]) -> None:
    """Stops at a schema that holds itself: it has no written-out form."""

    def follow(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            stop(f"{SCHEMAS}/{path[-1]}", f"it holds {name}, which holds it; leave the inner one open: `type: object`")
        for inner in references(schemas.get(name)):
            if inner in schemas:
                follow(inner, (*path, name))

    for name in schemas:
        follow(name, ())


def references(part: Any) -> Iterator[str]:
    """The names of the schemas that a part refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].rsplit("/", 1)[-1]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def _resolve_any(schemas: Mapping[str, Schema], value: Any) -> Any:
    if isinstance(value, dict):
        return resolve(schemas, value)
    return [_resolve_any(schemas, item) for item in value] if isinstance(value, list) else value
