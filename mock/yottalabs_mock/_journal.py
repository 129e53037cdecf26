"""What was asked, for tests and people: every request, without the secrets that were in it."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ._messages import Request

HIDDEN = "<hidden>"
MOST_REQUESTS = 100_000
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


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
        json: The body; the registry's token and the values of environment variables are hidden. None without one.
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
    """The latest requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[RecordedRequest] = deque(maxlen=MOST_REQUESTS)
        self._count = 0

    def note(
        self,
        request: Request,
        *,
        at: float,
        operation: str | None,
        key_headers: Sequence[str],
        status: int | None,
        fault: str | None,
    ) -> int:
        """Notes a request; gives its number."""
        secret = _SECRET_HEADERS.union(key_headers)
        headers = {name: HIDDEN if name in secret else value for name, value in request.headers.items()}
        body = _without_secrets(request.body)
        with self._lock:
            self._count += 1
            self._records.append(
                RecordedRequest(
                    self._count, at, operation, request.method, request.target, headers, body, status, fault
                )
            )
            return self._count

    @property
    def records(self) -> Sequence[RecordedRequest]:
        """The requests, the oldest first."""
        with self._lock:
            return tuple(self._records)

    def reset(self) -> None:
        """Forgets them."""
        with self._lock:
            self._records.clear()
            self._count = 0


def _without_secrets(body: bytes | None) -> Any:
    """A body that may be shown. What cannot be read may hold anything, so nothing of it is kept."""
    try:
        value = json.loads(body or b"null")
    except (ValueError, RecursionError):
        return f"<{len(body or b'')} bytes that are not JSON>"
    if not isinstance(value, dict):
        return None if value is None else "<no object>"
    shown = dict(value)
    if "imageRegistryToken" in shown:
        shown["imageRegistryToken"] = HIDDEN
    if "environmentVars" in shown:
        variables = shown["environmentVars"]
        shown["environmentVars"] = (
            [_without_value(item) for item in variables] if isinstance(variables, list) else HIDDEN
        )
    return shown


def _without_value(item: Any) -> Any:
    if not isinstance(item, dict) or not isinstance(item.get("key", ""), str):
        return HIDDEN
    return {name: text if name == "key" else HIDDEN for name, text in item.items()}
