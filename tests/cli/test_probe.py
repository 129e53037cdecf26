"""Whether a pod lets anyone log in: which failures of ssh pass, which last, and what is printed meanwhile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from yottalabs import APIConnectionError, Pod, PodFailedError, WaitTimeoutError, YottaLabs
from yottalabs._cli import probe
from yottalabs._cli.failures import CommandError
from yottalabs._cli.secure_shell import Shell
from yottalabs_mock import Simulator, Times

from . import yottalabs
from .forking import Forks
from .staging import until
from .stand_in import StandIn, fails
from .yottalabs import KEY
from support.processes import lives

POD = Pod(
    {
        "id": "7",
        "status": "RUNNING",
        "expose": [{"port": 22, "protocol": "SSH", "host": "127.0.0.1", "proxyPort": 5, "ingressUrl": "ssh me@h -p 5"}],
    }
)
PASSING = [
    "ssh: connect to host h port 5: Connection refused",
    "ssh: connect to host h port 5: Connection timed out",
    "ssh: connect to host h port 5: No route to host",
    "ssh: connect to host h port 5: Network is unreachable",
    "ssh: Could not resolve hostname h: Name or service not known",
    "ssh: Could not resolve hostname h: Temporary failure in name resolution",
    "kex_exchange_identification: Connection closed by remote host\nConnection closed by 127.0.0.1 port 5",
    "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 127.0.0.1 port 5",
    "kex_exchange_identification: client sent invalid protocol identifier",
    "ssh_exchange_identification: Connection closed by remote host",
    "Connection timed out during banner exchange\nConnection to 127.0.0.1 port 5 timed out",
    "banner exchange: Connection to 127.0.0.1 port 5: invalid format",
    "Connection closed by 127.0.0.1 port 5",
    "Connection reset by 127.0.0.1 port 5",
    "Connection closed by authenticating user me 127.0.0.1 port 5 [preauth]",
    "client_loop: send disconnect: Broken pipe",
    "Not allowed at this time",
    "System is booting up. Unprivileged users are not permitted to log in yet.",
    "",
]
LASTING = [
    "Host key verification failed.",
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key for h has changed.\nHost key verification failed.",
    "No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.",
    "Unable to negotiate with h port 5: no matching host key type found. Their offer: ssh-rsa",
    "Unable to negotiate with h port 5: no matching key exchange method found. Their offer: x",
    "command-line: line 0: Bad configuration option: foo",
    "command-line line 0: Bad port '99999'.",
    "/home/me/.ssh/config: line 3: Bad configuration option: foo\n/home/me/.ssh/config: terminating",
    "Bad owner or permissions on /home/me/.ssh/config",
    "usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] destination",
    "unknown option -- Z\nusage: ssh",
]
DENIED = "me@h: Permission denied (publickey)."
OFFERED = "debug1: Authentications that can continue: publickey\ndebug1: Offering public key: /k ED25519 SHA256:x"


@dataclass
class Looks:
    """A client, of which a probe wants to know no more than whether the pod runs."""

    answers: list[BaseException | None] = field(default_factory=list)
    asked: int = 0

    @property
    def pods(self) -> Any:
        return self

    def wait(self, pod: Pod, until: str, *, timeout: float) -> Pod:
        assert (pod.id, until) == ("7", "running")
        assert timeout > 0
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return pod


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn(tmp_path / "bin")
    monkeypatch.setenv("PATH", made.path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE", "DENIED_PAUSE"):
        monkeypatch.setattr(probe, name, 0.01)
    return made


def waited(looks: Looks | None = None, timeout: float = 30.0, *options: str) -> list[str]:
    """Waits for a login; gives what was printed."""
    printed: list[str] = []
    client: Any = looks or Looks()
    probe.wait_for_login(client, Shell(None, None, options), POD, timeout, show=printed.append)
    return printed


@pytest.mark.parametrize("message", PASSING)
def test_a_failure_that_passes_is_tried_again(message: str, ssh: StandIn) -> None:
    ssh.plan(*[fails(message)] * 3)
    waited()
    assert len(ssh.commands) == 4


@pytest.mark.parametrize("message", LASTING)
def test_a_failure_that_lasts_is_left_to_the_session(message: str, ssh: StandIn) -> None:
    ssh.plan(others=fails(message))
    waited()
    assert len(ssh.commands) == 1


@pytest.mark.parametrize("status", [0, 1, 127, 254])
def test_whatever_runs_at_the_other_end_is_a_login(status: int, ssh: StandIn) -> None:
    ssh.plan(others=f"exit {status}\n")
    waited()
    assert len(ssh.commands) == 1


@pytest.mark.parametrize(
    ("text", "attempts"),
    [
        (DENIED, probe.MOST_DENIALS),
        (f"{OFFERED}\n{DENIED}", probe.MOST_DENIALS),
        ("Received disconnect from h port 5:2: Too many authentication failures", probe.MOST_DENIALS),
        # The key is accepted, and its passphrase is missing; no key is there, and a password may be asked for.
        (f"{OFFERED}\ndebug1: Server accepts key: /k ED25519 SHA256:x\n{DENIED}", 1),
        ("debug1: Authentications that can continue: publickey,password\nme@h: Permission denied (publickey).", 1),
    ],
)
def test_a_denied_login_may_pass_for_a_while(text: str, attempts: int, ssh: StandIn) -> None:
    ssh.plan(others=fails(text))
    waited()
    assert len(ssh.commands) == attempts
    ssh.forget()
    ssh.plan(*[fails(text)] * (attempts - 1))
    waited()
    assert len(ssh.commands) == attempts


def test_a_probe_asks_nothing_and_sets_nothing_up(ssh: StandIn) -> None:
    waited(None, 30.0, "LocalForward=8888 localhost:8888", "ConnectTimeout=7", "RemoteCommand=top", "BatchMode=no")
    (command,) = ssh.commands
    words = command.split()
    for option in ("BatchMode=yes", "ClearAllForwardings=yes", "RemoteCommand=none", "ConnectionAttempts=1"):
        name = option.partition("=")[0]
        assert next(word for word in words if word.startswith(name)) == option  # the first is the one that holds
    assert next(word for word in words if word.startswith("ConnectTimeout")) == "ConnectTimeout=7"
    assert words[-3:] == ["--", "h", "true"]


def test_a_connection_that_takes_long_gets_more_time_each_time(ssh: StandIn) -> None:
    ssh.plan(*[fails(PASSING[1])] * 3)
    waited()
    for command, seconds in zip(ssh.commands, (5, 10, 15, 15), strict=True):
        assert next(word for word in command.split() if word.startswith("ConnectT")) == f"ConnectTimeout={seconds}"


def test_who_limits_the_attempts_to_connect_has_them_limited(ssh: StandIn) -> None:
    ssh.plan(fails(PASSING[6]), others=fails(PASSING[0]))
    waited(None, 30.0, "connectionattempts 2")
    assert len(ssh.commands) == 2
    assert "ConnectionAttempts=1" not in ssh.commands[0]


def test_the_address_is_printed_once_if_it_takes_longer_than_a_second(
    ssh: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh.plan(fails(PASSING[0]))
    assert waited() == []
    monkeypatch.setattr(probe, "QUIET_SECONDS", 0.0)
    ssh.forget()
    ssh.plan(*[fails(PASSING[0])] * 3)
    assert waited() == ["connecting to me@h:5…"]
    assert waited(None, 30.0, "Port=77", "User=you", "HostName=::1") == ["connecting to you@[::1]:77…"]


def test_a_pod_that_ends_meanwhile_ends_the_wait(ssh: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "LOOK_SECONDS", 0.01)
    ended = PodFailedError("the pod is FAILED; it was to be running", pod=POD, pod_id="7")
    for script in (fails(PASSING[0]), "exec sleep 60\n"):
        ssh.forget()
        ssh.plan(others=script)
        looks = Looks([APIConnectionError("no network"), None, ended])
        with pytest.raises(PodFailedError):
            waited(looks)
        assert looks.asked == 3


def test_the_time_ends_the_wait_and_the_pod_is_looked_at_once_more(ssh: StandIn) -> None:
    ssh.plan(others=fails("something\nssh: connect to host h port 5: \x1b[2JConnection refused"))
    looks = Looks()
    with pytest.raises(WaitTimeoutError) as caught:
        waited(looks, 0.3)
    assert r"ssh: connect to host h port 5: \x1b[2JConnection refused" in str(caught.value)
    assert caught.value.pod == POD
    assert looks.asked == 1
    assert len(ssh.commands) > 1
    ssh.forget()
    waited(looks, -5.0)  # the time was over before: there is one attempt
    assert len(ssh.commands) == 1
    with pytest.raises(PodFailedError):
        ssh.plan(others=fails(""))
        waited(Looks([PodFailedError("the pod is FAILED", pod=POD, pod_id="7")]), 0.0)


def test_an_attempt_that_hangs_is_ended(ssh: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "ATTEMPT_SECONDS", 0.1)
    ssh.plan("sleep 60 & echo $! > child; wait\n")
    waited()
    assert len(ssh.commands) == 2
    child = int((ssh.folder / "child").read_text())
    until(lambda: not lives(child))


# --- The commands -----------------------------------------------------------------------------------------------------


@dataclass
class World:
    """A simulator whose pods lead to a port of this machine, and the command with a stand-in for ssh."""

    simulator: Simulator
    base_url: str
    folder: Path
    ssh: StandIn
    forked: Forks
    port: int

    def __call__(self, *arguments: str) -> yottalabs.Done:
        own = {"PATH": self.ssh.path, "XDG_STATE_HOME": str(self.folder)}
        return self.forked.run(arguments, yottalabs.environment(self.base_url, self.folder, **own))

    @property
    def statuses(self) -> list[str]:
        return [pod.status for pod in self.simulator.pods.values()]


REQUEST = ("--image", "ubuntu", "--gpu", "NVIDIA_L4_24G")
TIMES = Times(boot=0.0, healthy=0.0, terminate=0.1)


@pytest.fixture
def world(forked: Forks, tmp_path: Path) -> Iterator[World]:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # which never speaks
        port = listener.getsockname()[1]
        simulator = Simulator(clock="real", times=TIMES, ssh=f"me@127.0.0.1:{port}")
        with simulator.serve() as base_url:
            yield World(simulator, base_url, tmp_path, StandIn(tmp_path / "bin"), forked, port)


def test_run_waits_for_a_login_and_runs_its_command_once(world: World) -> None:
    world.ssh.plan(*[fails(PASSING[6])] * 3)
    done = world("run", *REQUEST, "--", "sh", "-c", "echo here; exit 255")
    assert done.status == 125
    assert done.output == "here\n"  # its own 255 is no reason to begin again
    assert len(world.ssh.commands) == 5
    assert f"connecting to me@127.0.0.1:{world.port}…\n" in done.errors
    assert set(world.statuses) <= {"TERMINATING", "TERMINATED"}


def test_run_deletes_a_pod_that_lets_nobody_in(world: World) -> None:
    world.ssh.plan(others=fails(PASSING[6]))
    done = world("run", *REQUEST, "--timeout", "3s", "--", "true")
    assert (done.status, done.output) == (125, "")
    assert "no login over SSH succeeded in" in done.errors
    assert "Connection closed by 127.0.0.1 port 5" in done.errors
    assert done.errors.endswith("  the pod was deleted\n")
    assert done.errors.count("connecting to") == 1
    assert set(world.statuses) <= {"TERMINATING", "TERMINATED"}


def test_create_with_a_shell_and_ssh_that_waits_wait_for_a_login(world: World) -> None:
    world.ssh.plan(*[fails(PASSING[0])] * 2, others="echo in\nexit 4\n")
    created = world("pods", "create", *REQUEST, "--ssh")
    assert created.status == 4
    pod_id, said = created.output.splitlines()
    assert said == "in"
    assert len(world.ssh.commands) == 4
    world.ssh.forget()
    world.ssh.plan(*[fails(PASSING[0])] * 2)
    reached = world("pods", "ssh", pod_id, "--wait", "--", "echo", "it is", "there")
    assert (reached.status, reached.output) == (0, "it is there\n")
    assert len(world.ssh.commands) == 4
    world.ssh.forget()
    world.ssh.plan(others=fails(PASSING[0]))
    late = world("pods", "ssh", pod_id, "--wait", "--timeout", "1s")
    assert (late.status, late.output) == (5, "")
    assert "no login over SSH succeeded in" in late.errors
    assert f"yottalabs pods delete {pod_id}" in late.errors
    assert world.statuses == ["RUNNING"]


def test_ssh_that_does_not_wait_prints_the_address_if_nothing_answers(world: World) -> None:
    with YottaLabs(KEY, base_url=world.base_url) as client:
        pod_id = client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", expose=[22])
    done = world("pods", "ssh", pod_id, "--", "echo", "there")
    assert (done.status, done.output) == (0, "there\n")
    assert done.errors == f"connecting to me@127.0.0.1:{world.port}…\n"
    assert len(world.ssh.commands) == 1
    # Where the way is the person's own, only ssh knows what answers.
    for option in ("ProxyJump=jump", "ProxyCommand=nc h 1"):
        assert world("pods", "ssh", pod_id, "--ssh-option", option, "--", "true").errors == ""
    printed = world("pods", "ssh", pod_id, "--print")
    assert (printed.status, printed.errors) == (0, "")


def test_a_server_that_answers_is_reached_without_a_word(forked: Forks, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):  # it closes before all is read
                connection.sendall(b"SSH-2.0-x\r\n")
                connection.recv(1)

        threading.Thread(target=greet, daemon=True).start()
        simulator = Simulator(clock="real", times=TIMES, ssh=f"me@127.0.0.1:{listener.getsockname()[1]}")
        with simulator.serve() as base_url:
            with YottaLabs(KEY, base_url=base_url) as client:
                pod_id = client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", expose=[22])
            world = World(simulator, base_url, tmp_path, StandIn(tmp_path / "bin"), forked, 0)
            done = world("pods", "ssh", pod_id, "--", "echo", "there")
            assert (done.status, done.output, done.errors) == (0, "there\n", "")


def test_ctrl_c_during_a_probe_ends_it_at_once(world: World) -> None:
    world.ssh.plan(others="exec sleep 60\n")
    for arguments, statuses in (
        (("run", *REQUEST, "--", "true"), {"TERMINATING", "TERMINATED"}),
        (("pods", "create", *REQUEST, "--ssh"), {"RUNNING"}),
    ):
        world.simulator.reset()
        world.ssh.forget()
        world.ssh.plan(others="echo $$ > call.process\nexec sleep 60\n")
        own = yottalabs.environment(world.base_url, world.folder, PATH=world.ssh.path, XDG_STATE_HOME=str(world.folder))
        with yottalabs.terminal(arguments, own) as terminal:
            process = world.ssh.folder / "call.process"
            terminal.wait_until(lambda file=process: file.exists() and file.read_text().endswith("\n"))  # type: ignore[misc]
            terminal.type("\x03")
            assert terminal.wait() == 130
            assert not terminal.hides_cursor
            assert "interrupted" in terminal.screen
        assert set(world.statuses) <= statuses
        assert not lives(int(process.read_text()))


def test_a_pod_that_ends_during_a_probe_is_what_run_reports(world: World) -> None:
    world.ssh.plan(others="echo $$ > call.process\nexec sleep 60\n")
    own = yottalabs.environment(world.base_url, world.folder, PATH=world.ssh.path)
    with yottalabs.terminal(["run", *REQUEST, "--", "true"], own, columns=120) as terminal:
        terminal.wait_until((world.ssh.folder / "call.process").exists)
        (pod,) = world.simulator.pods.values()
        pod.delete()
        assert terminal.wait() == 125
        assert "the pod is TERMINAT" in terminal.screen
        assert "the pod was deleted" in terminal.screen


# --- Addresses where nothing can answer -------------------------------------------------------------------------------


@pytest.fixture
def nowhere(forked: Forks, tmp_path: Path) -> Iterator[World]:
    """A simulator without an SSH server, whose pods boot slowly."""
    simulator = Simulator(clock="real", times=Times(boot=1000.0, healthy=0.0, terminate=0.1))
    with simulator.serve() as base_url:
        yield World(simulator, base_url, tmp_path, StandIn(tmp_path / "bin"), forked, 0)


ADVICE = "the simulator leads its pods to a real SSH server: yottalabs mock --ssh USER@HOST:PORT"


def test_an_address_of_the_simulator_is_named_before_anything_is_waited_for(nowhere: World) -> None:
    run = nowhere("run", *REQUEST, "--", "true")
    assert (run.status, run.output) == (125, "")
    (one,) = nowhere.simulator.pods
    assert run.errors.splitlines()[-3:] == [
        f"yottalabs: the SSH address of pod {one}, 203.0.113.26, is reserved for documentation: nothing answers there",
        f"  {ADVICE}",
        "  the pod was deleted",
    ]
    assert set(nowhere.statuses) <= {"TERMINATING", "TERMINATED"}
    nowhere.simulator.reset()
    created = nowhere("pods", "create", *REQUEST, "--ssh")
    (pod_id,) = created.output.splitlines()
    assert created.status == 1
    assert f"pod {pod_id} goes on, and costs money" in created.errors
    assert ADVICE in created.errors
    assert nowhere.statuses == ["INITIALIZE"]
    for options in ((), ("--wait",), ("--", "true")):
        reached = nowhere("pods", "ssh", pod_id, *options)
        assert (reached.status, reached.output) == (1, "")
        assert reached.errors.splitlines()[1:] == [f"  {ADVICE}"]
    nowhere.simulator.advance(1000)
    assert nowhere("pods", "ssh", pod_id).status == 1
    assert nowhere.ssh.commands == []
    # It is no hindrance where the person leads ssh elsewhere, or wants to see the command.
    for option in ("HostName=127.0.0.1", "ProxyJump=jump"):
        reached = nowhere("pods", "ssh", pod_id, "--ssh-option", option, "--", "echo", "there")
        assert (reached.status, reached.output) == (0, "there\n")
    assert nowhere("pods", "ssh", pod_id, "--print").output.endswith("-- 203.0.113.26\n")


@pytest.mark.parametrize("is_real", [True, False])
def test_create_suggests_ssh_where_something_can_answer(
    is_real: bool, world: World, forked: Forks, tmp_path: Path
) -> None:
    simulator = world.simulator if is_real else Simulator(clock="real", times=TIMES)
    with simulator.serve() as base_url:
        own = yottalabs.environment(base_url, tmp_path)
        arguments = ["pods", "create", *REQUEST, "--expose", "22/SSH", "--wait"]
        with forked.terminal(arguments, own, columns=160) as terminal:
            assert terminal.wait() == 0
            assert ("opens a shell in it" in terminal.screen) is is_real
            assert (ADVICE in terminal.screen) is not is_real


# --- What of the API's text is not used -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "ssh -o StrictHostKeyChecking=no me@h -p 5",
            [
                "yottalabs: this of the API's text about SSH is left out: -o StrictHostKeyChecking=no",
                "  the text is: ssh -o StrictHostKeyChecking=no me@h -p 5",
                "  --ssh-option passes an option to ssh, if you trust it",
            ],
        ),
        ("ssh://me@h:5", []),
        ("me@h:5", []),
    ],
)
def test_what_is_left_out_is_printed(
    text: str, lines: list[str], ssh: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ssh.commands == []
    entry = {**POD.raw["expose"][0], "ingressUrl": text}
    shell, found = Shell(None, None, ()), Pod({**POD.raw, "expose": [entry]})
    shell.announce(found)
    assert capsys.readouterr().err.splitlines() == lines
    command = shell.command(found, ())
    assert command[-4:] == ["-l", "me", "--", "h"]
    assert command[command.index("-p") + 1] == "5"
    assert "StrictHostKeyChecking=no" not in command


def test_a_user_that_is_named_makes_up_for_a_text_that_is_not_understood(
    ssh: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ssh.commands == []
    entry = {**POD.raw["expose"][0], "ingressUrl": "ssh -J jump root@10.0.0.5\x1b[2J"}
    found = Pod({**POD.raw, "expose": [entry]})
    with pytest.raises(CommandError) as caught:
        Shell(None, None, ()).command(found, ())
    assert "\x1b" not in " ".join(caught.value.lines)
    shell = Shell(None, "me", ())
    shell.announce(found)
    assert capsys.readouterr().err == (
        "yottalabs: this text of the API about SSH is not understood: ssh -J jump root@10.0.0.5\\x1b[2J\n"
    )
    assert shell.command(found, ())[-4:] == ["-l", "me", "--", "127.0.0.1"]
