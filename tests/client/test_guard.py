"""The guard: a process that deletes a pod when its time is over, or when its owner dies, and does nothing else.

A detached one does not mind its owner.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import shlex
import shutil
import signal
import site
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs import ConfigurationError, InvalidArgumentError, InvalidRequestError, _guard
from yottalabs._answer import Answer, Listing, listed
from yottalabs._guard import Guard
from yottalabs._lease import Lease
from yottalabs._own_variables import LEASE_VARIABLE, TOKEN_VARIABLE
from yottalabs._settings import Settings
from yottalabs._watch import Sightings, Verdict, Watch, line_of
from yottalabs_mock import Simulator

from support import contract
from support.processes import kill, lives
from support.raw import CREATE

KEY = "canary-key"
QUICK = {"LOOK_SECONDS": 0.1, "CHECK_SECONDS": 0.1}
ENDED = {"TERMINATING", "TERMINATED"}
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
LONG = timedelta(hours=1)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the signals and the forks of these tests are not elsewhere")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows it")


class Cloud:
    """A simulator on a socket."""

    def __init__(self, simulator: Simulator, base_url: str) -> None:
        self.simulator = simulator
        self.base_url = base_url

    def settings(self, key: str = KEY) -> Settings:
        return Settings(key, self.base_url, timeout=0.5)

    def create(self, token: str) -> str:
        body = {
            "image": "x",
            "gpuType": "NVIDIA_L4_24G",
            "gpuCount": 1,
            "environmentVars": [{"key": TOKEN_VARIABLE, "value": token}],
        }
        answer = httpx2.post(self.base_url + CREATE, json=body, headers={"x-api-key": KEY})
        pod_id = answer.json()["data"]
        assert isinstance(pod_id, str)
        return pod_id

    def has_ended(self, pod_id: str) -> bool:
        return pod_id not in self.simulator.pods or self.simulator.pods[pod_id].status in ENDED

    def saw(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.simulator.requests)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    simulator = Simulator(clock="real")
    with simulator.serve() as base_url:
        yield Cloud(simulator, base_url)


@pytest.fixture
def token() -> str:
    return str(uuid.uuid4())


def await_end(guard: Guard) -> None:
    """Waits for the end of a guard of this process, and leaves it to be collected."""
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, guard.process_id, os.WEXITED | os.WNOWAIT)
    else:
        until(lambda: not lives(guard.process_id))


def until(condition: Callable[[], bool]) -> None:
    """Waits for something in another process, of which nothing tells; gives up long after it should have been."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Guard]]:
    """Starts guards that this process owns, which do not take their time, and ends them all."""
    for name, value in QUICK.items():
        monkeypatch.setattr(_guard, name, value)
    guards: list[Guard] = []

    def start(*arguments: Any, **options: Any) -> Guard:
        guards.append(Guard.start(*arguments, **options))
        return guards[-1]

    yield start
    for guard in guards:
        guard._process.kill()
        guard._process.wait()
        guard.release()


OWNER = """
import os, subprocess, sys
from datetime import UTC, datetime
from yottalabs import _guard, _lease
from yottalabs._settings import Settings

def fork():
    pipe = guard._pipe
    child = os.fork()
    if child == 0:
        guard.watch("another")
        guard.expire(datetime.now(UTC))
        guard.release()
        del globals()["guard"]
        try:
            os.fstat(pipe)
        except OSError:
            os._exit(len(_guard._guards))
        os._exit(100)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def hold():
    return subprocess.Popen(["sleep", "600"], pass_fds=(guard._pipe,)).pid

vars(_guard).update(QUICK)
if HIDDEN:
    _lease.this_host = lambda: "elsewhere/1"
guard = _guard.Guard.start(Settings(KEY, BASE_URL, timeout=0.5), TOKEN, EXPIRES and datetime.fromisoformat(EXPIRES))
print(guard.process_id, flush=True)
for line in sys.stdin:
    print(eval(line), flush=True)
"""


class Owner:
    """Another process, which does what it is told, and has a guard."""

    def __init__(
        self, cloud: Cloud, token: str, *, expires: datetime | None, search: float, hidden: bool, path: str | None
    ) -> None:
        given = {
            "QUICK": QUICK | {"SEARCH_SECONDS": search},
            "KEY": KEY,
            "BASE_URL": cloud.base_url,
            "TOKEN": token,
            "EXPIRES": None if expires is None else expires.isoformat(),
            "HIDDEN": hidden,
        }
        code = "".join(f"{name} = {value!r}\n" for name, value in given.items()) + OWNER
        self.process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | ({"PYTHONPATH": path} if path else {}),
        )
        self.guard = int(self._answer())

    def ask(self, expression: str) -> str:
        """What an expression comes to in that process."""
        assert self.process.stdin is not None
        print(expression, file=self.process.stdin, flush=True)
        return self._answer()

    def end(self) -> str:
        """Lets it end by itself; gives what it had to complain about."""
        _, complaints = self.process.communicate()
        assert self.process.returncode == 0
        return complaints

    def _answer(self) -> str:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        return self.process.stdout.readline().strip() or self.process.stderr.read()


@pytest.fixture
def own(cloud: Cloud, token: str) -> Iterator[Callable[..., Owner]]:
    """Starts owners, and ends them and their guards."""
    owners: list[Owner] = []

    def own(
        expires: datetime | None = None, *, search: float = 60.0, hidden: bool = False, path: str | None = None
    ) -> Owner:
        """An owner; a hidden one cannot be seen to be dead, as on systems that do not show it."""
        owners.append(Owner(cloud, token, expires=expires, search=search, hidden=hidden, path=path))
        return owners[-1]

    yield own
    for owner in owners:
        owner.process.kill()
        owner.process.communicate()
        kill(owner.guard)
        until(lambda owner=owner: not lives(owner.guard))  # type: ignore[misc]  # the type of a default is not inferred


# --- When the owner dies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["ends", "is killed", "is killed unseen"])
def test_the_pod_of_an_owner_that_ends_is_deleted(
    cloud: Cloud, token: str, own: Callable[..., Owner], end: str
) -> None:
    owner = own(datetime.now(UTC) + LONG, hidden=end == "is killed unseen")
    pod_id, other = cloud.create(token), cloud.create("other")
    owner.ask(f"guard.watch({pod_id!r})")
    assert not cloud.has_ended(pod_id)
    if end == "ends":
        assert owner.end() == ""
    else:
        owner.process.kill()
    until(lambda: not lives(owner.guard))
    assert cloud.has_ended(pod_id)
    assert not cloud.has_ended(other)


def test_a_pod_whose_id_the_owner_never_learned_is_found_by_its_token(
    cloud: Cloud, token: str, own: Callable[..., Owner]
) -> None:
    owner = own()
    other = cloud.create("other")
    owner.process.kill()
    until(lambda: cloud.saw("listPods") > 0)
    pod_id = cloud.create(token)  # the request was on its way when the owner died
    until(lambda: not lives(owner.guard))
    assert cloud.has_ended(pod_id)
    assert not cloud.has_ended(other)


def test_a_guard_whose_pod_never_comes_ends(cloud: Cloud, own: Callable[..., Owner]) -> None:
    owner = own(search=0.3)
    other = cloud.create("other")
    owner.process.kill()
    until(lambda: not lives(owner.guard))
    assert cloud.saw("listPods") > 1
    assert cloud.saw("deletePod") == 0
    assert not cloud.has_ended(other)


def test_whoever_else_holds_the_pipe_does_not_keep_the_pod(cloud: Cloud, token: str, own: Callable[..., Owner]) -> None:
    owner = own()
    pod_id = cloud.create(token)
    owner.ask(f"guard.watch({pod_id!r})")
    holder = int(owner.ask("hold()"))
    try:
        owner.process.kill()
        until(lambda: not lives(owner.guard))
        assert lives(holder)
        assert cloud.has_ended(pod_id)
    finally:
        os.kill(holder, signal.SIGKILL)


def test_a_forked_process_has_no_part_in_the_guard(cloud: Cloud, token: str, own: Callable[..., Owner]) -> None:
    owner = own()
    pod_id = cloud.create(token)
    owner.ask(f"guard.watch({pod_id!r})")
    assert owner.ask("fork()") == "0"
    assert lives(owner.guard)
    assert owner.end() == ""
    until(lambda: not lives(owner.guard))
    assert cloud.has_ended(pod_id)


def test_a_guard_needs_no_file_once_it_is_ready(
    cloud: Cloud, token: str, own: Callable[..., Owner], tmp_path: Path
) -> None:
    for package in ("generated/yottalabs_api", "overlays/yottalabs"):
        shutil.copytree(contract.ROOT / package, tmp_path / package)
    folders = (str(tmp_path / folder) for folder in ("generated", "overlays"))
    owner = own(path=os.pathsep.join(folders))
    assert owner.ask("_guard.__file__").startswith(str(tmp_path))
    shutil.rmtree(tmp_path / "generated")
    shutil.rmtree(tmp_path / "overlays")
    pod_id = cloud.create(token)
    owner.process.kill()
    until(lambda: not lives(owner.guard))
    assert cloud.has_ended(pod_id)


def test_an_interrupt_from_the_terminal_is_not_for_the_guard(
    cloud: Cloud, token: str, own: Callable[..., Owner]
) -> None:
    owner = own()
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(owner.guard, number)
    pod_id = cloud.create(token)
    owner.process.kill()
    until(lambda: not lives(owner.guard))
    assert cloud.has_ended(pod_id)


# --- When the time is over --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "not told"])
def test_the_pod_is_deleted_when_its_time_is_over(
    cloud: Cloud, token: str, start: Callable[..., Guard], is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    guard = start(cloud.settings(), token, datetime.now(UTC) + timedelta(seconds=0.8))
    pod_id = cloud.create(token)
    if is_told:
        guard.watch(pod_id)
    guard._process.wait()
    assert guard._process.returncode == 0
    assert cloud.has_ended(pod_id)
    assert (cloud.saw("listPods") > 0) or is_told
    guard.release()
    assert caplog.records == []


def test_the_end_can_be_made_earlier_but_not_later(cloud: Cloud, token: str, start: Callable[..., Guard]) -> None:
    guard = start(cloud.settings(), token, datetime.now(UTC) + LONG)
    pod_id = cloud.create(token)
    guard.watch(pod_id)
    guard.expire(datetime.now(UTC))
    guard.expire(datetime.now(UTC) + LONG)
    guard._process.wait()
    assert cloud.has_ended(pod_id)


def test_a_guard_outlasts_an_api_that_cannot_be_reached(cloud: Cloud, token: str, start: Callable[..., Guard]) -> None:
    guard = start(cloud.settings(), token, None)
    pod_id = cloud.create(token)
    cloud.simulator.faults.add("*", "connection_refused", seconds=1)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(cloud.base_url)
    guard.expire(datetime.now(UTC))
    guard._process.wait()
    assert guard._process.returncode == 0
    assert cloud.has_ended(pod_id)


@pytest.mark.parametrize("operation", ["listPods", "deletePod"])
def test_a_guard_outlasts_errors_of_the_api(
    cloud: Cloud, token: str, start: Callable[..., Guard], operation: str
) -> None:
    guard = start(cloud.settings(), token, None)
    pod_id = cloud.create(token)
    for fault in ("status_401", "html_502", "not_json"):
        cloud.simulator.faults.add(operation, fault, times=1)
    guard.expire(datetime.now(UTC))
    guard._process.wait()
    assert guard._process.returncode == 0
    assert cloud.has_ended(pod_id)


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "not told"])
def test_a_guard_whose_key_is_wrong_gives_up_in_the_end(
    token: str, start: Callable[..., Guard], is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_guard, "PATIENCE_SECONDS", 1.0)
    simulator = Simulator(clock="real", api_keys=[KEY])
    with simulator.serve() as base_url:
        cloud = Cloud(simulator, base_url)
        pod_id = cloud.create(token)
        guard = start(cloud.settings("another-key"), token, datetime.now(UTC))
        if is_told:
            guard.watch(pod_id)
        guard._process.wait()
        assert guard._process.returncode == 1
        assert not cloud.has_ended(pod_id)
        assert {request.status for request in simulator.requests} == {200, 401}


# --- When the owner ends it -------------------------------------------------------------------------------------------


def test_a_guard_that_is_released_ends_and_leaves_the_pod(
    cloud: Cloud, token: str, start: Callable[..., Guard], caplog: pytest.LogCaptureFixture
) -> None:
    guard = start(cloud.settings(), token, None)
    pod_id = cloud.create(token)
    guard.watch(pod_id)
    guard.release()
    assert guard._process.returncode == 0
    assert not lives(guard.process_id)
    guard.release()
    guard.watch(pod_id)
    guard.expire(NOW)
    assert not cloud.has_ended(pod_id)
    assert cloud.saw("deletePod") == 0
    assert caplog.records == []


def test_a_guard_that_is_released_stops_looking_for_the_pod(
    cloud: Cloud, token: str, start: Callable[..., Guard]
) -> None:
    guard = start(cloud.settings(), token, datetime.now(UTC))
    until(lambda: cloud.saw("listPods") > 0)
    guard.release()
    assert guard._process.returncode == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_guard_that_is_gone_is_warned_of(
    cloud: Cloud, token: str, start: Callable[..., Guard], caplog: pytest.LogCaptureFixture, how: signal.Signals
) -> None:
    guard = start(cloud.settings(), token, None)
    os.kill(guard.process_id, how)
    await_end(guard)
    pod_id = cloud.create(token)
    steps: list[Callable[[], None]] = [lambda: guard.watch(pod_id), lambda: guard.expire(NOW), guard.release]
    for step in steps:
        caplog.clear()
        step()
        ((name, level, text),) = caplog.record_tuples
        assert (name, level) == ("yottalabs", logging.WARNING)
        assert f"the guard of a pod (process {guard.process_id}) is gone" in text
    assert not cloud.has_ended(pod_id)


def test_a_guard_that_ends_between_two_steps_is_warned_of(
    cloud: Cloud,
    token: str,
    start: Callable[..., Guard],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = start(cloud.settings(), token, None)
    os.kill(guard.process_id, signal.SIGKILL)
    await_end(guard)
    monkeypatch.setattr(guard._process, "poll", lambda: None)  # it is seen alive, and the pipe breaks
    guard.watch("1")
    assert len(caplog.records) == 1


def test_a_guard_that_does_not_listen_is_ended_by_its_id(
    cloud: Cloud, token: str, start: Callable[..., Guard], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_guard, "END_SECONDS", 0.2)
    guard = start(cloud.settings(), token, None)
    os.kill(guard.process_id, signal.SIGSTOP)
    os.waitid(os.P_PID, guard.process_id, os.WSTOPPED | os.WNOWAIT)  # a thread of it may listen until all have stopped
    guard.release()
    assert guard._process.returncode == -signal.SIGKILL


def test_many_threads_may_use_a_guard_at_once(
    cloud: Cloud, token: str, start: Callable[..., Guard], caplog: pytest.LogCaptureFixture
) -> None:
    guard = start(cloud.settings(), token, None)
    pod_id = cloud.create(token)
    go = threading.Barrier(8)

    def use(number: int) -> None:
        go.wait()
        for _ in range(50):
            guard.watch(pod_id)
            guard.expire(datetime.now(UTC) + LONG)
        if number % 2:
            guard.release()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert guard._process.returncode == 0
    assert not cloud.has_ended(pod_id)
    assert caplog.records == []


def test_nobody_need_keep_a_guard(own: Callable[..., Owner]) -> None:
    owner = own()
    owner.ask("globals().pop('guard').watch('1')")
    owner.ask("__import__('gc').collect()")
    time.sleep(5 * QUICK["LOOK_SECONDS"])  # in which it would end
    assert lives(owner.guard)
    assert owner.end() == ""


def test_guards_that_have_done_their_work_are_forgotten(cloud: Cloud, token: str, start: Callable[..., Guard]) -> None:
    before = set(_guard._guards), set(_guard._pipes)
    first = start(cloud.settings(), token, None)
    os.kill(first.process_id, signal.SIGKILL)
    await_end(first)
    second = start(cloud.settings(), token, None)
    assert first._process.returncode == -signal.SIGKILL
    assert _guard._guards == before[0] | {second}
    second.release()
    assert (_guard._guards, _guard._pipes) == before


# --- When it is detached ----------------------------------------------------------------------------------------------


CREATOR = """
from yottalabs import YottaLabs, _guard

def told(*arguments, **options):
    guard = start(*arguments, **options)
    print(guard.process_id, flush=True)
    return guard

vars(_guard).update(QUICK)
start, _guard.Guard.start = _guard.Guard.start, told
with YottaLabs(KEY, base_url=BASE_URL) as client:
    pod_id = client.pods.create(image="x", gpu_type="NVIDIA_L4_24G", max_lifetime=LIFETIME, guard="detached")
    print(client.pods._guard_of(pod_id).process_id)
"""
LIFETIME = 2.0  # seconds, in which a program starts its guard, creates the pod and ends, or is killed


@pytest.fixture
def creator(cloud: Cloud) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts programs that create a pod with a detached guard and end, and ends them and the guards."""
    programs: list[subprocess.Popen[str]] = []

    def run() -> subprocess.Popen[str]:
        given = {"QUICK": QUICK, "KEY": KEY, "BASE_URL": cloud.base_url, "LIFETIME": LIFETIME}
        code = "".join(f"{name} = {value!r}\n" for name, value in given.items()) + CREATOR
        programs.append(
            subprocess.Popen(
                [sys.executable, "-X", "dev", "-W", "error", "-c", code],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return programs[-1]

    yield run
    for program in programs:
        program.kill()
        program.communicate()


@contextmanager
def ended(process: int) -> Iterator[None]:
    """A process of which this one is not the parent does not outlive the block."""
    try:
        yield
    finally:
        kill(process)
        until(lambda: not lives(process))


@pytest.mark.parametrize("end", ["ends", "is killed before it knows the pod"])
def test_the_pod_of_a_detached_guard_outlives_its_program_and_ends_in_time(
    cloud: Cloud, creator: Callable[[], subprocess.Popen[str]], end: str
) -> None:
    other = cloud.create("other")
    if end != "ends":
        cloud.simulator.faults.add("createPod", "no_answer")
    program = creator()
    assert program.stdout is not None
    guard = int(program.stdout.readline())
    with ended(guard):
        if end == "ends":
            for number in (signal.SIGINT, signal.SIGHUP):
                os.kill(guard, number)
            assert program.communicate() == (f"{guard}\n", "")
            assert program.returncode == 0
        else:
            until(lambda: len(cloud.simulator.pods) > 1)
            program.kill()
        until(lambda: not lives(guard))
    (pod_id,) = set(cloud.simulator.pods) - {other}
    variables = cloud.simulator.pods[pod_id].document["environmentVars"]
    lease = Lease.read(next(entry["value"] for entry in variables if entry["key"] == LEASE_VARIABLE))
    assert lease is not None
    assert lease.owner is None
    assert lease.expires is not None
    assert cloud.has_ended(pod_id)
    assert not cloud.has_ended(other)
    deleted = next(request for request in cloud.simulator.requests if request.operation == "deletePod")
    clock = cloud.simulator.clock
    assert clock.date() - timedelta(seconds=clock.monotonic() - deleted.at) >= lease.expires


@pytest.mark.parametrize(("is_told", "seconds"), [(True, 1000), (False, 10**6)], ids=["ended", "forgotten"])
def test_a_detached_guard_ends_when_its_pod_has_ended_before(
    cloud: Cloud, token: str, start: Callable[..., Guard], is_told: bool, seconds: int
) -> None:
    guard = start(cloud.settings(), token, datetime.now(UTC) + LONG, is_detached=True)
    pod_id = cloud.create(token)
    if is_told:
        guard.watch(pod_id)
    looks = cloud.saw("listPods")
    until(lambda: cloud.saw("listPods") > looks + 1)  # by then it has seen the pod
    assert guard._process.poll() is None
    cloud.simulator.faults.add("listPods", "status_500_before", times=2)
    cloud.simulator.pods[pod_id].delete()
    cloud.simulator.advance(seconds)
    guard._process.wait()
    assert guard._process.returncode == 0
    assert cloud.saw("deletePod") == 0
    assert (pod_id in cloud.simulator.pods) is is_told


def test_a_detached_guard_is_released_where_there_is_no_pod_or_no_more(
    cloud: Cloud,
    launched: list[subprocess.Popen[bytes]],
    make: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(_guard, "CHECK_SECONDS", 0.1)
    asked: dict[str, Any] = {"image": "x", "gpu_type": "NVIDIA_L4_24G", "max_lifetime": 600, "guard": "detached"}
    try:
        with make(KEY, base_url=cloud.base_url) as client:
            cloud.simulator.faults.add("createPod", "status_422")
            with pytest.raises(InvalidRequestError):
                client.pods.create(**asked)
            assert [process.returncode for process in launched] == [0]
            pod_id = client.pods.create(**asked)
            guard = client.pods._guard_of(pod_id)
            assert guard.process_id == launched[1].pid
            assert launched[1].poll() is None
            client.pods.delete(pod_id)
            assert launched[1].returncode == 0
            assert client.pods._guard_of(pod_id) is None
        assert caplog.records == []
    finally:
        for process in launched:
            process.kill()
            process.wait()


def test_a_detached_guard_whose_start_is_interrupted_ends(
    cloud: Cloud, token: str, launched: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_guard, "_why_not_ready", interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            Guard.start(cloud.settings(), token, datetime.now(UTC) + LONG, is_detached=True)
        (process,) = launched
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        for process in launched:
            process.kill()
            process.communicate()
    assert list(cloud.simulator.requests) == []


@pytest.mark.parametrize(
    "options",
    [
        {"guard": "detached"},
        {"guard": "detached", "max_lifetime": 60},  # another process could not use this transport
        {"guard": "always", "max_lifetime": 60},
        {"guard": "always"},
        {"guard": None},
        {"guard": 1},
        {"guard": 0, "max_lifetime": 60},
    ],
)
def test_a_guard_that_cannot_be_is_said_before_anything_is_sent(
    make: Callable[..., Any], options: dict[str, Any]
) -> None:
    simulator = Simulator()
    with (
        make(KEY, transport=simulator.transport, clock=simulator.clock) as client,
        pytest.raises(InvalidArgumentError, match="guard") as caught,
    ):
        client.pods.create(image="x", gpu_type="NVIDIA_L4_24G", **options)
    assert caught.value.argument == "guard"
    assert list(simulator.requests) == []


# --- Secrets, and where it runs ---------------------------------------------------------------------------------------


@LINUX
def test_the_key_is_in_nothing_that_others_can_see(
    cloud: Cloud, token: str, start: Callable[..., Guard], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("YOTTA_API_KEY", KEY)
    monkeypatch.setenv("ANOTHER_NAME", KEY)
    monkeypatch.setenv("KEPT", "yes")
    monkeypatch.chdir(tmp_path)
    guard = start(cloud.settings(), token, None)
    process = psutil.Process(guard.process_id)
    assert process.environ()["KEPT"] == "yes"
    for shown in (str(process.environ()), str(process.cmdline())):
        assert KEY not in shown
        assert "YOTTA_API_KEY" not in shown
    assert KEY not in f"{guard!r} {vars(guard)!r}"
    assert list(tmp_path.iterdir()) == []
    assert process.cwd() == "/"
    assert os.getsid(guard.process_id) == guard.process_id

    def shares() -> list[int]:
        """What it has of this process, by the numbers that its files have."""
        shared = []
        for entry in Path(f"/proc/{guard.process_id}/fd").iterdir():
            with suppress(FileNotFoundError):  # it was closed meanwhile
                if str(entry.readlink()).startswith(("pipe:", "socket:")):
                    shared.append(int(entry.name))
        return shared

    until(lambda: shares() == [0])  # once it is ready, it lets go of its output


def test_modules_in_the_folder_of_the_caller_are_not_run(
    cloud: Cloud, token: str, start: Callable[..., Guard], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("json", "yottalabs", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is not it')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    start(cloud.settings(), token, None).release()


def test_a_guard_finds_the_packages_that_run_here(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = [str(contract.ROOT / folder) for folder in ("overlays", "generated")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["relative", "", "/absolute"]))
    found = _guard._environment(cloud.settings())["PYTHONPATH"].split(os.pathsep)
    assert found == [*ours, str(tmp_path / "relative"), "/absolute"]
    monkeypatch.setattr(site, "getsitepackages", lambda: ours)
    monkeypatch.delenv("PYTHONPATH")
    # Before the standard library, a package like "asyncio" from an index would hide the real one.
    assert "PYTHONPATH" not in _guard._environment(cloud.settings())


# --- When there can be none -------------------------------------------------------------------------------------------


def script(folder: Path, text: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every process that was started for a guard."""
    processes: list[subprocess.Popen[bytes]] = []
    launch = _guard._launched

    def note(*arguments: Any) -> subprocess.Popen[bytes]:
        processes.append(launch(*arguments))
        return processes[-1]

    monkeypatch.setattr(_guard, "_launched", note)
    return processes


@pytest.mark.parametrize(
    ("executable", "expected"),
    [
        ("/no/such/python", "No such file"),
        ("", "does not know of a Python interpreter"),
        ("exit 3", "it ended with status 3;"),
        ("echo the disk is on fire; exit 3", "it ended with status 3, saying: the disk is on fire;"),
        ("cat; true", "not ready within 0.3 seconds, saying:"),
        ("exec cat", "not ready within 0.3 seconds, saying:"),
        ("exec sleep 600", "it was not ready within 0.3 seconds;"),
        ("while :; do echo and on; done", "it was not ready within 0.3 seconds, saying: and on;"),
        (f"exec {shlex.quote(sys.executable)} -c 'import no_such_package'", "No module named 'no_such_package'"),
    ],
)
def test_a_guard_that_cannot_be_started_is_told_of(
    cloud: Cloud,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    launched: list[subprocess.Popen[bytes]],
    executable: str,
    expected: str,
) -> None:
    monkeypatch.setattr(_guard, "START_SECONDS", 0.3 if "not ready" in expected else 30.0)
    is_script = executable and not executable.startswith("/")
    monkeypatch.setattr(sys, "executable", script(tmp_path, executable) if is_script else executable)
    before = (len(_guard._guards), len(_guard._pipes))
    with pytest.raises(ConfigurationError, match="nothing was created") as caught:
        Guard.start(cloud.settings(), token, None)
    assert expected in str(caught.value)
    assert KEY not in str(caught.value)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    package = Path(_guard.__file__).parent
    assert KEY not in repr([frame.locals for frame in shown.stack if Path(frame.filename).is_relative_to(package)])
    assert (len(_guard._guards), len(_guard._pipes)) == before
    assert all(process.returncode is not None for process in launched)


def test_a_frozen_program_starts_no_copy_of_itself(cloud: Cloud, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(ConfigurationError, match="does not know of a Python interpreter"):
        Guard.start(cloud.settings(), token, None)


@LINUX
def test_a_guard_that_is_interrupted_as_it_starts_leaves_nothing(
    cloud: Cloud,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    launched: list[subprocess.Popen[bytes]],
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def wait_until_interrupted(process: subprocess.Popen[bytes]) -> str | None:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        return wait(process)

    wait = _guard._why_not_ready
    monkeypatch.setattr(_guard, "_why_not_ready", wait_until_interrupted)
    gc.collect()
    before = set(Path("/proc/self/fd").iterdir())
    monkeypatch.setattr(sys, "executable", script(tmp_path, "exec sleep 600"))
    handler = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            Guard.start(cloud.settings(), token, None)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    (process,) = launched
    assert process.returncode == -signal.SIGKILL
    until(lambda: set(Path("/proc/self/fd").iterdir()) == before)  # the thread that listened closes the last one


# --- What it decides --------------------------------------------------------------------------------------------------


moments = st.datetimes(NOW.replace(tzinfo=None) - LONG, NOW.replace(tzinfo=None) + LONG, timezones=st.just(UTC))
messages = st.one_of(
    st.builds(lambda pod_id: {"pod_id": pod_id}, st.text(min_size=1)),
    st.builds(lambda when: {"expires": when.isoformat()}, moments),
)


def heard(expires: datetime | None, said: list[dict[str, Any]], *, is_detached: bool = False) -> Watch:
    watch = Watch(expires, is_detached=is_detached)
    for message in said:
        watch.hear(line_of(message))
    return watch


@given(st.none() | moments, st.lists(messages, max_size=4), st.sampled_from([True, False, None]), st.booleans())
def test_the_pod_is_deleted_at_the_earliest_end_that_was_told_or_when_the_owner_is_gone(
    expires: datetime | None, said: list[dict[str, Any]], owner_alive: bool | None, eof: bool
) -> None:
    watch = heard(expires, said)
    told = [datetime.fromisoformat(message["expires"]) for message in said if "expires" in message]
    ends = [*told, *([expires] if expires else [])]
    must = eof or owner_alive is False or any(end <= NOW for end in ends)
    verdict = watch.verdict(NOW, owner_alive=owner_alive, eof=eof)
    assert verdict is (Verdict.DELETE if must else Verdict.WAIT)
    pods = [message["pod_id"] for message in said if "pod_id" in message]
    assert watch.pod_id == (pods[-1] if pods else None)


@given(moments, st.lists(messages, max_size=4), st.sampled_from([True, False, None]), st.booleans())
def test_the_pod_of_a_detached_guard_is_deleted_when_its_time_is_over_and_not_before(
    expires: datetime, said: list[dict[str, Any]], owner_alive: bool | None, eof: bool
) -> None:
    watch = heard(expires, said, is_detached=True)
    ends = [expires, *(datetime.fromisoformat(message["expires"]) for message in said if "expires" in message)]
    verdict = watch.verdict(NOW, owner_alive=owner_alive, eof=eof)
    assert verdict is (Verdict.DELETE if min(ends) <= NOW else Verdict.WAIT)


def seen(*pods: Any) -> Listing:
    """A look at the list that shows these."""
    return listed(Answer(200, {}, b"", list(pods)))


def pod_of(token: str, pod_id: str, status: str = "RUNNING") -> dict[str, Any]:
    return {"id": pod_id, "status": status, "environmentVars": [{"key": TOKEN_VARIABLE, "value": token}]}


OTHER = pod_of("other", "2")
WITHOUT = seen(OTHER)
UNREADABLE = seen(OTHER, None)
NULL = listed(Answer(200, {}, b"", None))


@pytest.mark.parametrize("pod_id", ["1", None])
@pytest.mark.parametrize(
    ("looks", "has_ended"),
    [
        ([], False),
        (["RUNNING"], False),
        (["TERMINATED"], True),
        (["TERMINATING", "TERMINATING", "FAILED"], False),
        ([WITHOUT, WITHOUT, WITHOUT], False),  # it may yet come
        (["RUNNING", WITHOUT], False),
        (["RUNNING", WITHOUT, WITHOUT], True),
        (["RUNNING", WITHOUT, "RUNNING", WITHOUT], False),
        (["TERMINATING", WITHOUT, UNREADABLE, NULL], False),
        (["TERMINATING", WITHOUT, UNREADABLE, NULL, WITHOUT], True),
    ],
)
def test_a_pod_has_ended_before_its_time_only_beyond_doubt(
    looks: list[str | Listing], has_ended: bool, pod_id: str | None
) -> None:
    sightings = Sightings("mine")
    for shown in looks:
        sightings.see(shown if isinstance(shown, Listing) else seen(OTHER, pod_of("mine", "1", shown)), pod_id)
    assert sightings.has_ended is has_ended


def test_a_pod_that_the_list_shows_by_its_token_alone_has_not_ended() -> None:
    sightings = Sightings("mine")
    for _ in range(3):
        sightings.see(seen(pod_of("mine", "another-id")), "1")
    assert not sightings.has_ended


@given(
    st.none() | moments,
    st.lists(messages, max_size=4),
    st.lists(messages, max_size=4),
    st.sampled_from([True, False, None]),
    st.booleans(),
)
def test_a_guard_that_was_released_leaves_the_pod_whatever_else_is_so(
    expires: datetime | None,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    owner_alive: bool | None,
    eof: bool,
) -> None:
    watch = heard(expires, [*before, {"done": True}, *after])
    assert watch.verdict(NOW, owner_alive=owner_alive, eof=eof) is Verdict.LEAVE


@given(messages, st.integers(0, 200))
def test_a_message_that_broke_off_says_nothing(message: dict[str, Any], length: int) -> None:
    watch = Watch(None)
    whole = json.dumps(message).encode()
    watch.hear(whole[: min(length, len(whole) - 1)])
    assert (watch.pod_id, watch.expires, watch.is_released) == (None, None, False)


@given(st.binary() | st.text().map(str.encode))
def test_no_message_breaks_a_guard(line: bytes) -> None:
    watch = Watch(NOW)
    watch.hear(line)
    assert (watch.pod_id, watch.expires, watch.is_released) == (None, NOW, False)
