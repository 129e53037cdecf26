"""The ssh command that reaches a pod.

What the API says is read, never run: only a host, a port and a user come of it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar

import click

from .failures import CommandError, Status
from .terminal import is_terminal

if TYPE_CHECKING:
    from .. import Pod
    from .connecting import Connecting

P = ParamSpec("P")
T = TypeVar("T")

FAILED_STATUS = 255  # of ssh itself
CONNECT_SECONDS, CONNECT_ATTEMPTS = 15, 5
ALIVE_SECONDS, ALIVE_COUNT = 15, 4  # a connection that is dead is noticed after a minute
_USER = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", re.ASCII)
_LAST_PORT = 65535


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
            words = shlex.split(command)
        except ValueError:
            return None
        if not words or words.pop(0) != "ssh":
            return None
        port, user, destination = "22", None, None
        while words:
            word = words.pop(0)
            if word in {"-p", "-l"} and words:
                port, user = (words.pop(0), user) if word == "-p" else (port, words.pop(0))
            elif word.startswith("-"):
                break  # what follows an option that is not known may be its value
            elif destination is None:
                destination = word
            else:
                break
        if "-p" in words:
            port = words[words.index("-p") + 1] if words.index("-p") + 1 < len(words) else port
        name, at, host = (destination or "").rpartition("@")
        return cls._checked(host, port, name if at else user)

    @classmethod
    def _checked(cls, host: str, port: str, user: str | None) -> Door | None:
        """The door, if each part is what it should be: none of them may be an option of ssh."""
        bare = host.removeprefix("[").removesuffix("]")
        is_host = _HOST.fullmatch(bare) is not None or _is_address(bare)
        is_port = re.fullmatch(r"\d{1,5}", port, re.ASCII) is not None and 0 < int(port) <= _LAST_PORT
        if not is_host or not is_port or (user is not None and not _USER.fullmatch(user)):
            return None
        return cls(bare, int(port), user)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Reaching:
    """How a person reaches pods, by the options.

    Attributes:
        identity: The file of the private key.
        user: The user in the pod.
        options: Options for ssh.
    """

    identity: str | None
    user: str | None
    options: tuple[str, ...]

    def shell(self, connecting: Connecting) -> Shell:
        """The shell that the options and the profile mean, before anything costs money.

        Raises:
            CommandError: The file of the private key cannot be read, or the user is none.
        """
        if self.user is not None and not _USER.fullmatch(self.user):
            raise CommandError(Status.USAGE, f"--user: {self.user!r} is no name of a user")
        profile = connecting.connection.profile
        identity = self.identity or (profile.ssh_key if profile is not None else None)
        if identity is None:
            return Shell(None, self.user, self.options)
        file = Path(identity).expanduser()
        if not file.is_file() or not os.access(file, os.R_OK):
            raise CommandError(
                Status.USAGE, f"--identity: {identity} cannot be read; name the file of your private key"
            )
        return Shell(str(file), self.user, self.options)


def reaches_pod(function: Callable[Concatenate[Reaching, P], T]) -> Callable[P, T]:
    """Gives a command the options of ssh, and passes them on as one `Reaching`."""

    @click.option(
        "--identity",
        "-i",
        metavar="FILE",
        help="The file of your private key; else that of the profile, else what ssh finds.",
    )
    @click.option("--user", metavar="NAME", help="The user in the pod, in place of the one that the API names.")
    @click.option(
        "--ssh-option",
        metavar="OPTION",
        multiple=True,
        help="An option for ssh, as in `LocalForward=8888 localhost:8888`. More than one may be given.",
    )
    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> T:
        given: Any = kwargs
        reaching = Reaching(given.pop("identity"), given.pop("user"), given.pop("ssh_option"))
        return function(reaching, *args, **kwargs)

    return command


@dataclass(frozen=True)
class Shell:
    """What leads to pods: the file of the private key, the user, options for ssh."""

    identity: str | None
    user: str | None
    options: tuple[str, ...]

    def command(self, pod: Pod, words: Sequence[str]) -> list[str]:
        """The ssh command that runs words in a pod, or a shell where there are none.

        The words arrive as they are: they are quoted for the shell at the other end.

        Raises:
            CommandError: The pod has no SSH that could be reached.
        """
        door = Door.of(pod)
        if door is None:
            raise _no_door(pod)
        user = self.user or door.user
        has_terminal = is_terminal(sys.stdin) and is_terminal(sys.stdout)
        return [
            "ssh",
            *("-p", str(door.port)),
            # The same address is another pod's tomorrow: each pod's key is kept under its own name.
            *("-o", f"HostKeyAlias=yottalabs-pod-{pod.id}"),
            *("-o", "StrictHostKeyChecking=accept-new"),
            *("-o", f'UserKnownHostsFile="{_known_hosts()}"'),
            *("-o", f"ConnectTimeout={CONNECT_SECONDS}", "-o", f"ConnectionAttempts={CONNECT_ATTEMPTS}"),
            *("-o", f"ServerAliveInterval={ALIVE_SECONDS}", "-o", f"ServerAliveCountMax={ALIVE_COUNT}"),
            *(("-i", self.identity, "-o", "IdentitiesOnly=yes") if self.identity else ()),
            *(part for option in self.options for part in ("-o", option)),
            *(("-t",) if has_terminal else ()),
            *(("-l", user) if user else ()),
            "--",
            door.host,
            *((shlex.join(words),) if words else ()),
        ]


def _no_door(pod: Pod) -> CommandError:
    if pod.ssh_port is None:
        return CommandError(
            Status.REFUSED,
            f"pod {pod.id} exposes no SSH port",
            "create it with --expose 22/SSH, which cannot be added later",
        )
    return CommandError(
        Status.REFUSED,
        f"pod {pod.id} is {pod.status}, and its SSH cannot be reached yet",
        f"wait for it: yottalabs pods wait {pod.id}",
    )


def _known_hosts() -> str:
    """The file of the keys of pods; the person's own is not filled with hosts that are gone tomorrow."""
    from platformdirs import user_state_path

    folder = user_state_path("yottalabs", appauthor=False)
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "known_hosts"
    # Where there is no place for it, each connection begins anew.
    return str(file) if os.access(folder, os.W_OK) and '"' not in str(file) else os.devnull


def check_there() -> None:
    """Makes sure that there is an ssh before anything costs money.

    Raises:
        CommandError: There is none.
    """
    if shutil.which("ssh") is None:
        raise CommandError(
            Status.REFUSED,
            "there is no program `ssh` on the PATH",
            "install OpenSSH's client (on Debian: apt install openssh-client)",
        )


def become(command: Sequence[str]) -> NoReturn:
    """Becomes ssh, which then has the terminal and the signals for itself."""
    check_there()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if os.name == "posix":
        os.execvp(command[0], list(command))  # noqa: S606  # no shell is wanted, and each word is checked above
    sys.exit(call(command))


def call(command: Sequence[str]) -> int:
    """Runs ssh until it ends, and gives its status.

    Ctrl-C reaches it too, from the terminal; it is waited for, and the interruption goes on. Whatever else ends this
    program ends it.
    """
    process = subprocess.Popen(command)  # noqa: S603  # as above
    try:
        return process.wait()
    except BaseException:
        if sys.exc_info()[0] is not KeyboardInterrupt:
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(CONNECT_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()
        raise
