"""What a client is set up with: the key and the base URL, from wherever they come; the limits."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ._clock import Clock, SystemClock
from ._exceptions import ConfigurationError
from ._secrecy import HiddenText, type_name
from ._text import LONGEST_QUOTE, printable

if TYPE_CHECKING:
    from ._profiles import Profile

API_KEY_VARIABLE = "YOTTA_API_KEY"
BASE_URL_VARIABLE = "YOTTA_BASE_URL"
PROFILE_VARIABLE = "YOTTA_PROFILE"
ARGUMENT = "the argument"
CONTRACT = "the contract"
DEFAULT_TIMEOUT = 30.0
DEFAULT_MAX_RETRIES = 2
MOST_RETRIES = 100
LONGEST_TIMEOUT = 366 * 24 * 3600.0  # seconds; sockets and event loops cannot take any number
DEFAULT_MAX_RESPONSE_BYTES = 256 * 1024 * 1024
USER_AGENT_PATTERN = r"[!-~]([ -~]{0,198}[!-~])?"
_LIKE_URL = re.compile(r"([a-z][a-z0-9+.-]*://)?([^/?#]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_LIKE_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:[0-9]{0,5})?")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one client; a copy with other options has its own."""

    api_key: str = field(repr=False)
    base_url: str
    timeout: float = DEFAULT_TIMEOUT
    max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES
    max_retries: int = DEFAULT_MAX_RETRIES
    user_agent: str | None = None

    def __post_init__(self) -> None:
        if not is_duration(self.timeout):
            raise ConfigurationError(f"timeout is {self.timeout!r}; it must be {DURATION}")
        limit = self.max_response_bytes
        if isinstance(limit, bool) or not isinstance(limit, int) or limit <= 0:
            raise ConfigurationError(f"max_response_bytes is {limit!r}; it must be a positive number of bytes")
        retries = self.max_retries
        if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= MOST_RETRIES:
            raise ConfigurationError(f"max_retries is {retries!r}; it must be a number from 0 to {MOST_RETRIES}")
        agent = self.user_agent
        if agent is not None and not (isinstance(agent, str) and re.fullmatch(USER_AGENT_PATTERN, agent)):
            raise ConfigurationError(
                f"user_agent is {agent!r}; it must be printable ASCII, at most 200 characters, such as 'my-app/1.0'"
            )


Sourced = tuple[str | None, str]
"""A setting, if there is one there, and where that is."""


@dataclass(frozen=True, slots=True)
class Connection:
    """The key and the base URL of a client, and where each comes from.

    Attributes:
        api_key: The key.
        base_url: The base URL, without a slash at its end.
        api_key_source: Where the key comes from, in words for people: the argument, YOTTA_API_KEY, or a profile.
        base_url_source: Where the base URL comes from: the argument, YOTTA_BASE_URL, a profile, or the contract.
        profile: The profile that was looked at, whether anything came from it or not; None if none was.
    """

    api_key: HiddenText = field(repr=False)
    base_url: str
    api_key_source: str
    base_url_source: str
    profile: Profile | None


def find_connection(
    api_key: str | None,
    base_url: str | None,
    profile: str | None,
    default_base_url: str,
    *,
    allow_insecure_http: bool,
) -> Connection:
    """The key and the base URL: each from the argument, else from the environment or a profile.

    A profile that is named by the argument comes before the environment, any other one after it.

    Args:
        api_key: The key, if it is given.
        base_url: The base URL, if it is given.
        profile: The name of a profile; without one, YOTTA_PROFILE, else the default of the files.
        default_base_url: The base URL of the contract, for want of another.
        allow_insecure_http: Whether plain http to another machine is allowed.

    Returns:
        Both, checked, and where each comes from.

    Raises:
        ConfigurationError: There is no key, or no such profile; a file, the key or the base URL cannot be used.
    """
    for name, value in (("api_key", api_key), ("profile", profile)):
        if not isinstance(value, str | None):
            raise ConfigurationError(f"{name} must be a string, not {type_name(value)}")
    if base_url == "":  # a variable of a script that is not set must not lead to another API
        raise ConfigurationError(
            "the base URL that was given is empty; leave base_url=… out for that of the environment, or of a profile"
        )
    key_variable = HiddenText(os.environ.get(API_KEY_VARIABLE, "").strip()) or None
    url_variable = HiddenText(os.environ.get(BASE_URL_VARIABLE, "")) or None
    found = _find_profile(profile, api_key, base_url, key_variable, url_variable)
    place = found.place if found else ""
    own = found.api_key if found else None

    key, key_source = _first(profile, (api_key, ARGUMENT), (key_variable, API_KEY_VARIABLE), (own, place))
    key = HiddenText((key or "").strip())
    if not key:
        raise ConfigurationError(_no_key(found, given=api_key is not None), setting="api_key")
    check_api_key(key, key_source)

    # A key is never sent to a base URL that a file has for another key: whoever runs the server there would learn it,
    # and pods would be asked for where nobody meant them to be. So the base URL of a profile counts only with the
    # key of that profile, or if it has none, so that its base URL is for whichever key there is.
    theirs = found.base_url if found and own in {None, key} else None
    url, url_source = _first(profile, (base_url, ARGUMENT), (url_variable, BASE_URL_VARIABLE), (theirs, place))
    if found and profile is not None and base_url is None and theirs != found.base_url:
        # Both were asked for, and another place than that of the profile is certainly not what was meant.
        raise ConfigurationError(
            f"the key that was given is not the one of {place}, whose base URL is for its own key; "
            "leave out api_key or profile, or pass base_url=… too"
        )
    url, url_source = (url, url_source) if url else (default_base_url, CONTRACT)
    checked = checked_base_url(url, url_source, default_base_url, allow_insecure_http=allow_insecure_http)
    return Connection(key, checked, key_source, url_source, found)


def _first(profile: str | None, argument: Sourced, variable: Sourced, of_profile: Sourced) -> Sourced:
    """The setting that counts, and where it comes from."""
    rest = (variable, of_profile) if profile is None else (of_profile, variable)
    return next((each for each in (argument, *rest) if each[0] is not None), (None, CONTRACT))


def _find_profile(
    profile: str | None, api_key: str | None, base_url: str | None, key_variable: str | None, url_variable: str | None
) -> Profile | None:
    """The profile that is named, or the default one if it can matter. Where it cannot, no file is read."""
    named = profile
    if profile is None:
        if api_key is not None and base_url is not None:
            return None  # nor does it matter what the environment says
        named = os.environ.get(PROFILE_VARIABLE, "").strip() or None
        if named is None and (api_key or key_variable) is not None and (base_url or url_variable) is not None:
            return None
    from ._profiles import find_profile

    return find_profile(named, "profile=…" if profile is not None else PROFILE_VARIABLE)


def _no_key(found: Profile | None, *, given: bool) -> str:
    """What is said of a key that is missing: where there is none, and all the places where there may be one."""
    missing = "there is no API key"
    if given:
        missing = "the API key that was given is empty"
    elif found is not None:
        missing += f", nor has {found.place} one"
    else:
        from ._profiles import read_profiles

        if names := ", ".join(map(repr, sorted(read_profiles().profiles))):
            missing += (
                f", and none of the profiles {names} is the default: name one with profile=… or {PROFILE_VARIABLE}"
            )
    return (
        f"{missing}; set {API_KEY_VARIABLE}, keep it in a profile (`yottalabs config add NAME`), or pass api_key=…; "
        "keys are made in the YottaLabs console under Settings, Access Keys"
    )


def check_api_key(key: str, source: str) -> None:
    """Makes sure that a key can be sent.

    Raises:
        ConfigurationError: It cannot.
    """
    if not all("!" <= character <= "~" for character in key):
        raise ConfigurationError(
            f"the API key{_from(source)} holds a space, a line break or a character outside ASCII, which no header can "
            "carry; copy it again from the YottaLabs console",
            setting="api_key",
        )


def checked_base_url(url: str, source: str, default: str, *, allow_insecure_http: bool) -> str:
    """A base URL without a slash at its end, if it can be used.

    Raises:
        ConfigurationError: It cannot.
    """
    if not isinstance(url, str):
        raise ConfigurationError(f"the base URL must be a string, not {type_name(url)}")
    found = _scheme_and_host(url)
    shown = f"the base URL {shown_url(url)!r}{_from(source)}"
    if found is None:
        raise ConfigurationError(f"{shown} is not a URL")
    scheme, host = found
    if "@" in url:
        raise ConfigurationError(
            f"the base URL{_from(source)} holds a user name or password; the key is the only credential"
        )
    if scheme not in {"http", "https"} or not host:
        raise ConfigurationError(f"{shown} is not an http(s) URL; the API's own is {default}")
    if "?" in url or "#" in url:
        raise ConfigurationError(f"{shown} has a query or a fragment; give it without")
    if any(character <= " " or character == "\x7f" for character in url):
        raise ConfigurationError(f"{shown} holds a space or a control character")
    if scheme == "http" and not is_loopback(host) and not allow_insecure_http:
        raise ConfigurationError(
            f"{shown} would send the key unencrypted to another machine; "
            "use https, or pass allow_insecure_http=True if you must"
        )
    return url.rstrip("/")


def _from(source: str) -> str:
    """Where a setting comes from, for a message: who passed an argument knows."""
    return "" if source == ARGUMENT else f" ({source})"


def _scheme_and_host(url: str) -> tuple[str, str] | None:
    """Two parts of a URL; None for what is not one, of which the error of Python would show all."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # the port is looked at because looking at a bad one raises
        host.encode("idna")  # as a look-up of the name would
    except (ValueError, AttributeError, TypeError):
        return None
    return parts.scheme, host


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


def shown_url(url: object) -> str:
    """A URL for people, without the parts that may hold a secret: user and password, query, fragment."""
    found = _LIKE_URL.fullmatch(str(url))
    assert found is not None  # noqa: S101  # it matches whatever there is
    scheme, authority, path, rest = found.groups("")
    if "@" in rest:
        return f"{scheme}…"  # a password may have begun before the query
    if "@" in authority + path:
        authority, slash, path = (authority + path).rpartition("@")[2].partition("/")
        path = slash + path
    host = _LIKE_HOST.match(authority)
    is_whole = host is not None and host.end() == len(authority)
    shown = authority if is_whole else f"{authority.partition(':')[0]}:…"  # what is not a port may be a password
    return printable(f"{scheme}{shown}{path}", LONGEST_QUOTE)
