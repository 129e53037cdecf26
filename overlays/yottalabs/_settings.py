"""What a client is set up with: the key, the base URL, the limits."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from ._clock import Clock, SystemClock
from ._exceptions import ConfigurationError
from ._secrecy import HiddenText, discreet

API_KEY_VARIABLE = "YOTTA_API_KEY"
BASE_URL_VARIABLE = "YOTTA_BASE_URL"
DEFAULT_TIMEOUT = 30.0
DEFAULT_MAX_RETRIES = 2
MOST_RETRIES = 100
LONGEST_TIMEOUT = 366 * 24 * 3600.0  # seconds; sockets and event loops cannot take any number
DEFAULT_MAX_RESPONSE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one client; a copy with other options has its own."""

    api_key: str = field(repr=False)
    base_url: str
    timeout: float = DEFAULT_TIMEOUT
    max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES
    max_retries: int = DEFAULT_MAX_RETRIES

    def __post_init__(self) -> None:
        if not is_duration(self.timeout):
            raise ConfigurationError(f"timeout is {self.timeout!r}; it must be {DURATION}")
        limit = self.max_response_bytes
        if isinstance(limit, bool) or not isinstance(limit, int) or limit <= 0:
            raise ConfigurationError(f"max_response_bytes is {limit!r}; it must be a positive number of bytes")
        retries = self.max_retries
        if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= MOST_RETRIES:
            raise ConfigurationError(f"max_retries is {retries!r}; it must be a number from 0 to {MOST_RETRIES}")

    @property
    def is_local(self) -> bool:
        """Whether the API is on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")


@discreet
def find_api_key(api_key: str | None) -> HiddenText:
    """The key that was given, else the one in the environment."""
    found = os.environ.get(API_KEY_VARIABLE) if api_key is None else api_key
    if not isinstance(found, str | None):
        raise ConfigurationError(f"api_key must be a string, not {type(found).__name__}")
    key = (found or "").strip()
    if not key:
        raise ConfigurationError(
            f"there is no API key: set {API_KEY_VARIABLE}, or pass api_key=…; "
            "keys are made in the YottaLabs console under Settings, Access Keys"
        )
    if not all("!" <= character <= "~" for character in key):
        raise ConfigurationError(
            "the API key holds a space, a line break or a character outside ASCII, which no header can carry; "
            "copy it again from the YottaLabs console"
        )
    return HiddenText(key)


@discreet
def find_base_url(base_url: str | None, default: str, *, allow_insecure_http: bool) -> str:
    """The base URL that was given, else the one in the environment, else the contract's."""
    url = (base_url if base_url is not None else os.environ.get(BASE_URL_VARIABLE)) or default
    parts = _parts(url)
    if parts is None:
        raise ConfigurationError(f"the base URL {_shown(url)} is not a URL")
    host = parts.hostname
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("the base URL holds a user name or password; the key is the only credential")
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(f"the base URL {_shown(url)} is not an http(s) URL; the API's own is {default}")
    if "?" in url or "#" in url:
        raise ConfigurationError(f"the base URL {_shown(url)} has a query or a fragment; give it without")
    if any(character <= " " or character == "\x7f" for character in url):
        raise ConfigurationError(f"the base URL {_shown(url)} holds a space or a control character")
    if parts.scheme == "http" and not is_loopback(host) and not allow_insecure_http:
        raise ConfigurationError(
            f"the base URL {_shown(url)} would send the key unencrypted to another machine; "
            "use https, or pass allow_insecure_http=True if you must"
        )
    return url.rstrip("/")


def _parts(url: str) -> SplitResult | None:
    """The parts of a URL; None where it is none, of which the error of Python would show all."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # the port is looked at because looking at a bad one raises
        (host or "").encode("idna")  # as a look-up of the name would
    except (ValueError, AttributeError, TypeError):
        return None
    return parts


def find_clock(clock: Clock | None) -> Clock:
    """The clock that was given, else the machine's."""
    if clock is None:
        return SystemClock()
    missing = [name for name in ("monotonic", "sleep", "asleep") if not callable(getattr(clock, name, None))]
    if missing or isinstance(clock, type):
        raise ConfigurationError(f"the clock {clock!r} is no object with the methods monotonic, sleep and asleep")
    return clock


DURATION = "a positive number of seconds, at most a year"


def is_duration(value: object) -> bool:
    """Whether a call or a wait can be bounded by this number of seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LONGEST_TIMEOUT


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(url: object) -> str:
    """A URL for people, without the parts that may hold a secret."""
    return repr(re.sub(r"//.*@", "//", re.split(r"[?#]", str(url))[0]))
