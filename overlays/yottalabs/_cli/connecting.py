"""The options that lead to a client: whose key, where the API is, how long a request may take."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from .advice import set_route
from .input import secret_from
from .terminal import say
from .times import DURATION

if TYPE_CHECKING:
    from .. import YottaLabs
    from .._settings import Connection

P = ParamSpec("P")
T = TypeVar("T")

WIRE = "yottalabs.wire"  # the logger that tells requests and answers


@dataclass
class Connecting:
    """How a command reaches the API."""

    profile: str | None = None
    base_url: str | None = None
    api_key_file: str | None = None
    request_timeout: float | None = None
    allow_insecure_http: bool = False
    debug: bool = False

    @cached_property
    def api_key(self) -> str | None:
        """The key that was given with the command, if one was."""
        if self.api_key_file is None:
            return None
        return secret_from(self.api_key_file, "--api-key-file", "API key")

    @cached_property
    def connection(self) -> Connection:
        """Where the API is and whose key it gets, each with its source.

        Raises:
            ConfigurationError: There is no key, or the client cannot work with what was given.
        """
        from yottalabs_api.client import BASE_URL

        from .._settings import find_connection

        return find_connection(
            self.api_key, self.base_url, self.profile, BASE_URL, allow_insecure_http=self.allow_insecure_http
        )

    def open(self) -> YottaLabs:
        """A client.

        Raises:
            ConfigurationError: There is no key, or the client cannot work with what was given.
        """
        from .. import YottaLabs
        from .._settings import DEFAULT_TIMEOUT

        return YottaLabs(
            self.api_key,
            base_url=self.base_url,
            profile=self.profile,
            timeout=self.request_timeout or DEFAULT_TIMEOUT,
            allow_insecure_http=self.allow_insecure_http,
        )


def connects(function: Callable[Concatenate[Connecting, P], T]) -> Callable[P, T]:
    """Gives a command the options that lead to a client, and passes them on as one `Connecting`."""

    @click.option("--profile", metavar="NAME", help="Take key and base URL from this profile (see `yottalabs config`).")
    @click.option("--base-url", metavar="URL", help="Where the API is.")
    @click.option("--api-key-file", metavar="FILE", help="Read the key from a file; - is standard input.")
    @click.option("--request-timeout", type=DURATION, help="How long each request may take (30s).")
    @click.option("--allow-insecure-http", is_flag=True, help="Allow plain http to another machine.")
    @click.option("--debug", is_flag=True, help="Log requests and answers, secrets masked, and show tracebacks.")
    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> T:
        given: Any = kwargs
        own = {name: given.pop(name) for name in Connecting.__dataclass_fields__}
        connecting = Connecting(**own)
        set_route(connecting)
        listen(debug=connecting.debug)
        return function(connecting, *args, **kwargs)

    return command


# --- What the client says beside its answers --------------------------------------------------------------------------


class _ToStandardError(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(f"yottalabs: {record.getMessage()}")


def is_debugging() -> bool:
    """Whether `--debug` was given."""
    return logging.getLogger(WIRE).isEnabledFor(logging.DEBUG)


def listen(*, debug: bool) -> None:
    """Passes on, to standard error, what the client warns of; with `debug` also what it sends and is answered."""
    logger = logging.getLogger("yottalabs")
    logger.handlers = [each for each in logger.handlers if not isinstance(each, _ToStandardError)]
    logger.addHandler(_ToStandardError(logging.DEBUG if debug else logging.WARNING))
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if debug:
        logging.getLogger(WIRE).setLevel(logging.DEBUG)  # which has a level of its own

    def show(message: Warning | str, *_: object, **__: object) -> None:
        say(f"yottalabs: {message}")

    warnings.showwarning = show
