"""Servers that a command starts, and whether they are gone."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support import contract


@contextmanager
def interrupts(handler: signal.Handlers) -> Iterator[None]:
    """What a child inherits as its answer to SIGINT; a script that runs the tests in the background ignores it."""
    here = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, here)


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
