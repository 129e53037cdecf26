"""What the modules of this package share: the unset value, requests and answers, and tolerant reading."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, Protocol, TypeVar

from attrs import define, field

try:
    import msgspec
except ImportError:  # it is made for CPython only; json does the same, slower
    _decode: Callable[[bytes], Any] = json.loads
    _Refused: type[Exception] = ValueError
else:
    _decode, _Refused = msgspec.json.Decoder().decode, msgspec.MsgspecError

from .errors import ContractViolation

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Unset:
    """The type of UNSET, the value of a field that is not in the JSON object at all."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __copy__(self) -> "Unset":
        return self

    def __deepcopy__(self, memo: Any) -> "Unset":
        return self

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Unset = Unset()


@define(frozen=True, kw_only=True)
class RawRequest:
    """A request of one operation, without the client's own part: the base URL, the key, the timeouts."""

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)


@define(frozen=True, kw_only=True)
class RawResponse:
    """An answer as it came. Header names are in lower case."""

    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@define(kw_only=True)
class Response(Generic[T]):
    """An answer and what was read from it: `parsed` is None where the body is not what the contract describes at all."""

    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    parsed: T | None


class Exchange(Protocol[T_co]):
    """Whatever can send a request and wait for its answer, in whatever form it gives answers."""

    def exchange(self, request: RawRequest, /) -> T_co: ...


class AsyncExchange(Protocol[T_co]):
    """Whatever can send a request and await its answer, in whatever form it gives answers."""

    async def aexchange(self, request: RawRequest, /) -> T_co: ...


def encode_json(value: Any) -> bytes:
    """JSON for the wire: compact, in UTF-8. A value that JSON does not have is a TypeError or ValueError."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError:
        raise ValueError("the value is nested too deeply for JSON") from None


def encode_body(body: Any) -> bytes:
    """The JSON of a body that is a model, a JSON object or its bytes."""
    if isinstance(body, bytes):
        return body
    if not isinstance(body, Mapping) and not hasattr(body, "to_dict"):
        raise TypeError(f"the body is of type {type(body).__name__}; it must be a model, a JSON object or its bytes")
    return encode_json(body if isinstance(body, Mapping) else body.to_dict())


def only_set(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are set."""
    return {name: value for name, value in values.items() if value is not UNSET}


def header_values(values: Mapping[str, Any]) -> dict[str, str]:
    """The values that are set, as they stand in headers."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in only_set(values).items()
    }


def refuse_other_path(name: str, value: str | int, pattern: re.Pattern[str] | None = None) -> None:
    """Raises a ContractViolation for a path parameter that the contract forbids, or that would be another path."""
    text = str(value)
    if pattern is not None and not pattern.search(text):
        expected, message = pattern.pattern, f"{name} must match {pattern.pattern}"
    elif text in {"", ".", ".."}:
        expected, message = "[^.]", f"{name} must not be empty, nor '.' or '..'"
    else:
        return
    raise ContractViolation(message, value, f"path.{name}", {"pattern": expected}, "pattern")


def decode_json(content: bytes) -> Any:
    """The JSON value of a body, or UNSET where it is none."""
    try:
        return parse_json(content)
    except (ValueError, RecursionError):
        return UNSET


def parse_json(content: bytes) -> Any:
    """The JSON value of a body. What is none is a ValueError or RecursionError.

    One broken character, or one number of thousands of digits, does not cost the rest: the one is replaced, the other
    stays text.
    """
    try:
        return _decode(content)
    except (_Refused, ValueError, RecursionError):
        pass  # there is more that json takes: half of a surrogate pair, NaN, UTF-16; and its errors say where
    try:
        return json.loads(content)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(content.decode(errors="replace"), parse_int=_integer_or_text)


def _integer_or_text(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


def read_list(value: Any, read: Callable[[Any], Any]) -> Any:
    """A list with each item read; anything but a list unchanged."""
    return list(map(read, value)) if isinstance(value, list) else value


def write(value: Any) -> Any:
    """The JSON value of what `read` made: models as objects, enumerations as text, anything else unchanged."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, list | tuple):
        return [write(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)
    return value


__all__ = [
    "UNSET",
    "AsyncExchange",
    "Exchange",
    "RawRequest",
    "RawResponse",
    "Response",
    "T_co",
    "Unset",
    "decode_json",
    "encode_body",
    "encode_json",
    "header_values",
    "only_set",
    "parse_json",
    "read_list",
    "refuse_other_path",
    "write",
]
