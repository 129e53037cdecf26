"""A stage for the command `yottalabs`: a simulator that keeps what it receives, and ways to call the command on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from yottalabs import YottaLabs
from yottalabs_mock import Simulator, Times

from .forking import Forks, forks
from .yottalabs import COMMAND, KEY, SECONDS, Done, environment, run
from support.processes import interrupts

POD = ("--image", "ubuntu", "--gpu", "NVIDIA_L4_24G")
CREATE = ("pods", "create", *POD)


class Keeping(Simulator):
    """A simulator that keeps the bodies of creates as they came, secrets included."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.bodies: list[Any] = []

    def exchange(self, request: Any) -> Any:
        """What becomes of a request."""
        if request.method == "POST" and request.body:
            self.bodies.append(json.loads(request.body))
        return super().exchange(request)


class Forked:
    """A command while it runs."""

    def __init__(self, fork: Any, written: IO[bytes], said: IO[bytes]) -> None:
        self._fork = fork
        self._streams = (written, said)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; Ctrl-C is SIGINT."""
        os.kill(self._fork.process, number)

    def wait(self) -> Done:
        """What it has done, once it has ended."""
        assert self._fork.has_ended(SECONDS), "it does not end"
        for stream in self._streams:
            stream.seek(0)
        return _shown_to_nobody(Done(self._fork.status, *(stream.read().decode() for stream in self._streams)))


class Stage:
    """A simulator whose pods boot at once, and the command."""

    def __init__(self, simulator: Keeping, base_url: str, folder: Path, made: Forks, client: YottaLabs) -> None:
        self.simulator = simulator
        self.client = client  # for what a test needs beforehand
        self.base_url = base_url
        self.folder = folder
        self._forks = made

    def clear(self) -> None:
        """Forgets what was."""
        self.simulator.reset()
        self.simulator.bodies.clear()

    def variables(self, **changes: str | None) -> dict[str, str]:
        """The environment of a command; None takes a variable away."""
        return environment(self.base_url, self.folder, **changes)

    def __call__(self, *arguments: str, given: str = "", **changes: str | None) -> Done:
        """Runs the command, as a process that is forked from one which has imported it."""
        return _shown_to_nobody(self._forks.run(arguments, self.variables(**changes), given=given))

    def process(self, *arguments: str, given: str = "", **changes: str | None) -> Done:
        """Runs the installed command."""
        return _shown_to_nobody(run(arguments, self.variables(**changes), given=given))

    @contextmanager
    def begun(self, *arguments: str, script: str = 'exec "$@"', **options: Any) -> Iterator[subprocess.Popen[str]]:
        """The installed command while it runs, in pipes, begun by a script; it does not outlive the block."""
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with interrupts(signal.SIG_DFL):
            process = subprocess.Popen(
                ["/bin/sh", "-c", script, "sh", COMMAND, *arguments],
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                text=True,
                **{**streams, **options},
            )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def forked(self, *arguments: str, output: int | None = None, **changes: str | None) -> Iterator[Forked]:
        """The command while it runs, as a process that is forked; it does not outlive the block.

        Args:
            *arguments: Of the command.
            output: The descriptor of its standard output; by default, a file that is read in the end.
            **changes: Variables of its environment that are other ones; None takes one away.
        """
        with tempfile.TemporaryFile() as written, tempfile.TemporaryFile() as said, open(os.devnull, "rb") as nothing:  # noqa: PTH123  # no path of ours
            streams = [nothing.fileno(), written.fileno() if output is None else output, said.fileno()]
            fork = self._forks.begin(arguments, self.variables(**changes), streams)
            try:
                yield Forked(fork, written, said)
            finally:
                fork.close()

    def pod(self, name: str = "a-pod", **fields: Any) -> str:
        """The id of a new pod."""
        return self.client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", name=name, **fields)

    def asked(self, operation: str) -> int:
        """How often something was asked for."""
        return sum(request.operation == operation for request in self.simulator.requests)


def _shown_to_nobody(done: Done) -> Done:
    assert KEY not in done.output + done.errors
    return done


def until(condition: Callable[[], bool]) -> None:
    """Waits for something in another process, of which nothing tells; gives up long after it should have been."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.02)  # nothing tells


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage, for the length of a block."""
    simulator = Keeping(clock="real", times=Times(boot=0.1, healthy=0.1, pause=0.1, terminate=0.1))
    with simulator.serve() as base_url, YottaLabs(KEY, base_url=base_url) as client, forks(folder) as made:
        yield Stage(simulator, base_url, folder, made, client)
