"""What an answer says: its data, or one of our errors. No input or output happens here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import _exceptions as exceptions

SUCCESS = 10000

ERROR_OF_STATUS: Mapping[int, type[exceptions.APIError]] = {
    400: exceptions.InvalidRequestError,
    401: exceptions.AuthenticationError,
    403: exceptions.PermissionDeniedError,
    404: exceptions.NotFoundError,
    409: exceptions.ConflictError,
    422: exceptions.InvalidRequestError,
    429: exceptions.RateLimitError,
}
ERROR_OF_CODE: Mapping[int, type[exceptions.APIError]] = {
    10001: exceptions.InvalidRequestError,
    10002: exceptions.ServerError,
    10004: exceptions.PermissionDeniedError,
    10007: exceptions.NotFoundError,
    12000: exceptions.NotFoundError,
    13000: exceptions.NotFoundError,
    12001: exceptions.ConflictError,
    429: exceptions.RateLimitError,
}
KEPT_BODY_BYTES = 64 * 1024  # how much of a body an error keeps


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: HTTP 2xx with code 10000."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    data: Any

    def unreadable(self, problem: str) -> exceptions.ResponseValidationError:
        """The error for an answer whose data is not what the operation gives."""
        return exceptions.ResponseValidationError(
            problem, status_code=self.status_code, headers=self.headers, body=self.content[:KEPT_BODY_BYTES]
        )


def read_answer(status_code: int, headers: Mapping[str, str], content: bytes) -> Answer:
    """The answer, if it says success.

    Raises:
        APIError: The status is not 2xx, or the code is not 10000.
        ResponseValidationError: The status is 2xx, and the body is not the envelope.
    """
    body = content[:KEPT_BODY_BYTES]
    envelope = _object(content)
    code = None if envelope is None else _code(envelope.get("code"))
    message = _message(envelope)

    if not 200 <= status_code < 300:
        kind = ERROR_OF_STATUS.get(status_code, exceptions.ServerError if status_code >= 500 else exceptions.APIError)
        message = message or _without_message(status_code, headers)
        raise kind(message, status_code=status_code, code=code, headers=headers, body=body)
    if envelope is None or code is None:
        problem = "is not a JSON object" if envelope is None else "has no readable code, which alone would tell success"
        raise exceptions.ResponseValidationError(
            f"the answer {problem}", status_code=status_code, headers=headers, body=body
        )
    if code != SUCCESS:
        kind = ERROR_OF_CODE.get(code, exceptions.APIError)
        message = message or _without_message(status_code, headers)
        raise kind(message, status_code=status_code, code=code, headers=headers, body=body)
    return Answer(status_code, headers, content, envelope.get("data"))


def created_id(answer: Answer) -> str:
    """The id of the pod that was created: a number, text, or the `id` of an object."""
    data = answer.data
    found = data.get("id") if isinstance(data, dict) else data
    if isinstance(found, str) and found.strip():
        return found.strip()
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found.bit_length() < 128:
        return str(found)
    raise answer.unreadable("the API says that it created a pod, but not which; look for it with pods.list()")


def listed_objects(answer: Answer) -> list[dict[str, Any]] | None:
    """The objects of a list; None where the answer has no list at all, which says nothing of what exists."""
    if answer.data is None:
        return None
    if not isinstance(answer.data, list):
        raise answer.unreadable("the list of pods is not a list")
    return [item for item in answer.data if isinstance(item, dict)]


def check_deleted(answer: Answer) -> None:
    """Nothing, if the answer to a delete can be taken for a success: null, nothing, an object, true."""
    if answer.data is False:
        raise answer.unreadable("the API says success and false at once; whether the pod is deleted is not known")


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _code(value: Any) -> int | None:
    if isinstance(value, str) and len(value) < 20 and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _message(envelope: dict[str, Any] | None) -> str | None:
    message = None if envelope is None else envelope.get("message")
    return message if isinstance(message, str) and message.strip() else None


def _without_message(status_code: int, headers: Mapping[str, str]) -> str:
    if 300 <= status_code < 400:
        return f"the API redirects to {headers.get('location', 'nowhere')}, which is not followed; check the base URL"
    return "the API refused the request without a message"
