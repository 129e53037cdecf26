"""Pods that speak SSH lead to a real server, if the simulator is given one; all else stays as it was."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from yottalabs import YottaLabs
from yottalabs_mock import Simulator
from yottalabs_mock._dialect import DIALECTS

from .asking import Caller
from support import contract

EXPOSED = [{"port": 22}, {"port": 2022, "protocol": "SSH"}, {"port": 22, "protocol": "TCP"}, {"port": 80}]
SPEAK_SSH = [True, True, False, False]
SERVER = "someone@127.0.0.1:2222"
COMMAND = "ssh someone@127.0.0.1 -p 2222 -i <private key file>"


def leads(pod: dict[str, Any]) -> list[bool]:
    """Which ports of a pod lead to the server, by host and port."""
    return [(entry["host"], entry["proxyPort"]) == ("127.0.0.1", 2222) for entry in pod["expose"]]


def test_a_client_arrives_at_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        port = listener.getsockname()[1]
        simulator = Simulator(ssh=f"someone@127.0.0.1:{port}")
        with YottaLabs("a-key", transport=simulator.transport, clock=simulator.clock) as yotta:
            pod_id = yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", expose=[22])
            assert yotta.pods.get(pod_id).ssh_command is not None  # host and port, without a user
            pod = yotta.pods.wait(pod_id)
        assert pod.ssh_command == f"ssh someone@127.0.0.1 -p {port} -i <private key file>"
        assert pod.ssh_port is not None
        assert pod.ssh_port.host is not None
        assert pod.ssh_port.proxy_port is not None
        with socket.create_connection((pod.ssh_port.host, pod.ssh_port.proxy_port)) as connection:
            arrived, address = listener.accept()
            with arrived:
                assert address == connection.getsockname()


def test_ports_that_speak_something_else_stay_where_they_were() -> None:
    told = []
    for simulator in (Simulator(), Simulator(ssh=SERVER)):
        caller = Caller(simulator)
        pod_id = caller.create(expose=EXPOSED)
        simulator.advance(100)
        told.append(caller.pod(pod_id)["expose"])
    for speaks_ssh, invented, real in zip(SPEAK_SSH, *told, strict=True):
        if speaks_ssh:
            assert real == {**invented, "host": "127.0.0.1", "proxyPort": 2222, "ingressUrl": COMMAND}
        else:
            assert real == invented


def test_the_command_is_told_while_the_pod_runs_and_by_the_contract() -> None:
    simulator = Simulator(ssh=SERVER)
    caller = Caller(simulator)
    pod = simulator.pods[caller.create(expose=EXPOSED)]
    steps: list[tuple[Callable[[], object], str]] = [
        (lambda: None, ""),
        (lambda: simulator.advance(100), COMMAND),
        (pod.pause, ""),
        (lambda: simulator.advance(100), ""),
        (pod.resume, COMMAND),
        (pod.delete, ""),
    ]
    for step, command in steps:
        step()
        told = caller.pod(pod.id)
        assert told["expose"][0]["ingressUrl"] == command
        assert leads(told) == SPEAK_SSH
        assert list(contract.validator("OpenapiPodDetailResponse").iter_errors(told)) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_leads_there(dialect: Any) -> None:
    simulator = Simulator(ssh=SERVER, dialect=dialect)
    with YottaLabs("a-key", transport=simulator.transport, clock=simulator.clock) as yotta:
        pod_id = yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", expose=[22])
        simulator.advance(100)
        for _ in range(10):  # chaos answers each in another form
            assert yotta.pods.get(pod_id).ssh_command == COMMAND


def test_it_leads_there_after_a_reset_too() -> None:
    simulator = Simulator(ssh=SERVER)
    simulator.reset()
    caller = Caller(simulator)
    assert leads(caller.pod(caller.create(expose=EXPOSED))) == SPEAK_SSH


# --- A saved state ----------------------------------------------------------------------------------------------------


def test_saved_pods_and_new_ones_lead_to_the_server_that_is_given_when_they_are_loaded() -> None:
    for first in (None, "another@host.example:22"):
        saved = Simulator(ssh=first)
        Caller(saved).create(expose=EXPOSED)
        loaded = Simulator.load(saved.to_json(), ssh=SERVER)
        caller = Caller(loaded)
        caller.create(expose=EXPOSED)
        loaded.advance(100)
        for pod in caller.pods():
            assert leads(pod) == SPEAK_SSH
            assert [entry["ingressUrl"] == COMMAND for entry in pod["expose"]] == SPEAK_SSH


def test_saved_pods_lead_where_they_did_if_none_is_given() -> None:
    for server in (None, SERVER):
        saved = Simulator(ssh=server)
        pod_id = Caller(saved).create(expose=EXPOSED)
        state = saved.to_json()
        before = saved.pods[pod_id].document
        assert Simulator.load(state).pods[pod_id].document == before
        assert Simulator.load(state).to_json()["pods"] == state["pods"]


def test_a_state_is_not_changed_by_being_loaded() -> None:
    saved = Simulator()
    Caller(saved).create(expose=EXPOSED)
    state, before = saved.to_json(), saved.to_json()
    Simulator.load(state, ssh=SERVER)
    assert state == before


@pytest.mark.parametrize(
    "broken", [{"expose": None}, {"expose": [7]}, {"expose": [{}]}, {"expose": [{"protocol": "SSH"}]}]
)
def test_a_state_that_is_broken_is_named_as_without_a_server(broken: dict[str, Any]) -> None:
    saved = Simulator()
    Caller(saved).create()
    state = saved.to_json()
    state["pods"][0]["document"].update(broken)
    for server in (None, SERVER):
        with pytest.raises(ValueError, match="the state is no state of a simulator"):
            Simulator.load(state, ssh=server)


# --- How a server is written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("someone@localhost:22", "localhost", 22),
        ("someone@a-host.example.org:65535", "a-host.example.org", 65535),
        ("someone@192.0.2.7:1", "192.0.2.7", 1),
        ("someone@[2001:db8::7]:2222", "2001:db8::7", 2222),  # OpenSSH takes no brackets
        ("someone@[fe80::1%eth0]:2222", "fe80::1%eth0", 2222),
    ],
)
def test_a_host_is_a_name_or_an_address(text: str, host: str, port: int) -> None:
    simulator = Simulator(ssh=text)
    caller = Caller(simulator)
    pod_id = caller.create(expose=[{"port": 22}])
    simulator.advance(100)
    (entry,) = caller.pod(pod_id)["expose"]
    assert (entry["host"], entry["proxyPort"]) == (host, port)
    assert entry["ingressUrl"] == f"ssh someone@{host} -p {port} -i <private key file>"


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "here",
            "127.0.0.1:22",
            "a@b",
            "a@b:",
            "@b:1",
            "a@:1",
            "a@b:0",
            "a@b:65536",
            "a@b:-1",
            "a@b:\u0663",
            "a@b:1\n",
        ),
        *("a@::1:22", "a@[::1]", "a@[b]:1", "a@[127.0.0.1]:1", "a@[::1:1", "a@[]:1", "a@1.2.3:4", "a@256.1.1.1:2"),
        *("-oProxyCommand=x@b:1", "a b@c:1", "a@b c:1", "a@-b:1", "a@[::1%a b]:1", "a@b;c:1", "a:p@b:1", "\u017f@b:1"),
        *(f"a@{'b' * 64}:1", f"a@{'b.' * 130}c:1", f"a@{'b' * 40}!:1", 7, b"a@b:1", ["a@b:1"], False),
    ],
)
def test_what_is_no_server_is_refused_in_one_line(value: Any) -> None:
    with pytest.raises(ValueError, match="ssh is ") as caught:
        Simulator(ssh=value)
    with pytest.raises(ValueError, match="ssh is "):
        Simulator.load(Simulator().to_json(), ssh=value)
    message = str(caught.value)
    assert message.endswith("; it must be USER@HOST:PORT, such as user@127.0.0.1:2222 or user@[::1]:2222")
    assert message.isprintable()
    assert len(message) < 200
