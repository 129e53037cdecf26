"""What was asked, for tests and people: every request, without the secrets that were in it."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from typing import Any

from ._contract import read_json
from ._memory import MEGABYTE, size_of
from ._messages import Refusal, Request

HIDDEN = "<hidden>"
MOST_REQUESTS = 100_000
MOST_BYTES = 64 * MEGABYTE
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_VARIABLES = "environmentVars"
_SHOWN_IN_LISTS = frozenset({"key", "port", "protocol"})


@dataclass(frozen=True)
class RecordedRequest:
    """A request, and what became of it.

    Attributes:
        number: Which it was, counted from 1.
        at: The simulator's time in seconds.
        operation: The operationId; None where the contract has no such operation.
        method: The HTTP method.
        target: The path and the query, as they came.
        headers: The headers, their names in lower case; keys and credentials are hidden.
        json: The body. The registry's token and the values of environment variables are hidden, and so is whatever the
            contract does not know: it may be a secret under a misspelt name. None without one.
        status: The HTTP status of the answer; None where none was sent.
        fault: The fault that happened to it.
    """

    number: int
    at: float
    operation: str | None
    method: str
    target: str
    headers: Mapping[str, str]
    json: Any
    status: int | None
    fault: str | None

    def to_json(self) -> dict[str, Any]:
        """The record as JSON values."""
        return asdict(self)


class Journal:
    """The latest requests: no more than MOST_REQUESTS, and no more than take MOST_BYTES of memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[tuple[RecordedRequest, int]] = deque()
        self._bytes = 0
        self._count = 0

    def note(
        self,
        request: Request,
        *,
        at: float,
        operation: str | None,
        key_headers: Sequence[str],
        shown_fields: AbstractSet[str],
        status: int | None,
        fault: str | None,
    ) -> int:
        """Notes a request; gives its number."""
        secret = _SECRET_HEADERS.union(key_headers)
        headers = {name: HIDDEN if name in secret else value for name, value in request.headers.items()}
        body = _without_secrets(request.body, shown_fields)
        with self._lock:
            self._count += 1
            record = RecordedRequest(
                self._count, at, operation, request.method, request.target, headers, body, status, fault
            )
            self._keep(record, size_of(vars(record)))
            return self._count

    @property
    def records(self) -> Sequence[RecordedRequest]:
        """The requests, the oldest first."""
        with self._lock:
            return tuple(record for record, _ in self._records)

    def reset(self) -> None:
        """Forgets them."""
        with self._lock:
            self._records.clear()
            self._bytes = self._count = 0

    def _keep(self, record: RecordedRequest, size: int) -> None:
        self._records.append((record, size))
        self._bytes += size
        while len(self._records) > 1 and (len(self._records) > MOST_REQUESTS or self._bytes > MOST_BYTES):
            self._bytes -= self._records.popleft()[1]


def _without_secrets(body: bytes | None, shown_fields: AbstractSet[str]) -> Any:
    """A body that may be shown. What cannot be read may hold anything, so nothing of it is kept."""
    if body is None:
        return "<more than is taken>"
    try:
        value = read_json(body or b"null")
    except Refusal as refusal:
        return "<more than is taken>" if refusal.status in {413, 422} else f"<{len(body)} bytes that are not JSON>"
    if not isinstance(value, dict):
        return None if value is None else "<no object>"
    return {name: _shown(name, part) if name in shown_fields else HIDDEN for name, part in value.items()}


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_without_value(item) for item in value]
    return HIDDEN if name == _VARIABLES and value is not None else _plain(value)


def _without_value(item: Any) -> Any:
    if not isinstance(item, dict):
        return HIDDEN
    return {name: _plain(part) if name in _SHOWN_IN_LISTS else HIDDEN for name, part in item.items()}


def _plain(value: Any) -> Any:
    """Text, a number that JSON knows, or nothing; what is nested in a place where nothing should be is hidden."""
    is_plain = value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
    return value if is_plain else HIDDEN
