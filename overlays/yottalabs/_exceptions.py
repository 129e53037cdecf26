"""Every error that this package raises.

    YottaLabsError
    ├─ ConfigurationError          no key, a bad base URL, a client that is closed
    ├─ InvalidArgumentError        an argument that cannot be right; nothing was created or changed (also a ValueError)
    ├─ APIConnectionError          nothing usable came back
    │   └─ APITimeoutError         … in time
    ├─ ResponseValidationError     something came back that cannot be read
    ├─ APIError                    the API said no
    │   ├─ InvalidRequestError     400, 422, code 10001
    │   ├─ AuthenticationError     401
    │   ├─ PermissionDeniedError   403, code 10004
    │   ├─ NotFoundError           404, codes 10007, 12000, 13000
    │   ├─ ConflictError           409, code 12001
    │   ├─ RateLimitError          429, code 429
    │   └─ ServerError             500 and above, code 10002
    ├─ CreateOutcomeUnknownError   a create may or may not have happened
    ├─ PodFailedError              the pod ended while something else was waited for
    ├─ WaitTimeoutError            the wait took too long
    ├─ PriceLimitError             the pod costs more than it may, or nobody knows what
    └─ PodNotDeletedError          a pod that was to be deleted may still run

The text of an error is fit for a terminal and a log: `printable` made it so. Its attributes keep what came.

Each carries `pod_id` where one is known, and each can be pickled: the arguments of every class but the message have
defaults, and what they set is in the instance's dictionary.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ._lazy import LazyModule
from ._text import LONGEST_ID, LONGEST_QUOTE, printable

if TYPE_CHECKING:
    from . import _pod
else:
    _pod = LazyModule("yottalabs._pod")

REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-trace-id")


class YottaLabsError(Exception):
    """The base of every error of this package.

    Attributes:
        message: What went wrong.
        pod_id: The id of the pod that it is about, where one is known.
        pods: Every pod that was waited for, by its id, as it was last seen; empty if none was.
    """

    def __init__(self, message: str, *, pod_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.pod_id = pod_id
        self.pods: dict[str, _pod.Pod] = {}

    def __str__(self) -> str:
        text = printable(self._describe())
        if self.pod_id is None:
            return text
        shown = printable(self.pod_id, LONGEST_ID)
        whole = "" if shown.endswith("…") else r"(?!\w)"
        is_named = re.search(rf"(?<!\w){re.escape(shown.removesuffix('…'))}{whole}", text)
        return text if is_named else f"{text} (pod {shown})"

    def _describe(self) -> str:
        return self.message


class ConfigurationError(YottaLabsError):
    """The client cannot work as it is set up: no key, a bad base URL, already closed.

    Attributes:
        setting: What is at fault, "api_key" or "guard", where that matters to whoever handles it.
    """

    def __init__(self, message: str, *, setting: str | None = None, pod_id: str | None = None) -> None:
        super().__init__(message, pod_id=pod_id)
        self.setting = setting


class InvalidArgumentError(YottaLabsError, ValueError):
    """An argument that cannot be right. Nothing was created or changed.

    For a request that the contract forbids, nothing was sent at all. A wait for a port that the pod does not expose has
    looked at the list of pods.

    Attributes:
        argument: The argument at fault, `expose[0].port` for example.
    """

    def __init__(self, message: str, *, argument: str | None = None, pod_id: str | None = None) -> None:
        super().__init__(message, pod_id=pod_id)
        self.argument = argument


class APIConnectionError(YottaLabsError):
    """The API could not be reached, or the connection broke before an answer came.

    Attributes:
        maybe_sent: Whether the request may have reached the API, and may have had an effect.
    """

    def __init__(self, message: str, *, maybe_sent: bool = True, pod_id: str | None = None) -> None:
        super().__init__(message, pod_id=pod_id)
        self.maybe_sent = maybe_sent


class APITimeoutError(APIConnectionError):
    """No whole answer came in time."""


class _AnsweredError(YottaLabsError):
    """An error that an answer stands behind."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        pod_id: str | None = None,
    ) -> None:
        super().__init__(message, pod_id=pod_id)
        self.status_code = status_code
        self.headers = dict(headers or {})
        self.body = bytes(body)

    @property
    def request_id(self) -> str | None:
        """The API's own name for the request, where a header gives one."""
        return next((self.headers[name] for name in REQUEST_ID_HEADERS if name in self.headers), None)


class ResponseValidationError(_AnsweredError):
    """An answer that is not what the API documents, and that cannot be made sense of.

    Attributes:
        status_code: The HTTP status.
        headers: The headers of the answer, their names in lower case.
        body: As much of the body as came; of one that is too large, its first 64 KiB.
        broke_off: Whether the connection ended before the body did.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        broke_off: bool = False,
        pod_id: str | None = None,
    ) -> None:
        super().__init__(message, status_code=status_code, headers=headers, body=body, pod_id=pod_id)
        self.broke_off = broke_off

    def _describe(self) -> str:
        return f"{self.message} (HTTP {self.status_code}, {len(self.body)} bytes in `body`)"


class APIError(_AnsweredError):
    """The API said no: an HTTP status other than 2xx, or HTTP 200 with a code other than 10000.

    Attributes:
        message: The API's message, as it came but for secrets; `str` of the error cuts a long one.
        status_code: The HTTP status.
        code: The code in the answer, or None where it has none.
        headers: The headers of the answer, their names in lower case.
        body: The body of the answer.
    """

    hint = ""

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        code: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        pod_id: str | None = None,
    ) -> None:
        super().__init__(message, status_code=status_code, headers=headers, body=body, pod_id=pod_id)
        self.code = code

    @property
    def retry_after(self) -> float | None:
        """How many seconds to wait, where the API says it (as seconds or as a date); never negative."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:9])
        if not value:
            return None
        from email.utils import parsedate_to_datetime  # slow to load, and seldom needed

        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, OverflowError, IndexError, TypeError):
            return None

    def _describe(self) -> str:
        code = "" if self.code is None else f", code {self.code}"
        request = "" if self.request_id is None else f", request {printable(self.request_id, LONGEST_ID)}"
        hint = f"; {self.hint}" if self.hint else ""
        return f"{printable(self.message, LONGEST_QUOTE)} (HTTP {self.status_code}{code}{request}){hint}"


class InvalidRequestError(APIError):
    """The API did not accept the request's content."""


class AuthenticationError(APIError):
    """The API does not know the key."""

    hint = "check the key; keys are made in the YottaLabs console under Settings, Access Keys"


class PermissionDeniedError(APIError):
    """The key may not do this."""


class NotFoundError(APIError):
    """What the request is about does not exist, or belongs to another organisation."""


class ConflictError(APIError):
    """The state of the pod does not allow this."""


class RateLimitError(APIError):
    """Too many requests."""

    hint = "wait before the next request"


class ServerError(APIError):
    """The API failed. Whether the request had an effect is not known."""


class CreateOutcomeUnknownError(YottaLabsError):
    """A create may or may not have happened, and the list of pods did not tell.

    The pod, if there is one, carries the token: `pods.find_created` looks for it.

    Attributes:
        create_token: The token that the pod would carry; None if the create was sent without one.
        since: When the create was sent.
    """

    def __init__(
        self,
        message: str,
        *,
        create_token: str | None = None,
        since: datetime | None = None,
        pod_id: str | None = None,
    ) -> None:
        super().__init__(message, pod_id=pod_id)
        self.create_token = create_token
        self.since = since


class _PodError(YottaLabsError):
    def __init__(
        self,
        message: str,
        *,
        pod: _pod.Pod | None = None,
        pods: Mapping[str, _pod.Pod] | None = None,
        pod_id: str | None = None,
    ) -> None:
        super().__init__(message, pod_id=pod_id)
        self.pod = pod
        self.pods = dict(pods or {})


class PodFailedError(_PodError):
    """The pod ended, or is ending, while something else was waited for.

    Attributes:
        pod: The pod as it was last seen.
        pods: Every pod that was waited for, by its id, as it was last seen.
    """


class WaitTimeoutError(_PodError):
    """What was waited for did not happen in time. The pod may well be running, and cost money.

    Attributes:
        pod: The pod as it was last seen, or None if it never was.
        pods: Every pod that was waited for, by its id, as it was last seen.
    """


class PriceLimitError(_PodError):
    """The pod costs more in an hour than it may, or the API does not say what it costs. It was deleted.

    Attributes:
        pod: The pod as it was last seen.
        hourly_price: What it costs in an hour; None if the API does not say.
        max_hourly_price: What it may cost in an hour; None if only the whole cost was limited.
    """

    def __init__(
        self,
        message: str,
        *,
        pod: _pod.Pod | None = None,
        hourly_price: Decimal | None = None,
        max_hourly_price: Decimal | None = None,
        pod_id: str | None = None,
    ) -> None:
        super().__init__(message, pod=pod, pod_id=pod_id)
        self.hourly_price = hourly_price
        self.max_hourly_price = max_hourly_price


class PodNotDeletedError(YottaLabsError):
    """A pod that was to be deleted may still run, and cost money. The message says how to delete it by hand.

    Attributes:
        pod_ids: The ids of all such pods.
    """

    def __init__(self, message: str, *, pod_ids: Sequence[str] = (), pod_id: str | None = None) -> None:
        super().__init__(message, pod_id=pod_id)
        self.pod_ids = tuple(pod_ids)


@contextmanager
def about(pod_id: str) -> Iterator[None]:
    """Lets every error of ours name the pod that it is about."""
    try:
        yield
    except YottaLabsError as error:
        error.pod_id = error.pod_id or pod_id
        raise


# In a traceback, an error has the name that it is imported by.
for _error in list(globals().values()):
    if isinstance(_error, type) and issubclass(_error, YottaLabsError) and not _error.__name__.startswith("_"):
        _error.__module__ = "yottalabs"
