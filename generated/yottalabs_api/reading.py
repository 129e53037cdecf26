"""How a typed view reads the JSON object behind it: each function gives a value of one kind, or None; none ever raises."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from typing import Any, ClassVar, Self, TypeVar

T = TypeVar("T")

_LONGEST_NUMBER = 400  # characters; longer ones are not numbers that this API has, and costly to convert


class View:
    """A typed view of a JSON object, which is `raw`. A field is converted when it is read."""

    __slots__ = ("raw",)

    json_names: ClassVar[Mapping[str, str]]
    """The attributes that are fields, with their names in JSON."""

    secrets: ClassVar[frozenset[str]] = frozenset()
    """The attributes that no `repr` shows."""

    raw: dict[str, Any]
    """The JSON object, exactly as it came."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    @classmethod
    def tolerant(cls, value: Any) -> Self | None:
        """The view of a JSON object."""
        return cls(value) if isinstance(value, dict) else None

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, View) and type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.raw)))

    def __repr__(self) -> str:
        fields = {name: getattr(self, name) for name in self.json_names if name not in self.secrets}
        shown = ", ".join(f"{name}={value!r}" for name, value in fields.items() if value is not None)
        return f"{type(self).__name__}({shown})"

    def has(self, name: str) -> bool:
        """Whether a field, by its Python name, came at all and is not null."""
        return self.raw.get(self.json_names[name]) is not None


def text(value: Any) -> str | None:
    """Text, or an integer's digits. A float is not taken: an id that went through one is another id."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < _LONGEST_NUMBER:
        return str(value)
    return None


def integer(value: Any) -> int | None:
    """An integer, also one written as text or as a float without a fraction."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    number = decimal(value)
    return int(number) if number is not None and abs(number) < 10**18 and number == number.to_integral_value() else None


def decimal(value: Any) -> Decimal | None:
    """A finite number, also one written as text. A float is taken by its shortest form, which is what was sent."""
    if type(value) is float and value:
        return _shortest(value) if isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int) and value.bit_length() >= _LONGEST_NUMBER:
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _LONGEST_NUMBER else None


@lru_cache(maxsize=1024)
def _shortest(value: float) -> Decimal:
    """A float as it was written. Pods may be many, but their prices and speeds are few."""
    return Decimal(repr(value))


def boolean(value: Any) -> bool | None:
    """A boolean, also one written as text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def json_object(value: Any) -> dict[str, Any] | None:
    """A JSON object, as it came."""
    return value if isinstance(value, dict) else None


def anything(value: Any) -> Any:
    """A value of no described type, as it came."""
    return value


def several(value: Any, read: Callable[[Any], T | None]) -> tuple[T, ...]:
    """The items of a list. One that cannot be read is left out."""
    if not isinstance(value, list):
        return ()
    return tuple([found for item in value if (found := read(item)) is not None])


def entries(value: Any, read: Callable[[Any], T | None]) -> dict[str, T]:
    """The entries of a JSON object. One that cannot be read is left out."""
    found = ((name, read(item)) for name, item in value.items()) if isinstance(value, dict) else ()
    return {name: item for name, item in found if item is not None}


def mapping(value: Any, key: str, content: str) -> dict[str, str]:
    """A list of pairs as a mapping. A pair without a readable key or value is left out; of two with one key the last
    counts."""
    if not isinstance(value, list):
        return {}
    found = {}
    for item in value:
        if isinstance(item, Mapping):
            name, inner = item.get(key), item.get(content)
            name = name if type(name) is str else text(name)
            inner = inner if type(inner) is str else text(inner)
            if name is not None and inner is not None:
                found[name] = inner
    return found


__all__ = ["View", "anything", "boolean", "decimal", "entries", "integer", "json_object", "mapping", "several", "text"]
