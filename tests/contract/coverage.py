"""What the fidelity run must have seen: each field of each request absent, present, at each value, at each bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from support import contract

REQUEST = "OpenapiPodCreateRequest"


@dataclass(frozen=True)
class Goal:
    """Something that has to be seen: where, and what."""

    field: str
    what: str
    value: Any = None

    def __str__(self) -> str:
        return f"{self.field} {self.what}" + ("" if self.value is None else f" {self.value}")


def goals() -> list[Goal]:
    """Everything that has to be seen, by the contract."""
    return [*_object_goals("", contract.schema(REQUEST)), Goal("podId", "present"), Goal("podId", "escaped")]


def _object_goals(prefix: str, schema: Any) -> Iterator[Goal]:
    for name, described in schema["properties"].items():
        field = f"{prefix}{name}"
        yield Goal(field, "present")
        if name not in schema.get("required", []):
            yield Goal(field, "absent")
        yield from _value_goals(field, described)
    for condition in schema.get("allOf", []):
        for name, then in condition["then"].get("properties", {}).items():
            yield from _value_goals(f"{prefix}{name}", then)


def _value_goals(field: str, schema: Any) -> Iterator[Goal]:
    yield from (Goal(field, "is", value) for value in schema.get("enum", []))
    yield from (Goal(field, "is", schema[bound]) for bound in ("minimum", "maximum") if bound in schema)
    if schema.get("type") == "integer" and schema["minimum"] <= 0 <= schema["maximum"]:
        yield Goal(field, "is", 0)  # what careless code takes for absent
    if "minLength" in schema and "enum" not in schema:
        yield Goal(field, "has length", schema["minLength"])
    elif schema.get("type") == "string" and "enum" not in schema:
        yield Goal(field, "has length", 0)
    if schema.get("type") == "array":
        yield Goal(field, "has length", 0)
        yield Goal(field, "repeats an item")  # order and number count, so nothing may be merged
        yield from _object_goals(f"{field}[].", schema["items"])


def seen(body: Any) -> Iterator[Goal]:
    """The goals that a body reaches."""
    yield from _seen_object("", contract.schema(REQUEST), body)


def _seen_object(prefix: str, schema: Any, value: dict[str, Any]) -> Iterator[Goal]:
    for name, described in schema["properties"].items():
        field = f"{prefix}{name}"
        if name not in value:
            yield Goal(field, "absent")
            continue
        content = value[name]
        yield Goal(field, "present")
        if isinstance(content, list):
            yield Goal(field, "has length", len(content))
            if any(content.count(item) > 1 for item in content):
                yield Goal(field, "repeats an item")
            for item in content:
                yield from _seen_object(f"{field}[].", described["items"], item)
        else:
            yield Goal(field, "is", content)
            if isinstance(content, str):
                yield Goal(field, "has length", len(content))


def directed_bodies() -> Iterator[dict[str, Any]]:
    """A valid body for each goal, made from the documentation's examples."""
    examples = contract.request_examples()
    yield from examples.values()
    minimal = {name: examples["publicImage"][name] for name in contract.schema(REQUEST)["required"]}
    yield minimal
    # Each goal once before any is reached again: a mutant's run ends when it is caught.
    of_each = [_bodies_for(goal, examples["everyField"], minimal) for goal in goals() if goal.field != "podId"]
    yield from (body for bodies in zip_longest(*of_each) for body in bodies if body is not None)


def _bodies_for(goal: Goal, every: dict[str, Any], minimal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    name, _, inner = goal.field.partition("[].")
    candidates: list[dict[str, Any]] = []
    for base in (minimal, every, {**minimal, "resourceType": "CPU"}, {**every, "resourceType": "CPU"}):
        if inner:
            item = dict(every[name][0])
            candidates.append({**base, name: [_changed(item, inner, goal)]})
        else:
            candidates.append(_changed({**base, name: base.get(name, every.get(name))}, name, goal))
    valid = [body for body in candidates if contract.validator(REQUEST).is_valid(body)]
    yield from valid


def _changed(value: dict[str, Any], name: str, goal: Goal) -> dict[str, Any]:
    if goal.what == "absent":
        return {key: content for key, content in value.items() if key != name}
    if goal.what == "is":
        return {**value, name: goal.value}
    if goal.what == "repeats an item":
        return {**value, name: [*value[name], *value[name]]}
    if goal.what == "has length":
        return {**value, name: [] if isinstance(value[name], list) else "x" * goal.value}
    return value
