"""A program that holds a temporary pod is killed, at any moment of it: no pod outlives it, and no guard.

The simulator is another process. The moments are drawn, by a seed, over the parts of a program's work, as long as
each of them took when nobody killed it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.processes import kill, started, with_variable
from support.raw import LIST

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="guards are found by the environment that Linux shows")

PROGRAM = Path(__file__).with_name("killed.py")
SIMULATOR = [
    *(sys.executable, "-m", "yottalabs_mock", "--port", "0", "--quiet"),
    *("--boot", "0.6", "--healthy", "0.1", "--terminate", "0.2"),
]
SLOW = {"create": 0.6, "delete": 0.8}  # seconds that the answer takes
KINDS = ("sync", "async")
PARTS = ("beginning", "creating", "waiting", "inside", "leaving")  # of a program's work
ENDED = {"TERMINATING", "TERMINATED"}
MARK = "KILLED_MARK=of {name}"  # in the environment, which guards inherit, but for whatever equals the key
AT_ONCE = 8  # programs, which wait for most of their time
LONG_ENOUGH = 60.0  # seconds, for what should take a few
STAY = 0.3  # seconds in the block, where nothing but the end of the test would end it

INTERRUPTED = -signal.SIGINT  # of a KeyboardInterrupt, as of an interpreter that is just ending
KILLED = -signal.SIGKILL
FINISHED = 0


@dataclass(frozen=True)
class Blow:
    """A signal at a moment.

    Attributes:
        number: The signal.
        part: The part of the work in which it comes.
        share: How much of that part is over by then, from 0 to 1.
    """

    number: signal.Signals
    part: str
    share: float


@dataclass(frozen=True)
class Killing:
    """A program, and what happens to it."""

    name: str
    kind: str
    care: str
    blows: Sequence[Blow]

    @property
    def expected(self) -> set[int]:
        """The statuses that it may end with."""
        numbers = {blow.number for blow in self.blows}
        statuses = {signal.SIGINT: INTERRUPTED, signal.SIGKILL: KILLED}
        expected = {status for number, status in statuses.items() if number in numbers}
        expected |= {128 + number for number in numbers & {signal.SIGTERM, signal.SIGHUP}}
        if self.blows[-1].part in {"beginning", "leaving"}:
            # There is no pod yet, or no longer, and the signal does what it does by default.
            expected |= {-number for number in {self.blows[-1].number} & {signal.SIGTERM, signal.SIGHUP}}
        # Where the machine is busy, it may have come to its end before the signal comes.
        return expected | ({FINISHED} if self.blows[0].part == "leaving" else set())

    def __str__(self) -> str:
        blows = ", then ".join(f"{blow.number.name} {blow.share:.0%} into {blow.part}" for blow in self.blows)
        return f"{self.name}: {self.kind}, {self.care}, {blows}"


class Program:
    """The program, while it runs."""

    def __init__(self, base_url: str, name: str, kind: str, care: str) -> None:
        self.name = name
        variable, _, value = MARK.format(name=name).partition("=")
        variables = {"YOTTA_API_KEY": name, "YOTTA_BASE_URL": base_url, variable: value}
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), kind, care],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | variables,
        )

    def comes_to(self, part: str) -> bool:
        """Waits until it begins a part of its work; whether it ever does."""
        assert self.process.stdout is not None
        return any(line.strip() == part for line in iter(self.process.stdout.readline, ""))

    def go_on(self) -> None:
        """Tells it to leave the block."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            print(file=self.process.stdin, flush=True)

    def end(self) -> str:
        """Waits for its end; gives what it had to say."""
        return self.process.communicate(timeout=LONG_ENOUGH)[1]


def marked(name: str) -> list[int]:
    """The processes that a program has left: a guard, or the one that is to become it."""
    return with_variable(MARK.format(name=name))


def until(condition: Callable[[], bool]) -> bool:
    """Waits for something in another process, of which nothing tells; whether it came about."""
    end = time.monotonic() + LONG_ENOUGH
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.25)
    return True


class Cloud:
    """The simulator, in another process, in which each program has an organisation of its own.

    Attributes:
        base_url: Where it is.
        lengths: How long each part of each kind of program takes, with a guard and without, in seconds.
    """

    def __init__(self, base_url: str, http: httpx2.Client) -> None:
        self.base_url = base_url
        self._http = http
        self.lengths: dict[tuple[str, bool], dict[str, float]] = {}
        self._numbers = iter(range(10**6))

    def name(self) -> str:
        """A key that nobody has used."""
        return f"killed-{os.getpid()}-{next(self._numbers)}"

    def pods(self, name: str) -> list[dict[str, Any]]:
        """The pods of an organisation."""
        return list(self._http.get(LIST, headers={"x-api-key": name}).json()["data"])

    def measure(self, pool: ThreadPoolExecutor) -> None:
        """Finds the lengths out, once: before the programs are in each other's way."""
        if not self.lengths:
            variants = list(product(KINDS, (True, False)))
            self.lengths.update(zip(variants, pool.map(self._measure, variants), strict=True))

    def _measure(self, variant: tuple[str, bool]) -> dict[str, float]:
        kind, is_guarded = variant
        program = Program(self.base_url, self.name(), kind, "timed" if is_guarded else "alone")
        with ended(program):
            moments = []
            for part in PARTS:
                assert program.comes_to(part), program.end()
                moments.append(time.monotonic())
                if part == "inside":
                    program.go_on()
            complaints = program.end()
            assert program.process.returncode == FINISHED, complaints
            moments.append(time.monotonic())
        begins = zip(PARTS, moments, moments[1:], strict=False)
        return {part: end - begin for part, begin, end in begins} | {"inside": STAY}

    def kill(self, killing: Killing) -> list[str]:
        """Lets a program be killed; gives what is wrong about its end."""
        program = Program(self.base_url, killing.name, killing.kind, killing.care)
        with ended(program):
            for blow in killing.blows:
                seconds = blow.share * self.lengths[killing.kind, killing.care != "alone"][blow.part]
                if blow.part == "leaving" and blow is killing.blows[0]:
                    program.comes_to("inside")
                    program.go_on()
                if program.comes_to(blow.part):
                    time.sleep(seconds)  # the moment is one of the other process's work, which tells nothing of it
                program.process.send_signal(blow.number)
            complaints = program.end()
            problems = []
            if program.process.returncode not in killing.expected:
                problems.append(f"it ended with {program.process.returncode}: {complaints}")
            # Of a create that was interrupted, a guard looks for the pod for a while.
            if not until(lambda: not marked(killing.name)):
                problems.append("its guard lives")
            live = [pod for pod in self.pods(killing.name) if pod["status"] not in ENDED]
            if live:
                problems.append(f"it left {[(pod['id'], pod['status']) for pod in live]}: {complaints}")
        return [f"{killing}: {problem}" for problem in problems]


class ended:  # noqa: N801  # a context manager, named as what it makes sure of
    """Neither a program nor its guard outlives the block."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._program.process.kill()
        self._program.process.communicate()
        for process in marked(self._program.name):
            kill(process)
        assert until(lambda: not marked(self._program.name))


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started(SIMULATOR) as (_, base_url), httpx2.Client(base_url=base_url, timeout=LONG_ENOUGH) as http:
        for operation, seconds in SLOW.items():
            fault = {"operation": operation, "fault": "slow_answer", "probability": 1.0, "seconds": seconds}
            http.post("/_mock/faults", json=fault).raise_for_status()
        yield Cloud(base_url, http)


def names(numbers: Sequence[signal.Signals]) -> str:
    """Some signals, for people."""
    return " and ".join(number.name for number in numbers)


def killings(
    cloud: Cloud, numbers: Sequence[signal.Signals], count: int, *, again: Sequence[signal.Signals] = ()
) -> list[Killing]:
    """So many for each kind of program, which are the same in each run.

    Args:
        cloud: Where their pods are.
        numbers: The signals, which take turns.
        count: How many for each kind.
        again: Signals that come while the pod is being deleted because of the first.
    """
    chance = random.Random(f"{numbers[0].name} {[further.name for further in again]}")
    found = []
    for first, kind in enumerate(KINDS):
        for each in range(count):
            number = numbers[(first + each) % len(numbers)]
            part = "inside" if again else PARTS[each % len(PARTS)]
            blows = [Blow(number, part, chance.random())]
            blows += [Blow(further, "leaving", chance.random() / 2) for further in again]
            # Only a guard does anything for a program that is killed. It must not be in the way of any other.
            guard = ("timed", "always")[(first + each) % 2]
            care = guard if number is signal.SIGKILL or chance.random() < 0.25 else "alone"
            found.append(Killing(cloud.name(), kind, care, blows))
    # The first part leads to the longest end, which nothing need wait for in the meantime.
    return sorted(found, key=lambda killing: PARTS.index(killing.blows[0].part))


def kill_all(cloud: Cloud, chosen: Sequence[Killing]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        cloud.measure(pool)
        problems = [problem for found in pool.map(cloud.kill, chosen) for problem in found]
    assert not problems, "\n".join(problems)


SIGNALS = [[signal.SIGINT], [signal.SIGTERM, signal.SIGHUP], [signal.SIGKILL]]
SECOND = [
    (signal.SIGINT, signal.SIGINT),
    (signal.SIGTERM, signal.SIGTERM),
    (signal.SIGINT, signal.SIGTERM),
    (signal.SIGHUP, signal.SIGTERM),  # as the end of a session sends them
]


@pytest.mark.parametrize("numbers", SIGNALS, ids=names)
def test_no_pod_outlives_a_program_that_is_killed(cloud: Cloud, numbers: Sequence[signal.Signals]) -> None:
    kill_all(cloud, killings(cloud, numbers, len(PARTS)))


def test_a_second_interrupt_does_not_keep_the_pod_from_being_deleted(cloud: Cloud) -> None:
    kill_all(cloud, killings(cloud, [signal.SIGINT], 1, again=[signal.SIGINT]))


@pytest.mark.long
@pytest.mark.parametrize("numbers", SIGNALS, ids=names)
def test_no_pod_outlives_a_program_that_is_killed_at_twenty_moments(
    cloud: Cloud, numbers: Sequence[signal.Signals]
) -> None:
    kill_all(cloud, killings(cloud, numbers, 10))  # for each of the two clients


@pytest.mark.long
@pytest.mark.parametrize(("first", "second"), SECOND)
def test_no_second_signal_keeps_the_pod_from_being_deleted(
    cloud: Cloud, first: signal.Signals, second: signal.Signals
) -> None:
    kill_all(cloud, killings(cloud, [first], 3, again=[second]))
