"""The command `yottalabs` as a process: in a pipe, or in a pseudo-terminal whose screen can be read."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyte
import pytest

from support.processes import interrupts, is_busy

COMMAND = str(Path(sys.executable).with_name("yottalabs"))
KEY = "a-key-that-nobody-may-see"
SECONDS = 30  # that nothing here should ever take
LINES = 50
# The terminal becomes the controlling one of the new session, so that Ctrl-C arrives as it does for a person.
IN_FOREGROUND = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execve(sys.argv[1], sys.argv[1:], os.environ)
"""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    output: str
    errors: str

    @property
    def document(self) -> Any:
        """The one JSON document that standard output is."""
        return json.loads(self.output)


def environment(base_url: str | None, folder: Path, **changes: str | None) -> dict[str, str]:
    """The environment of a command: nothing of this machine decides what it does.

    Args:
        base_url: Where the API is.
        folder: Where its files are: its configuration, its home.
        **changes: Variables that are other ones; None takes one away.
    """
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        if name in os.environ
    }
    own = {
        "YOTTA_API_KEY": KEY,
        "YOTTA_CONFIG_FILE": str(folder / "config.toml"),
        "HOME": str(folder),
        "TERM": "xterm-256color",
    }
    own |= {} if base_url is None else {"YOTTA_BASE_URL": base_url}
    return {name: value for name, value in {**kept, **own, **changes}.items() if value is not None}


def run(
    arguments: Sequence[str], variables: Mapping[str, str], *, given: str = "", cwd: Path | None = None, **options: Any
) -> Done:
    """Runs a command in pipes until it ends."""
    done = subprocess.run(
        [COMMAND, *arguments],
        env=dict(variables),
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=cwd,
        check=False,
        **options,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


class Terminal:
    """A command in a pseudo-terminal, and the screen that a person would see."""

    def __init__(self, process: int, descriptor: int, columns: int) -> None:
        self.process = process
        self.status: int | None = None
        self.written = b""
        self._descriptor = descriptor
        self._other_end: int | None = None
        self._screen = pyte.Screen(columns, LINES)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def styled(self) -> pyte.Screen:
        """The screen, with colours and all."""
        return self._screen

    @property
    def hides_cursor(self) -> bool:
        """Whether the command has left the cursor hidden."""
        return bool(self._screen.cursor.hidden)

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed, as it does for a shell; while ssh has it, it does not."""
        return bool(termios.tcgetattr(self._descriptor)[3] & termios.ECHO)

    def type(self, text: str) -> None:
        """Types something, once the command waits; Ctrl-C is `\\x03`.

        Python overlooks a signal between its last look and the read that blocks, until something else is typed.
        """
        end = time.monotonic() + SECONDS
        while is_busy(self.process) and time.monotonic() < end:
            self._read(0.01)
        os.write(self._descriptor, text.encode())

    def hang_up(self) -> None:
        """Closes the terminal, as a window is closed: the command gets SIGHUP, and can write no more."""
        os.close(self._descriptor)
        # Nothing ever comes of this one, which is all that `wait` and `close` need.
        self._descriptor, self._other_end = os.pipe()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the command alone."""
        os.kill(self.process, number)

    def wait_until(self, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Reads what the command writes, until something is so."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or (not self._read(0.05) and self._has_ended()):
                if condition():
                    return
                pytest.fail(f"it did not come about; the screen is:\n{self.screen}")

    def wait_for(self, text: str) -> None:
        """Reads what the command writes, until a text is on the screen."""
        self.wait_until(lambda: text in self.screen)

    def wait(self) -> int:
        """Reads all that the command writes until it ends; gives its exit status, negative for a signal."""
        end = time.monotonic() + SECONDS
        while not self._has_ended():
            self._read(0.05)
            if time.monotonic() > end:
                pytest.fail(f"it does not end; the screen is:\n{self.screen}")
        while self._read(0.0):
            pass
        assert self.status is not None
        assert b"Traceback" not in self.written, self.screen
        return self.status

    def close(self) -> None:
        """Ends the command, if it has not ended."""
        if not self._has_ended():
            with suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGKILL)
            _, status = os.waitpid(self.process, 0)
            self.status = os.waitstatus_to_exitcode(status)
        os.close(self._descriptor)
        if self._other_end is not None:
            os.close(self._other_end)

    def _has_ended(self) -> bool:
        if self.status is None:
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def _read(self, seconds: float) -> bool:
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self._descriptor, 65536)
        except OSError:  # nobody writes any more
            return False
        self.written += piece
        self._stream.feed(piece)
        return bool(piece)


@contextmanager
def terminal(arguments: Sequence[str], variables: Mapping[str, str], *, columns: int = 80) -> Iterator[Terminal]:
    """Runs a command in a pseudo-terminal, as a shell would: in the foreground of a session of its own."""
    with terminal_of([COMMAND, *arguments], variables, columns=columns) as made:
        yield made


@contextmanager
def terminal_of(
    command: Sequence[str], variables: Mapping[str, str], *, columns: int = 80, cwd: Path | None = None
) -> Iterator[Terminal]:
    """Runs any program, by its path, in a pseudo-terminal."""
    process, descriptor = _forked(command, variables, columns, cwd)
    made = Terminal(process, descriptor, columns)
    try:
        yield made
    finally:
        made.close()


def _forked(command: Sequence[str], variables: Mapping[str, str], columns: int, cwd: Path | None) -> tuple[int, int]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    with interrupts(signal.SIG_DFL):
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", IN_FOREGROUND, *command],
            env=dict(variables),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            cwd=cwd,
        )
    os.close(slave)
    process.returncode = 0  # it is waited for here, not by Popen
    return process.pid, master
