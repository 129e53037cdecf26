"""A real OpenSSH server on a free port of this machine, for the user who runs the tests, and an ssh that reaches it.

It has a configuration, keys and a log of its own, and nothing of it is left at the end: not the processes of its
sessions either, which the server alone would leave.
"""

from __future__ import annotations

import grp
import os
import pty
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from support.processes import kill, with_variable
from support.programs import needs, path_of

PROGRAMS = ("sshd", "ssh", "ssh-keygen")
FOLDER_OF_PRIVILEGES = Path("/run/sshd")  # what sshd of root wants, and the service of Debian's package makes
SECONDS = 20  # that nothing here should ever take
MOST_PORTS = 10
CONFIGURATION = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
MaxStartups 100
AcceptEnv *
SetEnv {mark} HOME={folder}
"""
# HOME, so that no shell reads files of the person who runs the tests.
# Nobody's own configuration of ssh decides what a test sees; no option of the command would say so.
SSH = """#!/bin/sh
exec '{ssh}' -F none "$@"
"""


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        port: Where.
        folder: Its files, and the person's key.
        mark: The variable, with its value, that each process of its sessions has in its environment.
    """

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    mark: str

    @property
    def address(self) -> str:
        """How a simulator is told of it."""
        return f"{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """The file of the private key that it lets in."""
        return str(self.folder / "key")

    @property
    def stranger(self) -> str:
        """The file of a private key that it does not let in."""
        return str(self.folder / "stranger")

    @property
    def path(self) -> str:
        """The PATH on which ssh reads no file of the person who runs the tests."""
        return f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def end_sessions(self) -> None:
        """Ends all that was reached over SSH, as if the pods were gone."""
        for process in self._processes():
            kill(process)

    def end(self) -> None:
        """Ends it and its sessions."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGSTOP)  # so that nobody arrives meanwhile
        self.end_sessions()
        self.process.kill()
        self.process.wait()
        until = time.monotonic() + SECONDS
        while left := with_variable(self.mark):
            assert time.monotonic() < until, f"processes of sessions are left: {left}"
            for process in left:
                kill(process)
            time.sleep(0.02)  # until the system has put them away, of which it does not tell

    def _processes(self) -> list[int]:
        with suppress(psutil.NoSuchProcess):  # it has ended
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [*(process.pid for process in children), *with_variable(self.mark)]
        return with_variable(self.mark)


def needs_terminals() -> None:
    """Skips the test where sshd can give nobody a terminal: it wants to give it to the group `tty`, or gives up."""
    master, slave = pty.openpty()
    group = os.fstat(slave).st_gid
    os.close(master)
    os.close(slave)
    if os.geteuid() != 0 and group not in {found.gr_gid for found in grp.getgrall() if found.gr_name == "tty"}:
        pytest.skip("terminals of this machine do not belong to the group tty, and only root may give them to it")


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server for as long as the block runs. Where there can be none, the test is skipped.

    Args:
        folder: Where its files go.
    """
    needs(*PROGRAMS)
    if os.geteuid() == 0:
        FOLDER_OF_PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
    for name in ("host_key", "key", "stranger"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True, timeout=SECONDS)
    shutil.copy(folder / "key.pub", folder / "authorized_keys")
    ssh = folder / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH.format(ssh=path_of("ssh")), encoding="utf-8")
    ssh.chmod(0o755)
    for _ in range(MOST_PORTS):
        server = _started(folder)
        try:
            if _listens(server):
                _needs_login(server)
                yield server
                return
        finally:
            server.end()
    pytest.fail(f"sshd does not start; it says:\n{(folder / 'log').read_text(errors='replace')}")


def _started(folder: Path) -> Server:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    mark = f"YOTTALABS_TEST_SESSION={secrets.token_hex(8)}"
    configuration = folder / "sshd_config"
    configuration.write_text(CONFIGURATION.format(port=port, folder=folder, mark=mark), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [path_of("sshd"), "-D", "-e", "-f", str(configuration)], stdin=subprocess.DEVNULL, stderr=log
        )
    return Server(process, port, folder, mark)


def _listens(server: Server) -> bool:
    """Whether it begins to listen, or ends; a port that was free may be somebody's by now."""
    until = time.monotonic() + SECONDS
    while "Server listening on" not in server.log and time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(0.02)
            return False
    return server.process.poll() is None


def _needs_login(server: Server) -> None:
    """Skips the test where sshd does not let in the user who runs it, whose account may be locked."""
    user, _, port = server.address.rpartition(":")
    options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]
    command = [str(server.folder / "bin" / "ssh"), "-i", server.key, "-p", port, *(f"-o{each}" for each in options)]
    subprocess.run([*command, user, "true"], capture_output=True, timeout=SECONDS, check=False)
    if refused := re.search("^User .* not allowed because .*$", server.log, re.MULTILINE):
        pytest.skip(f"sshd lets in nobody here: {refused[0]}")
