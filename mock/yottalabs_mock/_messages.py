"""What goes in and out of the simulator: requests, answers, refusals. Nothing here knows how they travel."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, TypeAlias

SUCCESS = 10000
INVALID_REQUEST = 10001
SYSTEM_ERROR = 10002
NO_PERMISSION = 10004
NO_POD = 12000
WRONG_STATE = 12001
TOO_MANY_REQUESTS = 429

_INVALID_STATUSES = frozenset({400, 413, 414, 415, 422, 431})

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came.

    Attributes:
        method: The HTTP method.
        target: The path and the query, percent-encoded as they came.
        headers: The headers, their names in lower case.
        body: The bytes of the body. None if there are more than the simulator takes.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Breakage(StrEnum):
    """A way in which no whole answer comes."""

    REFUSED = "refused"
    """Nobody listens."""
    UNREACHABLE = "unreachable"
    """Nobody says whether anybody listens."""
    RESET = "reset"
    """The connection is reset after the request was sent."""
    SILENCE = "silence"
    """No answer ever comes."""
    CUT = "cut"
    """The connection ends in the middle of the body."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a request.

    Attributes:
        answer: The answer. With a breakage other than CUT there is none.
        delay: How many seconds pass before the answer.
        breakage: How the exchange fails, if it does.
        seconds: How long the breakage lasts, where it hits others too: those that nobody listens to.
    """

    answer: Answer | None = None
    delay: float = 0.0
    breakage: Breakage | None = None
    seconds: float = 0.0


Exchange: TypeAlias = Callable[[Request], Outcome]
"""What every face of the simulator is made of."""


class Refusal(Exception):  # noqa: N818  # it is an answer, not a mistake
    """A request that is not for the API to do: an HTTP status, and a sentence that says what is wrong."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


class BusinessFailure(Exception):  # noqa: N818  # as above
    """A request that cannot be done: HTTP 200, with a code that says why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def envelope(message: str, code: Any, data: Any = None) -> dict[str, Any]:
    """The form of every answer of the API."""
    return {"message": message, "code": code, "data": data}


def json_answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, {"content-type": JSON, **(headers or {})}, json_bytes(value))


def refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer that a refusal is."""
    return json_answer(status, envelope(message, code_of_status(status), None), headers)


def code_of_status(status: int) -> int:
    """The code in the envelope of a failure that an HTTP status tells; the status itself where none is known."""
    if status == HTTPStatus.FORBIDDEN:
        return NO_PERMISSION
    return INVALID_REQUEST if status in _INVALID_STATUSES else SYSTEM_ERROR if status >= 500 else status


def json_bytes(value: Any) -> bytes:
    """JSON as it is sent. A lone half of a surrogate pair, which UTF-8 cannot say, is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def headers_of(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of a request. Where one comes more than once, commas stand between its values."""
    headers: dict[str, str] = {}
    for encoded_name, encoded_value in pairs:
        name, value = encoded_name.decode("latin-1").lower(), encoded_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def printable(text: str, longest: int = 120) -> str:
    """A client's text on one line, shortened, fit for a message and a log: what is not printable is escaped."""
    shown = text if len(text) <= longest else f"{text[:longest]}…"
    return "".join(each if each.isprintable() else _escape(ord(each)) for each in shown)


def _escape(number: int) -> str:
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
