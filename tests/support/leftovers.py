"""A pytest plugin: a test that leaves a process behind is an error, and the process is killed.

A guard runs in a session of its own and outlives its parent. On Linux, the process that runs the tests therefore adopts
every orphan among its descendants, so that such a daemon is found as any child is. Elsewhere only children are found
whose parents live.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest

from support.processes import kill, lives

PR_SET_CHILD_SUBREAPER = 36  # of prctl(2)
GRACE_SECONDS = 10.0  # for a process that is about to end when its test is over
KNOWN = pytest.StashKey[Collection[int]]()


def pytest_configure(config: pytest.Config) -> None:
    """Adopt orphans, in each worker and in the process that started them."""
    config.stash[KNOWN] = psutil.pids()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Kill what a worker has left that crashed, and could not do so itself."""
    yield
    end_descendants(session.config.stash[KNOWN])


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_of_the_session() -> Iterator[None]:
    """Nothing that a fixture of a module or of the session started outlives the tests."""
    with nothing_left():
        yield


@pytest.fixture(autouse=True)
def nothing_is_left_of_the_test() -> Iterator[None]:
    """Nothing that a test started outlives it; what fixtures of a larger scope started may."""
    with nothing_left():
        yield


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fail if a process that was started in the block outlives it, and kill the process."""
    known = psutil.pids()
    yield
    if killed := end_descendants(known, grace=GRACE_SECONDS):
        pytest.fail("\n".join(["processes were left behind, and have been killed:", *killed]), pytrace=False)


def end_descendants(known: Collection[int], *, grace: float = 0.0) -> list[str]:
    """Kill descendants of this process, each by its id.

    Args:
        known: The ids of the processes that may stay.
        grace: The seconds in which a process may end by itself.

    Returns:
        A line for each process that was killed.
    """
    killed: dict[int, str] = {}
    over = time.monotonic() + grace
    while True:
        found = _descendants(known)
        running = [process for process in found if lives(process.pid)]
        if not running:
            break
        if time.monotonic() >= over:
            for process in running:
                with suppress(psutil.NoSuchProcess):
                    killed.setdefault(process.pid, f"{process.pid} {' '.join(process.cmdline())[:200]}")
                kill(process.pid)
        time.sleep(0.02)  # no event says when a process that is not a child ends
    for process in found:  # zombies; those that were adopted are collected by nobody else
        with suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
    return list(killed.values())


def _descendants(known: Collection[int]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for number in set(psutil.pids()) - set(known):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(number)
            if any(parent.pid == os.getpid() for parent in process.parents()):
                found.append(process)
    return found
