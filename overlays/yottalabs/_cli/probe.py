"""Whether a pod lets anyone log in over SSH: what the API calls healthy is a port that may not answer yet."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from .._exceptions import PodFailedError, WaitTimeoutError, YottaLabsError
from .._text import printable
from . import signals
from .secure_shell import CONNECT_SECONDS, FAILED_STATUS, environment
from .terminal import say
from .times import short

if TYPE_CHECKING:
    from .. import Pod, YottaLabs
    from .._ssh import SSHAddress
    from .secure_shell import Shell

QUIET_SECONDS = 1.0  # before the address is printed
ATTEMPT_SECONDS, SHORTEST_ATTEMPT = 30.0, 2.0  # of one login; the latter where no time is left
FIRST_PAUSE, LONGEST_PAUSE, PAUSE_GROWTH = 0.25, 5.0, 1.5
MOST_DENIALS, DENIED_PAUSE = 4, 3.0
"""How often a login may be denied: a server that starts may not have the keys yet; one asked too often blocks."""
CONNECT_STEP = 5  # seconds; each attempt may take as much longer to connect, up to what a session may
READ_SECONDS, MOST_PIECES = 1.0, 100  # of what an attempt writes
LOOK_SECONDS = 5.0  # between two looks at the pod, and how long one may take
_LASTING = re.compile(
    r"host key verification failed|host identification has changed|no matching .* found|bad configuration option"
    r"|bad owner or permissions|command-line|^usage: |unknown option|illegal option|unsupported option",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_CONNECTED = re.compile(r"connect to (host|address) .* port ", re.IGNORECASE)
_DENIED = re.compile(r"permission denied|too many authentication failures", re.IGNORECASE)
_DEBUG = re.compile(r"debug\d: |OpenSSH_|Authenticated to |Transferred: |Bytes per second: ")


class Outcome(Enum):
    """What came of an attempt to log in."""

    SETTLED = "whatever comes of a session, no further attempt helps"
    DENIED = "the server denied the login, which may pass while it starts"
    FAILED = "the server was not reached"


def wait_for_login(
    client: YottaLabs,
    shell: Shell,
    pod: Pod,
    timeout: float,
    *,
    show: Callable[[str], object] = say,
    is_last: bool = False,
) -> None:
    """Wait until ssh can log in to a pod, or until its failure is one that does not pass.

    What the person's own ssh has to ask, for a passphrase for example, is left to the session: the server answers then.

    Args:
        client: It finds out whether the pod has ended meanwhile.
        shell: What leads to the pod.
        pod: The pod.
        timeout: How long to wait, in seconds. There is one attempt in any case.
        show: It prints the address, once, if that takes longer than a second.
        is_last: As for `Shell.command`.

    Raises:
        PodFailedError: The pod has ended meanwhile.
        WaitTimeoutError: Nobody could log in within the time.
    """
    with signals.raised():
        _Probing(client, shell, pod, timeout, show, is_last=is_last).run()


def wait_briefly(shell: Shell, pod: Pod) -> None:
    """Print where ssh is going to connect, unless an SSH server answers there within a second."""
    address = shell.destination(pod)
    if address is None:  # only ssh knows what is behind a proxy
        return
    has_answered = threading.Event()
    threading.Thread(target=_listen, args=(address, has_answered), daemon=True).start()
    if not has_answered.wait(QUIET_SECONDS):
        say(_connecting(address))


def _listen(address: SSHAddress, has_answered: threading.Event) -> None:
    end = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < end:
        with suppress(OSError, ValueError, OverflowError), _connected(address) as server:
            if server.recv(4) == b"SSH-":
                has_answered.set()
                return
        time.sleep(FIRST_PAUSE)


def _connected(address: SSHAddress) -> socket.socket:
    return socket.create_connection((address.host, address.port), QUIET_SECONDS)


def _connecting(address: SSHAddress) -> str:
    user = "" if address.user is None else f"{address.user}@"
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"connecting to {printable(f'{user}{host}:{address.port}')}…"


class _Probing:
    """The attempts to log in to one pod."""

    def __init__(
        self, client: YottaLabs, shell: Shell, pod: Pod, timeout: float, show: Callable[[str], object], *, is_last: bool
    ) -> None:
        self._client = client
        self._pod = pod
        self._command = partial(shell.probe, pod, is_last=is_last)
        self._connect_seconds = 0
        self._limits_attempts = shell.limits_attempts
        self._line: str | None = _connecting(shell.destination(pod) or shell.address(pod))
        self._show = show
        self._timeout = timeout
        self._started = self._looked = time.monotonic()

    def run(self) -> None:
        """Attempt to log in again and again."""
        denials, pause = 0, FIRST_PAUSE
        while True:
            outcome, said = self._attempt()
            denials += outcome is Outcome.DENIED
            if outcome is Outcome.SETTLED or denials >= MOST_DENIALS:
                return
            self._pause(0.0)
            left = self._left()
            if left <= 0:
                self._look()
                raise self._too_late(said)
            self._pause(min(DENIED_PAUSE if outcome is Outcome.DENIED else pause, left))
            pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)

    def _left(self) -> float:
        return self._started + self._timeout - time.monotonic()

    def _attempt(self) -> tuple[Outcome, str]:
        """Run ssh once; give what came of it, and what it wrote last."""
        self._connect_seconds = min(self._connect_seconds + CONNECT_STEP, CONNECT_SECONDS)
        # It has no terminal: nothing that it starts, for a jump host for example, can ask for anything.
        process = subprocess.Popen(  # noqa: S603  # no shell, and each word is checked
            self._command(self._connect_seconds),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**environment(), "SSH_ASKPASS_REQUIRE": "never"},
            start_new_session=True,
        )
        status = None
        pieces: list[bytes] = []
        reader = threading.Thread(target=_read, args=(process, pieces), daemon=True)
        end = time.monotonic() + min(ATTEMPT_SECONDS, max(self._left(), SHORTEST_ATTEMPT))
        try:
            reader.start()
            while process.poll() is None and time.monotonic() < end:
                self._pause(end - time.monotonic(), process)
        finally:
            status = process.poll()
            if status is None:
                _end(process)
        reader.join(READ_SECONDS)  # what ssh has started may hold its stderr open
        text = b"".join(pieces).decode(errors="replace")
        said = [line.strip() for line in text.splitlines() if line.strip() and not _DEBUG.match(line)]
        outcome = _outcome_of(status, text, "\n".join(said), limits_attempts=self._limits_attempts)
        return outcome, printable(next(reversed(said), ""))

    def _pause(self, seconds: float, process: subprocess.Popen[bytes] | None = None) -> None:
        """Wait, or until a process ends; print the address and look at the pod when it is time."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            if self._line is not None and now >= self._started + QUIET_SECONDS:
                self._show(self._line)
                self._line = None
            if now >= self._looked + LOOK_SECONDS:
                self._look()
                self._looked = now = time.monotonic()
            if now >= end or (process is not None and process.poll() is not None):
                return
            until_line = self._started + QUIET_SECONDS - now if self._line is not None else LOOK_SECONDS
            step = max(0.0, min(end - now, until_line, self._looked + LOOK_SECONDS - now))
            if process is None:
                time.sleep(step)
            else:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(step)

    def _look(self) -> None:
        """Find out whether the pod has ended. That the API cannot be reached meanwhile is no matter."""
        try:
            self._client.pods.wait(self._pod, "running", timeout=LOOK_SECONDS)
        except PodFailedError:
            raise
        except YottaLabsError:
            return

    def _too_late(self, said: str) -> WaitTimeoutError:
        tried = short(time.monotonic() - self._started)
        message = f"the pod is ready, but no login over SSH succeeded in {tried}"
        reason = f"; {said}" if said else ""
        return WaitTimeoutError(f"{message}{reason}", pod=self._pod, pod_id=self._pod.id)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End an attempt, with every program that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _read(process: subprocess.Popen[bytes], pieces: list[bytes]) -> None:
    """Read what an attempt writes; after a lot, forget it."""
    if process.stderr is not None:
        with process.stderr as stream:
            for piece in iter(partial(os.read, stream.fileno(), 4096), b""):
                if len(pieces) < MOST_PIECES:
                    pieces.append(piece)


def _outcome_of(status: int | None, text: str, said: str, *, limits_attempts: bool = False) -> Outcome:
    """What an attempt means.

    Args:
        status: The exit status of ssh; None if it did not end.
        text: What ssh wrote, with its debug lines.
        said: The same without these.
        limits_attempts: Whether a connection that fails is one that the person does not want to be repeated.
    """
    if status is not None and 0 <= status != FAILED_STATUS:
        return Outcome.SETTLED  # it logged in, and what it ran there has a status
    if _DENIED.search(said):
        is_accepted = "Server accepts key" in text  # only the passphrase, or a touch, is missing
        offers_none = "Authentications that can continue" in text and "Offering public key" not in text
        return Outcome.SETTLED if is_accepted or offers_none else Outcome.DENIED
    lasts = _LASTING.search(said) or (limits_attempts and _NOT_CONNECTED.search(said))
    return Outcome.SETTLED if lasts else Outcome.FAILED
