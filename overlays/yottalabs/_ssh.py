"""The SSH address of a pod, parsed from what the API returns. That text is parsed, and never run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from getopt import GetoptError, getopt
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from ._pod import Pod

USER = re.compile(r"[A-Za-z0-9_][\w.+-]{0,63}", re.ASCII)
_HOST = re.compile(r"(?!.{254})[A-Za-z0-9_]([\w.-]*\w)?\.?", re.ASCII)
_ADDRESS = re.compile(r"[0-9a-f:.]+(%[\w.-]+)?", re.ASCII | re.IGNORECASE)  # ip_address allows any zone
_BRACKETS = re.compile(r"\[([^\[\]]*:[^\[\]]*)\](?::(.*))?")
_URL = re.compile(r"(ssh|tcp)://(.*?)/?", re.ASCII | re.IGNORECASE)
_PLACEHOLDER = re.compile(r"<[^<>]*>")
_PLAIN_COMMAND = re.compile(r"ssh( [\w@.%+/~-]+| <private key file>)+", re.ASCII)
KEY_PLACEHOLDER = "<private key file>"
LONGEST_TEXT = 2000  # characters
SSH_PORT, LAST_PORT = 22, 65535

_OPTIONS = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy"  # of OpenSSH
_SETTINGS = {"-p": "port", "-l": "user", "-i": "identityfile"}
_ROUTES = {"-J", "-F", "-S", "-W", "proxycommand", "proxyjump", "controlpath", "include", "canonicalizehostname"}
"""The options that may lead to another machine than the one that is named."""
_OFF = {"none", "no", "/dev/null"}

_DOCUMENTATION_NETWORKS = tuple(
    map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"))
)
_DOCUMENTATION_NAMES = re.compile(r"(.*\.)?(example|invalid|example\.(com|net|org))\.?", re.IGNORECASE)  # RFC 2606


@dataclass(frozen=True)
class SSHAddress:
    """Where a pod's SSH is.

    Attributes:
        host: A name or an IP address, the latter without brackets.
        port: The port.
        user: The user to log in as; None where the API names none.
        left_out: What the API's text contains and this address does not: options of ssh, a password.
        text: The API's text; empty if the API has only a host and a port.
    """

    host: str
    port: int
    user: str | None = None
    left_out: tuple[str, ...] = ()
    text: str = ""

    @property
    def command(self) -> str:
        """The ssh command, with a placeholder for the private key: the API's own, unless part of it is left out."""
        if not self.left_out and _PLAIN_COMMAND.fullmatch(self.text):
            return self.text
        user = "" if self.user is None else f"{self.user}@"
        return f"ssh {user}{self.host} -p {self.port} -i {KEY_PLACEHOLDER}"

    @property
    def is_for_documentation(self) -> bool:
        """Whether the host is one that is reserved for documentation, where nothing can ever answer."""
        try:
            address = ip_address(self.host)
        except ValueError:
            return _DOCUMENTATION_NAMES.fullmatch(self.host) is not None
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in _DOCUMENTATION_NETWORKS)


@dataclass(frozen=True)
class SSHAccess:
    """What the API returns about the SSH of a pod.

    Attributes:
        address: The address, if there is one.
        unread: The API's texts that are not understood. One of them may name the user or the way to the pod.
    """

    address: SSHAddress | None
    unread: tuple[str, ...]

    @property
    def is_without_user(self) -> bool:
        """Whether the address names no user and a text that is not understood may name one."""
        return bool(self.unread) and self.address is not None and self.address.user is None

    @classmethod
    def of(cls, pod: Pod) -> SSHAccess:
        """Parse `ingressUrl` of the SSH port and `sshCmd`; use `host` and `proxyPort` where those say nothing."""
        entry = pod.ssh_port
        host, port = ((entry.host or "").strip(), entry.proxy_port) if entry is not None else ("", None)
        found: list[SSHAddress] = []
        unread: list[str] = []
        for text in (entry.ingress_url if entry is not None else None, pod.ssh_cmd):
            if text and text.strip():
                address = parse_ssh_address(text, host, port)
                if address is None:
                    unread.append(text)
                else:
                    found.append(address)
        if host and port is not None:
            named = _destination(host)
            address = None if named is None or named.port is not None else _checked(named._replace(port=str(port)))
            found += [] if address is None else [address]
        first = next((address for address in found if address.user is not None), None) or next(iter(found), None)
        return cls(first, tuple(unread))


def parse_ssh_address(text: str, host: str = "", port: int | None = None) -> SSHAddress | None:
    """Parse an ssh command, an `ssh://` or `tcp://` URL, or `[user@]host[:port]`.

    Args:
        text: The text.
        host: The host that the API names beside the text.
        port: The port on that host. It is used where the text names no port and no other host.

    Returns:
        The address. None if the text is none of these, or names a jump host, a proxy or a configuration file: without
        these the host may be another machine.
    """
    text = text.strip(" \t\r\n")
    if len(text) > LONGEST_TEXT or not text.replace("\t", " ").isprintable():
        return None
    left_out: list[str] = []
    url = _URL.fullmatch(text)
    if url is not None:
        named = _of_url(url[2], left_out)
        is_complete = url[1].lower() == "ssh"
    elif re.search(r"\s", text):
        named = _of_command(text, left_out)
        is_complete = True
    else:
        named = _destination(text)
        is_complete = False
        if named is not None and named.user is None and named.port is None and not _is_host_alone(named.host, host):
            return None
    if named is None:
        return None
    if named.port is None:
        is_same = named.host.lower() == host.strip("[]").lower()
        named = named._replace(port=str(SSH_PORT if port is None or (is_complete and not is_same) else port))
    return _checked(named, tuple(left_out), text)


def _is_host_alone(text: str, host: str) -> bool:
    """Whether one word is a host: `pending` and `none` are not, unless the API names that host elsewhere, too."""
    return "." in text or ":" in text or text.lower() in {host.lower(), "localhost"}


class _Named(NamedTuple):
    """A destination whose parts are not checked yet."""

    host: str
    port: str | None
    user: str | None


def _destination(text: str) -> _Named | None:
    """Split `[user@]host[:port]`. An IPv6 address is in brackets, or has no port behind it."""
    user, at, rest = text.rpartition("@")
    in_brackets = _BRACKETS.fullmatch(rest)
    if in_brackets is not None:
        host, port = in_brackets.groups()
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    else:
        host, port = rest, None
    return _Named(host, port, user if at else None)


def _of_url(text: str, left_out: list[str]) -> _Named | None:
    named = _destination(text)
    if named is None or named.user is None:
        return named
    user, colon, _ = named.user.partition(":")
    left_out += ["the password"] if colon else []
    return named._replace(user=unquote(user))


def _of_command(text: str, left_out: list[str]) -> _Named | None:
    """The destination of an ssh command. As ssh does, it takes the first of several values."""
    try:
        # A placeholder such as <private key file> is one word, and is neither a user nor a host.
        program, *words = shlex.split(_PLACEHOLDER.sub("<>", text)) or [""]
        before, (destination, *rest) = getopt(words, _OPTIONS)
        is_over = words[: -1 - len(rest)][-1:] == ["--"]
        after, rest = ([], rest) if is_over else getopt(rest, _OPTIONS)
    except (ValueError, GetoptError):
        return None
    url = _URL.fullmatch(destination)
    named = _destination(destination) if url is None else _of_url(url[2], left_out)
    if program.rpartition("/")[2] != "ssh" or rest or named is None or (url is not None and url[1].lower() != "ssh"):
        return None
    own = [("user", named.user), ("port", named.port)]
    settings: dict[str, str] = {}
    for name, value in [*_settings(before, left_out), *own, *_settings(after, left_out)]:
        if name in _ROUTES:
            return None
        if value is not None:
            settings.setdefault(name, value)
    return _Named(settings.get("hostname", named.host), settings.get("port"), settings.get("user"))


def _settings(options: Iterable[tuple[str, str]], left_out: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what options set that matters here, by lower-case name; add the other options to those left out."""
    for option, value in options:
        name = _SETTINGS.get(option, option)
        setting = value
        if option == "-o":
            name, _, setting = re.sub(r"\s*[=\s]\s*", "=", value.strip(), count=1).partition("=")
            name = name.lower()
        if name in {"port", "user", "hostname", "identityfile"} or (name in _ROUTES and setting.lower() not in _OFF):
            yield name, setting
        else:
            left_out.append(f"{option} {value}".strip())


def _checked(named: _Named, left_out: tuple[str, ...] = (), text: str = "") -> SSHAddress | None:
    """The address, if each part is what it should be: none of them may be an option of ssh."""
    host, port, user = named
    is_host = _HOST.fullmatch(host) is not None or _is_ip_address(host)
    is_port = port is not None and re.fullmatch(r"\d{1,5}", port, re.ASCII) and 0 < int(port) <= LAST_PORT
    if not is_host or not is_port or port is None or (user is not None and not USER.fullmatch(user)):
        return None
    return SSHAddress(host, int(port), user, left_out, text)


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return _ADDRESS.fullmatch(host) is not None
