"""Over a socket, a fault of connections shuts the door: nobody connects or slips through, nobody takes the port."""

from __future__ import annotations

import errno
import gc
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
import pytest
from yottalabs_mock import Simulator

from .asking import Caller
from support.raw import KEY, LIST, connect, raw, read_answer, request, still_serves


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """A socket that is left open is a warning, and so an error, where it was left open."""
    yield
    gc.collect()


SHORT = 0.3  # seconds; what a door is shut for where a test waits for it to open
LONG = 60.0  # what nobody waits for
IDLE = request("GET", LIST, connection="keep-alive")


def address(base_url: str) -> tuple[str, int]:
    parts = urlsplit(base_url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def knock(base_url: str, patience: float = 0.1) -> int:
    """Tries to connect; gives the errno, 0 if it worked, ETIMEDOUT if nobody said anything."""
    with socket.socket() as visitor:
        visitor.settimeout(patience)
        try:
            visitor.connect(address(base_url))
        except TimeoutError:
            return errno.ETIMEDOUT
        except OSError as error:
            assert error.errno is not None
            return error.errno
        return 0


def opens(base_url: str) -> None:
    """Waits until one can connect; the door may have been shut from a busy thread, so not for an exact time."""
    for _ in range(1000):
        if knock(base_url) == 0:
            return
        time.sleep(0.01)  # nothing tells when
    pytest.fail("the door does not open")


SHUT = {"connection_refused": errno.ECONNREFUSED, "connect_timeout": errno.ETIMEDOUT}


@pytest.mark.parametrize("fault", SHUT)
def test_nobody_can_connect_from_the_moment_when_it_is_added(fault: str) -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        assert knock(base_url) == 0
        sim.faults.add("create", fault, seconds=LONG)
        assert [knock(base_url) for _ in range(3)] == [SHUT[fault]] * 3
        assert sim.faults.counts == {fault: 1}
        assert sim.faults.pending == ()
    assert sim.requests == ()


@pytest.mark.parametrize("fault", SHUT)
def test_afterwards_it_works_again_on_the_same_port_and_nothing_is_lost(fault: str) -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        with Caller(base_url) as caller:
            pod_id = caller.create()
        for _ in range(2):
            began = time.monotonic()
            sim.faults.add("*", fault, seconds=SHORT)
            assert knock(base_url) == SHUT[fault]
            opens(base_url)
            assert time.monotonic() - began >= SHORT
            with Caller(base_url) as caller:
                assert caller.ids() == [pod_id]


def test_many_times_last_many_times_as_long_and_count_as_many() -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        began = time.monotonic()
        sim.faults.add("list", "connection_refused", seconds=SHORT / 3, times=3)
        assert sim.faults.counts == {"connection_refused": 3}
        opens(base_url)
        assert time.monotonic() - began >= SHORT


def test_one_after_the_other_they_do_not_cut_each_other_short() -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        began = time.monotonic()
        sim.faults.add("list", "connect_timeout", seconds=SHORT)
        sim.faults.add("list", "connection_refused", seconds=SHORT)
        seen = [knock(base_url)]
        while seen[-1]:
            seen.append(knock(base_url))
        assert time.monotonic() - began >= 2 * SHORT
        kinds = [found for index, found in enumerate(seen) if index == 0 or found != seen[index - 1]]
        assert kinds == [errno.ETIMEDOUT, errno.ECONNREFUSED, 0]


@pytest.mark.parametrize("fault", SHUT)
def test_an_idle_connection_does_not_slip_through(fault: str) -> None:
    sim = Simulator()
    error = httpx2.ConnectError if fault == "connection_refused" else httpx2.ConnectTimeout
    timeout = httpx2.Timeout(30, connect=0.1)
    with sim.serve() as base_url, httpx2.Client(base_url=base_url, headers=KEY, timeout=timeout) as http:
        assert http.get(LIST).status_code == 200  # from now on it has a connection that it keeps
        with connect(base_url) as used, connect(base_url) as unused, used.makefile("rb") as stream:
            used.sendall(IDLE)
            assert read_answer(stream)[0] == 200
            sim.faults.add("list", fault, seconds=LONG)
            with pytest.raises(error):
                http.get(LIST)
            for connection in (used, unused):
                with suppress(OSError):  # it is closed already, in one way or the other
                    connection.sendall(IDLE)
                    assert connection.recv(1) == b""
    assert len(sim.requests) == 2


def test_a_request_that_has_begun_is_answered_and_is_the_last_on_its_connection() -> None:
    sim = Simulator()
    sim.faults.add("list", "slow_answer", seconds=SHORT)
    with sim.serve() as base_url, connect(base_url) as connection, connection.makefile("rb") as stream:
        connection.sendall(IDLE)
        for _ in range(1000):
            if sim.requests:
                break
            time.sleep(0.01)  # until it has come
        sim.faults.add("list", "connection_refused", seconds=LONG)
        assert read_answer(stream)[0] == 200
        with suppress(OSError):
            connection.sendall(IDLE)
            assert stream.read(1) == b""
    assert len(sim.requests) == 1


TAKES = """
import socket, sys
visitor = socket.socket()
visitor.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(sys.argv[2]))
try:
    visitor.bind(("127.0.0.1", int(sys.argv[1])))
    visitor.listen()
except OSError as error:
    print(error.errno)
else:
    print("taken")
"""


@pytest.mark.parametrize("fault", [None, *SHUT])
@pytest.mark.parametrize("reuse", ["0", "1"])
def test_no_other_process_can_take_the_port_meanwhile(fault: str | None, reuse: str) -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        if fault is not None:
            sim.faults.add("*", fault, seconds=LONG)
        command = [sys.executable, "-S", "-c", TAKES, str(address(base_url)[1]), reuse]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.strip() == str(errno.EADDRINUSE)


def test_a_port_that_is_taken_is_an_error_where_it_is_asked_for() -> None:
    with Simulator().serve() as base_url:
        port = address(base_url)[1]
        with pytest.raises(OSError, match="in use") as caught, Simulator().serve(port):
            pytest.fail("it serves on a port that is taken")
        assert caught.value.errno == errno.EADDRINUSE
        still_serves(base_url)
    with Simulator().serve(port) as again:  # it was given back
        assert again == base_url
        still_serves(again)


@pytest.mark.parametrize("fault", SHUT)
def test_the_port_is_given_back_even_while_the_door_is_shut(fault: str) -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        sim.faults.add("*", fault, seconds=LONG)
    assert knock(base_url) == errno.ECONNREFUSED
    with Simulator().serve(address(base_url)[1]) as again:
        still_serves(again)


ENDINGS: dict[str, Callable[[Simulator], None]] = {
    "reset": Simulator.reset,
    "clear": lambda sim: sim.faults.clear(),
    "clear by request": lambda sim: Caller(sim).http.delete("/_mock/faults").raise_for_status().close(),
}


@pytest.mark.parametrize("fault", SHUT)
@pytest.mark.parametrize("ending", ENDINGS)
def test_ending_the_faults_opens_the_door(fault: str, ending: str) -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        sim.faults.add("*", fault, seconds=LONG, times=5)
        sim.faults.add("*", fault, seconds=LONG)
        ENDINGS[ending](sim)
        assert knock(base_url, patience=5) == 0
        still_serves(base_url)
        sim.faults.add("*", fault, seconds=LONG)  # and it can be shut again
        assert knock(base_url) == SHUT[fault]


@pytest.mark.parametrize("fault", SHUT)
def test_a_fault_that_waited_for_a_server_happens_as_soon_as_there_is_one(fault: str) -> None:
    sim = Simulator()
    sim.faults.add("list", fault, seconds=LONG)
    sim.faults.add("list", "status_403")
    assert len(sim.faults.pending) == 2
    with sim.serve() as base_url:
        assert knock(base_url) == SHUT[fault]
        assert [str(rule.fault) for rule in sim.faults.pending] == ["status_403"]
        assert sim.faults.counts == {fault: 1}
        sim.faults.clear()
        still_serves(base_url)


def test_two_servers_of_one_simulator_have_both_their_doors_shut_and_one_that_ends_takes_none_with_it() -> None:
    sim = Simulator()
    with sim.serve() as first:
        with sim.serve() as second:
            sim.faults.add("*", "connection_refused", seconds=LONG)
            assert knock(first) == knock(second) == errno.ECONNREFUSED
            sim.faults.clear()
            assert knock(first) == knock(second) == 0
            assert sim.faults.counts == {"connection_refused": 1}
        sim.faults.add("*", "connection_refused", seconds=LONG)
        assert knock(first) == errno.ECONNREFUSED
    sim.faults.clear()
    sim.faults.add("list", "connection_refused")
    with pytest.raises(httpx2.ConnectError):  # without a server it happens in process again
        Caller(sim).http.get(LIST)


@pytest.mark.parametrize("fault", SHUT)
def test_by_chance_it_breaks_the_connection_that_it_falls_on_and_shuts_the_door_then(fault: str) -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        sim.faults.add("list", fault, probability=1, times=1, seconds=LONG)
        assert knock(base_url) == 0
        with pytest.raises(ConnectionResetError):
            raw(base_url, request("GET", LIST))
        assert knock(base_url) == SHUT[fault]
        assert [(record.fault, record.status) for record in sim.requests] == [(fault, None)]


def test_a_fault_can_be_added_over_the_socket_that_it_shuts() -> None:
    sim = Simulator()
    with sim.serve() as base_url:
        rule = {"operation": "*", "fault": "connection_refused", "seconds": LONG}
        answer = httpx2.post(f"{base_url}/_mock/faults", json=rule)
        assert (answer.status_code, answer.json()["data"]) == (200, [])
        assert knock(base_url) == errno.ECONNREFUSED
        sim.reset()
        still_serves(base_url)


def test_it_listens_on_this_machine_only() -> None:
    with Simulator().serve() as base_url:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", base_url)
        with socket.socket() as visitor:
            visitor.settimeout(1)
            assert visitor.connect_ex(("127.0.0.2", address(base_url)[1])) == errno.ECONNREFUSED


def test_serving_again_and_again_leaves_nothing_open() -> None:
    before = threading.active_count()
    sim = Simulator()
    for _ in range(20):
        with sim.serve() as base_url:
            still_serves(base_url)
        assert knock(base_url) == errno.ECONNREFUSED
    assert threading.active_count() == before
