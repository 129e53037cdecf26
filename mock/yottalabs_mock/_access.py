"""Which hosts and origins a request may name.

A web page of any site can send requests to a server of this machine. DNS rebinding makes such a page name its own host,
and without rebinding the browser names the page's origin: `Host`, `Origin` and `Sec-Fetch-Site` show both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv6Address
from typing import TypeAlias

from ._messages import Answer, Refusal, printable

_HOST = r"\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?"
_AUTHORITY = re.compile(rf"({_HOST})(?::([0-9]{{0,5}}))?", re.IGNORECASE | re.ASCII)
_ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://({_HOST})(?::([0-9]{{1,5}}))?", re.IGNORECASE | re.ASCII)
_IPV4_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LOOPBACK = re.compile(rf"(?:.+\.)?localhost|127(?:\.{_IPV4_BYTE}){{3}}|\[::1\]")
_NAMES = re.compile(r"[a-z0-9!#$%&'*+.^_`|~, -]{1,4000}", re.IGNORECASE | re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_HINT = "--allow-origin ORIGIN (allow_origins in Python) allows one"
_ADMIN_HINT = "the admin paths answer no other origin, not even one that --allow-origin names"
_OWN_SITES = frozenset({"same-origin", "none"})
_EXPOSED = "Allow, Location, Retry-After, X-Request-Id"
_PREFLIGHT_SECONDS = "600"

Origin: TypeAlias = tuple[str, str, str]
"""Scheme, host and port. The port is empty where the scheme has no default and none is given."""


class Access:
    """The hosts and origins that a server answers, besides those of this machine.

    Args:
        hosts: Names or addresses, without ports.
        origins: Origins, such as "http://localhost:3000".

    Raises:
        ValueError: A host or an origin is not one.
    """

    def __init__(self, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self._hosts = frozenset(map(_read_host, _listed(hosts, "allow_hosts")))
        self._origins = frozenset(map(_read_origin, _listed(origins, "allow_origins")))

    def knows(self, host: str) -> bool:
        """Whether a host, without its port, is this machine or was named."""
        name = _canonical_host(host)
        return name is not None and (_LOOPBACK.fullmatch(name) is not None or name in self._hosts)

    def check(self, headers: Mapping[str, str], *, scheme: str, server: str | None, is_admin: bool) -> str | None:
        """Check the headers `Host`, `Origin` and `Sec-Fetch-Site` of a request.

        A request without `Host` passes: every browser sends one.

        Args:
            headers: The headers, their names in lower case.
            scheme: "http" or "https", as the server is reached.
            server: The host that the server has. A socket has an address; an in-process transport has the host of
                the URL, which need not exist.
            is_admin: Whether the request is for an admin path, which answers no foreign origin.

        Returns:
            The foreign origin that the request comes from and that may read the answer; None for any other request.

        Raises:
            Refusal: 403: a host or an origin is not allowed.
        """
        host = headers.get("host")
        if host is not None and not self._is_allowed(host, server):
            raise Refusal(
                403,
                f"the header Host is '{printable(host)}', which is not a name of this machine; "
                "--allow-host HOST (allow_hosts in Python) allows it",
            )
        return self._foreign_origin(headers, host, scheme, is_admin=is_admin)

    def _is_allowed(self, host: str, server: str | None) -> bool:
        found = _AUTHORITY.fullmatch(host)
        if found is None:
            return False
        return self.knows(found[1]) or (server is not None and found[1].lower() == server.lower())

    def _foreign_origin(
        self, headers: Mapping[str, str], host: str | None, scheme: str, *, is_admin: bool
    ) -> str | None:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        hint = _ADMIN_HINT if is_admin else _HINT
        if origin is not None:
            sent_by = _parsed_origin(origin)
            if sent_by in self._origins and not is_admin:
                return origin
            if sent_by is None or host is None or sent_by != _parsed_origin(f"{scheme}://{host}"):
                raise Refusal(403, f"the header Origin is '{printable(origin)}', which is another origin; {hint}")
        if site is not None and site not in _OWN_SITES:
            message = f"the header Sec-Fetch-Site is '{printable(site)}': a page of another origin sent the request"
            raise Refusal(403, f"{message}; {hint}")
        return None


def cors_headers(origin: str | None) -> dict[str, str]:
    """The headers of every answer that let a page of an allowed origin read it; empty without such an origin."""
    if origin is None:
        return {}
    return {"access-control-allow-origin": origin, "access-control-expose-headers": _EXPOSED, "vary": "Origin"}


def preflight(method: str, headers: Mapping[str, str], methods: str) -> Answer | None:
    """The answer to a CORS preflight of an allowed origin; None if the request is not a preflight.

    Args:
        method: The HTTP method.
        headers: The headers, their names in lower case.
        methods: The methods that a page may use, with commas between them.
    """
    if method != "OPTIONS" or "access-control-request-method" not in headers:
        return None
    allowed = {"access-control-allow-methods": methods, "access-control-max-age": _PREFLIGHT_SECONDS}
    names = headers.get("access-control-request-headers", "")
    if _NAMES.fullmatch(names):
        allowed["access-control-allow-headers"] = names
    if headers.get("access-control-request-private-network") == "true":
        allowed["access-control-allow-private-network"] = "true"
    return Answer(204, allowed, b"")


def _listed(values: Iterable[str], name: str) -> list[str]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ValueError(f"{name} is of type {type(values).__name__}; it must be a collection of texts")  # noqa: TRY004
    return list(values)


def _read_host(text: str) -> str:
    bracketed = f"[{text}]" if isinstance(text, str) and text.count(":") > 1 and not text.startswith("[") else text
    host = _canonical_host(bracketed) if isinstance(bracketed, str) else None
    if host is None:
        shown = printable(repr(text))
        raise ValueError(f"the allowed host {shown} is not a host; write a name or an address, without a port")
    return host


def _read_origin(text: str) -> Origin:
    origin = _parsed_origin(text) if isinstance(text, str) else None
    if origin is None:
        shown = printable(repr(text))
        message = f"the allowed origin {shown} is not an origin; write scheme, host and port alone"
        raise ValueError(f"{message}, such as http://localhost:3000")
    return origin


def _canonical_host(text: str) -> str | None:
    """A host in the one form in which it is compared; None if it is not a host."""
    if re.fullmatch(_HOST, text, re.IGNORECASE | re.ASCII) is None:
        return None
    if not text.startswith("["):
        # A name may end with the dot of the root; an address may not.
        return text.lower() if text.rstrip(".").rpartition(".")[2].isdigit() else text.lower().removesuffix(".")
    try:
        address = IPv6Address(text[1:-1])
    except AddressValueError:
        return None
    return "[::1]" if int(address) == 1 else f"[{int(address):x}]"


def _parsed_origin(text: str) -> Origin | None:
    found = _ORIGIN.fullmatch(text)
    host = _canonical_host(found[2]) if found is not None else None
    if found is None or host is None:
        return None
    scheme = found[1].lower()
    return scheme, host, found[3] or _DEFAULT_PORTS.get(scheme, "")
