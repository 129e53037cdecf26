"""The simulator as a command: it starts, says in a line why it does not, and ends whatever happens, leaving nothing."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from yottalabs_mock import Reads, Simulator, Times, _command, _server, _simulator

from .running import COMMANDS, KEYS_VARIABLE, MODULE, PYTHON, SCRIPT, Process, begun, environment, running
from support.contract import ROOT
from support.processes import assert_gone
from support.raw import CREATE, JSON, KEY, LIST, VALID, connect, post, raw, request, still_serves

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]


def port_of(base_url: str) -> str:
    return str(urlsplit(base_url).port)


def asked(base_url: str, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = KEY) -> Any:
    """The answer to a request: its JSON."""
    return raw(base_url, request(method, path, body, **headers), within=20)[2]


def created(base_url: str, headers: Mapping[str, str] = JSON, **fields: Any) -> str:
    """The id of a new pod."""
    body = json.dumps({**json.loads(VALID), **fields}).encode()
    return str(asked(base_url, "POST", CREATE, body, {**JSON, **headers})["data"])


def listed(base_url: str, headers: Mapping[str, str] = KEY) -> list[dict[str, Any]]:
    pods: list[dict[str, Any]] = asked(base_url, "GET", LIST, headers=headers)["data"]
    return pods


def add_fault(base_url: str, operation: str, fault: str, **options: Any) -> None:
    rule = {"operation": operation, "fault": fault, **options}
    assert asked(base_url, "POST", "/_mock/faults", json.dumps(rule).encode())["code"] == 10000


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)  # nothing tells another process
    pytest.fail("it does not come about")


# --- How it ends ---------------------------------------------------------------------------------------------------


@contextmanager
def requests_in_flight(base_url: str) -> Iterator[None]:
    """Requests that are not answered, one that is half sent, and a client that creates pods all the time.

    The server ends within the block, and each of them is to notice that.
    """

    def creates() -> None:
        with suppress(httpx2.TransportError), httpx2.Client(base_url=base_url, headers=JSON, timeout=20) as client:
            while True:
                client.post(CREATE, content=VALID)

    def held() -> int:
        records = asked(base_url, "GET", "/_mock/requests")["data"]
        return sum(record["fault"] in {"no_answer", "slow_answer"} for record in records)

    add_fault(base_url, "list", "no_answer", times=2)
    add_fault(base_url, "list", "slow_answer", seconds=600)
    connections = [connect(base_url) for _ in range(4)]
    for connection in connections[:3]:
        connection.sendall(request("GET", LIST))
    connections[3].sendall(post(VALID)[:-5])
    eventually(lambda: held() == 3)
    client = threading.Thread(target=creates)
    client.start()
    yield
    for connection in connections:
        with connection, suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    client.join(30)
    assert not client.is_alive()


@pytest.mark.parametrize("stop", SIGNALS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_ends_it_whatever_is_in_flight(name: str, stop: signal.Signals, tmp_path: Path) -> None:
    with running(COMMANDS[name], tmp_path) as simulator, requests_in_flight(simulator.base_url):
        time.sleep(random.Random(f"{name} {stop}").uniform(0, 0.3))  # the moment is what is tested
        simulator.process.send_signal(stop)
        status = simulator.process.wait(10)
        assert_gone(simulator.base_url)
    assert name == "make" or status == (-stop if stop == signal.SIGKILL else 0)


def test_a_port_is_free_again_as_soon_as_it_was_killed(tmp_path: Path) -> None:
    with running(MODULE, tmp_path) as simulator, connect(simulator.base_url) as connection:
        still_serves(simulator.base_url)
        simulator.process.kill()
        simulator.process.wait(10)
        assert connection.recv(1) == b""
    with running([*PYTHON, "--port", port_of(simulator.base_url)], tmp_path) as again:
        assert again.base_url == simulator.base_url
        still_serves(again.base_url)


@pytest.mark.parametrize("name", ["make", "module"])
def test_an_interrupt_from_the_terminal_reaches_all_and_may_come_again(name: str, tmp_path: Path) -> None:
    with running(COMMANDS[name], tmp_path) as simulator, requests_in_flight(simulator.base_url):
        end = time.monotonic() + 10
        while simulator.process.poll() is None and time.monotonic() < end:
            os.killpg(simulator.process.pid, signal.SIGINT)
        simulator.process.wait(10)
        assert_gone(simulator.base_url)


MOMENTS = ["argparse", "jsonschema_rs", "uvicorn"]
"""Modules that it loads one after the other."""


@pytest.mark.parametrize("stop", SIGNALS)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", ["make", "module"])
def test_a_signal_ends_it_however_early_it_comes(name: str, moment: str, stop: signal.Signals) -> None:
    said = ""
    with begun(COMMANDS[name], cwd=ROOT, env=environment({"PYTHONPROFILEIMPORTTIME": "1"})) as process:
        assert process.stderr is not None
        for line in process.stderr:
            said += line
            if line.split()[-1] == moment:
                break
        process.send_signal(stop)
        output, rest = process.communicate(timeout=30)  # until nobody is left who could write
    assert "Traceback" not in said + rest
    for line in output.splitlines():
        assert_gone(line.removeprefix("ready "))
    if name == "module":
        assert output == ""
        assert process.returncode == (-stop if stop == signal.SIGKILL else 0)


def test_nothing_large_is_loaded_before_it_listens_to_signals() -> None:
    code = "import sys, yottalabs_mock.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    large = {"argparse", "asyncio", "logging", "dataclasses", "yaml", "jsonschema_rs", "httpx2", "uvicorn"}
    assert large.isdisjoint(done.stdout.split())


PROGRAM = """
import os, subprocess, sys, time
try:
    with open("/proc/self/comm", "wb") as name:
        name.write(b"\\xff")  # a program may have any name
except OSError:
    pass
command = [sys.executable, "-m", "yottalabs_mock", "--port", "0", "--follow-parent", str(os.getpid())]
subprocess.run(command)
"""


def test_it_ends_with_the_program_that_started_it_and_not_before(tmp_path: Path) -> None:
    with running([sys.executable, "-c", PROGRAM], tmp_path) as simulator, requests_in_flight(simulator.base_url):
        time.sleep(0.7)  # it looks at its parent five times a second
        still_serves(simulator.base_url)
        simulator.process.kill()
        simulator.process.wait(10)
        assert_gone(simulator.base_url)


def test_it_stays_when_make_ignores_interrupts_as_in_the_background_of_a_script(tmp_path: Path) -> None:
    with running(COMMANDS["make"], tmp_path, interrupt=signal.SIG_IGN) as simulator:
        simulator.process.send_signal(signal.SIGINT)
        time.sleep(0.7)  # it looks at its parent five times a second
        still_serves(simulator.base_url)
        simulator.process.terminate()
        simulator.process.wait(10)
        assert_gone(simulator.base_url)


# --- Who listens to it ---------------------------------------------------------------------------------------------


@contextmanager
def with_readers(**options: Any) -> Iterator[tuple[Process, str]]:
    """A simulator whose log goes to a pipe."""
    with begun(MODULE, **options) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[1]
        process.terminate()
        assert process.wait(10) == 0


def test_it_stays_when_those_who_read_what_it_says_go_away() -> None:
    with with_readers() as (process, base_url):
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        for _ in range(3):
            still_serves(base_url)


def test_it_stays_and_ends_when_nobody_reads_its_log() -> None:
    with with_readers(pipesize=4096) as (_, base_url):
        for _ in range(200):  # more lines than the pipe holds
            asked(base_url, "GET", LIST)


def test_it_ends_without_a_word_when_nobody_waited_for_its_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stream, begun(MODULE, stderr=stream) as process:
        assert process.stdout is not None
        process.stdout.close()
        time.sleep(0.7)  # until it has tried to say it, or nearly
        process.terminate()
        assert process.wait(10) == 0
    assert log.read_bytes() == b""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"])
def test_it_serves_with_streams_that_take_nothing(closed: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = f'exec "$0" -m yottalabs_mock --port {port} {closed}'
    with begun(["sh", "-c", command, sys.executable]) as process:
        eventually(lambda: answers(f"http://127.0.0.1:{port}") or process.poll() is not None)
        still_serves(f"http://127.0.0.1:{port}")
        process.terminate()
        _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert "Exception" not in said


def answers(base_url: str) -> bool:
    try:
        return bool(asked(base_url, "GET", "/_mock/health")["code"] == 10000)
    except OSError:
        return False


def test_the_log_has_a_line_for_each_request_and_no_secret(tmp_path: Path) -> None:
    with running(MODULE, tmp_path, variables={"WEB_CONCURRENCY": "many"}) as simulator:
        secrets = {
            "environmentVars": [{"key": "PASSWORD", "value": "secret-of-a-pod"}],
            "imageRegistryToken": "secret-of-a-registry",
        }
        headers = {"x-api-key": "secret-key", "authorization": "Bearer secret-header"}
        pod_id = created(simulator.base_url, headers, **secrets)
        asked(simulator.base_url, "GET", f"{LIST}?token=secret-query", headers=headers)
        asked(simulator.base_url, "DELETE", f"/openapi/v1/pods/{pod_id}", headers=headers)
        asked(simulator.base_url, "POST", CREATE, b"secret-body", headers)
        eventually(lambda: len(simulator.log.splitlines()) == 4)
        lines = [line.split(maxsplit=1)[1] for line in simulator.log.splitlines()]
    assert [line.split()[:3] for line in lines] == [
        ["POST", CREATE, "200"],
        ["GET", LIST, "200"],
        ["DELETE", f"/openapi/v1/pods/{pod_id}", "200"],
        ["POST", CREATE, "415"],
    ]
    assert "secret" not in simulator.log


def test_a_lack_of_files_is_said_once_and_it_stays(tmp_path: Path) -> None:
    command = ["sh", "-c", 'ulimit -n 24; exec "$0" -m yottalabs_mock --port 0 --quiet', sys.executable]
    with running(command, tmp_path) as simulator:
        connections = [connect(simulator.base_url) for _ in range(40)]
        eventually(lambda: simulator.log != "")
        for connection in connections:
            connection.close()
        eventually(lambda: answers(simulator.base_url))
    assert os.strerror(errno.EMFILE) in simulator.log
    assert len(simulator.log.splitlines()) == 1


# --- What it is told ----------------------------------------------------------------------------------------------


def test_its_options_do_what_they_say(tmp_path: Path) -> None:
    command = [*SCRIPT, "--port", "0", "--boot", "0", "--healthy", "2 reads", "--dialect", "later", "--seed", "7"]
    with running([*command, "--quiet"], tmp_path) as simulator:
        created(simulator.base_url, expose=[{"port": 22, "protocol": "SSH"}])
        state = asked(simulator.base_url, "GET", "/_mock/state")["data"]
        (pod,) = state["pods"]
        assert pod["life"]["status"] == "RUNNING"
    assert (state["dialect"], state["seed"], state["times"]["healthy"]) == ("later", 7, "2 reads")
    assert simulator.log == ""


def test_keys_are_those_of_the_environment_each_with_its_own_pods(tmp_path: Path) -> None:
    with running(MODULE, tmp_path, variables={KEYS_VARIABLE: "key-one, key-two,"}) as simulator:
        pod_id = created(simulator.base_url, {"x-api-key": "key-one"})
        assert [pod["id"] for pod in listed(simulator.base_url, {"x-api-key": "key-one"})] == [pod_id]
        assert listed(simulator.base_url, {"x-api-key": "key-two"}) == []
        assert asked(simulator.base_url, "GET", LIST, headers={"x-api-key": "key-three"})["code"] == 401
    assert "key-" not in simulator.log


def test_a_saved_state_goes_on(tmp_path: Path) -> None:
    saved = Simulator(times=Times(boot=Reads(1)), seed=3)
    with saved.serve() as base_url:
        pod_id = created(base_url)
    file = tmp_path / "a state.json"
    saved.save(file)
    with running([*MODULE, "--load", str(file)], tmp_path) as simulator:
        statuses = [listed(simulator.base_url)[0]["status"] for _ in range(2)]
        assert statuses == ["INITIALIZE", "RUNNING"]
        file.write_text(json.dumps(asked(simulator.base_url, "GET", "/_mock/state")), encoding="utf-8")
    with running([*MODULE, "--load", str(file)], tmp_path) as simulator:
        assert [(pod["id"], pod["status"]) for pod in listed(simulator.base_url)] == [(pod_id, "RUNNING")]


def test_pods_that_speak_ssh_lead_to_a_server_also_those_of_a_saved_state(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    saved = Simulator()
    with saved.serve() as base_url:
        created(base_url, expose=[{"port": 22}])
    saved.save(file)
    with running([*MODULE, "--ssh", "me@[::1]:2222", "--load", str(file)], tmp_path) as simulator:
        created(simulator.base_url, expose=[{"port": 22}])
        for pod in listed(simulator.base_url):
            assert [(entry["host"], entry["proxyPort"]) for entry in pod["expose"]] == [("::1", 2222)]


def test_two_at_once_know_nothing_of_each_other(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with running(MODULE, tmp_path) as one, running(MODULE, tmp_path / "other") as other:
        created(one.base_url)
        assert (len(listed(one.base_url)), len(listed(other.base_url))) == (1, 0)


def test_of_two_that_want_one_port_one_gets_it() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        command = [*PYTHON, "--port", str(free.getsockname()[1])]
    with begun(command) as one, begun(command) as other:
        eventually(lambda: any(process.poll() is not None for process in (one, other)))
        loser, winner = (one, other) if one.poll() is not None else (other, one)
        assert winner.stdout is not None
        assert winner.stdout.readline().startswith("ready ")
        assert "is in use" in loser.communicate()[1]
        winner.terminate()
        assert winner.wait(10) == 0


def test_a_port_is_taken_from_the_moment_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    bound, moments = _server._bound, []

    def while_it_is_being_taken(port: int) -> socket.socket:
        monkeypatch.setattr(_server, "_bound", bound)
        with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
            _server._claimed(port)
        moments.append(port)
        return bound(port)

    monkeypatch.setattr(_server, "_bound", while_it_is_being_taken)
    with _server._claimed(0) as claimed:
        assert moments == [claimed.getsockname()[1]]
        with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
            _server._claimed(moments[0])


def test_make_says_which_port_and_passes_options_on() -> None:
    def ports(*arguments: str) -> str:
        command = ["make", *arguments, "VENV_PYTHON=echo"]  # in place of Python
        return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True).stdout

    assert "--port=4010 --follow-parent=" in ports("mock")
    assert "-m yottalabs_mock --port=4020 --follow-parent=" in ports("simulator")
    assert "-m yottalabs_mock --port=0 --follow-parent=" in ports("simulator", "PORT=0")
    assert ports("simulator", "OPTIONS=--boot 1-2 --quiet").endswith(" --boot 1-2 --quiet\n")


def test_help_says_what_there_is_to_say() -> None:
    done = subprocess.run([*SCRIPT, "--help"], env=environment(), capture_output=True, text=True, check=True)
    for needed in (
        "--port",
        "4020",
        "--boot TIME",
        "--forget TIME",
        "--dialect",
        "--seed",
        "--ssh",
        "--load FILE",
        "--quiet",
    ):
        assert needed in done.stdout
    assert KEYS_VARIABLE in done.stdout
    assert "--follow-parent" not in done.stdout  # for make


def test_a_reader_of_the_help_may_go_away() -> None:
    command = f"{{ exec '{SCRIPT[0]}' --help; }} | :"
    done = subprocess.run(["sh", "-c", command], env=environment(), capture_output=True, text=True, check=True)
    assert done.stderr == ""


# --- What it does not take -----------------------------------------------------------------------------------------


def failure(*arguments: str, status: int = 1, variables: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [*PYTHON, *arguments], env=environment(variables), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("yottalabs-mock: ")
    return done.stderr.removeprefix("yottalabs-mock: ").rstrip("\n")


@pytest.mark.parametrize("port", ["", "-1", "70000", '1"2', "٣"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    assert failure(f"--port={port}", status=2) == f"port '{port}' is not a number from 0 to 65535; 0 takes a free one"


@pytest.mark.parametrize("port", ["", "70000", "1'2"])
def test_a_port_that_is_none_is_named_by_make_too(port: str) -> None:
    command = ["make", "simulator", f"PORT={port}"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith(
        f"yottalabs-mock: port '{port}' is not a number from 0 to 65535; 0 takes a free one\n"
    )


def test_a_port_in_use_says_what_to_do(tmp_path: Path) -> None:
    with running(MODULE, tmp_path) as simulator:
        port = port_of(simulator.base_url)
        message = f"port {port} is in use; stop what listens there, or choose another: 0 takes a free one"
        assert failure("--port", port) == message
        # Nor is it to be had while nobody listens there, because of a fault.
        add_fault(simulator.base_url, "*", "connection_refused", seconds=60)
        assert failure("--port", port) == message


def test_a_port_of_others_says_what_to_do() -> None:
    program = (
        "import errno, socket, sys\n"
        "def bind(*_): raise PermissionError(errno.EACCES, 'Permission denied')\n"
        "socket.socket.bind = bind\n"  # which ports need a privilege depends on the machine, and on who runs the tests
        "sys.argv = ['yottalabs-mock', '--port', '80']\n"
        "from yottalabs_mock.__main__ import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "yottalabs-mock: port 80 is not yours to open; choose another: 0 takes a free one\n"


A_SERVER = "it must be USER@HOST:PORT, such as user@127.0.0.1:2222 or user@[::1]:2222"
A_TIME = "a number of seconds (60), an ascending range (60-120), or a number of reads of the pod (3 reads)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nonsense"], "unrecognized arguments: --nonsense; --help lists the options"),
        (["a\nb"], "unrecognized arguments: a\\u000ab; --help lists the options"),
        (["--bo", "3"], "unrecognized arguments: --bo 3; --help lists the options"),
        (["--port"], "argument --port: expected one argument; --help lists the options"),
        (["--seed", "x"], "argument --seed: 'x' is not a whole number; --help lists the options"),
        (["--seed", "9" * 5000], f"argument --seed: '{'9' * 40}…' is not a whole number; --help lists the options"),
        (["--boot", "soon"], f"--boot: 'soon' is no time; write {A_TIME}"),
        (["--pause", "9-3"], f"--pause: '9-3' is no time; write {A_TIME}"),
        (["--forget=-3"], f"--forget: '-3' is no time; write {A_TIME}"),
        (["--terminate", "nan"], f"--terminate: 'nan' is no time; write {A_TIME}"),
        (["--healthy", "1\n2"], f"--healthy: '1\\u000a2' is no time; write {A_TIME}"),
        (["--dialect", "klingon"], "dialect is 'klingon'; it must be one of 'documented', 'later', 'chaos'"),
        (
            ["--load", "x", "--boot", "3"],
            "--boot does not go with --load: the file has times, a dialect and a seed in it",
        ),
        (["--ssh", "here"], f"ssh is 'here'; {A_SERVER}"),
        (["--ssh", "a@b:1\n", "--load", "none/such"], rf"ssh is 'a@b:1\n'; {A_SERVER}"),
    ],
    ids=lambda value: " ".join(value)[:20] if isinstance(value, list) else "",
)
def test_what_it_does_not_take_is_named(arguments: list[str], message: str) -> None:
    assert failure("--port=0", *arguments, status=2) == message


@pytest.mark.parametrize(
    ("file", "reason"), [("none/such", os.strerror(errno.ENOENT)), (".", os.strerror(errno.EISDIR))]
)
def test_a_state_that_cannot_be_read_is_no_wrong_usage(file: str, reason: str) -> None:
    assert failure("--port=0", "--load", file, status=1) == f"{file} cannot be read: {reason}"


def test_a_package_without_its_contract_says_so_and_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def lost() -> None:
        raise FileNotFoundError("openapi.yaml is not in the package")

    monkeypatch.setattr(_simulator, "load_contract", lost)
    state = tmp_path / "state.json"
    for arguments in (["--port=0"], ["--port=0", "--load", str(state)]):
        state.write_text(json.dumps(STATE), encoding="utf-8")
        with pytest.raises(SystemExit) as caught:
            _command.run(arguments)
        assert caught.value.code == 1
        assert capsys.readouterr() == ("", "yottalabs-mock: openapi.yaml is not in the package\n")


def test_another_program_may_have_it_as_a_command_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["another", "--nonsense"])
    for arguments, message, status in [
        (["--port", "no"], "port 'no' is not a number from 0 to 65535; 0 takes a free one", 2),
        (["--seed"], "argument --seed: expected one argument; --help lists the options", 2),
        (["--load", "none/such"], f"none/such cannot be read: {os.strerror(errno.ENOENT)}", 1),
    ]:
        with pytest.raises(SystemExit) as caught:
            _command.run(arguments, "yottalabs mock")
        assert (caught.value.code, capsys.readouterr()) == (status, ("", f"yottalabs mock: {message}\n"))
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as caught:
        _command.run(["--help"], "yottalabs mock")
    help_text = capsys.readouterr().out
    assert (caught.value.code, help_text.startswith("usage: yottalabs mock ")) == (0, True)
    monkeypatch.setenv("COLUMNS", "37")  # of whoever makes the documentation
    assert _command.help_text("yottalabs mock") == help_text
    assert _command.NAME not in help_text


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full"])
def test_the_status_tells_it_to_those_who_read_nothing(closed: str) -> None:
    command = ["sh", "-c", f'exec "$0" -m yottalabs_mock --nonsense {closed}', sys.executable]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


STATE = Simulator().to_json()
GARBAGE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "it is not JSON: "),
    "no text": (b"\xff\xfe\x00", "it is not JSON: "),
    "no end": (b"[" * 100_000, "recursion"),
    "no object": (b"7", "it is no JSON object"),
    "no state": (b"{}", "'format' is missing"),
    "another format": (b'{"format": 99}', "its format is 99, not 1"),
    "half a state": (b'{"format": 1}', "'dialect' is missing"),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_a_file_that_is_no_state_is_named(what: str, tmp_path: Path) -> None:
    content, reason = GARBAGE[what]
    file = tmp_path / "a state.json"
    file.write_bytes(content)
    message = failure("--port=0", "--load", str(file))
    assert message.startswith(f"{file} is no state of a simulator that this version can read: ")
    assert reason in message


@pytest.mark.parametrize("change", [{"pods": [{}]}, {"pods": [7]}, {"faults": [{}]}, {"now": "x"}, {"minted": 1e999}])
def test_a_state_that_is_broken_inside_is_named(change: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "a state.json"
    file.write_text(json.dumps({**Simulator().to_json(), **change}), encoding="utf-8")
    assert failure("--port=0", "--load", str(file)).startswith(f"{file} is no state of a simulator ")


@pytest.mark.parametrize("keys", [",", "a b", "schlüssel"])
def test_keys_that_are_none_are_refused_without_being_shown(keys: str) -> None:
    message = f"{KEYS_VARIABLE} is set, and is not keys with commas between them"
    assert failure("--port=0", variables={KEYS_VARIABLE: keys}) == message
