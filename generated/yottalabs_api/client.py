"""The HTTP client of the generated operations."""

import math
import re
import ssl
from collections.abc import Mapping
from threading import Lock
from typing import Any, Self

import httpx2
from attrs import Factory, define, evolve, field

from .types import RawRequest, RawResponse

BASE_URL = "https://api.yottalabs.ai"
API_KEY_HEADER = "x-api-key"
DEFAULT_TIMEOUT = httpx2.Timeout(30.0)


# Arguments of httpx2.Client that are arguments of ours.
_OURS = frozenset({"base_url", "follow_redirects", "timeout", "verify"})


def _seconds_or_timeout(timeout: httpx2.Timeout | float) -> httpx2.Timeout:
    """A timeout that bounds every phase."""
    if isinstance(timeout, bool):
        raise TypeError("the timeout is a bool; it must be seconds or an httpx2.Timeout")
    whole = timeout if isinstance(timeout, httpx2.Timeout) else httpx2.Timeout(float(timeout))
    for phase, seconds in whole.as_dict().items():
        if seconds is None or not 0 < seconds < math.inf:
            raise ValueError(f"the timeout of {phase} is {seconds}; there is always one, of more than 0 seconds")
    return whole


def _sendable(name: str, value: str) -> str:
    """The value of a header; its message does not show one that cannot be sent, which may be a key."""
    if not isinstance(value, str):
        raise TypeError(f"the value of {name} is of type {type(value).__name__}; it must be a str")
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        raise ValueError(f"the value of {name} has characters that cannot stand in an HTTP header")
    return value


def _check_headers(_: object, attribute: Any, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        _sendable(f"{attribute.alias}[{name!r}]", value)


def _check_key(_: object, attribute: Any, value: str) -> None:
    _sendable(attribute.alias, value)


def _check_httpx_args(_: object, attribute: Any, values: Mapping[str, Any]) -> None:
    for name in sorted(_OURS & values.keys()):
        raise TypeError(f"{name} in {attribute.alias} has no effect; it is an argument of the client itself")


def _without_userinfo(url: str) -> str:
    return repr(re.sub(r"//[^/]*@", "//", url))


@define(eq=False)
class _Pool:
    """The httpx2 clients, made when they are first needed and shared by every copy of a client."""

    settings: dict[str, Any] = field(repr=False)
    sync_client: httpx2.Client | None = None
    async_client: httpx2.AsyncClient | None = None
    _lock: Lock = field(factory=Lock, repr=False, init=False)

    def get(self) -> httpx2.Client:
        with self._lock:
            if self.sync_client is None:
                self.sync_client = httpx2.Client(**self.settings)
            return self.sync_client

    def get_async(self) -> httpx2.AsyncClient:
        with self._lock:
            if self.async_client is None:
                self.async_client = httpx2.AsyncClient(**self.settings)
            return self.async_client


@define(kw_only=True, eq=False)
class Client:
    """Sends requests without a key.

    `with_headers`, `with_cookies` and `with_timeout` give a copy that shares the connections; the original stays as it
    is. Use a client as a context manager, `with` or `async with`, to close its connections.

    Args:
        base_url: Where the API is.
        cookies: Cookies of each request.
        headers: Headers of each request.
        timeout: How long each phase of a request may take (connecting, each read, each write): seconds or an
            httpx2.Timeout. None is not accepted: there is always one.
        verify_ssl: Whether, or against what, certificates are verified.
        follow_redirects: Whether redirects are followed. They would carry the key to another host.
        httpx_args: Further arguments of httpx2.Client and httpx2.AsyncClient.

    Raises:
        TypeError: An argument is of a type that cannot be used.
        ValueError: A timeout is none, or a header, cookie or key has a character that cannot be sent.
    """

    _base_url: str = field(default=BASE_URL, alias="base_url", repr=_without_userinfo)
    _cookies: dict[str, str] = field(factory=dict, alias="cookies", validator=_check_headers, repr=False)
    _headers: dict[str, str] = field(factory=dict, alias="headers", validator=_check_headers, repr=False)
    _timeout: httpx2.Timeout = field(
        default=DEFAULT_TIMEOUT,
        converter=_seconds_or_timeout,
        alias="timeout",
    )
    _verify_ssl: str | bool | ssl.SSLContext = field(default=True, alias="verify_ssl")
    _follow_redirects: bool = field(default=False, alias="follow_redirects")
    _httpx_args: dict[str, Any] = field(factory=dict, alias="httpx_args", validator=_check_httpx_args, repr=False)
    _pool: _Pool = field(
        default=Factory(
            lambda self: _Pool({**self._httpx_args, "verify": self._verify_ssl}),
            takes_self=True,
        ),
        alias="pool",
        repr=False,
    )

    def with_headers(self, headers: dict[str, str]) -> Self:
        """A copy with additional headers."""
        return evolve(self, headers={**self._headers, **headers})

    def with_cookies(self, cookies: dict[str, str]) -> Self:
        """A copy with additional cookies."""
        return evolve(self, cookies={**self._cookies, **cookies})

    def with_timeout(self, timeout: httpx2.Timeout | float) -> Self:
        """A copy with another timeout."""
        return evolve(self, timeout=timeout)

    def exchange(self, request: RawRequest) -> RawResponse:
        """Sends a request and waits for its answer."""
        return _raw(self.get_httpx_client().request(**self._arguments(request)))

    async def aexchange(self, request: RawRequest) -> RawResponse:
        """Sends a request and awaits its answer."""
        return _raw(await self.get_async_httpx_client().request(**self._arguments(request)))

    def _arguments(self, request: RawRequest) -> dict[str, Any]:
        headers = {**self._authentication(), **self._headers, **request.headers}
        for name, value in request.headers.items():
            _sendable(name, value)
        if self._cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {
            "method": request.method,
            "url": self._base_url.rstrip("/") + request.path,
            "params": request.params,
            "headers": headers,
            "content": request.content,
            "timeout": self._timeout,
            "follow_redirects": self._follow_redirects,
        }

    def _authentication(self) -> dict[str, str]:
        return {}

    def set_httpx_client(self, client: httpx2.Client) -> Self:
        """Uses this httpx2.Client for the connections of this object, not of its copies.

        Base URL, headers, key, timeout and redirects remain those of this object.
        """
        self._pool = _Pool(self._pool.settings, client, self._pool.async_client)
        return self

    def get_httpx_client(self) -> httpx2.Client:
        """The httpx2.Client that holds the connections."""
        return self._pool.get()

    def set_async_httpx_client(self, async_client: httpx2.AsyncClient) -> Self:
        """Uses this httpx2.AsyncClient for the connections of this object, not of its copies.

        Base URL, headers, key, timeout and redirects remain those of this object.
        """
        self._pool = _Pool(self._pool.settings, self._pool.sync_client, async_client)
        return self

    def get_async_httpx_client(self) -> httpx2.AsyncClient:
        """The httpx2.AsyncClient that holds the connections."""
        return self._pool.get_async()

    def __enter__(self) -> Self:
        self.get_httpx_client().__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        self.get_httpx_client().__exit__(*args)

    async def __aenter__(self) -> Self:
        await self.get_async_httpx_client().__aenter__()
        return self

    async def __aexit__(self, *args: Any) -> None:
        await self.get_async_httpx_client().__aexit__(*args)


@define(kw_only=True, eq=False)
class AuthenticatedClient(Client):
    """Sends requests with a key. Its other arguments are those of Client.

    Args:
        token: The key.
        prefix: What stands before the key in the header, with a space between them.
        auth_header_name: The header that carries the key.
    """

    token: str = field(repr=False, validator=_check_key)
    prefix: str = field(default="", validator=_check_key)
    auth_header_name: str = API_KEY_HEADER

    def _authentication(self) -> dict[str, str]:
        return {self.auth_header_name: f"{self.prefix} {self.token}" if self.prefix else self.token}


def _raw(response: httpx2.Response) -> RawResponse:
    return RawResponse(status_code=response.status_code, headers=dict(response.headers), content=response.content)
