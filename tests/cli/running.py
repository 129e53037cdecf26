"""The simulator as a command, while it runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from support.contract import ROOT
from support.processes import interrupts

PYTHON = [sys.executable, "-m", "yottalabs_mock"]
SCRIPT = [str(Path(sys.executable).with_name("yottalabs-mock"))]
COMMANDS = {
    "make": ["make", "simulator", "PORT=0"],
    "module": [*PYTHON, "--port", "0"],
    "script": [*SCRIPT, "--port", "0"],
}
MODULE = COMMANDS["module"]
KEYS_VARIABLE = "YOTTALABS_MOCK_API_KEYS"

Process: TypeAlias = "subprocess.Popen[str]"


@dataclass(frozen=True)
class Running:
    """A simulator, and the command that runs it."""

    process: Process
    base_url: str
    log_file: Path

    @property
    def log(self) -> str:
        """What it has said on standard error so far."""
        return self.log_file.read_text(encoding="utf-8")


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment, without what would decide a test."""
    decides = (KEYS_VARIABLE, "PYTHONUNBUFFERED")  # nothing is left over at the end if nothing is buffered
    return {**{name: value for name, value in os.environ.items() if name not in decides}, **(changes or {})}


@contextmanager
def begun(command: list[str], *, interrupt: signal.Handlers = signal.SIG_DFL, **options: Any) -> Iterator[Process]:
    """A command in a group of processes of its own, as a shell starts it; none of them outlives the block.

    Args:
        command: The command.
        interrupt: What SIGINT does to it at first.
        **options: As for `subprocess.Popen`. By default its output is read as text.
    """
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    with interrupts(interrupt):
        process = subprocess.Popen(command, start_new_session=True, **{**streams, **options})
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # as it should be
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@contextmanager
def running(
    command: list[str],
    folder: Path,
    *,
    variables: Mapping[str, str] | None = None,
    interrupt: signal.Handlers = signal.SIG_DFL,
) -> Iterator[Running]:
    """A simulator that a command starts; at the end it is gone, and has shown nobody a traceback.

    Args:
        command: The command.
        folder: Where its log goes.
        variables: More of the environment.
        interrupt: What SIGINT does to the command at first.
    """
    log = folder / "log"
    with (
        log.open("wb") as stream,
        begun(command, interrupt=interrupt, cwd=ROOT, env=environment(variables), stderr=stream) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", line), (line, log.read_text(encoding="utf-8"))
        yield Running(process, line.split()[1], log)
        if process.poll() is None:
            process.terminate()  # make passes it on
        rest, _ = process.communicate(timeout=10)  # until nobody is left who could write
    assert rest == ""  # one line, and no more
    assert "Traceback" not in log.read_text(encoding="utf-8")
