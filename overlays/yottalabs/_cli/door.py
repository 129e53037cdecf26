"""Where a pod's SSH is, by what the API says: that is read, never run. Only a host, a port and a user come of it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from getopt import GetoptError, getopt
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .. import Pod

USER = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", re.ASCII)
_ADDRESS = re.compile(r"[0-9a-f:.]+(%[\w.-]+)?", re.ASCII | re.IGNORECASE)  # a zone may be anything, else
_IN_BRACKETS = re.compile(r"\[([^\[\]]*:[^\[\]]*)\]")
_LAST_PORT = 65535
_OPTIONS_THAT_ARE_READ = "p:l:i:46AaqTtvXxYy"
"""Those of ssh that change nothing about where it leads, beside port and user."""


@dataclass(frozen=True)
class Door:
    """Where a pod's SSH is.

    Attributes:
        host: A name or an address.
        port: The port.
        user: The user to be there; None where the API names none.
    """

    host: str
    port: int
    user: str | None

    @classmethod
    def of(cls, pod: Pod) -> Door | None:
        """The SSH of a pod, by what the API says of it; None while there is none."""
        entry = pod.ssh_port
        told = [entry.ingress_url or "" if entry is not None else "", pod.ssh_cmd or ""]
        for command in told:
            found = cls._read(command)
            if found is not None:
                return found
        if entry is None or not entry.host or entry.proxy_port is None:
            return None
        return cls._checked(entry.host, str(entry.proxy_port), None)

    @classmethod
    def _read(cls, command: str) -> Door | None:
        """The destination and the port of an ssh command; whatever else it says is left out."""
        try:
            # `<private key file>` is one word.
            program, *words = shlex.split(re.sub(r"<[^<>]*>", "file", command)) or [""]
            before, (destination, *words) = getopt(words, _OPTIONS_THAT_ARE_READ)
            after, words = getopt(words, _OPTIONS_THAT_ARE_READ)
        except (ValueError, GetoptError):
            return None
        if program != "ssh" or words:
            return None
        told = dict(reversed(before + after))  # of two values, ssh takes the first
        name, at, host = destination.rpartition("@")
        return cls._checked(host, told.get("-p", "22"), name if at else told.get("-l"))

    @classmethod
    def _checked(cls, host: str, port: str, user: str | None) -> Door | None:
        """The door, if each part is what it should be: none of them may be an option of ssh."""
        in_brackets = _IN_BRACKETS.fullmatch(host)
        bare = in_brackets[1] if in_brackets else host  # OpenSSH takes no brackets
        is_host = _HOST.fullmatch(bare) is not None or _is_address(bare)
        is_port = re.fullmatch(r"\d{1,5}", port, re.ASCII) is not None and 0 < int(port) <= _LAST_PORT
        if not is_host or not is_port or (user is not None and not USER.fullmatch(user)):
            return None
        return cls(bare, int(port), user)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return _ADDRESS.fullmatch(host) is not None
