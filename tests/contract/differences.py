"""Two contracts side by side: everything that differs, at its place, and what that alone says of its impact.

Nothing that differs is left out, and what no rule here knows counts as breaking. Whether a schema is sent or received
is not known here: redocly judges that (`releases.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import zip_longest
from typing import Any

Place = tuple[str, ...]
_ABSENT = object()

# Redocly tells when a change of these breaks. Otherwise it lets more into a request, or promises more of a response.
_JUDGED = {
    *("type", "enum", "const", "pattern", "format", "required", "multipleOf", "uniqueItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("items", "additionalProperties", "allOf", "anyOf", "then", "else"),
}
# Below these, letting more in may let less in, or the order counts, or redocly lacks a rule: its silence says nothing.
_MISJUDGED = {"if", "not", "oneOf", "contains", "prefixItems", "headers"}
# A property that is added below these says something of one that callers may send already.
_CONDITIONS = {"allOf", "anyOf", "then", "else"}
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
# These can be added, and something to them, without harm, unless redocly knows better.
_ADDITIONS = {
    *("paths", "servers", "parameters", "responses", "content", "headers", "links", "security", "securitySchemes"),
    *("requestBodies", "schemas", "properties", "$defs", *_METHODS),
}
# The keys below these are names, whatever keyword they look like.
_NAMES = (_ADDITIONS - {"servers", "security", *_METHODS}) | {
    *("patternProperties", "dependentSchemas", "dependentRequired", "examples", "callbacks", "webhooks", "pathItems"),
    *("encoding", "variables", "mapping", "scopes"),
}
_DATA = {"default", "const", "enum"}
_UNORDERED = {"enum", "required", "type", "allOf", "anyOf", "parameters", "security", "servers"}
_ANNOTATIONS = {"description", "summary", "title", "$comment", "example", "examples", "externalDocs"}
_ANNOTATIONS_OF_THE_WHOLE = {"info", "tags"}


class Impact(IntEnum):
    """The part of the version that a change raises."""

    NOTHING = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True)
class Difference:
    """A place in both contracts, and what each has there."""

    released: Place = ()
    revised: Place = ()
    keywords: Place = ()
    """The keywords on the way there, without names and numbers."""
    keys_are_names: bool = False
    is_beside_reference: bool = False
    old: Any = None
    new: Any = None

    def entry(self, key: str, *, is_beside_reference: bool) -> Difference:
        """What an object has under a key."""
        keywords = self.keywords if self.keys_are_names else (*self.keywords, key)
        keys_are_names = not self.keys_are_names and key in _NAMES
        return Difference((*self.released, key), (*self.revised, key), keywords, keys_are_names, is_beside_reference)

    def item(self, released: int, revised: int) -> Difference:
        """An item of a list, which may have moved."""
        return Difference((*self.released, str(released)), (*self.revised, str(revised)), self.keywords)

    @property
    def places(self) -> set[tuple[str, Place]]:
        """Where it is, in each contract that has it."""
        sides = (("released", self.released, self.old), ("revised", self.revised, self.new))
        return {(name, place) for name, place, value in sides if value is not _ABSENT}

    @property
    def place(self) -> Place:
        """Where it is, or was."""
        return self.revised if self.old is _ABSENT else self.released

    def __str__(self) -> str:
        if self.old is _ABSENT:
            return f"added, {_short(self.new)}"
        if self.new is _ABSENT:
            return f"removed, was {_short(self.old)}"
        if not isinstance(self.old, list) or not isinstance(self.new, list):
            return f"{_short(self.old)} became {_short(self.new)}"
        changed = {"lost": self.lost, "gained": self.gained}
        return " and ".join(f"{verb} {', '.join(items)}" for verb, items in changed.items() if items) or "another order"

    @property
    def lost(self) -> list[str]:
        """What a list no longer has."""
        return [item for item in _items(self.old) if item not in _items(self.new)]

    @property
    def gained(self) -> list[str]:
        """What a list has now."""
        return [item for item in _items(self.new) if item not in _items(self.old)]

    @property
    def is_annotation(self) -> bool:
        """Whether it is for people alone."""
        named = any(keyword in _ANNOTATIONS or keyword.startswith("x-") for keyword in self.keywords)
        return named or self.keywords[0] in _ANNOTATIONS_OF_THE_WHOLE

    def impact(self, used: set[Place]) -> Impact:
        """Its impact, as long as redocly objects to nothing.

        Args:
            used: The components that operations lead to. Of any other, no one can tell whether it is sent or received.
        """
        keyword = self.keywords[-1]
        if self.is_annotation or (keyword in _UNORDERED and not self.lost and not self.gained):
            return Impact.PATCH
        if keyword == "deprecated":
            return Impact.MINOR
        if keyword == "default":
            # What an absent field means is told where it was not; or it means something else now.
            return Impact.MINOR if self.old is _ABSENT else Impact.MAJOR
        if keyword == "enum" and self.lost:
            # In a response too: the generated enumeration loses a member that callers may name.
            return Impact.MAJOR
        is_used = self.released[0] != "components" or self.released[:3] in used
        # Bounds beside a reference are compared by redocly as if those behind it were all there is.
        is_judged = is_used and not self.is_beside_reference and not _MISJUDGED & {*self.keywords}
        if keyword in _JUDGED and is_judged:
            return Impact.MINOR
        is_condition = keyword == "properties" and _CONDITIONS & {*self.keywords}
        is_addition = self.old is _ABSENT and keyword in _ADDITIONS and not is_condition
        return Impact.MINOR if is_addition else Impact.MAJOR


def differences(old: Any, new: Any, here: Difference | None = None) -> Iterator[Difference]:
    """Everything that differs, each at the innermost place where it does."""
    here = here or Difference()
    if _text(old) == _text(new):
        return
    if not here.keys_are_names and here.keywords and here.keywords[-1] in _DATA:
        yield replace(here, old=old, new=new)
    elif isinstance(old, dict) and isinstance(new, dict):
        is_beside_reference = "$ref" in old or "$ref" in new
        for key in dict.fromkeys([*old, *new]):
            inner = here.entry(key, is_beside_reference=is_beside_reference)
            yield from differences(old.get(key, _ABSENT), new.get(key, _ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list) and any(isinstance(item, dict) for item in [*old, *new]):
        left, right = _without(old, new), _without(new, old)
        if not left and not right:
            yield replace(here, old=old, new=new)
        for (before, was), (after, now) in zip_longest(left, right, fillvalue=(-1, _ABSENT)):
            yield from differences(was, now, here.item(before, after))
    else:
        yield replace(here, old=old, new=new)


def _without(items: list[Any], others: list[Any]) -> list[tuple[int, Any]]:
    """What one list has and another has not, wherever it stands, with its number."""
    there = Counter(map(_text, others))
    rest = []
    for number, item in enumerate(items):
        if there[_text(item)]:
            there[_text(item)] -= 1
        else:
            rest.append((number, item))
    return rest


def _items(value: Any) -> list[str]:
    if value is _ABSENT:
        return []
    return [_text(item) for item in (value if isinstance(value, list) else [value])]


def _text(value: Any) -> str:
    """What is the same in JSON has the same text."""
    return "absent" if value is _ABSENT else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
