"""`yottalabs run` over a real OpenSSH server: a command is as if it ran here, and whatever happens, no pod is left."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from yottalabs_mock import SimulatedPod, Simulator, Times

from . import yottalabs
from .forking import Forks
from .secure_shell_server import Server, needs_terminals, serving
from .yottalabs import KEY, SECONDS
from support.processes import interrupts, kill, with_variable

ENDED = {"TERMINATING", "TERMINATED"}
OWN_FAILURE = 125
WORDS = [
    "",
    "two words",
    "it's",
    '"quoted"',
    "$HOME `id` $(id)",
    "back\\slash",
    "two\nlines",
    "*",
    "~",
    "-n",
    "--",
    "é",
]
BINARY = bytes(range(256)) * 8192  # more than any buffer on the way

# What runs in the pod. It says that it is there, and waits for the end of its input.
ECHO = """
import hashlib, json, os, sys
os.write(1, b"there\\n")
given = sys.stdin.buffer.read()
sys.stdout.buffer.write(given[::-1])
told = {"words": sys.argv[1:], "given": hashlib.sha256(given).hexdigest(), "variables": dict(os.environ)}
sys.stderr.write("told " + json.dumps(told) + "\\n")
sys.exit(3)
"""
LINGER = ["sh", "-c", "echo there; exec sleep 60"]
IN_TERMINAL = """
import os, signal, sys, time
print("size", *os.get_terminal_size(), os.ttyname(0), os.isatty(2), flush=True)
try:
    print("there", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("caught", flush=True)
print("line", repr(input()))
"""


@dataclass
class World:
    """The simulator, whose pods lead to a real server, and the folder of a person."""

    simulator: Simulator
    server: Server
    base_url: str
    folder: Path
    certificates: Path
    forked: Forks

    def variables(self, **changes: str | None) -> dict[str, str]:
        own: dict[str, str | None] = {
            "PATH": self.server.path,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "SSL_CERT_FILE": str(self.certificates),
        }
        return yottalabs.environment(self.base_url, self.folder, **{**own, **changes})

    def arguments(self, words: Sequence[str], *options: str) -> list[str]:
        pod = ["--image", "ubuntu", "--gpu", "NVIDIA_L4_24G"]
        return ["run", *pod, "--identity", self.server.key, *options, "--", *words]

    def run(self, words: Sequence[str], *options: str, **changes: str | None) -> yottalabs.Done:
        return self.forked.run(self.arguments(words, *options), self.variables(**changes))

    @contextmanager
    def started(self, words: Sequence[str], *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """The command in pipes, in a group of processes of its own, as a shell starts it."""
        command = [yottalabs.COMMAND, *self.arguments(words, *options)]
        pipe = subprocess.PIPE
        with interrupts(signal.SIG_DFL):
            process = subprocess.Popen(
                command, env=self.variables(), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        try:
            yield process
        finally:
            process.kill()
            for number in self.processes:  # ssh, too, holds the pipes
                kill(number)
            process.communicate()

    @property
    def processes(self) -> list[int]:
        """The command, its guard, and its ssh."""
        return with_variable(f"HOME={self.folder}")

    @property
    def pod(self) -> SimulatedPod:
        (pod,) = self.simulator.pods.values()
        return pod

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Waits for what only this machine's processes and the simulator can tell."""
        end_of_time = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end_of_time, what
            time.sleep(0.02)  # nothing tells of it

    def until_asked(self, operation: str) -> None:
        self.until(lambda: operation in self.operations, f"{operation} was never asked for")

    @property
    def operations(self) -> list[str | None]:
        return [request.operation for request in self.simulator.requests]

    def assert_over(self) -> None:
        """The one pod was deleted, and nobody is left who knew of it."""
        assert self.pod.status in ENDED
        assert self.processes == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def lasting(server: Server) -> Iterator[tuple[Simulator, str]]:
    times = Times(boot=0.0, healthy=0.0, terminate=0.1)
    simulator = Simulator(clock="real", times=times, ssh=server.address)
    with simulator.serve() as base_url:
        yield simulator, base_url


@pytest.fixture
def world(
    lasting: tuple[Simulator, str], server: Server, certificates: Path, forked: Forks, tmp_path: Path
) -> Iterator[World]:
    simulator, base_url = lasting
    simulator.reset()
    made = World(simulator, server, base_url, tmp_path, certificates, forked)
    try:
        yield made
    finally:
        for process in made.processes:
            kill(process)
        server.end_sessions()


def there(process: subprocess.Popen[bytes]) -> None:
    """Waits until the command runs in the pod."""
    assert process.stdout is not None
    assert process.stdout.readline() == b"there\n"


def ended(process: subprocess.Popen[bytes], given: bytes | None = None) -> tuple[int, bytes, str]:
    """Its status, and what it wrote."""
    output, errors = process.communicate(given, timeout=SECONDS)
    text = errors.decode()
    assert "Traceback" not in text
    assert "defect" not in text, text
    return process.returncode, output, text


def tells_cost(text: str, pod_id: str) -> bool:
    cost = r"cost (about 0\.\d+|less than 0\.0001) at 0\.\d+ an hour"
    return re.search(rf"^pod {pod_id} lived \d+s, ran \d+s and {cost}\r?$", text, re.MULTILINE) is not None


# --- What goes in and what comes out ----------------------------------------------------------------------------------


def test_a_command_is_as_if_it_ran_here_and_nobody_sees_the_key(world: World) -> None:
    options = ["--ssh-option", "SendEnv=YOTTA_* ANOTHER *KEY* LC_ALL"]
    world_variables = world.variables(ANOTHER=KEY, LC_ALL="C.UTF-8")
    words = [sys.executable, "-c", ECHO, *WORDS]
    command = [yottalabs.COMMAND, *world.arguments(words, *options)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=world_variables, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        there(process)
        running = [psutil.Process(number) for number in world.processes]
        lines = [each.cmdline() for each in running]
        assert any("yottalabs._guarding" in line for line in lines)
        assert any(Path(line[0]).name == "ssh" for line in lines)
        assert KEY not in str(lines)
        assert [each.pid for each in running if KEY in str(each.environ())] == [process.pid]
        status, output, errors = ended(process, BINARY)
    finally:
        process.kill()
        process.communicate()
    assert status == 3
    assert output == BINARY[::-1]
    (said,) = re.findall("^told (.*)$", errors, re.MULTILINE)
    told = json.loads(said)
    assert told["words"] == WORDS
    assert told["given"] == hashlib.sha256(BINARY).hexdigest()
    assert told["variables"]["LC_ALL"] == "C.UTF-8"  # so that variables are sent at all
    assert KEY not in str(told["variables"])
    assert KEY not in errors
    assert tells_cost(errors, world.pod.id)
    # That, and what the command said. Where the machine is busy, there is also where it connects to.
    assert len([line for line in errors.splitlines() if not line.startswith("connecting to ")]) == 2
    world.assert_over()


def test_a_terminal_reaches_to_the_pod(world: World) -> None:
    needs_terminals()
    words = [sys.executable, "-c", IN_TERMINAL]
    with yottalabs.terminal(world.arguments(words), world.variables(), columns=123) as terminal:
        terminal.wait_for("there")
        assert re.search(r"^size 123 50 /dev/\S+ True$", terminal.screen, re.MULTILINE)
        terminal.type("\x03")  # it is for the command in the pod, and for nobody here
        terminal.wait_for("caught")
        terminal.type("it's typed\r")
        assert terminal.wait() == 0
        assert """line "it's typed\"""" in terminal.screen
        assert tells_cost(terminal.screen, world.pod.id)
        assert not terminal.hides_cursor
    world.assert_over()


def test_a_command_that_ctrl_c_ends_in_the_pod_has_the_status_of_that(world: World) -> None:
    needs_terminals()
    with yottalabs.terminal(world.arguments(LINGER), world.variables(), columns=120) as terminal:
        terminal.wait_for("there")
        terminal.type("\x03")
        assert terminal.wait() == 130  # where ssh by itself gives 255
        assert "ssh ended" not in terminal.screen
        assert tells_cost(terminal.screen, world.pod.id)
    world.assert_over()


def test_the_status_of_ssh_itself_is_none_of_the_command(world: World) -> None:
    done = world.run(["sh", "-c", "exit 255"])
    assert done.status == OWN_FAILURE
    assert "yottalabs: ssh ended with 255" in done.errors
    assert done.output == ""
    world.assert_over()


# --- Interruptions at each stage --------------------------------------------------------------------------------------


def test_ctrl_c_while_it_is_created_and_once_more_while_it_is_deleted(world: World) -> None:
    world.simulator.faults.add("create", "slow_answer", seconds=0.7)
    world.simulator.faults.add("delete", "slow_answer", seconds=0.7)
    with world.started(LINGER) as process:
        world.until_asked("createPod")
        os.killpg(process.pid, signal.SIGINT)
        world.until_asked("deletePod")
        os.killpg(process.pid, signal.SIGINT)
        status, output, errors = ended(process)
    assert (status, output) == (130, b"")
    assert "interrupted" in errors
    world.assert_over()


def test_ctrl_c_while_it_is_waited_for_leaves_the_terminal_as_it_was(world: World) -> None:
    world.simulator.faults.add("create", "pod_stuck")
    with yottalabs.terminal(world.arguments(LINGER), world.variables()) as terminal:
        terminal.wait_for("INITIALIZE")
        assert terminal.hides_cursor
        terminal.type("\x03")
        assert terminal.wait() == 130
        assert "INITIALIZE" not in terminal.screen
        assert f"pod {world.pod.id} lived" in terminal.screen
        assert "never ran" in terminal.screen
        assert "interrupted" in terminal.screen
        assert not terminal.hides_cursor
    world.assert_over()


def test_ctrl_c_while_the_command_runs_and_a_delete_that_fails_for_a_while(world: World) -> None:
    world.simulator.faults.add("delete", "status_503_before", times=3)
    with world.started(LINGER) as process:
        there(process)
        os.killpg(process.pid, signal.SIGINT)
        status, output, errors = ended(process)
    assert (status, output) == (130, b"")
    assert tells_cost(errors, world.pod.id)
    assert world.operations.count("deletePod") == 4
    world.assert_over()


def test_an_interrupt_for_the_command_alone_ends_ssh_too(world: World) -> None:
    with world.started(LINGER) as process:
        there(process)
        process.send_signal(signal.SIGINT)
        status, _, errors = ended(process)
    assert status == 130
    assert tells_cost(errors, world.pod.id)
    world.assert_over()


def test_a_command_that_is_terminated_leaves_the_terminal_as_it_was(world: World) -> None:
    needs_terminals()
    with yottalabs.terminal(world.arguments(LINGER), world.variables(), columns=120) as terminal:
        terminal.wait_for("there")
        assert not terminal.echoes
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
        assert terminal.echoes
        assert not terminal.hides_cursor
        assert tells_cost(terminal.screen, world.pod.id)
    world.assert_over()


def test_a_terminal_that_is_closed_takes_the_pod_with_it(world: World) -> None:
    needs_terminals()
    with yottalabs.terminal(world.arguments(LINGER), world.variables()) as terminal:
        terminal.wait_for("there")
        terminal.hang_up()
        assert terminal.wait() == 128 + signal.SIGHUP
    world.assert_over()


def test_a_command_that_is_killed_leaves_its_pod_to_the_guard(world: World) -> None:
    with world.started(LINGER) as process:
        there(process)
        process.kill()
        process.wait()
        world.until(lambda: world.pod.status in ENDED, "nobody deleted the pod")
        world.server.end_sessions()  # as the pod's are, with it
        world.until(lambda: not world.processes, "the guard or ssh is left")
    world.assert_over()


# --- Pods that are not reached at first -------------------------------------------------------------------------------


class Gate:
    """A port that treats its first connections badly, and leads all others to a server.

    Args:
        server: The server.
        *behaviours: What is done to the first connections.
    """

    def __init__(self, server: Server, *behaviours: str) -> None:
        self._server = server
        self._behaviours = list(behaviours)
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._kept: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]

    def open(self) -> None:
        """Listen, which it does not do at first."""
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        for kept in (self._listener, *self._kept):
            with suppress(OSError):
                kept.shutdown(socket.SHUT_RDWR)  # for the threads that wait for it
            kept.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the test is over
            while True:
                connection, _ = self._listener.accept()
                self._kept.append(connection)
                behaviour = self._behaviours.pop(0) if self._behaviours else "lead"
                if behaviour == "lead":
                    other = socket.create_connection(("127.0.0.1", self._server.port))
                    self._kept.append(other)
                    for pair in ((connection, other), (other, connection)):
                        threading.Thread(target=self._copy, args=pair, daemon=True).start()
                elif behaviour == "banner":
                    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                if behaviour in {"banner", "close"}:
                    connection.close()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("behaviours", [("close",) * 4, ("banner",) * 4, ("silence",), ("close", "banner", "silence")])
def test_a_server_that_accepts_before_it_speaks_is_waited_for(behaviours: tuple[str, ...], world: World) -> None:
    with closing(Gate(world.server, *behaviours)) as gate:
        gate.open()
        options = ["--ssh-option", f"Port={gate.port}", "--ssh-option", "ConnectTimeout=1"]
        done = world.run(["sh", "-c", "echo here; exit 3"], *options)
    assert (done.status, done.output) == (3, "here\n"), done.errors
    assert f"connecting to {world.server.address.partition(':')[0]}:{gate.port}…\n" in done.errors
    world.assert_over()


def test_a_port_that_is_closed_at_first_is_waited_for(world: World) -> None:
    with closing(Gate(world.server)) as gate:
        options = ["--ssh-option", f"Port={gate.port}"]
        with world.started(["echo", "here"], *options) as process:
            assert process.stderr is not None
            assert process.stderr.readline().startswith(b"connecting to ")
            gate.open()
            status, output, _ = ended(process)
    assert (status, output) == (0, b"here\n")
    world.assert_over()


def test_a_key_that_the_pod_gets_late_is_waited_for(world: World) -> None:
    keys = world.server.folder / "authorized_keys"
    held = keys.rename(keys.with_name("held"))
    before = len(world.server.log)
    try:
        with world.started(["echo", "here"]) as process:
            world.until(lambda: "[preauth]" in world.server.log[before:], "nobody tried to log in")
            held.rename(keys)
            status, output, _ = ended(process)
    finally:
        if held.exists():
            held.rename(keys)
    assert (status, output) == (0, b"here\n")
    world.assert_over()


def test_a_passphrase_is_asked_for_by_the_session_and_without_delay(world: World) -> None:
    needs_terminals()
    key = world.folder / "locked"
    key.write_bytes(Path(world.server.key).read_bytes())
    key.chmod(0o600)
    change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "a passphrase", "-f", str(key)]
    subprocess.run(change, check=True, stdout=subprocess.DEVNULL, timeout=SECONDS)
    before = len(world.server.log)
    with yottalabs.terminal(
        world.arguments(["echo", "it is", "here"], "--identity", str(key)), world.variables()
    ) as screen:
        screen.wait_for("Enter passphrase for key")
        assert world.server.log[before:].count("[preauth]") == 1
        screen.type("a passphrase\r")
        assert screen.wait() == 0
        assert "it is here" in screen.screen
    world.assert_over()


# --- Pods that are never reached --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "options", "message"),
    [
        ("pod_fails", [], "FAILED"),
        ("pod_stuck", ["--timeout", "1s"], "INITIALIZE"),
        (None, ["--max-hourly-price", "0.5"], "0.6126"),
        (None, ["--ssh-option", "Port={nobody}", "--ssh-option", "ConnectionAttempts=1"], "Connection refused"),
        (None, ["--ssh-option", "Port={nobody}", "--timeout", "2s"], "Connection refused"),
        (None, ["--identity", "{stranger}"], "Permission denied"),
    ],
)
def test_a_pod_that_is_never_reached_is_deleted(
    fault: str | None, options: list[str], message: str, world: World
) -> None:
    if fault is not None:
        world.simulator.faults.add("create", fault)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens
        given = {"nobody": nobody.getsockname()[1], "stranger": world.server.stranger}
        done = world.run(["true"], *(option.format(**given) for option in options))
    assert done.status == OWN_FAILURE
    assert done.output == ""
    assert message in done.errors
    *_, said, advice = done.errors.splitlines()
    assert said.startswith("yottalabs: ")
    assert advice.startswith("  ")
    if "ssh ended" in said:
        assert tells_cost(done.errors, world.pod.id)
    else:
        assert world.pod.id in said
        assert advice == "  the pod was deleted"  # and nothing of how to do that
    world.assert_over()


def test_a_pod_that_may_exist_is_left_to_the_guard_and_nothing_is_advised_that_run_cannot_do(world: World) -> None:
    world.simulator.faults.add("create", "no_answer", effect=True)
    world.simulator.faults.add("list", "no_answer", probability=1.0)
    done = world.run(["true"], "--request-timeout", "1s")
    world.simulator.faults.clear()
    assert (done.status, done.output) == (OWN_FAILURE, "")
    *_, said, advice = done.errors.splitlines()
    assert "may have been created" in said
    assert advice == "  should there be a pod, a process that stays behind deletes it"
    world.until(lambda: world.pod.status in ENDED and not world.processes, "the guard did not do that")
    world.assert_over()


def test_without_ssh_no_pod_is_created(world: World) -> None:
    done = world.run(["true"], PATH=str(world.folder))
    created = world.forked.run(
        ["pods", "create", "--image", "ubuntu", "--gpu", "NVIDIA_L4_24G", "--ssh"],
        world.variables(PATH=str(world.folder)),
    )
    assert (done.status, created.status) == (OWN_FAILURE, 1)
    for each in (done, created):
        assert "there is no program `ssh` on the PATH" in each.errors
    assert world.operations == []
