"""Processes that are started for a measurement, and never outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .pods import ROOT

STOP_SECONDS = 10.0


class FailedError(Exception):
    """A process does not do what it is started for; the message says what it printed."""


def environment() -> dict[str, str]:
    """The environment without what changes how Python, make or our programs start."""
    foreign = ("PYTHON", "YOTTA", "MAKE", "MFLAGS", "PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def script(name: str) -> str:
    """A command of the environment that this runs in."""
    return str(Path(sys.executable).with_name(name))


def wall_seconds(command: Sequence[str]) -> tuple[float, str]:
    """How long a process takes from its start to its end, and what it prints.

    Raises:
        FailedError: It fails.
    """
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603  # programs of this environment
        command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    elapsed = time.perf_counter() - started
    if done.returncode != 0:
        raise FailedError(f"{' '.join(command)} ended with status {done.returncode}: {(done.stdout + done.stderr)!r}")
    return elapsed, done.stdout


@contextmanager
def running(command: Sequence[str], cwd: Path = ROOT) -> Iterator[str]:
    """A server for as long as the block runs; gives the base URL that it prints behind `ready`.

    Its standard input is a pipe that ends with this process. It has a process group of its own: all of it is ended.

    Raises:
        FailedError: It does not start.
    """
    process = subprocess.Popen(  # noqa: S603  # programs of this checkout
        command,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith("ready "):
            raise FailedError(f"{' '.join(command)} does not start; it prints {line!r}")
        yield line.removeprefix("ready ").strip()
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
