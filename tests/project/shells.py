"""Interactive shells without a configuration, in a terminal, as a person has them who pastes a block."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from cli.yottalabs import Terminal, terminal_of

from support.programs import path_of

# Each prompt shows the exit status of the command before it.
SHELLS = {
    "bash": (["bash", "--noprofile", "--norc", "-i"], {"PS1": "<$?> "}),
    "zsh": (["zsh", "--no-rcs", "-i"], {"PS1": "<%?> "}),
}
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"  # what a terminal sends around a text that is pasted
TAKES_PASTES = b"\x1b[?2004h"  # what a shell writes that knows these two
CONTROL_C = "\x03"
SECONDS = 200  # more than a block may take on a machine that does much else
CONTROL_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[=>])")


class Shell:
    """A shell that waits at its prompt."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._seen = 0
        self.terminal.wait_until(lambda: self.statuses() == [0])
        self._go_on()

    def statuses(self) -> list[int]:
        """The exit statuses that the prompts show since the last input."""
        return [int(status) for status in re.findall(r"<(\d+)> ", self.text)]

    @property
    def text(self) -> str:
        """What was written since the last input, without colours and movements of the cursor."""
        return CONTROL_SEQUENCE.sub("", self.terminal.written[self._seen :].decode(errors="replace"))

    def type(self, block: str) -> str:
        """Types a block, all of it at once; each command succeeds. Gives what is written until the next prompt."""
        return self._enter(block, len(block.splitlines()))

    def paste(self, block: str) -> str:
        """Pastes a block: the shell takes it as one text, which is run with the next key. The last command succeeds."""
        if TAKES_PASTES not in self.terminal.written:  # bash before 5.1
            return self.type(block)
        return self._enter(f"{PASTE_BEGINS}{block.rstrip()}{PASTE_ENDS}\n", 1)

    def serve(self, block: str, until: str) -> str:
        """Types a command that goes on until Ctrl-C, which it gets once a text is written; it ends with status 0."""
        self._go_on()
        self.terminal.type(block)
        self.terminal.wait_until(lambda: until in self.text)
        return self._enter(CONTROL_C, 1)

    def _enter(self, text: str, prompts: int) -> str:
        if text != CONTROL_C:
            self._go_on()
        self.terminal.type(text)
        self.terminal.wait_until(lambda: len(self.statuses()) >= prompts, SECONDS)
        assert self.statuses() == [0] * prompts, self.text
        return self.text

    def _go_on(self) -> None:
        self._seen = len(self.terminal.written)


@contextmanager
def interactive(shell: str, variables: Mapping[str, str], folder: Path) -> Iterator[Shell]:
    """A shell for the length of a block. All that it started has ended when it ends, or the test fails.

    Args:
        shell: Its name.
        variables: Its environment.
        folder: Where it begins.
    """
    command, own = SHELLS[shell]
    environment = {"TERM": "xterm-256color", "LANG": "C.UTF-8", **variables, **own}
    with terminal_of([path_of(shell), *command[1:]], environment, columns=300, cwd=folder) as terminal:
        try:
            yield Shell(terminal)
            _, left = psutil.wait_procs(_started_in(terminal.process), timeout=10)
            assert not left, left
        finally:
            for process in _started_in(terminal.process):
                process.kill()


def _started_in(shell: int) -> list[psutil.Process]:
    """The processes of the session of a shell, without the shell."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError):  # it has ended
            if os.getsid(process.pid) == shell != process.pid:
                found.append(process)
    return found


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as claim:
        claim.bind(("127.0.0.1", 0))
        return str(claim.getsockname()[1])
