"""The command `yottalabs` as a process that is forked from one which has imported it.

It is a process of its own, with streams, terminal, environment and folder of its own, for a fraction of what an
interpreter costs to start, so that what is shown can be looked at often. What depends on the start is for `yottalabs`.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyte
import pytest

from .yottalabs import SECONDS, Done, Terminal
from support.processes import interrupts

LINES = 200  # so many that nothing leaves the screen
USUAL_UMASK = 0o022


class Forks:
    """Where commands are forked; `run` and `terminal` do as those of `yottalabs`.

    Args:
        folder: The folder in which commands run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = str(Path(__file__).with_name("forked.py"))
        # -P: beside the program is a module with the name of the package.
        with interrupts(signal.SIG_DFL):
            self._source = subprocess.Popen(
                [sys.executable, "-P", program, str(asked.fileno())], pass_fds=[asked.fileno()]
            )
        asked.close()

    def close(self) -> None:
        """Ends it."""
        self._asking.close()
        try:
            self._source.wait(SECONDS)
        finally:
            self._source.kill()
            self._source.wait()

    def run(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        *,
        given: str = "",
        umask: int = USUAL_UMASK,
        traceback: bool = False,
    ) -> Done:
        """Runs a command until it ends, not on a terminal."""
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            source.write(given.encode())
            source.seek(0)
            streams = [source.fileno(), output.fileno(), errors.fileno()]
            fork = self._fork(arguments, variables, streams, umask)
            try:
                assert fork.has_ended(SECONDS), "it does not end"
            finally:
                fork.close()
            assert fork.status is not None
            texts = []
            for stream in (output, errors):
                stream.seek(0)
                texts.append(stream.read().decode())
        done = Done(fork.status, *texts)
        assert ("Traceback" in done.errors) is traceback, done.errors
        return done

    @contextmanager
    def terminal(
        self, arguments: Sequence[str], variables: Mapping[str, str], *, columns: int = 80
    ) -> Iterator[Terminal]:
        """Runs a command in the foreground of a pseudo-terminal."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        fork = self._fork(arguments, variables, [slave] * 3, USUAL_UMASK)
        os.close(slave)
        made = _ForkedTerminal(fork, master, columns)
        try:
            yield made
        finally:
            made.close()

    def begin(
        self, arguments: Sequence[str], variables: Mapping[str, str], streams: Sequence[int], umask: int = USUAL_UMASK
    ) -> _Fork:
        """Begins a command whose three streams somebody else keeps, and who closes it in the end."""
        return self._fork(arguments, variables, streams, umask)

    def _fork(
        self, arguments: Sequence[str], variables: Mapping[str, str], streams: Sequence[int], umask: int
    ) -> _Fork:
        call = {
            "module": "yottalabs.__main__",
            "arguments": list(arguments),
            "variables": dict(variables),
            "folder": str(self.folder),
            "umask": umask,
        }
        socket.send_fds(self._asking, [json.dumps(call).encode()], streams)
        return _Fork(self._asking, int(self._told()))

    def _told(self) -> bytes:
        if not select.select([self._asking], [], [], SECONDS)[0]:
            pytest.fail("no command is forked")
        return self._asking.recv(100)


class _Fork:
    """One command."""

    def __init__(self, told: socket.socket, process: int) -> None:
        self._told = told
        self.process = process
        self.status: int | None = None

    def has_ended(self, seconds: float = 0) -> bool:
        """Whether it has ended, or does so in a time."""
        if self.status is None and select.select([self._told], [], [], seconds)[0]:
            self.status = int(self._told.recv(100))
        return self.status is not None

    def close(self) -> None:
        """Ends it, if it has not ended: until its status is told, its number is no other process's."""
        if not self.has_ended():
            with suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGKILL)
            assert self.has_ended(SECONDS)


class _ForkedTerminal(Terminal):
    def __init__(self, fork: _Fork, descriptor: int, columns: int) -> None:
        super().__init__(fork.process, descriptor, columns)
        self._fork = fork
        self._screen = pyte.Screen(columns, LINES)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def screen(self) -> str:
        buffer, columns = self._screen.buffer, range(self._screen.columns)  # only what was written to is there
        lines = [
            "".join(buffer[line][column].data for column in columns) for line in range(max(buffer, default=-1) + 1)
        ]
        return "\n".join(line.rstrip() for line in lines).rstrip()

    def close(self) -> None:
        self._fork.close()
        self.status = self._fork.status
        os.close(self._descriptor)

    def _has_ended(self) -> bool:
        self._fork.has_ended()
        self.status = self._fork.status
        return self.status is not None


@contextmanager
def forks(folder: Path) -> Iterator[Forks]:
    """A place where commands are forked, for the length of a block."""
    made = Forks(folder)
    try:
        yield made
    finally:
        made.close()
