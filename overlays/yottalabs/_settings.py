"""What a client is set up with: the key, the base URL, the limits."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from ._exceptions import ConfigurationError

API_KEY_VARIABLE = "YOTTA_API_KEY"
BASE_URL_VARIABLE = "YOTTA_BASE_URL"
DEFAULT_TIMEOUT = 30.0
DEFAULT_MAX_RESPONSE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one client; a copy with other options has its own."""

    api_key: str = field(repr=False)
    base_url: str
    timeout: float
    max_response_bytes: int

    def __post_init__(self) -> None:
        _check_positive("timeout", self.timeout, "seconds")
        _check_positive("max_response_bytes", self.max_response_bytes, "bytes")

    @property
    def is_local(self) -> bool:
        """Whether the API is on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")


def find_api_key(api_key: str | None) -> str:
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
    return key


def find_base_url(base_url: str | None, default: str, *, allow_insecure_http: bool) -> str:
    """The base URL that was given, else the one in the environment, else the contract's."""
    url = (base_url if base_url is not None else os.environ.get(BASE_URL_VARIABLE)) or default
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # the port is looked at because looking at a bad one raises
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError(f"the base URL {_shown(url)} is not a URL") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("the base URL holds a user name or password; the key is the only credential")
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(f"the base URL {_shown(url)} is not an http(s) URL; the API's own is {default}")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"the base URL {_shown(url)} has a query or a fragment; give it without")
    if any(character <= " " or character == "\x7f" for character in url):
        raise ConfigurationError(f"the base URL {_shown(url)} holds a space or a control character")
    if parts.scheme == "http" and not is_loopback(host) and not allow_insecure_http:
        raise ConfigurationError(
            f"the base URL {_shown(url)} would send the key unencrypted to another machine; "
            "use https, or pass allow_insecure_http=True if you must"
        )
    return url.rstrip("/")


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
    return repr(re.sub(r"//[^/]*@", "//", re.split(r"[?#]", str(url))[0]))


def _check_positive(name: str, value: float, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ConfigurationError(f"{name} is {value!r}; it must be a positive number of {unit}")
