"""Processes that tests start: whether one runs, how it ends, and servers that a command starts."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from support import contract


def lives(process: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_busy(process: int) -> bool:
    """Return whether a process has something to do at this moment."""
    try:
        return psutil.Process(process).status() in {psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP}
    except psutil.NoSuchProcess:
        return False


def with_variable(variable: str) -> list[int]:
    """Return the processes that were started with a variable in their environment.

    Args:
        variable: The variable, as NAME=VALUE.
    """
    name, _, value = variable.partition("=")
    found: list[int] = []
    for number in psutil.pids():
        with suppress(psutil.Error):  # it has ended, or belongs to another user
            if psutil.Process(number).environ().get(name) == value:
                found.append(number)
    return found


def kill(process: int) -> None:
    """Kill a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


@contextmanager
def interrupts(handler: signal.Handlers) -> Iterator[None]:
    """What a child inherits as its answer to SIGINT; a script that runs the tests in the background ignores it.

    Such a script ignores SIGQUIT, too, and `nohup` SIGHUP: to these, a child has the default answer.
    """
    answers = {signal.SIGINT: handler, signal.SIGQUIT: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    here = {number: signal.signal(number, answer) for number, answer in answers.items()}
    try:
        yield
    finally:
        for number, before in here.items():
            signal.signal(number, before)


@contextmanager
def started(
    command: list[str], *, interrupt: signal.Handlers = signal.SIG_DFL, cwd: Path = contract.ROOT
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A mock that a command starts, and its base URL; `interrupt` is what SIGINT does to the command at first."""
    with interrupts(interrupt):
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", line)
        yield process, line.split()[1]
    finally:
        if process.poll() is None:
            process.terminate()  # make passes it on
        process.communicate(timeout=10)


def listens(base_url: str) -> bool:
    parts = urlsplit(base_url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        return False
    return True


def assert_gone(base_url: str) -> None:
    for _ in range(100):
        if not listens(base_url):
            return
        time.sleep(0.05)  # nothing tells another process when a port is closed
    pytest.fail(f"{base_url} still answers")
