"""Every fault, of every operation that it can happen to: in process it is as over a socket, where it really happens."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest
from yottalabs_mock import Fault, Simulator
from yottalabs_mock._catalogue import KINDS

from .asking import BODY, NO_POD, SUCCESS, WITHOUT_TLS, WRONG_STATE, Caller
from support import contract
from support.raw import CREATE, LIST, connect, post, raw, request

FIRST_POD = "331864222263676929"
OPERATIONS: dict[str, tuple[str, str, Any]] = {
    "create": ("POST", CREATE, {**BODY, "expose": [{"port": 22}]}),
    "list": ("GET", LIST, None),
    "delete": ("DELETE", f"/openapi/v1/pods/{FIRST_POD}", None),
}
IDS = {"createPod": "create", "listPods": "list", "deletePod": "delete"}
PATIENT = httpx2.Timeout(30)
DOORS = {"connection_refused", "connect_timeout"}
MOMENT = 0.25  # seconds; what a test waits where there is no other way

# By hand, from what each is for: an exception, or the HTTP status and the `code`; None where there is no envelope.
EXPECTED: dict[str, type[Exception] | tuple[int, int | None]] = {
    "connection_refused": httpx2.ConnectError,
    "connect_timeout": httpx2.ConnectTimeout,
    "reset_before": httpx2.ReadError,
    "reset_after": httpx2.ReadError,
    "no_answer": httpx2.ReadTimeout,
    "slow_answer": (200, SUCCESS),
    "cut_short": httpx2.RemoteProtocolError,
    "html_200": (200, None),
    "html_502": (502, None),
    "html_503": (503, None),
    "not_json": (200, None),
    "business_code": (200, 10002),
    "status_401": (401, 401),
    "status_403": (403, 10004),
    "status_404": (404, NO_POD),
    "status_409": (409, WRONG_STATE),
    "status_422": (422, 10001),
    "status_429": (429, 429),
    "status_429_date": (429, 429),
    "status_500_before": (500, 10002),
    "status_500_after": (500, 10002),
    "status_503_before": (503, 10002),
    "status_503_after": (503, 10002),
    "status_520": (520, None),
    "redirect": (307, None),
    "null_data": (200, SUCCESS),
    "unknown_status": (200, SUCCESS),
    "pod_fails": (200, SUCCESS),
    "pod_stuck": (200, SUCCESS),
    "no_capacity": (200, WRONG_STATE),
    "list_lags": (200, SUCCESS),
}
WITH_EFFECT = {
    *("reset_after", "no_answer", "slow_answer", "cut_short", "html_200", "not_json", "status_500_after"),
    *("status_503_after", "status_520", "null_data", "unknown_status", "pod_fails", "pod_stuck", "list_lags"),
}
EITHER_WAY = {"no_answer", "cut_short", "html_200", "html_502", "html_503", "not_json", "business_code", "status_520"}


def cases() -> Iterator[Any]:
    for fault, kind in KINDS.items():
        for operation in kind.operations:
            for effect in (None, True, False) if fault in EITHER_WAY else (None,):
                name = f"{fault}-{IDS[operation]}" + ("" if effect is None else f"-effect={effect}")
                yield pytest.param(str(fault), IDS[operation], effect, id=name)


CASES = list(cases())


def a_simulator() -> Simulator:
    """One with a pod that runs."""
    sim = Simulator()
    assert Caller(sim).create(expose=[{"port": 22}]) == FIRST_POD
    sim.advance(100)
    return sim


@dataclass(frozen=True)
class Seen:
    """What came of a request: for whoever asked, and for the pods."""

    error: type[Exception] | None
    status: int | None
    headers: dict[str, str]
    body: bytes
    pods: dict[str, tuple[str, bool]]
    counts: dict[str, int]

    @property
    def code(self) -> Any:
        try:
            return json.loads(self.body)["code"]
        except ValueError:
            return None


def options_of(fault: str) -> dict[str, Any]:
    if fault in DOORS:
        return {"seconds": 60}  # the server ends before
    return {"seconds": MOMENT} if fault == "slow_answer" else {}


def timeout_of(fault: str) -> httpx2.Timeout:
    if fault == "connect_timeout":
        return httpx2.Timeout(30, connect=MOMENT)
    return httpx2.Timeout(30, read=MOMENT) if fault == "no_answer" else PATIENT


def ask(operation: str, asynchronous: bool, timeout: httpx2.Timeout, **where: Any) -> httpx2.Response | Exception:
    method, path, body = OPERATIONS[operation]
    options = {"headers": {"x-api-key": "a-key"}, "timeout": timeout, "verify": WITHOUT_TLS, **where}

    async def wait() -> httpx2.Response:
        async with httpx2.AsyncClient(**options) as http:
            return await http.request(method, path, json=body)

    try:
        if asynchronous:
            return asyncio.run(wait())
        with httpx2.Client(**options) as http:
            return http.request(method, path, json=body)
    except httpx2.HTTPError as error:
        return error


def seen(sim: Simulator, came: httpx2.Response | Exception, number: int) -> Seen:
    for _ in range(500):
        if len(sim.requests) >= number:
            break
        time.sleep(0.01)  # over a socket it may still be on its way when the patience of the client is over
    pods = {pod_id: (pod.status, pod.healthy) for pod_id, pod in sim.pods.items()}
    counts = {str(fault): count for fault, count in sim.faults.counts.items()}
    if isinstance(came, httpx2.Response):
        headers = dict(came.headers)
        if headers.get("retry-after", "1") != "1":
            headers["retry-after"] = "a date"
        return Seen(None, came.status_code, headers, came.content, pods, counts)
    return Seen(type(came), None, {}, b"", pods, counts)


def in_process(fault: str, operation: str, effect: bool | None, asynchronous: bool) -> Seen:
    sim = a_simulator()
    sim.faults.add(operation, fault, effect=effect, **options_of(fault))
    where = {"transport": sim.transport, "base_url": "http://simulator"}
    started = time.monotonic()
    came = ask(operation, asynchronous, timeout_of(fault), **where)
    waited = sim.clock.monotonic() - 100
    assert waited == (MOMENT if fault in {"connect_timeout", "no_answer", "slow_answer"} else 0)
    assert time.monotonic() - started < 20
    assert list(sim.faults.pending) == []
    return seen(sim, came, 2)


def over_a_socket(fault: str, operation: str, effect: bool | None, asynchronous: bool) -> Seen:
    sim = a_simulator()
    with sim.serve() as base_url:
        sim.faults.add(operation, fault, effect=effect, **options_of(fault))
        came = ask(operation, asynchronous, timeout_of(fault), base_url=base_url)
        result = seen(sim, came, 1 if fault in DOORS else 2)
    assert list(sim.faults.pending) == []
    return result


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("fault", "operation", "effect"), CASES)
def test_a_fault_is_what_it_says_in_process_and_over_a_socket(
    fault: str, operation: str, effect: bool | None, asynchronous: bool
) -> None:
    found = in_process(fault, operation, effect, asynchronous)
    expected = EXPECTED[fault]
    if isinstance(expected, tuple):
        assert (found.error, found.status, found.code) == (None, *expected)
    else:
        assert found.error is expected
    took_effect = fault in WITH_EFFECT if effect is None else effect
    assert found.counts == {fault: 1}
    assert len(found.pods) == (2 if operation == "create" and took_effect else 1)
    deleted = operation == "delete" and took_effect
    assert found.pods[FIRST_POD] == (("TERMINATING", False) if deleted else ("RUNNING", True))
    assert over_a_socket(fault, operation, effect, asynchronous) == found


def test_every_fault_of_the_order_is_there_and_tried() -> None:
    assert {str(fault) for fault in Fault} == set(EXPECTED) == {str(fault) for fault in KINDS}
    assert {case.values[0] for case in CASES} == set(EXPECTED)
    assert {str(fault) for fault, kind in KINDS.items() if kind.effect} == WITH_EFFECT
    assert {str(fault) for fault, kind in KINDS.items() if not kind.effect_is_fixed} == EITHER_WAY


# --- More about the answers -------------------------------------------------------------------------------------------


def answer_to(fault: str, operation: str = "list", **options: Any) -> httpx2.Response:
    sim = a_simulator()
    sim.faults.add(operation, fault, **options)
    came = ask(operation, asynchronous=False, timeout=PATIENT, transport=sim.transport, base_url="http://simulator")
    assert isinstance(came, httpx2.Response)
    return came


@pytest.mark.parametrize(("fault", "status"), [("html_200", 200), ("html_502", 502), ("html_503", 503)])
def test_a_page_is_html(fault: str, status: int) -> None:
    response = answer_to(fault)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("effect", [True, False])
def test_what_is_no_json_says_that_it_is(operation: str, effect: bool) -> None:
    response = answer_to("not_json", operation, effect=effect)
    assert response.headers["content-type"] == "application/json"
    assert response.content.startswith(b"{")
    with pytest.raises(ValueError):  # noqa: PT011  # of json, whatever it says
        response.json()


def test_a_content_networks_failure_is_text() -> None:
    response = answer_to("status_520")
    assert (response.status_code, response.text) == (520, "error code: 520")
    assert response.headers["content-type"].startswith("text/plain")


def test_a_redirect_leads_to_another_host_and_keeps_the_method() -> None:
    response = answer_to("redirect")
    assert response.status_code == 307
    location = httpx2.URL(response.headers["location"])
    assert location.scheme == "https"
    assert location.host.endswith(".invalid")
    assert response.content == b""


@pytest.mark.parametrize("seconds", [0, 1, 120])
def test_too_many_requests_say_for_how_long_in_both_forms(seconds: int) -> None:
    assert answer_to("status_429", retry_after=seconds).headers["retry-after"] == str(seconds)
    before = datetime.now(UTC).replace(microsecond=0)
    told = answer_to("status_429_date", retry_after=seconds).headers["retry-after"]
    assert told.endswith(" GMT")
    after = datetime.now(UTC)
    assert before <= parsedate_to_datetime(told) - timedelta(seconds=seconds) <= after


@pytest.mark.parametrize("fault", [fault for fault in EXPECTED if fault not in {"unknown_status", "status_520"}])
def test_what_has_an_envelope_obeys_the_contract(fault: str) -> None:
    operation = IDS[KINDS[Fault(fault)].operations[0]]
    expected = EXPECTED[fault]
    if not isinstance(expected, tuple) or expected[1] is None:
        return
    schema = "ResultString" if operation == "create" and expected == (200, SUCCESS) else "ResultVoid"
    assert list(contract.validator(schema).iter_errors(answer_to(fault, operation).json())) == []


def test_a_business_failure_has_the_code_and_the_message_that_it_is_given() -> None:
    answer = answer_to("business_code", code=-7, message="nothing is right").json()
    assert answer == {"message": "nothing is right", "code": -7, "data": None}
    answer = answer_to("no_capacity", "create", code=12999, message="none left").json()
    assert answer == {"message": "none left", "code": 12999, "data": None}


@pytest.mark.parametrize("operation", ["create", "list"])
def test_no_data_is_a_success_without_any(operation: str) -> None:
    assert answer_to("null_data", operation).json() == {"message": "success", "code": SUCCESS, "data": None}


def test_an_unknown_status_is_on_every_pod_once() -> None:
    sim = a_simulator()
    caller = Caller(sim)
    caller.create()
    sim.faults.add("list", "unknown_status", status="HOVERING")
    assert [pod["status"] for pod in caller.pods()] == ["HOVERING", "HOVERING"]
    assert [pod["status"] for pod in caller.pods()] == ["RUNNING", "INITIALIZE"]
    assert answer_to("unknown_status").json()["data"][0]["status"] not in contract.schema("PodStatus")["enum"]


# --- Faults that are a pod's own --------------------------------------------------------------------------------------


def test_a_pod_that_fails_boots_as_long_as_others_and_fails(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("create", "pod_fails")
    failing, other = caller.create(), caller.create()
    sim.advance(59.5)
    assert [pod["status"] for pod in caller.pods()] == ["INITIALIZE", "INITIALIZE"]
    sim.advance(0.5)
    assert (caller.pod(failing)["status"], caller.pod(other)["status"]) == ("FAILED", "RUNNING")
    assert caller.delete(failing) == SUCCESS


def test_a_pod_that_is_stuck_stays_so_until_it_is_deleted(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("create", "pod_stuck")
    stuck = caller.create()
    sim.advance(10_000_000)
    assert caller.pod(stuck)["status"] == "INITIALIZE"
    assert caller.delete(stuck) == SUCCESS
    sim.advance(10)
    assert caller.pod(stuck)["status"] == "TERMINATED"


def test_without_capacity_there_is_no_pod(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("create", "no_capacity")
    assert caller.post().json() == {"message": "no capacity", "code": WRONG_STATE, "data": None}
    assert dict(sim.pods) == {}


@pytest.mark.parametrize(("lag", "shown_after"), [(5, 5), (0, 0), ("2 reads", None), ("3-3", 3)])
def test_a_list_that_lags_shows_the_pod_later_and_everybody_else_at_once(
    lag: Any, shown_after: int | None, sim: Simulator, caller: Caller
) -> None:
    sim.faults.add("create", "list_lags", seconds=lag)
    pod_id, other = caller.create(), caller.create()
    assert set(sim.pods) == {pod_id, other}  # behind the curtain it is there
    if shown_after is None:
        assert [len(caller.pods()) for _ in range(3)] == [1, 1, 2]
    elif shown_after:
        sim.advance(shown_after - 0.5)
        assert caller.ids() == [other]
        sim.advance(0.5)
    assert caller.ids() == [pod_id, other]
    assert caller.pod(pod_id)["status"] == "INITIALIZE"


def test_a_pod_that_is_not_listed_yet_lives_and_can_be_deleted(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("create", "list_lags", seconds=100)
    pod_id = caller.create()
    assert caller.delete(pod_id) == SUCCESS
    sim.advance(100)
    assert caller.pod(pod_id)["status"] == "TERMINATED"


# --- Patience ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_an_answer_that_is_too_slow_is_a_timeout_and_took_effect_all_the_same(asynchronous: bool) -> None:
    sim = a_simulator()
    sim.faults.add("delete", "slow_answer", seconds=5)
    timeout = httpx2.Timeout(30, read=2)
    came = ask("delete", asynchronous, timeout, transport=sim.transport, base_url="http://simulator")
    assert type(came) is httpx2.ReadTimeout
    assert sim.clock.monotonic() == 102
    assert sim.pods[FIRST_POD].status == "TERMINATING"
    with sim.serve() as base_url:
        sim.faults.add("create", "slow_answer", seconds=60)
        came = ask("create", asynchronous, httpx2.Timeout(30, read=MOMENT), base_url=base_url)
        assert type(came) is httpx2.ReadTimeout
        assert len(seen(sim, came, 3).pods) == 2


def test_who_has_the_patience_gets_the_slow_answer() -> None:
    sim = a_simulator()
    sim.faults.add("list", "slow_answer", seconds=5)
    came = ask("list", False, httpx2.Timeout(5), transport=sim.transport, base_url="http://simulator")
    assert isinstance(came, httpx2.Response)
    assert sim.clock.monotonic() == 105


@pytest.mark.parametrize("fault", ["no_answer", "connect_timeout"])
def test_who_has_no_timeout_is_told_rather_than_left_waiting(fault: str) -> None:
    sim = a_simulator()
    sim.faults.add("list", fault)
    came = ask("list", False, httpx2.Timeout(None), transport=sim.transport, base_url="http://simulator")
    assert isinstance(came, httpx2.TimeoutException)
    assert fault != "no_answer" or "would wait for ever" in str(came)


def test_the_errors_name_the_request_that_they_are_about() -> None:
    for fault, expected in EXPECTED.items():
        if isinstance(expected, tuple):
            continue
        sim = a_simulator()
        sim.faults.add("list", fault)
        came = ask("list", False, timeout_of(fault), transport=sim.transport, base_url="http://simulator")
        assert isinstance(came, httpx2.RequestError)
        assert came.request.url.path == LIST
        assert str(came)


def test_half_a_body_is_read_before_it_breaks_off() -> None:
    def parts(**where: Any) -> tuple[bytes, str]:
        got = b""
        with httpx2.Client(headers={"x-api-key": "a-key"}, **where) as http, http.stream("GET", LIST) as response:
            size = int(response.headers["content-length"])
            with pytest.raises(httpx2.RemoteProtocolError) as caught:
                for part in response.iter_raw():
                    got += part
        assert len(got) == size // 2
        return got, str(caught.value)

    sim = a_simulator()
    sim.faults.add("list", "cut_short", times=2)
    here = parts(transport=sim.transport, base_url="http://simulator")
    with sim.serve() as base_url:
        assert parts(base_url=base_url) == here
    assert here[0].startswith(b'{"message":"success"')


# --- On the wire ------------------------------------------------------------------------------------------------------

WITH_A_KEY: dict[str, Any] = {"x_api_key": "a-key", "connection": "keep-alive"}


def test_a_reset_is_one() -> None:
    for fault, effect in (("reset_before", 0), ("reset_after", 1)):
        sim = Simulator()
        sim.faults.add("create", fault)
        with sim.serve() as base_url, connect(base_url) as connection:
            connection.sendall(post(json.dumps(BODY).encode(), **WITH_A_KEY))
            with pytest.raises(ConnectionResetError) as caught:
                connection.recv(1)
            assert caught.value.errno == errno.ECONNRESET
            assert len(sim.pods) == effect


def test_a_body_that_is_cut_short_ends_with_the_end_of_the_connection() -> None:
    sim = a_simulator()
    sim.faults.add("list", "cut_short")
    with sim.serve() as base_url, connect(base_url) as connection, connection.makefile("rb") as stream:
        connection.sendall(request("GET", LIST, **WITH_A_KEY))
        data = stream.read()  # to its end, which is no reset
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    size = int(dict(line.split(b": ") for line in head.split(b"\r\n")[1:])[b"content-length"])
    assert len(body) == size // 2


def test_no_answer_is_silence_on_an_open_connection() -> None:
    sim = a_simulator()
    sim.faults.add("list", "no_answer")
    with sim.serve() as base_url, connect(base_url) as connection:
        connection.sendall(request("GET", LIST, **WITH_A_KEY))
        connection.settimeout(MOMENT)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert raw(base_url, request("GET", LIST))[0] == 200  # others are served meanwhile


def test_the_end_of_the_server_ends_what_nobody_answers() -> None:
    sim = a_simulator()
    sim.faults.add("*", "no_answer", times=2)
    sim.faults.add("*", "slow_answer", seconds=1000)
    connections = []
    with sim.serve() as base_url:
        for _ in range(3):
            connections.append(connect(base_url))
            connections[-1].sendall(request("GET", LIST, **WITH_A_KEY))
        for _ in range(500):
            if len(sim.requests) == 4:
                break
            time.sleep(0.01)  # until they have come
        assert len(sim.requests) == 4
    for connection in connections:
        with connection:
            try:
                assert connection.recv(1) == b""
            except ConnectionResetError:
                """The other way to see it."""


def test_a_status_goes_over_the_wire_with_one_of_each_header() -> None:
    for fault, expected in EXPECTED.items():
        if isinstance(expected, tuple):
            operation = IDS[KINDS[Fault(fault)].operations[0]]
            sim = a_simulator()
            sim.faults.add(operation, fault, **options_of(fault))
            method, path, body = OPERATIONS[operation]
            data = b"" if body is None else json.dumps(body).encode()
            asked = request(method, path, data, content_type="application/json", x_api_key="a-key")
            with sim.serve() as base_url, connect(base_url) as connection, connection.makefile("rb") as stream:
                connection.sendall(asked)
                answer = stream.read()
            head, _, content = answer.partition(b"\r\n\r\n")
            names = [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
            assert head.startswith(f"HTTP/1.1 {expected[0]}".encode())
            assert len(set(names)) == len(names)
            assert f"content-length: {len(content)}".encode() in head.lower()


def test_a_connection_goes_on_after_an_answer_that_failed() -> None:
    sim = a_simulator()
    sim.faults.add("list", "status_503_before")
    sim.faults.add("list", "html_502")
    with sim.serve() as base_url, connect(base_url) as connection, connection.makefile("rb") as stream:
        statuses = []
        for _ in range(3):
            connection.sendall(request("GET", LIST, **WITH_A_KEY))
            statuses.append(int(stream.readline().split()[1]))
            length = 0
            while line := stream.readline().strip():
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            stream.read(length)
        assert statuses == [503, 502, 200]
        assert isinstance(connection, socket.socket)
