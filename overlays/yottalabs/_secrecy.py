"""Keeps secrets out of each `repr`, log line and message, and out of the local variables that a traceback shows.

A tool that prints the variables of a traceback prints their `repr`. So a value that may be secret is held by a type
whose `repr` does not show it wherever a variable of this package names it: `HiddenText` and the like where such a value
is used as what it is, `Hidden` for what a caller gave, which may be anything.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote, quote_plus

from ._text import printable

T = TypeVar("T")

HIDDEN = "<hidden>"
SHORTEST_SECRET = 8  # characters; a shorter one, of a mock, is a part of ordinary words
LOGGERS = ("httpx2", *(f"httpcore2.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))
"""Those that log what a server says: its headers, and the words beside its status."""

# --- Values that no `repr` shows --------------------------------------------------------------------------------------


class _Shown:
    """How tools that do not ask `repr` show a value: rich cuts a long text first, and Sentry opens a mapping."""

    __slots__ = ()

    def __rich_repr__(self) -> Iterator[object]:
        return iter(())

    def __sentry_repr__(self) -> str:
        return repr(self)


class HiddenBytes(_Shown, bytes):
    """Bytes that a `repr` does not show."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class HiddenText(_Shown, str):
    """A text that a `repr` does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


class HiddenDict(_Shown, dict[str, Any]):
    """A dictionary of which a `repr` shows the length alone: what stands in place of a name may be a secret, too."""

    def __repr__(self) -> str:
        return f"<{len(self)} items>"


class HiddenList(_Shown, list[Any]):
    """A list of which a `repr` shows the length alone."""

    def __repr__(self) -> str:
        return f"<{len(self)} items>"


@dataclass(frozen=True, slots=True)
class Hidden(Generic[T]):
    """Holds a value of any type, which a `repr` does not show. Only expressions name the value, never a variable."""

    value: T = field(repr=False)


def hidden(value: T) -> T:
    """Return an argument such that a `repr` does not show it: the variable that holds it may be shown by a traceback.

    A text, bytes, a list and a mapping stay what they are. Anything else but None is of a wrong type, and becomes a
    `Hidden`, of which `type_name` gives the type that is to be named in an error.
    """
    made: object = value
    match value:
        case None:
            pass
        case str():
            made = HiddenText(str.__str__(value))  # of a member of an enumeration, `str` may be its name
        case bytes():
            made = HiddenBytes(value)
        case list():
            made = HiddenList(value)
        case Mapping():
            made = HiddenDict(value)
        case _:
            made = Hidden(value)
    return cast("T", made)


def type_name(value: object) -> str:
    """Return the name of a value's type as the caller knows it: that of a `HiddenText` is str."""
    if isinstance(value, Hidden):
        return type_name(value.value)
    return type(value).__mro__[2 if isinstance(value, _Shown) else 0].__name__


# --- What is logged and raised ----------------------------------------------------------------------------------------

_kept: ContextVar[tuple[str, ...]] = ContextVar("yottalabs_secrets", default=())


def forms_of(*secrets: str) -> tuple[str, ...]:
    """Every form in which secrets may be repeated, for `Keeping`; what contains another one comes first."""
    found = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    return tuple(sorted(found, key=len, reverse=True))


class Keeping:
    """Takes secrets out of what is logged and raised inside the block: an API, or a transport, may repeat them.

    Of an exception of whatever origin, and of all that led to it, the arguments and notes are masked; but not of what
    the caller was handling before the block.
    """

    def __init__(self, forms: tuple[str, ...]) -> None:
        self._forms = forms
        self._token: Token[tuple[str, ...]] | None = None

    def __enter__(self) -> None:
        self._handled = sys.exception()
        outer = _kept.get()
        forms = tuple(sorted({*self._forms, *outer}, key=len, reverse=True)) if outer else self._forms
        self._token = _kept.set(forms)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for each in _chain(error, self._handled):
            _mask(each)
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


def _chain(error: BaseException | None, handled: BaseException | None) -> Iterator[BaseException]:
    """An error, and all that led to it; but not what was being handled before."""
    seen = {id(handled), id(None)}
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


# --- Logs -------------------------------------------------------------------------------------------------------------


class _Discretion(logging.Filter):
    """Takes the secrets that are kept out of a record of another library."""

    def filter(self, record: logging.LogRecord) -> bool:
        logged = record.getMessage()
        if (shown := masked(logged)) != logged:
            record.msg, record.args = shown, ()
        return True


class _Printable(logging.Filter):
    """Makes the arguments of a record of ours printable: ids and the like come from the API."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(printable(each) if isinstance(each, str) else each for each in record.args)
        return True


_discretion = _Discretion()
logging.getLogger("yottalabs").addFilter(_Printable())


def keep_out_of_logs() -> None:
    """Takes the secrets that are kept out of what the libraries below log."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_discretion)
