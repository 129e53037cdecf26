# Made from ../_async/session.py by `make generate`; change that file.
"""Sends one request over HTTP within its limits, and tells what came back in terms of this package."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2
from yottalabs_api.types import RawRequest

from .._answer import SUCCESS, Answer, read_answer
from .._clock import Clock
from .._deadline import Deadline
from .._exceptions import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ResponseValidationError,
    YottaLabsError,
)
from .._secrecy import HiddenBytes, HiddenDict, HiddenList, Keeping, masked
from .._settings import Settings
from .._text import LONGEST_QUOTE, printable
from .._tokens import Lock, Tokens
from .._wire import Telling, is_asked_for
from .connections import Connections

logger = logging.getLogger("yottalabs")

KEPT_BYTES = 64 * 1024  # of a body that is cut off because it is too large
LONGEST_LOGGED_PATH = 200
NO_ISSUER = "unable to get local issuer certificate"  # OpenSSL's words where it finds no store of certificates
NO_ISSUER_HINT = "; install the system's certificates (package ca-certificates), or set SSL_CERT_FILE"
_SHORTEST = 0.001  # seconds; what is left of the time of a call may be none
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


if TYPE_CHECKING:
    from .._guard import Guard


class Session:
    """Connections, and the limits of the calls that are made over them.

    It is what the generated operations take for a client: its exchange gives an Answer, or raises one of our errors.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        connections: Connections,
        tokens: Tokens[Lock],
        guards: dict[str, Guard],
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.tokens = tokens
        self.guards = guards  # of the pods that this client has created and not deleted, by their ids
        self._connections = connections

    @classmethod
    def open(cls, settings: Settings, clock: Clock, transport: httpx2.BaseTransport | None) -> Session:
        """A session with connections of its own."""
        return cls(settings, clock, Connections(settings, transport), Tokens(Lock), {})

    def with_settings(self, settings: Settings) -> Session:
        """A session with other limits over the same connections."""
        return Session(settings, self.clock, self._connections, self.tokens, self.guards)

    def within(self, seconds: float) -> Session:
        """A session whose calls take no longer than that."""
        return self.with_settings(replace(self.settings, timeout=self._seconds(seconds)))

    @property
    def has_own_connections(self) -> bool:
        """Whether another process could reach the same API: a given transport may lead anywhere."""
        return self._connections.are_own

    def close(self) -> None:
        """Closes the connections."""
        self._connections.close()

    def exchange(self, request: RawRequest, seconds: float | None = None) -> Answer:
        """Sends a request and reads its answer.

        Args:
            request: The request.
            seconds: How long that may take, if not as long as the settings say.

        Raises:
            APIError: The API said no.
            ResponseValidationError: What came cannot be read.
            APITimeoutError: No whole answer came in time.
            APIConnectionError: The API could not be reached.
        """
        self._connections.check_open()
        if self._connections.belonging is not None:
            self._connections.belonging.check()
        started = self.clock.monotonic()
        status: int | None = None
        code: int | None = None
        outcome = "interrupted"
        try:
            with Keeping(self._connections.key_forms):
                answer = self._exchanged(request, self._seconds(seconds))
        except YottaLabsError as error:
            outcome, status = type(error).__name__, getattr(error, "status_code", None)
            code = error.code if isinstance(error, APIError) else None
            raise
        else:
            outcome, status, code = "ok", answer.status_code, SUCCESS
            return answer
        finally:
            milliseconds = (self.clock.monotonic() - started) * 1000
            logger.debug(
                "%s %s: %s, status %s, code %s, %.1f ms",
                *(request.method, request.path[:LONGEST_LOGGED_PATH], outcome, status, code, milliseconds),
            )

    def _seconds(self, wanted: float | None) -> float:
        longest = self.settings.timeout
        return longest if wanted is None else min(longest, max(wanted, _SHORTEST))

    def _exchanged(self, request: RawRequest, seconds: float) -> Answer:
        """Sends a request and reads its answer, and tells both if that is asked for."""
        if not is_asked_for():
            return read_answer(*self._send(request, seconds))
        telling = Telling(request)
        telling.sent()
        started = self.clock.monotonic()
        try:
            answer = read_answer(*self._send(request, seconds))
        except YottaLabsError as error:
            telling.failed(error, (self.clock.monotonic() - started) * 1000)
            raise
        telling.answered(answer, (self.clock.monotonic() - started) * 1000)
        return answer

    def _send(self, request: RawRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        deadline = Deadline(self.clock, seconds)
        call = f"{request.method} {printable(request.path, LONGEST_QUOTE)}"
        progress = Progress()
        extensions = {"timeout": deadline.phases(), "trace": progress.trace}
        built = self._connections.build(request, extensions)
        try:
            with deadline.enforced(), self._connections.turn():
                response = self._connections.send(built)
                response.extensions.pop("reason_phrase", None)  # words of the server, which a `repr` would show
                try:
                    return response.status_code, _headers(response), self._read(response, built, deadline)
                finally:
                    response.close()
        except (httpx2.TimeoutException, TimeoutError) as error:
            message = f"{call}: no whole answer within {round(deadline.seconds, 3):g} seconds"
            raise APITimeoutError(message, maybe_sent=self._maybe_sent(error, progress)) from _bare(error, built)
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            hint = NO_ISSUER_HINT if NO_ISSUER in str(error) else ""
            message = f"{call}: no answer from {self.settings.base_url}: {_reason(error)}{hint}"
            raise APIConnectionError(message, maybe_sent=self._maybe_sent(error, progress)) from _bare(error, built)

    def _maybe_sent(self, error: Exception, progress: Progress) -> bool:
        # A transport of the caller's need not tell how far it came.
        came_this_far = progress.has_sent or not self._connections.are_own
        return came_this_far and not isinstance(error, _NEVER_SENT)

    def _read(self, response: httpx2.Response, request: httpx2.Request, deadline: Deadline) -> bytes:
        """The body, unpacked, as long as it is not too large and the time is not over."""
        limit = self.settings.max_response_bytes
        chunks = HiddenList()
        size = 0
        problem = ""
        cause: Exception | None = None
        try:
            if "," in response.headers.get("content-encoding", ""):
                # Each packing multiplies what a few bytes can become.
                raise httpx2.DecodingError("it is packed more than once")
            pieces: Any = response.iter_bytes()
            with closing(pieces):  # or what is left early would be closed by the garbage collector
                for chunk in pieces:
                    size += len(chunk)
                    chunks.append(chunk)
                    del chunk  # the list hides it
                    if size > limit:
                        chunks = HiddenList([b"".join(chunks)[:KEPT_BYTES]])
                        problem = f"the answer has more than the {limit} bytes of max_response_bytes"
                        break
                    if deadline.passed():
                        raise httpx2.ReadTimeout("the deadline of the call has passed")
        except httpx2.TimeoutException:
            raise
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            cause = error
            problem = f"the answer broke off or cannot be unpacked: {_reason(error)}"
        content = HiddenBytes(b"".join(chunks))
        if problem and response.is_success:
            raise ResponseValidationError(
                problem,
                status_code=response.status_code,
                headers=_headers(response),
                body=content,
                broke_off=isinstance(cause, httpx2.NetworkError | httpx2.ProtocolError | OSError),
            ) from (cause and _bare(cause, request))
        return content


class Progress:
    """How far httpx2 came with a request."""

    def __init__(self) -> None:
        self.has_sent = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpx2 calls at each step. The request that asks a proxy for a tunnel is not ours."""
        if event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
            self.has_sent = True


def _headers(response: httpx2.Response) -> HiddenDict:
    return HiddenDict({name: masked(value) for name, value in response.headers.items()})


def _reason(error: Exception) -> str:
    """What an error says, without secrets. It is masked whole: a part of a secret would not be known as one."""
    return printable(masked(str(error)), LONGEST_QUOTE) or type(error).__name__


def _bare(error: Exception, request: httpx2.Request) -> Exception:
    """An error with its request, but without that one's headers, which have the key among them, and its query."""
    if isinstance(error, httpx2.RequestError):
        error.request = httpx2.Request(request.method, request.url.copy_with(query=None))
    return error
