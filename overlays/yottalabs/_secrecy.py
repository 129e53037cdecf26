"""Keeps secrets out of sight: out of each `repr`, log line, message, and traceback that shows local variables."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar
from urllib.parse import quote, quote_plus

P = ParamSpec("P")
T = TypeVar("T")

HIDDEN = "<hidden>"
SHORTEST_SECRET = 8  # characters; a shorter one, of a mock, is a part of ordinary words
LOGGERS = ("httpx2", *(f"httpcore2.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))
"""Those that log what a server says: its headers, and the words beside its status."""
BELOW = frozenset(
    {
        *("yottalabs", "yottalabs_api", "yottalabs_mock", "tenacity", "httpx2", "httpcore2", "h11", "h2", "hpack"),
        *("socksio", "anyio", "trio", "outcome", "asyncio", "concurrent", "ssl", "socket", "subprocess", "json"),
    }
)
"""The packages whose frames may hold a request, or an answer, in their variables."""


class HiddenBytes(bytes):
    """Bytes that a `repr` does not show."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class HiddenText(str):
    """A text that a `repr` does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


class HiddenDict(dict[str, Any]):
    """A dictionary of which a `repr` shows the names alone."""

    def __repr__(self) -> str:
        return f"<{', '.join(map(str, self)) or 'nothing'}>"


# --- What is told -----------------------------------------------------------------------------------------------------

_kept: ContextVar[tuple[str, ...]] = ContextVar("yottalabs_secrets", default=())


def forms_of(*secrets: str) -> tuple[str, ...]:
    """Every form in which secrets may be repeated, for `Keeping`; what contains another one comes first."""
    found = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    return tuple(sorted(found, key=len, reverse=True))


class Keeping:
    """Takes secrets out of whatever is told inside the block: an API, or a transport, may repeat them."""

    def __init__(self, forms: tuple[str, ...]) -> None:
        self._forms = forms
        self._token: Token[tuple[str, ...]] | None = None

    def __enter__(self) -> None:
        outer = _kept.get()
        forms = tuple(sorted({*self._forms, *outer}, key=len, reverse=True)) if outer else self._forms
        self._token = _kept.set(forms)

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _kept.reset(self._token)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it may be repeated: as it is, in a URL, in JSON, in a `repr`."""
    encoded = secret.encode(errors="surrogatepass")
    in_urls = (quote(encoded), quote(encoded, safe=""), quote_plus(encoded))
    for form in (secret, *in_urls, json.dumps(secret)[1:-1], repr(str(secret))[1:-1]):
        yield HiddenText(form)


def masked(text: str) -> str:
    """A text without the secrets that are kept."""
    for secret in _kept.get():
        text = text.replace(secret, HIDDEN)
    return text


class _Discretion(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        told = record.getMessage()
        if (shown := masked(told)) != told:
            record.msg, record.args = shown, ()
        return True


_discretion = _Discretion()


def keep_out_of_logs() -> None:
    """Takes the secrets that are kept out of what the libraries below log."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_discretion)


# --- What a traceback shows -------------------------------------------------------------------------------------------


class Veil:
    """Lets an exception out of the block without the frames below, and without the secrets that are kept.

    The variables of those frames hold the key, bodies and headers. Frames of the caller's own, of a transport or a
    callback, stay; so does whatever the caller was handling before.
    """

    def __enter__(self) -> Self:
        self._outer = sys.exception()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            return
        for each in led_to(error, self._outer):
            _mask(each)
            here = error.__traceback__ if each is error else None
            each.__traceback__ = _without_frames_below(each.__traceback__, here)


def discreet(function: Callable[P, T]) -> Callable[P, T]:
    """Makes a function that reads secrets raise without a frame that shows them."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with Veil():
            try:
                return function(*args, **kwargs)
            finally:
                del args, kwargs  # this frame is shown

    return call


def led_to(error: BaseException, outer: BaseException | None = None) -> Iterator[BaseException]:
    """An error, and all that led to it; but not what was being handled before."""
    seen = {id(outer), id(None)}
    found: list[BaseException | None] = [error]
    while found:
        each = found.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            found += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]


def _mask(error: BaseException) -> None:
    if (shown := _masked(error.args)) != error.args:
        error.args = shown
    if isinstance(error, OSError) and error.strerror is not None:
        error.strerror = masked(error.strerror)
    for name in vars(error).keys() & {"message", "__notes__"}:
        setattr(error, name, _masked(getattr(error, name)))


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, bytes):
        return masked(value.decode("latin-1")).encode("latin-1")
    return type(value)(map(_masked, value)) if type(value) in {list, tuple} else value


def _without_frames_below(traceback: TracebackType | None, here: TracebackType | None) -> TracebackType | None:
    """The frames of a traceback that are the caller's own, and the one that is here."""
    shown = []
    while traceback is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0]
        if traceback is here or package not in BELOW:
            shown.append(traceback)
        traceback = traceback.tb_next
    rest: TracebackType | None = None
    for each in reversed(shown):
        rest = TracebackType(rest, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rest
