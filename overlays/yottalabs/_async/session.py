"""Sends one request over HTTP within its limits, and tells what came back in terms of this package."""

from __future__ import annotations

import logging
import platform
from collections.abc import Mapping
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from yottalabs_api.client import API_KEY_HEADER
from yottalabs_api.types import RawRequest

from .._answer import SUCCESS, Answer, read_answer
from .._belonging import Belonging
from .._clock import Clock
from .._deadline import Deadline, bound_reads
from .._exceptions import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
    InvalidArgumentError,
    ResponseValidationError,
    YottaLabsError,
)
from .._secrecy import HiddenDict, Keeping, Veil, keep_out_of_logs, masked
from .._settings import Settings
from .._tokens import AsyncLock, Tokens
from .._version import __version__
from .._wire import Telling, is_asked_for

logger = logging.getLogger("yottalabs")

USER_AGENT = f"yottalabs-client/{__version__} (Python {platform.python_version()}; httpx {httpx.__version__})"

KEPT_BYTES = 64 * 1024  # of a body that is cut off because it is too large
LONGEST_LOGGED_PATH = 200
_TRANSPORT_METHOD = "handle_async_request"
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


if TYPE_CHECKING:
    from .._guard import Guard


class AsyncSession:
    """Connections, and the limits of the calls that are made over them.

    It is what the generated operations take for a client: its exchange gives an Answer, or raises one of our errors.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        http: httpx.AsyncClient,
        belonging: Belonging | None,
        tokens: Tokens[AsyncLock],
        guards: dict[str, Guard],
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.tokens = tokens
        self.guards = guards  # of the pods that this client has created and not deleted, by their ids
        self._http = http
        self._belonging = belonging  # None where the connections, if there are any, are those of a given transport

    @classmethod
    def open(cls, settings: Settings, clock: Clock, transport: httpx.AsyncBaseTransport | None) -> AsyncSession:
        """A session with connections of its own."""
        if isinstance(transport, type):
            raise ConfigurationError(f"the transport is the class {transport.__name__}; pass an object of it")
        if transport is not None and not hasattr(transport, _TRANSPORT_METHOD):
            raise ConfigurationError(f"the transport {type(transport).__name__} has no {_TRANSPORT_METHOD}")
        try:
            httpx.URL(settings.base_url)
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"the base URL {settings.base_url!r} is not a URL: {error}") from error
        try:
            http = httpx.AsyncClient(
                base_url=settings.base_url,
                headers={"user-agent": USER_AGENT, "accept": "application/json", "accept-encoding": "gzip, deflate"},
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none are kept
                # A redirect would carry the key to another host.
                follow_redirects=False,
                # A proxy would get the key of a local mock unencrypted.
                mounts=_without_proxy(settings.base_url) if settings.is_local and transport is None else None,
                transport=transport,
            )
        except (ValueError, TypeError, OSError, ImportError, httpx.InvalidURL) as error:
            message = f"the proxy or certificate settings of the environment cannot be used: {error}"
            raise ConfigurationError(message) from error
        keep_out_of_logs()
        if transport is None:
            bound_reads(http)
        return cls(settings, clock, http, Belonging() if transport is None else None, Tokens(AsyncLock), {})

    def with_settings(self, settings: Settings) -> AsyncSession:
        """A session with other limits over the same connections."""
        return AsyncSession(settings, self.clock, self._http, self._belonging, self.tokens, self.guards)

    def within(self, seconds: float) -> AsyncSession:
        """A session whose calls take no longer than that."""
        return self.with_settings(replace(self.settings, timeout=min(self.settings.timeout, max(seconds, 0.001))))

    @property
    def has_own_connections(self) -> bool:
        """Whether another process could reach the same API: a given transport may lead anywhere."""
        return self._belonging is not None

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def aexchange(self, request: RawRequest) -> Answer:
        """Sends a request and reads its answer.

        Raises:
            APIError: The API said no.
            ResponseValidationError: What came cannot be read.
            APITimeoutError: No whole answer came in time.
            APIConnectionError: The API could not be reached.
        """
        if self._http.is_closed:
            raise ConfigurationError("this client is closed; make a new one, or use it inside its `with` block")
        if self._belonging is not None:
            self._belonging.acheck()
        started = self.clock.monotonic()
        status: int | None = None
        code: int | None = None
        outcome = "interrupted"
        try:
            with Keeping(self.settings.api_key), Veil():
                answer = await self._exchanged(request)
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

    async def _exchanged(self, request: RawRequest) -> Answer:
        """Sends a request and reads its answer, and tells both if that is asked for."""
        if not is_asked_for():
            return read_answer(*await self._send(request))
        telling = Telling(request)
        telling.sent()
        started = self.clock.monotonic()
        try:
            answer = read_answer(*await self._send(request))
        except YottaLabsError as error:
            telling.failed(error, (self.clock.monotonic() - started) * 1000)
            raise
        telling.answered(answer, (self.clock.monotonic() - started) * 1000)
        return answer

    async def _send(self, request: RawRequest) -> tuple[int, Mapping[str, str], bytes]:
        deadline = Deadline(self.clock, self.settings.timeout)
        call = f"{request.method} {request.path}"
        progress = AsyncProgress()
        try:
            async with deadline.aenforced():
                response = await self._http.send(self._prepare(request, deadline, progress), stream=True)
                try:
                    return response.status_code, _headers(response), await self._read(response, deadline)
                finally:
                    await response.aclose()
        except (httpx.TimeoutException, TimeoutError) as error:
            message = f"{call}: no whole answer within {round(deadline.seconds, 3):g} seconds"
            raise APITimeoutError(message, maybe_sent=self._maybe_sent(error, progress)) from _bare(error)
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            reason = str(error) or type(error).__name__
            message = f"{call}: no answer from {self.settings.base_url}: {reason}"
            raise APIConnectionError(message, maybe_sent=self._maybe_sent(error, progress)) from _bare(error)

    def _maybe_sent(self, error: Exception, progress: AsyncProgress) -> bool:
        # A transport of the caller's need not tell how far it came.
        came_this_far = progress.has_sent or self._belonging is None
        return came_this_far and not isinstance(error, _NEVER_SENT)

    def _prepare(self, request: RawRequest, deadline: Deadline, progress: AsyncProgress) -> httpx.Request:
        try:
            return self._http.build_request(
                request.method,
                request.path,
                params=request.params,
                headers=HiddenDict({**request.headers, API_KEY_HEADER: self.settings.api_key}),
                content=request.content,
                extensions={"timeout": deadline.phases(), "trace": progress.atrace},
            )
        except httpx.InvalidURL as error:
            raise InvalidArgumentError(f"the request has no valid URL: {error}") from error

    async def _read(self, response: httpx.Response, deadline: Deadline) -> bytes:
        """The body, unpacked, as long as it is not too large and the time is not over."""
        limit = self.settings.max_response_bytes
        chunks: list[bytes] = []
        size = 0
        problem = ""
        cause: Exception | None = None
        try:
            if "," in response.headers.get("content-encoding", ""):
                # Each packing multiplies what a few bytes can become.
                raise httpx.DecodingError("it is packed more than once")
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > limit:
                    chunks = [b"".join([*chunks, chunk[:KEPT_BYTES]])[:KEPT_BYTES]]
                    problem = f"the answer has more than the {limit} bytes of max_response_bytes"
                    break
                chunks.append(chunk)
                if deadline.passed():
                    raise httpx.ReadTimeout("the deadline of the call has passed")
        except httpx.TimeoutException:
            raise
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            cause, problem = error, f"the answer broke off or cannot be unpacked: {error}"
        content = b"".join(chunks)
        if problem and response.is_success:
            raise ResponseValidationError(
                problem,
                status_code=response.status_code,
                headers=_headers(response),
                body=content,
                broke_off=isinstance(cause, httpx.NetworkError | httpx.ProtocolError | OSError),
            ) from (cause and _bare(cause))
        return content


class AsyncProgress:
    """How far httpx came with a request."""

    def __init__(self) -> None:
        self.has_sent = False

    async def atrace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpx calls at each step. The request that asks a proxy for a tunnel is not ours."""
        if event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
            self.has_sent = True


def _headers(response: httpx.Response) -> HiddenDict:
    return HiddenDict({name: masked(value) for name, value in response.headers.items()})


def _bare(error: Exception) -> Exception:
    """An error without the request, which has the key among its headers."""
    if isinstance(error, httpx.RequestError) and getattr(error, "_request", None) is not None:
        error.request = httpx.Request(error.request.method, error.request.url)
    return error


def _without_proxy(base_url: str) -> dict[str, None]:
    host = urlsplit(base_url).hostname or ""
    return {f"all://[{host}]" if ":" in host else f"all://{host}": None}
