"""What the environment says about the way to the API: a proxy, and the certificates that are trusted.

It is read only where it can matter: nothing for a transport that the caller gave, no proxy for an API on this machine
(it would get the key unencrypted), no other scheme's variable, and no certificates where nothing is encrypted. What
cannot be used is a ConfigurationError that names the variable and shows no part of its value: the URL of a proxy may
hold a password. It is raised after the error of the library below, not within it, since that one's text has the value.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import httpx2

from ._exceptions import ConfigurationError
from ._secrecy import HiddenDict, HiddenText
from ._settings import is_loopback

logger = logging.getLogger("yottalabs")

LAST_PORT = 65535
_PORTS = {"http": 80, "https": 443}
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_ENTRY = re.compile(
    r"""(?: (?P<scheme> [a-z][a-z0-9+.-]* ) :// )?
        (?: \[ (?P<bracketed> [0-9a-f:.]+ ) \]
          | (?P<address> [0-9a-f]*:[0-9a-f]*:[0-9a-f:.]* | [0-9]+(?:\.[0-9]+){3} )
          | (?P<below> \*?\. )? (?P<name> [^\s/:@*\[\]]+ ) )
        (?P<size> / [0-9]{1,3} )?
        (?: : (?P<port> [0-9]{1,5} ) )?""",
    re.VERBOSE | re.IGNORECASE,
)
"""An entry of NO_PROXY, but for `*`."""


class Proxy(httpx2.Proxy):
    """A proxy of which a `repr` shows nothing: a user name may be a token."""

    def __repr__(self) -> str:
        return "<proxy>"


@dataclass(frozen=True, slots=True)
class Way:
    """How the API is reached.

    Attributes:
        proxy: The proxy that connections go through; None for none.
        tls: The certificates that are trusted, and whatever else TLS needs.
        secrets: What must not be shown of the proxy.
    """

    proxy: Proxy | None
    tls: ssl.SSLContext
    secrets: tuple[HiddenText, ...] = field(default=(), repr=False)


def find_way(base_url: str) -> Way:
    """Return how the API is reached, by the environment.

    Args:
        base_url: The base URL, which was checked.

    Returns:
        The way.

    Raises:
        ConfigurationError: A variable that matters cannot be used.
    """
    proxy = _proxy_for(urlsplit(base_url))
    schemes = {urlsplit(base_url).scheme, "" if proxy is None else proxy.url.scheme}
    tls = _trusted() if "https" in schemes else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if proxy is None:
        return Way(None, tls)
    if proxy.url.scheme == "https":
        proxy.ssl_context = tls
    return Way(proxy, tls, tuple(_secrets(proxy)))


def _trusted() -> ssl.SSLContext:
    """The certificates of the variables, else of the operating system."""
    try:
        return httpx2.create_ssl_context()
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        name = next((each for each in _CERTIFICATES if os.environ.get(each)), None)
    if name is None:
        raise ConfigurationError("the certificates of the operating system cannot be read")
    raise _unusable(f"{name} does not name certificates that can be read; correct it, or unset it for the system's own")


def _unusable(problem: str) -> ConfigurationError:
    return ConfigurationError(f"the proxy or certificate settings of the environment cannot be used: {problem}")


# --- Proxies ----------------------------------------------------------------------------------------------------------


def _proxy_for(url: SplitResult) -> Proxy | None:
    if is_loopback(url.hostname or ""):
        return None
    proxies = HiddenDict(getproxies())  # of the environment; on Windows and macOS else of the system
    kind = next((each for each in (url.scheme, "all") if proxies.get(each)), None)
    if _is_exempt(HiddenText(proxies.get("no", "")), url, logging.WARNING if kind else logging.INFO) or kind is None:
        return None
    return _read_proxy(proxies, kind)


def _read_proxy(proxies: Mapping[str, str], kind: str) -> Proxy:
    variable = _variable(f"{kind}_proxy")
    try:
        proxy = Proxy(proxies[kind] if "://" in proxies[kind] else f"http://{proxies[kind]}")
    except (ValueError, TypeError, httpx2.InvalidURL):
        proxy = None
    if proxy is None or not _is_usable(proxy):
        raise _unusable(
            f"{variable} is not the URL of a proxy; write http://host:port or http://user:password@host:port (or "
            "https, socks5, socks5h), and percent-encode special characters in user and password"
        )
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise _unusable(f"{variable} names a SOCKS proxy, which needs a package: pip install socksio")
    return proxy


def _is_usable(proxy: Proxy) -> bool:
    """Whether the parts of the URL of a proxy are what they seem to be."""
    # An @ behind the host ends a password that has a slash in it: what looks like the host is a part of it.
    has_at = b"@" in proxy.url.raw_path or "@" in proxy.url.fragment
    is_port = proxy.url.port is None or 0 < proxy.url.port <= LAST_PORT
    return is_port and not has_at and (_is_address(proxy.url.host) or _is_name(proxy.url.host))


def _secrets(proxy: Proxy) -> Iterator[HiddenText]:
    """The password of a proxy, or the user name where that is all there is; and both as a header has them."""
    if proxy.auth is not None:
        yield HiddenText(proxy.auth[1] or proxy.auth[0])
        yield HiddenText(b64encode(":".join(proxy.auth).encode()).decode())


def _variable(name: str) -> str:
    """The variable that a setting comes from. Of two that differ in case, the one in lower case counts."""
    found = [each for each in os.environ if each.lower() == name and os.environ[each]]
    return name if name in found else next(iter(found), f"{name} of the operating system")


def _is_exempt(entries: str, url: SplitResult, level: int) -> bool:
    """Whether NO_PROXY names the host of a URL. The place of an entry that cannot be used is logged."""
    unusable: list[str] = []
    is_exempt = False
    for place, entry in enumerate(map(HiddenText, entries.split(",")), 1):
        if not entry.strip():
            continue
        try:
            is_exempt |= _names(HiddenText(entry.strip()), url)
        except ValueError:
            unusable.append(str(place))
    if unusable:
        message = "%s: passed over, because it cannot be used: entry %s"
        logger.log(level, message, _variable("no_proxy"), ", ".join(unusable))
    return is_exempt


def _names(entry: str, url: SplitResult) -> bool:
    """Whether an entry of NO_PROXY names the host of a URL.

    Args:
        entry: `*` for every host; a name, for its subdomains too; `.name` or `*.name`, for these alone; an address; a
            network as `10.0.0.0/8`. A scheme may stand before it, a port behind it.
        url: The URL.

    Raises:
        ValueError: The entry cannot be read.
    """
    if entry == "*":
        return True
    found = _ENTRY.fullmatch(entry)
    if found is None or int(found["port"] or 0) > LAST_PORT or (found["name"] and found["size"]):
        raise ValueError
    if found["name"] and not _is_name(found["name"]):
        raise ValueError
    host = (url.hostname or "").rstrip(".")
    if found["name"] is None:
        network = ip_network(f"{found['bracketed'] or found['address']}{found['size'] or ''}", strict=False)
        is_named = _is_address(host) and ip_address(host) in network
    else:
        name, host = _ascii(found["name"]), _ascii(host)
        is_named = host.endswith(f".{name}") or (host == name and not found["below"])
    has_scheme = (found["scheme"] or "all").lower() in {"all", url.scheme}
    return is_named and has_scheme and int(found["port"] or 0) in {0, url.port or _PORTS[url.scheme]}


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    try:
        return re.fullmatch(r"[\w.-]+", _ascii(host), re.ASCII) is not None
    except UnicodeError:
        return False


def _ascii(name: str) -> str:
    """A name as it is looked up. One that cannot be is a UnicodeError."""
    return name.rstrip(".").encode("idna").decode().lower()
