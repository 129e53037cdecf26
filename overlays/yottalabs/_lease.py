"""Leases: until when a pod may live, and the process that it is for, if any. A pod carries its own in a variable.

Doubt never ends a pod: a text that is not exactly as a lease is written is none, and an owner that cannot be seen from
here is not dead.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import sys
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

LONGEST_LEASE = 500  # characters; ours are shorter, and what is longer need not be parsed

_PROC = Path("/proc")
_NAMESPACES = ("pid", "time")  # in which the number of a process, and its start, mean what they say
_LARGEST_PROCESS = 2**31 - 1
_LONGEST_HOST = 64
_RANDOM_NODE = 1 << 40  # set in a `getnode` that was made up, as no network card could be read


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, such that no other one is taken for it.

    Attributes:
        host: Where it runs: a readable name, and a digest of what tells this machine, its boot and its container apart
            from all others.
        process: Its number.
        started: When it started, in the host's own terms, where the host tells it.
    """

    host: str
    process: int
    started: str | None

    def __post_init__(self) -> None:
        if not isinstance(self.host, str) or not re.fullmatch(r"[\w./-]{1,100}", self.host, re.ASCII):
            raise ValueError("the host of an owner is a name")
        if isinstance(self.process, bool) or not isinstance(self.process, int):
            raise ValueError("the process of an owner is a number")  # noqa: TRY004  # as for any other text that is no lease
        if not 0 < self.process <= _LARGEST_PROCESS:
            raise ValueError("the process of an owner is the number of one process")
        if self.started is not None and not (
            isinstance(self.started, str) and re.fullmatch(r"\d{1,20}", self.started, re.ASCII)
        ):
            raise ValueError("the start of an owner is a number, as text")

    @classmethod
    def current(cls) -> Owner:
        """This process."""
        process = os.getpid()
        seen = _Seen.look(process)
        return cls(this_host(), process, None if seen is None else seen.started)

    def is_alive(self) -> bool | None:
        """Whether the process lives. False if it is certainly dead, None if that cannot be told from here."""
        if os.name != "posix" or self.host != this_host():
            return None
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # it is there, and somebody else's
        seen = _Seen.look(self.process)
        if seen is None:
            return True
        has_other_start = self.started is not None and self.started != seen.started
        return not (seen.is_zombie or has_other_start)

    def __str__(self) -> str:
        return f"process {self.process} of {'this host' if self.host == this_host() else f'host {self.host}'}"


_OWNER_PARTS = tuple(part.name for part in fields(Owner))  # in a lease, which says null to each where it has no owner


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a pod may live.

    Attributes:
        expires: When it ends at the latest; None if it may live as long as its owner.
        owner: The process that the pod is for; None for a pod that lives until its time is over, whoever has died.
    """

    expires: datetime | None
    owner: Owner | None

    def __post_init__(self) -> None:
        if self.expires is None and self.owner is None:
            raise ValueError("a lease ends at some time, or with its owner")
        if self.expires is not None and self.expires.utcoffset() is None:
            raise ValueError("the end of a lease has a time zone")

    def text(self) -> str:
        """The lease as it is written into the variable of the pod."""
        expires = None if self.expires is None else self.expires.astimezone(UTC).isoformat()
        owner: dict[str, Any] = dict.fromkeys(_OWNER_PARTS) if self.owner is None else asdict(self.owner)
        return json.dumps({"expires": expires, **owner}, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Lease | None:
        """The lease that a text is; None for a text that this class would not have written exactly so."""
        if not isinstance(text, str) or len(text) > LONGEST_LEASE:
            return None
        try:
            found = json.loads(text)
            expires = None if found["expires"] is None else datetime.fromisoformat(found["expires"])
            parts = [found[name] for name in _OWNER_PARTS]
            lease = cls(expires, None if parts == [None] * len(parts) else Owner(*parts))
            return lease if lease.text() == text else None
        except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
            return None

    def over(self, now: datetime) -> str | None:
        """Why the lease is over, to be told to people; None while it is not, or while nobody can be sure.

        Args:
            now: The time, with its zone.
        """
        if self.expires is not None and self.expires <= now:
            return f"its lease ended at {_told(self.expires)}"
        if self.owner is None:
            return None
        return f"its owner, {self.owner}, is dead" if self.owner.is_alive() is False else None

    def standing(self, now: datetime) -> str:
        """How the lease stands, to be told to people.

        Args:
            now: The time, with its zone.
        """
        over = self.over(now)
        if over is not None:
            return over
        if self.expires is not None:
            holder = "whatever becomes of its creator" if self.owner is None else f"by {self.owner}"
            return f"leased until {_told(self.expires)} {holder}"
        assert self.owner is not None  # noqa: S101  # or it would have an end
        unknown = "" if self.owner.is_alive() else ", which cannot be told from here"
        return f"leased for as long as {self.owner} lives{unknown}"


def this_host() -> str:
    """Where this process runs, such that equal texts mean: the same machine, boot and container.

    It is read anew each time, which is quick: a process, or its parent before a fork, may have moved to another
    namespace. Where it cannot be known, the text is another one each time. (Copies of a virtual machine that was saved
    while it ran are the one thing that this does not tell apart.)
    """
    if sys.platform == "linux":
        try:
            parts = [_read(_PROC / "sys/kernel/random/boot_id"), *_namespaces()]
        except OSError:
            parts = [_nowhere()]
    else:
        parts = [_node() if sys.platform == "darwin" else _nowhere()]
    readable = re.sub(r"[^\w.-]", "-", socket.gethostname(), flags=re.ASCII)[:_LONGEST_HOST]
    return f"{readable or 'unnamed'}/{sha256(' '.join(parts).encode()).hexdigest()[:16]}"


def _namespaces() -> Iterator[str]:
    for name in _NAMESPACES:
        try:
            yield str((_PROC / "self/ns" / name).readlink())
        except FileNotFoundError:
            if name == "pid":
                raise
            yield "the only one"  # of an older kernel


def _nowhere() -> str:
    """A text that equals no other one."""
    return secrets.token_hex(16)


def _node() -> str:
    """The number of a network card of this machine; Python keeps it."""
    node = uuid.getnode()
    return _nowhere() if node & _RANDOM_NODE else f"{node:012x}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the system shows of a process."""

    started: str
    is_zombie: bool

    @classmethod
    def look(cls, process: int) -> _Seen | None:
        """The process, if there is one and this system shows it."""
        if sys.platform != "linux":
            return None
        try:
            if str((_PROC / "self").readlink()) != str(os.getpid()):
                return None  # it shows the processes of another container, by the numbers that they have there
            stat = _read(_PROC / str(process) / "stat")
            # The name of the command, in parentheses, may hold parentheses and spaces; the third field follows it.
            fields = stat[stat.rindex(")") + 1 :].split()
            # A process whose first thread has ended counts as a zombie, too, while others of its threads run.
            is_zombie = fields[0] in {"Z", "X", "x"} and int(fields[17]) <= 1
            return cls(str(int(fields[19])), is_zombie)
        except (OSError, ValueError, IndexError):
            return None


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _told(moment: datetime) -> str:
    """A moment for people, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
