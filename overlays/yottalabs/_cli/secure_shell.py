"""The ssh command that reaches a pod, and ssh while it runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar

import click

from .._files import expanded, platform_folder
from .._ssh import USER, SSHAccess, SSHAddress
from .advice import command_line
from .failures import CommandError, Status
from .terminal import is_terminal, say

if TYPE_CHECKING:
    from .. import Pod
    from .connecting import Connecting

P = ParamSpec("P")
T = TypeVar("T")

FAILED_STATUS = 255  # of ssh itself
CONNECT_SECONDS, CONNECT_ATTEMPTS = 15, 5
ALIVE_SECONDS, ALIVE_COUNT = 15, 4  # a connection that is dead is noticed after a minute
PROBE_OPTIONS = (
    *("BatchMode=yes", "LogLevel=DEBUG1", "ClearAllForwardings=yes", "PermitLocalCommand=no", "ForwardAgent=no"),
    *("ForwardX11=no", "RequestTTY=no", "RemoteCommand=none"),
)
"""A probe asks nobody anything, and does nothing but log in, whatever a person has set up for a session."""
HOW_TO_SIMULATE_SSH = "the simulator leads its pods to a real SSH server: yottalabs mock --ssh USER@HOST:PORT"
LONGEST_TEXT = 1000  # characters of the API's text that are printed
END_SECONDS = 3  # that ssh has to end, each time that it is told to
_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


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
            ConfigurationError: There is no key, or a file of profiles cannot be read.
        """
        if self.user is not None and not USER.fullmatch(self.user):
            raise CommandError(Status.USAGE, f"--user: {self.user!r} is no name of a user")
        connection = connecting.connection
        identity, source = self.identity, "--identity"
        if identity is None:
            from .._profiles import find_profile

            # Where key and base URL come from the environment, nobody has looked at the default profile yet.
            profile = connection.profile or find_profile(None, "the default")
            identity, source = (profile.ssh_key, f"ssh_key of {profile.place}") if profile is not None else (None, "")
        if identity is None:
            return Shell(None, self.user, self.options)
        file = expanded(identity)
        if not file.is_file() or not os.access(file, os.R_OK):
            raise CommandError(Status.USAGE, f"{source}: {identity} cannot be read; name the file of your private key")
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

    def address(self, pod: Pod) -> SSHAddress:
        """Where the pod's SSH is, and as whom to log in there.

        Raises:
            CommandError: The pod has no SSH that can be reached.
        """
        access = SSHAccess.of(pod)
        if access.address is None or _is_closed(pod) or (self.user is None and access.is_without_user):
            raise _not_reachable(pod, access)
        return replace(access.address, user=self.user or access.address.user)

    def destination(self, pod: Pod) -> SSHAddress | None:
        """Where ssh is going to connect, by the options of the person, too; None if that is not known."""
        address = SSHAccess.of(pod).address
        if address is None or self._option("proxycommand") or self._option("proxyjump"):
            return None
        port = self._option("port")
        return replace(
            address,
            host=self._option("hostname") or address.host,
            port=int(port) if re.fullmatch(r"\d{1,5}", port, re.ASCII) else address.port,
            user=self._option("user") or self.user or address.user,
        )

    def refuse_documentation(self, pod: Pod) -> None:
        """Refuse a pod whose address is reserved for documentation, as are those that the simulator invents.

        Raises:
            CommandError: It has such an address.
        """
        destination = self.destination(pod)
        if destination is not None and destination.is_for_documentation and pod.is_active:
            raise CommandError(Status.REFUSED, nothing_answers(pod, destination), HOW_TO_SIMULATE_SSH)

    def announce(self, pod: Pod) -> None:
        """Print what of the API's text about a pod's SSH is not used.

        Raises:
            CommandError: It cannot be reached.
        """
        address = self.address(pod)
        if address.left_out:
            say(
                f"yottalabs: this of the API's text about SSH is left out: {', '.join(address.left_out)}",
                f"  the text is: {address.text}",
                "  --ssh-option passes an option to ssh, if you trust it",
            )
        for text in SSHAccess.of(pod).unread:
            say(f"yottalabs: this text of the API about SSH is not understood: {text[:LONGEST_TEXT]}")

    @property
    def limits_attempts(self) -> bool:
        """Whether the person limits how often ssh attempts to connect, before it gives up."""
        return bool(self._option("connectionattempts"))

    def _option(self, name: str) -> str:
        """The value of the first option of the person with a name; ssh takes the first."""
        for option in self.options:
            found = re.fullmatch(rf"\s*{name}\s*[=\s]\s*(.*?)\s*", option, re.IGNORECASE)
            if found is not None:
                return found[1]
        return ""

    def command(self, pod: Pod, words: Sequence[str], *, is_last: bool = False) -> list[str]:
        """The ssh command that runs words in a pod, or a shell where there are none.

        Args:
            pod: The pod.
            words: They arrive as they are: they are quoted for the shell at the other end.
            is_last: Whether it is the first connection and the last one, so that the pod's key need not be kept.

        Raises:
            CommandError: The pod has no SSH that can be reached.
        """
        has_terminal = is_terminal(sys.stdin) and is_terminal(sys.stdout)
        return self._command(pod, words, is_last=is_last, options=("-t",) if has_terminal else ())

    def probe(self, pod: Pod, seconds: int, *, is_last: bool = False) -> list[str]:
        """The ssh command that logs in, does nothing, and asks nothing; `probe.wait_for_login` runs it.

        Args:
            pod: The pod.
            seconds: How long it may take to connect, unless the person says how long.
            is_last: As for `command`.
        """
        usual = {"ConnectionAttempts": 1, "ConnectTimeout": seconds}
        own = [f"{name}={value}" for name, value in usual.items() if not self._option(name)]
        first = [part for option in (*PROBE_OPTIONS, *own) for part in ("-o", option)]
        command = self._command(pod, ("true",), is_last=is_last)
        return [command[0], *first, *command[1:]]

    def _command(self, pod: Pod, words: Sequence[str], *, is_last: bool, options: Sequence[str] = ()) -> list[str]:
        address = self.address(pod)
        return [
            "ssh",
            # What a person asks for comes first: of two values, ssh takes the first.
            *(part for option in self.options for part in ("-o", option)),
            *("-p", str(address.port)),
            # The same address is another pod's tomorrow: each pod's key is kept under its own name.
            *("-o", f"HostKeyAlias=yottalabs-pod-{_name_of(pod)}"),
            *("-o", "StrictHostKeyChecking=accept-new"),
            *_file_option("UserKnownHostsFile", os.devnull if is_last else _known_hosts()),
            *(("-o", "LogLevel=ERROR") if is_last else ()),  # or ssh would tell that it has kept the key there
            # A connection that is shared by address, as a person may have it set up, may lead to another pod.
            *("-o", "ControlMaster=no", "-o", "ControlPath=none"),
            *("-o", f"ConnectTimeout={CONNECT_SECONDS}", "-o", f"ConnectionAttempts={CONNECT_ATTEMPTS}"),
            *("-o", f"ServerAliveInterval={ALIVE_SECONDS}", "-o", f"ServerAliveCountMax={ALIVE_COUNT}"),
            *((*_identity(self.identity), "-o", "IdentitiesOnly=yes") if self.identity else ()),
            *options,
            *(("-l", address.user) if address.user else ()),
            "--",
            address.host,
            *((shlex.join(words),) if words else ()),
        ]


def nothing_answers(pod: Pod, address: SSHAddress) -> str:
    """Describe a pod whose address is reserved for documentation."""
    return f"the SSH address of pod {pod.id}, {address.host}, is reserved for documentation: nothing answers there"


def _name_of(pod: Pod) -> str:
    """The pod's id, or what stands for one that is no word."""
    pod_id = pod.id or ""
    return pod_id if _ID.fullmatch(pod_id) else sha256(pod_id.encode(errors="surrogatepass")).hexdigest()


def _file_option(name: str, file: str) -> tuple[str, str]:
    """An option of ssh whose value is a file, in which a percent sign would be the beginning of something."""
    return "-o", f'{name}="{file.replace("%", "%%")}"'


def _identity(file: str) -> tuple[str, str]:
    return _file_option("IdentityFile", file) if "%" in file else ("-i", file)


def _is_closed(pod: Pod) -> bool:
    """Whether a pod is in a state in which its SSH is certainly not there, though the API may say where it would be."""
    from yottalabs_api.models import PodStatus

    return pod.status in frozenset(PodStatus) - {PodStatus.RUNNING}


def _not_reachable(pod: Pod, access: SSHAccess) -> CommandError:
    if pod.ssh_port is None and not access.unread:
        return CommandError(
            Status.REFUSED,
            f"pod {pod.id} exposes no SSH port",
            "create it with --expose 22/SSH, which cannot be added later",
        )
    if not pod.is_active:
        return CommandError(
            Status.REFUSED,
            f"pod {pod.id} is {pod.status}, and cannot be reached any more",
            f"`{command_line('pods list')}` shows those that can",
        )
    if access.unread and not _is_closed(pod):
        address = access.address
        named = "" if address is None else f"; --user NAME connects to {address.host} port {address.port} as that user"
        return CommandError(
            Status.REFUSED,
            f"pod {pod.id} is reached, as the API says, by {access.unread[0]!r}, which is not understood",
            f"if you trust it, run it yourself{named}",
        )
    return CommandError(
        Status.REFUSED,
        f"pod {pod.id} is {pod.status}, and its SSH cannot be reached yet",
        f"wait for it: {command_line('pods wait', pod.id or '')}",
    )


def _known_hosts() -> str:
    """The file of the keys of pods; the person's own is not filled with hosts that are gone tomorrow."""
    folder = platform_folder("state")
    if folder is None:
        return os.devnull
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "known_hosts"
    # Where there is no place for it, each connection begins anew.
    is_there = os.access(folder, os.W_OK) and not re.search(r'["\\\n]|\$\{', str(file))
    return str(file) if is_there else os.devnull


def check_there() -> None:
    """Makes sure that there is an ssh, and that it runs, before anything costs money.

    Raises:
        CommandError: There is none, or it does not run.
    """
    if shutil.which("ssh") is None:
        raise CommandError(
            Status.REFUSED,
            "there is no program `ssh` on the PATH",
            "install OpenSSH's client (on Debian: apt install openssh-client)",
        )
    if not _has_user() and _refuses_user():
        raise CommandError(
            Status.REFUSED,
            f"ssh does not run here: there is no user with the number {os.getuid()}",
            "add the user (to /etc/passwd, on most systems), or run as one that there is",
        )


def _refuses_user() -> bool:
    """Whether ssh refuses to run as this user, which it does before it reads its options."""
    command = ["ssh", "-V"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment(), check=False)  # noqa: S603  # as below
    return done.returncode == FAILED_STATUS


def _has_user() -> bool:
    """Whether this process runs as a user that the system knows, which OpenSSH needs."""
    if os.name != "posix":
        return True
    import pwd

    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


def become(command: Sequence[str]) -> NoReturn:
    """Becomes ssh, which then has the terminal and the signals for itself."""
    check_there()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if os.name == "posix":
        # No shell is wanted, and each word is checked above.
        os.execvpe(command[0], list(command), environment())  # noqa: S606
    sys.exit(call(command))


def call(command: Sequence[str]) -> int:
    """Runs ssh until it ends, and gives its status.

    Ctrl-C reaches it too, from the terminal; it is waited for, and the interruption goes on. Whatever else ends this
    program ends it.
    """
    process = subprocess.Popen(command, env=environment())  # noqa: S603  # as above
    try:
        return process.wait()
    except BaseException as interruption:  # whatever it is, ssh must not outlive this
        _end(process, knows=isinstance(interruption, KeyboardInterrupt))
        raise


def _end(process: subprocess.Popen[bytes], *, knows: bool) -> None:
    """Ends ssh, which may know already that it is to end: where the interrupt was not the terminal's, it does not."""
    try:
        if not knows:
            process.terminate()
        for tell in (process.terminate, process.kill):
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
                return
            tell()
    finally:  # a second interrupt, too
        if process.poll() is None:
            process.kill()
            process.wait()


def environment() -> dict[str, str]:
    """The environment of ssh, without the key: ssh may be set up to send variables, and runs other programs."""
    from .._settings import API_KEY_VARIABLE

    key = os.environ.get(API_KEY_VARIABLE, "").strip()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() != API_KEY_VARIABLE and not (key and value.strip() == key)
    }
    if getattr(sys, "frozen", False):  # PyInstaller's libraries are for this program alone, and ssh has its own
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
            kept.pop(name, None)
            original = kept.pop(f"{name}_ORIG", "")
            kept |= {name: original} if original else {}
    return kept
