"""A program that holds a temporary pod until it is killed. `test_kill` runs it, and kills it.

    python killed.py {sync|async} {timed|always|alone}

The second word says whether the pod has a guard, because of its lifetime or without one.

It prints a line whenever it comes to the next part of its work: "beginning"; "creating", "waiting" and "leaving" as the
first request of that part is sent, of which httpcore2's log tells; and "inside", where it stays until it is told to go.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any

from yottalabs import AsyncYottaLabs, CreateParams, YottaLabs, _guard

REQUEST: CreateParams = {"image": "x", "gpu_type": "NVIDIA_L4_24G"}
TIMEOUT = 5.0
CARE: dict[str, Any] = {"timed": {"max_lifetime": 600.0}, "always": {"guard": "always"}, "alone": {}}
WORK_OF = {"[b'POST']": "creating", "[b'GET']": "waiting", "[b'DELETE']": "leaving"}

# A guard whose pod never came is not to keep the tests waiting.
_guard.LOOK_SECONDS, _guard.SEARCH_SECONDS = 0.1, 2.0


class Progress(logging.Handler):
    """Says what the program is doing, once for each part of its work."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Looks at a step of httpcore2."""
        step = record.getMessage()
        if step.startswith("send_request_body.started"):
            self.say(next(work for request, work in WORK_OF.items() if request in step))

    def say(self, work: str) -> None:
        """Says it, unless it was said before."""
        if work not in self._said:
            self._said.add(work)
            print(work, flush=True)


def hold(care: dict[str, Any], progress: Progress) -> None:
    """Holds a pod with the synchronous client."""
    with YottaLabs(timeout=TIMEOUT) as client:
        progress.say("beginning")
        with client.pods.temporary(**REQUEST, **care):
            progress.say("inside")
            sys.stdin.readline()


async def ahold(care: dict[str, Any], progress: Progress) -> None:
    """Holds a pod with the asynchronous client."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, told.set)
    async with AsyncYottaLabs(timeout=TIMEOUT) as client:
        progress.say("beginning")
        async with client.pods.temporary(**REQUEST, **care):
            progress.say("inside")
            await told.wait()


def main() -> None:
    """Does what the command line says."""
    kind, care = sys.argv[1:]
    # Whoever runs the tests in the background, or under nohup, lets their children ignore these.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    progress = Progress()
    steps = logging.getLogger("httpcore2.http11")
    steps.addHandler(progress)
    steps.setLevel(logging.DEBUG)
    if kind == "sync":
        hold(CARE[care], progress)
    else:
        asyncio.run(ahold(CARE[care], progress))


if __name__ == "__main__":
    main()
