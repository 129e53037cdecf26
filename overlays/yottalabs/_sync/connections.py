# Made from ../_async/connections.py by `make generate`; change that file.
"""The connections to the API, as httpx2 and the environment have them."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx2
from yottalabs_api.client import API_KEY_HEADER

from .._belonging import Belonging
from .._deadline import bound_reads
from .._environment import find_way
from .._exceptions import ConfigurationError, InvalidArgumentError
from .._secrecy import HiddenDict, forms_of, keep_out_of_logs
from .._settings import shown_url
from .._text import LONGEST_QUOTE, printable
from .._turns import Turns
from .._version import __version__

if TYPE_CHECKING:
    from yottalabs_api.types import RawRequest

    from .._settings import Settings

USER_AGENT = f"yottalabs-client/{__version__} (Python {platform.python_version()}; httpx2 {httpx2.__version__})"

_url = lru_cache(maxsize=64)(httpx2.URL)  # to parse one takes a tenth of the time of a call, and there are few


class _Request(httpx2.Request):
    """A request of which a `repr` does not show the query."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {str(self.url.copy_with(query=None))!r})>"


class Connections:
    """Connections of one client, shared by its copies, and the headers that carry its key.

    Requests are given to an httpx2 transport. What an httpx2 client would do on the way is not wanted here, and takes
    as long as the sending: redirects, which would carry the key to another host; cookies, authentication, hooks.
    """

    def __init__(self, settings: Settings, transport: httpx2.BaseTransport | None) -> None:
        if transport is not None:
            _check_transport(transport)
        if not _is_url(settings.base_url):
            raise ConfigurationError(f"the base URL {shown_url(settings.base_url)!r} is not a URL")
        keep_out_of_logs()
        self.belonging = Belonging() if transport is None else None
        secrets = [settings.api_key]
        if transport is None:
            way = find_way(settings.base_url)
            transport = httpx2.HTTPTransport(verify=way.tls, proxy=way.proxy)
            secrets += way.secrets
            bound_reads(transport)
        self._transport = transport
        self._is_closed = False
        self._turns = Turns()
        self._base_url = settings.base_url
        self.key_forms = forms_of(*secrets)
        self._headers = HiddenDict(
            {
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
                "connection": "keep-alive",
                "user-agent": " ".join(filter(None, (settings.user_agent, USER_AGENT))),
                API_KEY_HEADER: settings.api_key,
            }
        )

    @property
    def are_own(self) -> bool:
        """Whether another process could reach the same API: a given transport may lead anywhere."""
        return self.belonging is not None

    def check_open(self) -> None:
        """Raises a ConfigurationError if they cannot be used any more."""
        if self._is_closed:
            raise ConfigurationError("this client is closed; make a new one, or use it inside its `with` block")

    def build(self, request: RawRequest, extensions: Mapping[str, Any]) -> httpx2.Request:
        """A request, ready to be sent.

        Raises:
            InvalidArgumentError: It has no valid URL.
        """
        try:
            return _Request(
                request.method,
                _url(self._base_url + request.path),
                params=request.params,
                headers=HiddenDict({**self._headers, **{name.lower(): each for name, each in request.headers.items()}}),
                content=request.content,
                extensions=extensions,
            )
        except httpx2.InvalidURL as error:
            problem = printable(str(error), LONGEST_QUOTE)
        raise InvalidArgumentError(f"the request has no valid URL: {problem}")

    def turn(self) -> AbstractContextManager[object]:
        """Waits until a request may be sent. A given transport takes as many as it is given."""
        return self._turns.turn() if self.are_own else nullcontext()

    def send(self, request: httpx2.Request) -> httpx2.Response:
        """Sends a request; the answer's body is still to be read, and the answer to be closed.

        Raises:
            ConfigurationError: They are closed.
            httpx2.TransportError: There is no response.
        """
        self.check_open()
        response: object = self._transport.handle_request(request)
        wanted = httpx2.SyncByteStream
        if isinstance(response, httpx2.Response) and isinstance(response.stream, wanted):
            return response
        body = f" with a {_class_name(response.stream)}" if isinstance(response, httpx2.Response) else ""
        raise httpx2.TransportError(
            f"the transport {_class_name(self._transport)} returned a {_class_name(response)}{body}; "
            f"it must return an httpx2.Response with an httpx2.{wanted.__name__}"
        )

    def close(self) -> None:
        """Close the connections.

        Raises:
            ConfigurationError: They belong to another event loop.
        """
        if self.belonging is not None:
            self.belonging.check_closing()
        if not self._is_closed:
            self._is_closed = True
            self._transport.close()


def _is_url(text: str) -> bool:
    try:
        httpx2.URL(text)
    except httpx2.InvalidURL:
        return False
    return True


def _check_transport(transport: object) -> None:
    """Raise a ConfigurationError unless a transport can send the requests of this client."""
    wanted, example = httpx2.BaseTransport, httpx2.HTTPTransport
    if isinstance(transport, type):
        raise ConfigurationError(f"the transport is the class {transport.__name__}; pass an instance of it")
    if not isinstance(transport, wanted):
        raise ConfigurationError(
            f"the transport is of the class {_class_name(transport)}; pass an instance of httpx2.{wanted.__name__}, "
            f"such as httpx2.{example.__name__}()"
        )


def _class_name(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"
