"""What an answer says: its data, or one of our errors. No input or output happens here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from yottalabs_api.reading import text
from yottalabs_api.types import parse_json

from . import _exceptions as exceptions
from ._pod import Pod
from ._secrecy import HiddenDict, masked
from ._text import LONGEST_QUOTE, printable

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
_ID = Pod.json_names["id"]
LONGEST_ID = 256  # characters; the documented ones have 18


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: HTTP 2xx with code 10000."""

    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    data: Any = field(repr=False)

    def unreadable(self, problem: str) -> exceptions.ResponseValidationError:
        """The error for an answer whose data is not what the operation gives."""
        return exceptions.ResponseValidationError(
            problem, status_code=self.status_code, headers=self.headers, body=self.content
        )


class Listing:
    """The pods that an answer lists, and how much it says of those that it does not list.

    There may be ten thousand of them, and one that is looked for: what is not asked for is not made.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._objects = [item for item in answer.data or () if isinstance(item, dict)]

    @property
    def pods(self) -> list[Pod]:
        """The pods."""
        return [Pod(item) for item in self._objects]

    def find(self, pod_id: str) -> Pod | None:
        """The pod with an id; of two with one id the first."""
        found = self._by_id.get(pod_id)
        return None if found is None else Pod(found)

    @cached_property
    def _by_id(self) -> Mapping[str, dict[str, Any]]:
        pairs = ((item.get(_ID), item) for item in reversed(self._objects))
        return {name: item for pod_id, item in pairs if (name := pod_id if type(pod_id) is str else text(pod_id))}

    @property
    def is_null(self) -> bool:
        """Whether there was no list at all. An API may mean an empty one by that."""
        return self.answer.data is None

    @cached_property
    def is_whole(self) -> bool:
        """Whether everything listed is a pod with an id, so that a pod without an entry is not there."""
        is_all = not self.is_null and len(self._objects) == len(self.answer.data)
        return is_all and all(text(item.get(_ID)) for item in self._objects)


def read_answer(status_code: int, headers: Mapping[str, str], content: bytes) -> Answer:
    """The answer, if it says success.

    Raises:
        APIError: The status is not 2xx, or the code is not 10000.
        ResponseValidationError: The status is 2xx, and the body is not the envelope.
    """
    envelope, problem = _envelope(content)
    code = _code(envelope.get("code"))
    if not 200 <= status_code < 300:
        kind = ERROR_OF_STATUS.get(status_code, exceptions.ServerError if status_code >= 500 else exceptions.APIError)
        message = _message(envelope) or _without_message(status_code, headers)
        raise kind(message, status_code=status_code, code=code, headers=headers, body=content)
    if code is None:
        problem = problem or "the answer has no readable code, which alone would tell success"
        raise exceptions.ResponseValidationError(problem, status_code=status_code, headers=headers, body=content)
    if code != SUCCESS:
        kind = ERROR_OF_CODE.get(code, exceptions.APIError)
        message = _message(envelope) or _without_message(status_code, headers)
        raise kind(message, status_code=status_code, code=code, headers=headers, body=content)
    return Answer(status_code, headers, content, envelope.get("data"))


def created_id(answer: Answer) -> str:
    """The id of the pod that was created: a number, text, or the `id` of an object."""
    found = _id_in(answer.data)
    if found is None:
        raise answer.unreadable("the API says that it created a pod, but not which")
    return found


def _id_in(data: Any) -> str | None:
    found = data.get("id") if isinstance(data, dict) else data
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**128:
        return str(found)
    text = found.strip() if isinstance(found, str) else ""
    return text if text.strip(".") and text.isprintable() and "/" not in text and len(text) <= LONGEST_ID else None


def listed(answer: Answer) -> Listing:
    """The pods of a list."""
    if answer.data is not None and not isinstance(answer.data, list):
        raise answer.unreadable("the list of pods is not a list")
    return Listing(answer)


def check_deleted(answer: Answer) -> None:
    """Nothing, if the answer to a delete can be taken for a success: null, nothing, an object, true."""
    if answer.data is False:
        raise answer.unreadable("the API says success and false at once; whether the pod is deleted is not known")


def _envelope(content: bytes) -> tuple[dict[str, Any], str | None]:
    """The envelope, or an empty one and what is wrong with the answer."""
    try:
        value = parse_json(content)
    except ValueError as error:
        return {}, f"the answer is not JSON: {error}" if content else "the answer is empty"
    return (HiddenDict(value), None) if isinstance(value, dict) else ({}, "the answer is not a JSON object")


def _code(value: Any) -> int | None:
    if isinstance(value, str) and len(value) < 20 and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _message(envelope: Mapping[str, Any]) -> str | None:
    """The API's message without secrets. It is masked whole: a part of a secret would not be known as one."""
    message = envelope.get("message")
    return masked(message) if isinstance(message, str) and message.strip() else None


def _without_message(status_code: int, headers: Mapping[str, str]) -> str:
    if 300 <= status_code < 400:
        location = masked(headers.get("location", "")).strip() or "nowhere"
        return f"the API redirects to {printable(location, LONGEST_QUOTE)}, which is not followed; check the base URL"
    return "the API refused the request without a message"
