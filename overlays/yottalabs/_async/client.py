"""The client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from .._clock import Clock
from .._lazy import LazyModule
from .._secrecy import Hidden, hidden
from .._settings import (
    DEFAULT_MAX_RESPONSE_BYTES,
    DEFAULT_MAX_RETRIES,
    DEFAULT_TIMEOUT,
    Settings,
    find_clock,
    find_connection,
)

if TYPE_CHECKING:
    from types import TracebackType

    import httpx2

    from . import pods
    from .session import AsyncSession
else:
    httpx2 = LazyModule("httpx2")
    pods = LazyModule(f"{__package__}.pods")


class AsyncYottaLabs:
    """A client of the YottaLabs API. Its operations on pods are in `pods`.

    Use it as a context manager, so that its connections are closed. One client may be used from many places at once.

    Args:
        api_key: The key; without one, that of `profile`, else the environment variable YOTTA_API_KEY, else that of the
            profile that YOTTA_PROFILE names, or the default one.
        base_url: Where the API is; without one, the same in the same order, with YOTTA_BASE_URL, else the API's own
            address. The base URL of a profile that has a key counts for that key alone. Plain http is refused unless
            the host is this machine.
        profile: The name of a profile in the configuration file. It comes before the environment.
        timeout: How long a call may take as a whole, in seconds, from connecting to the last byte, retries included.
        max_retries: How often a request that failed for a passing reason is sent again: a list or a delete, and a
            create that certainly had no effect.
        transport: An httpx2 transport to send requests with: a mock, a proxy, a fault injector. One of another
            library is refused. The proxy and certificate settings of the environment then do not apply.
        clock: What tells the time and waits.
        allow_insecure_http: Whether plain http to another machine is allowed. The key would be readable on the way.
        max_response_bytes: How large an answer may be, unpacked.
        user_agent: The name and version of your program, as "my-app/1.0". The User-Agent header begins with it.

    Raises:
        ConfigurationError: There is no key, or no such profile, or the client cannot work with what was given.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        profile: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        allow_insecure_http: bool = False,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        user_agent: str | None = None,
    ) -> None:
        api_key, base_url = hidden(api_key), hidden(base_url)
        # httpx2 and attrs are loaded here, by the first client, not by `import yottalabs`.
        from yottalabs_api.client import BASE_URL

        found = find_connection(api_key, base_url, profile, BASE_URL, allow_insecure_http=allow_insecure_http)
        from .session import AsyncSession

        settings = Settings(found.api_key, found.base_url, timeout, max_response_bytes, max_retries, user_agent)
        self._use(AsyncSession.open(settings, find_clock(clock), transport), owns_session=True)

    def _use(self, session: AsyncSession, *, owns_session: bool) -> None:
        from .pods import AsyncPods

        self._session = session
        self._owns_session = owns_session
        self._pods = AsyncPods(session)

    @property
    def pods(self) -> pods.AsyncPods:
        """The pods of the organisation that the key belongs to."""
        return self._pods

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        max_response_bytes: int | None = None,
    ) -> Self:
        """A copy with other options, which shares the connections. Closing the copy does not close them.

        Args:
            timeout: How long a call may take as a whole, in seconds.
            max_retries: How often a request that failed for a passing reason is sent again.
            max_response_bytes: How large an answer may be, unpacked.

        Returns:
            The copy; the original stays as it is.
        """
        given = {"timeout": timeout, "max_retries": max_retries, "max_response_bytes": max_response_bytes}
        changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        copy = type(self).__new__(type(self))
        copy._use(  # noqa: SLF001  # of the same class
            self._session.with_settings(replace(self._session.settings, **changed)), owns_session=False
        )
        return copy

    async def request(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, str | int | float | bool] | None = None
    ) -> Any:
        """Sends a request that the contract does not know, and gives the `data` of its answer.

        It is sent once; the answer is read as every other one, so that an error is an error.

        Args:
            method: The HTTP method.
            path: The path below the base URL, beginning with a slash.
            json: The body, if there is one.
            params: The query.

        Returns:
            The `data` of the answer's envelope, as JSON values.

        Raises:
            InvalidArgumentError: The path or the body cannot be sent.
            APIError: The API said no.
            ResponseValidationError: The answer is not the envelope.
            APIConnectionError: No answer came.
        """
        path, params, given = hidden(path), hidden(params), Hidden(json)
        del json  # which stays in no variable that a traceback could show
        from .._arguments import free_request

        request = free_request(method, path, given, params)
        return (await self._session.aexchange(request)).data

    async def aclose(self) -> None:
        """Closes the connections, unless this is a copy. A closed client cannot be used any more."""
        if self._owns_session:
            await self._session.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        session = getattr(self, "_session", None)  # a traceback may show a client that could not be made
        return f"{type(self).__name__}({'' if session is None else f'base_url={session.settings.base_url!r}'})"
