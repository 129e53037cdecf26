"""What the modules of this package share: the unset value, requests and answers, and tolerant reading."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Generic, Literal, Protocol, TypeVar

import jiter
from attrs import define, field, has

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
    params: Mapping[str, Any] | None = field(default=None, repr=False)
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


def _json_writer() -> Callable[[Any], str]:
    """What JSONEncoder makes for each value anew, made once: half of the time for a small one."""
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # not CPython
        return encoder.encode
    parts = make(None, encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False)
    return lambda value: "".join(parts(value, 0))


_json_text = _json_writer()


MOST_LEVELS = 100
"""How many arrays and objects may be in each other where something recurses: far less than any interpreter allows."""
MOST_LEVELS_READ = 500
"""How many may be in each other in JSON that is read."""
_SCALARS = frozenset({str, int, float, bool, type(None)})
_BRACKET_OR_TEXT = re.compile(r'[\[{]|[\]}]|"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)


def nests_deeper(value: Any, most: int = MOST_LEVELS) -> bool:
    """Whether more than so many mappings and sequences are in each other. One that is in itself is as deep as can be."""
    level: Iterable[Any] = [[value]]
    for _ in range(most + 1):
        inner: dict[int, Any] = {}
        for whole in level:
            for part in whole.values() if type(whole) is dict or isinstance(whole, Mapping) else whole:
                if type(part) not in _SCALARS and isinstance(part, (dict, list, tuple, Mapping)):
                    inner[id(part)] = part
        if not inner:
            return False
        level = inner.values()
    return True


def text_nests_deeper(json_text: str, most: int = MOST_LEVELS) -> bool:
    """Whether more than so many arrays and objects are in each other in a JSON text, or what may be one."""
    depth = 0
    for found in _BRACKET_OR_TEXT.finditer(json_text):
        sign = found[0]
        depth += 1 if sign in "[{" else -1 if sign in "]}" else 0
        if depth > most:
            return True
    return False


def encode_json(value: Any) -> bytes:
    """JSON for the wire: compact, in UTF-8. A value that JSON does not have is a TypeError or ValueError."""
    if nests_deeper(value):
        raise ValueError(f"the value is nested too deeply for JSON: in more than {MOST_LEVELS} levels")
    return _json_text(value).encode()


def encode_body(body: Any) -> bytes:
    """The JSON of a body that is a model, a JSON object or its bytes."""
    if has(type(body)):
        return encode_json(body.to_dict())
    if isinstance(body, bytes):
        return body
    if isinstance(body, Mapping):
        return encode_json(body)
    raise TypeError(f"the body is of type {type(body).__name__}; it must be a model, a JSON object or its bytes")


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
    except ValueError:
        return UNSET


# Objects share their names, as with json. For that, jiter keeps the last few thousand short names; it keeps no value.
_parse = partial(jiter.from_json, cache_mode="keys")


def parse_json(content: bytes | str) -> Any:
    """The JSON value of a body. What is none is a ValueError, and so is what is nested too deeply.

    One broken character, or one number of thousands of digits, does not cost the rest: the one is replaced, the other
    stays text.
    """
    if isinstance(content, str):
        return _loads(content)
    try:
        return _parse(content)
    except (ValueError, TypeError):
        pass  # json takes more: half of a surrogate pair, other encodings than UTF-8; and its errors say more
    try:
        return _loads(content.decode(json.detect_encoding(content), "surrogatepass"))
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _loads(content.decode(errors="replace"), parse_int=_integer_or_text)


def _loads(text: str, **options: Any) -> Any:
    """What json.loads gives, in at most MOST_LEVELS_READ levels."""
    if not text_nests_deeper(text, MOST_LEVELS_READ):
        with suppress(RecursionError):  # only where the recursion limit is lower than Python's own
            return json.loads(text, **options)
    raise json.JSONDecodeError("nested too deeply", text, 0)


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
    if isinstance(value, str):
        return str.__str__(value)
    to_dict = None if type(value) is list else getattr(value, "to_dict", None)
    if to_dict is not None:
        return to_dict()
    # What is nested too deeply stays as it is: it cannot be sent, and encode_json says so.
    return [write(item) for item in value] if isinstance(value, (list, tuple)) and not nests_deeper(value) else value


__all__ = [
    "MOST_LEVELS",
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
    "nests_deeper",
    "only_set",
    "parse_json",
    "read_list",
    "refuse_other_path",
    "text_nests_deeper",
    "write",
]
