"""`yottalabs doctor`: each thing that it finds, by a real cause; what it advises; its status."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from yottalabs import Pod
from yottalabs._cli import doctor
from yottalabs._cli.connecting import Connecting
from yottalabs_mock import Simulator
from yottalabs_mock._dialect import DialectName

from .forking import Forks
from .scene import scene
from .yottalabs import KEY, environment
from support.sockets import server

pytestmark = pytest.mark.xdist_group("doctor")

Findings = dict[str, tuple[str, str, str]]
Examine = Callable[..., tuple[int, Findings]]
BEFORE = ["client", "ssh", "simulator"]
ANSWERED = [*BEFORE, "key", "base URL", "API"]
NO_PODS = json.dumps({"code": 10000, "message": "success", "data": []})


@pytest.fixture
def examine(forked: Forks, certificates: Path, tmp_path: Path) -> Examine:
    """Runs `yottalabs doctor`; gives its status, and what it found by subject: verdict, what it tells, its advice."""

    def run(base_url: str | None, *arguments: str, **changes: str | None) -> tuple[int, Findings]:
        variables = environment(base_url, tmp_path, SSL_CERT_FILE=str(certificates)) | changes
        done = forked.run(
            ["doctor", "--output", "json", *arguments],
            {name: value for name, value in variables.items() if value is not None},
        )
        assert done.errors == ""
        assert KEY not in done.output
        assert all(set(each) == {"id", "verdict", "told", "advice"} for each in done.document)
        return done.status, {each["id"]: (each["verdict"], each["told"], each["advice"]) for each in done.document}

    return run


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with scene().serve() as base_url:
        yield base_url


@pytest.fixture
def ssh(tmp_path: Path) -> Path:
    """A program that is called ssh, in a folder of its own."""
    program = tmp_path / "programs" / "ssh"
    program.parent.mkdir()
    program.touch(mode=0o755)
    return program


def test_where_all_is_well_nothing_is_advised(base_url: str, examine: Examine, ssh: Path) -> None:
    status, found = examine(base_url, PATH=str(ssh.parent))
    assert status == 0
    assert list(found) == [*ANSWERED, "contract"]
    assert {verdict for verdict, _, _ in found.values()} == {"ok"}
    assert {advice for _, _, advice in found.values()} == {""}
    assert found["contract"][1] == "every answer is as documented"


# --- This machine -----------------------------------------------------------------------------------------------------


def test_a_machine_without_ssh_can_do_the_rest(base_url: str, examine: Examine, tmp_path: Path) -> None:
    status, found = examine(base_url, PATH=str(tmp_path))
    assert (status, found["ssh"][0], found["ssh"][2]) == (0, "note", "`pods ssh` and `run` need OpenSSH's client")
    assert list(found) == [*ANSWERED, "contract"]


def test_an_installation_without_the_simulator_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    found = doctor._simulator()
    assert (found.verdict, found.told, found.status) == ("note", "uvicorn is not installed", 0)
    assert "install 'yottalabs-client[simulator]'" in found.advice


# --- The key and the address ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "changes", "status", "told"),
    [
        ([], {"YOTTA_API_KEY": None}, 3, "there is no API key; set YOTTA_API_KEY, keep it in a profile"),
        ([], {"YOTTA_API_KEY": "two words"}, 3, "the API key (YOTTA_API_KEY) holds a space"),
        ([], {"YOTTA_BASE_URL": "nonsense"}, 2, "the base URL 'nonsense' (YOTTA_BASE_URL) is not an http(s) URL"),
        ([], {"YOTTA_BASE_URL": "http://192.0.2.1"}, 2, "would send the key unencrypted to another machine"),
        (["--profile", "nobody"], {}, 2, "there is no profile 'nobody'"),
        (["--api-key-file", "/nowhere/key"], {}, 2, "--api-key-file: /nowhere/key cannot be read"),
    ],
)
def test_what_cannot_be_a_key_or_an_address_is_told_before_anything_is_sent(
    arguments: list[str], changes: dict[str, str | None], status: int, told: str, examine: Examine
) -> None:
    ended, found = examine(None, *arguments, **changes)
    assert (ended, list(found)) == (status, [*BEFORE, "key and base URL"])
    assert told in found["key and base URL"][1]


def test_a_key_that_is_not_accepted_is_told_with_where_it_came_from(examine: Examine) -> None:
    with Simulator(api_keys=["another-key"], clock="real").serve() as base_url:
        status, found = examine(base_url)
    assert (status, list(found)) == (3, ANSWERED)
    assert found["key"][1] == "from YOTTA_API_KEY"
    assert found["API"][0] == "wrong"
    assert "`yottalabs config show` says where the key came from" in found["API"][2]


# --- The way there ----------------------------------------------------------------------------------------------------


def test_where_nobody_listens_is_told(examine: Examine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    status, found = examine(base_url)
    assert (status, list(found)) == (6, [*ANSWERED[:-1], "network"])
    assert found["network"] == ("wrong", *found["network"][1:])
    assert found["network"][2] == f"nothing listens there: check {base_url}; for a simulator, start `yottalabs mock`"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (socket.EAI_NONAME, "Name or service not known"),
        (socket.EAI_AGAIN, "Temporary failure in name resolution"),
        (8, "nodename nor servname provided, or not known"),
    ],
)
def test_a_name_without_an_address_is_told(number: int, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(number, message)

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    monkeypatch.setenv("YOTTA_API_KEY", KEY)
    *_, found = doctor.examine(Connecting(base_url="https://api.invalid"))
    assert (found.subject, found.verdict, found.status) == ("network", "wrong", 6)
    assert found.advice == "the name in https://api.invalid has no address: check the URL, the network, and the DNS"


def test_a_certificate_is_accepted_or_said_to_be_none(
    authority: trustme.CA, examine: Examine, certificates: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def behave(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(NO_PODS)}\r\n\r\n{NO_PODS}".encode())

    with server(behave, context) as base_url:
        status, found = examine(base_url)
        assert (status, list(found)) == (0, ANSWERED)
        assert "(TLS, certificate accepted), with 0 pods" in found["API"][1]
        other = certificates.with_name("other.pem")
        trustme.CA().cert_pem.write_to_path(str(other))
        status, found = examine(base_url, SSL_CERT_FILE=str(other))
    assert (status, list(found)) == (6, [*ANSWERED[:-1], "TLS"])
    assert found["TLS"][0] == "wrong"
    assert "SSL_CERT_FILE names a file with more of them" in found["TLS"][2]


def test_a_server_without_tls_is_not_taken_for_one_that_does_not_listen(base_url: str, examine: Examine) -> None:
    status, found = examine(base_url.replace("http:", "https:"))
    assert (status, list(found)[-1]) == (6, "TLS")


@pytest.mark.parametrize(
    ("fault", "subject", "status", "told"),
    [
        ("no_answer", "network", 5, "--request-timeout gives it longer"),
        ("reset_after", "network", 6, "check the URL, the network, and the proxy"),
        ("cut_short", "API", 6, ""),
        ("html_200", "API", 1, ""),
        ("html_502", "API", 1, ""),
        ("not_json", "API", 1, ""),
        ("business_code", "API", 1, ""),
        ("null_data", "API", 0, ""),
        ("status_403", "API", 3, "`yottalabs config show`"),
        ("status_404", "API", 4, ""),
        ("status_429", "API", 1, ""),
        ("status_500_before", "API", 1, ""),
        ("redirect", "API", 1, ""),
    ],
)
def test_an_answer_that_is_none_is_told_at_once(
    fault: str, subject: str, status: int, told: str, examine: Examine
) -> None:
    simulator = scene()
    simulator.faults.add("list", fault)
    with simulator.serve() as base_url:
        ended, found = examine(base_url, "--request-timeout", "1")
    assert (ended, list(found)[:6]) == (status, [*ANSWERED[:-1], subject])
    verdict, what, advice = found[subject]
    assert verdict == ("wrong" if status else "ok")
    assert bool(what) is True
    assert bool(advice) is bool(status)
    assert told in advice
    assert len([each for each in simulator.requests if each.operation == "listPods"]) <= 1


def test_an_answer_that_takes_long_is_remarkable(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOTTA_API_KEY", KEY)
    monkeypatch.setattr(doctor, "RECENT", 0.0)
    found = next(each for each in doctor.examine(Connecting(base_url=base_url)) if each.subject == "API")
    assert (found.verdict, found.advice, found.status) == ("note", "that is slow", 0)


# --- What the contract does not know ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["later", "chaos"])
def test_what_a_later_api_says_otherwise_is_noted_and_does_no_harm(dialect: DialectName, examine: Examine) -> None:
    state = scene().to_json()
    told: dict[str, str] = {}
    for seed in range(4):  # each answers in other forms
        with Simulator.load({**state, "dialect": dialect, "seed": seed}, clock="real").serve() as base_url:
            status, found = examine(base_url)
        assert status == 0
        assert {verdict for verdict, _, _ in found.values()} <= {"ok", "note"}
        told |= {subject: what for subject, (_, what, _) in found.items()}
    assert told["unknown fields"].split(", ")[0] in {"internalIp", "shmInGb", "imageRegistry", "ingressEnabled"}
    assert "unknown values" in told


def test_fields_values_and_types_that_are_not_documented_are_named() -> None:
    pod: dict[str, Any] = {
        "id": "1",
        "status": "DREAMING",
        "gpuCount": "several",
        "newField": 1,
        "environmentVars": 7,
        "createdAt": "",
        "expose": [{"port": 22, "protocol": "QUIC", "more\x1b": 1}],
    }
    found = {each.subject: each for each in doctor.strange([Pod(pod)])}
    assert list(found) == ["unknown fields", "unknown values", "unknown types"]
    assert found["unknown fields"].told == "newField, expose[].more\\x1b"
    assert found["unknown values"].told == "status 'DREAMING', expose[].protocol 'QUIC'"
    assert found["unknown types"].told == "gpuCount: 'several', environmentVars: int"  # of a secret the type alone
    assert {each.verdict for each in found.values()} == {"note"}
    assert all("raw" in each.advice or "passed on" in each.advice for each in found.values())


def test_of_many_things_a_few_are_named() -> None:
    (found,) = doctor.strange([Pod({f"field{number}": 1 for number in range(50)})])
    assert found.told.endswith("field4 and 45 more")
    assert list(doctor.strange([])) == []


# --- How it is shown --------------------------------------------------------------------------------------------------


def test_a_terminal_shows_marks_in_colour_and_the_first_failure_is_the_status(
    forked: Forks, tmp_path: Path, certificates: Path
) -> None:
    variables = environment("http://127.0.0.1:9", tmp_path, PATH=str(tmp_path), SSL_CERT_FILE=str(certificates))
    with forked.terminal(["doctor"], variables) as shown:
        assert shown.wait() == 6
    assert b"\x1b[31m" in shown.written
    assert "! ssh: there is none on the PATH\n    `pods ssh`" in shown.screen
    assert "✗ network: " in shown.screen
    done = forked.run(["doctor"], variables)
    assert done.status == 6
    assert "note   ssh: there is none on the PATH; `pods ssh`" in done.output
    assert "\nwrong  network: " in done.output


def test_the_ssh_that_is_found_is_the_one_that_would_run(base_url: str, examine: Examine, ssh: Path) -> None:
    _, found = examine(base_url, PATH=f"/nowhere:{ssh.parent}")
    assert found["ssh"] == ("ok", str(ssh), "")
