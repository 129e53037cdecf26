"""How much memory the simulator takes is bounded in bytes, whatever it is asked, and however often."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest
from yottalabs_mock import Simulator, _faults, _journal, _organisations, _pods, _server
from yottalabs_mock._contract import load_contract
from yottalabs_mock._memory import MEGABYTE, size_of
from yottalabs_mock._messages import Request

from .asking import BODY, SUCCESS, WRONG_STATE, Caller
from support.raw import CREATE, LIST, assert_refused, connect, raw, read_answer, request, still_serves

LARGE = 3 * MEGABYTE


def held(work: Callable[[], object]) -> int:
    """How many bytes of memory a piece of work leaves held."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


# What is in one body: shown as it is, or as many small values, or with names that are long.
BODIES: dict[str, dict[str, Any]] = {
    "a long text": {**BODY, "image": "x" * LARGE},
    "a long text of other letters": {**BODY, "image": "\u4e00" * (LARGE // 3)},
    "a long command": {**BODY, "initializationCommand": "x" * LARGE},
    "many variables": {**BODY, "environmentVars": [{"key": "k", "value": "v"}] * 3000},
    "many empty objects": {**BODY, "environmentVars": [{}] * 4500},
    "many ports": {**BODY, "expose": [{"port": 1, "protocol": "TCP"}] * 1000},
    "long names": {**BODY, **{f"{index}{'n' * 1000}": 1 for index in range(3000)}},
}


@pytest.mark.parametrize("name", BODIES)
def test_the_journal_takes_so_many_bytes_and_no_more(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps(BODIES[name], ensure_ascii=False).encode()
    asked = Request("POST", CREATE, {"content-type": "application/json"}, content)
    shown = load_contract().operations[0].shown_fields
    journal = _journal.Journal()

    def note() -> None:
        for _ in range(10):
            journal.note(
                asked, at=0.0, operation="createPod", key_headers=[], shown_fields=shown, status=200, fault=None
            )

    monkeypatch.setattr(_journal, "MOST_BYTES", 1)
    note()
    (one,) = journal.records
    most = 3 * size_of(vars(one))
    monkeypatch.setattr(_journal, "MOST_BYTES", most)
    assert held(note) < 1.1 * most + 50_000
    assert [record.number for record in journal.records] == [18, 19, 20]
    assert all(record.json == one.json for record in journal.records)


def test_the_journal_of_a_simulator_is_bounded_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_journal, "MOST_BYTES", 8 * MEGABYTE)
    monkeypatch.setattr(_pods, "MOST_BYTES", MEGABYTE)
    sim = Simulator()
    with Caller(sim).http as http:
        for _ in range(20):
            http.post(CREATE, json={**BODY, "image": "x" * LARGE})
    assert [record.number for record in sim.requests] == [19, 20]
    assert sum(size_of(vars(record)) for record in sim.requests) <= 8 * MEGABYTE


def test_the_journal_counts_targets_and_headers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_journal, "MOST_BYTES", 8 * MEGABYTE)
    sim = Simulator()
    with sim.serve() as base_url:
        for _ in range(3):
            assert raw(base_url, request("GET", "/" + "a" * LARGE), within=20)[0] == 414
            assert raw(base_url, request("GET", LIST, x="y" * LARGE), within=20)[0] == 431
    assert [record.number for record in sim.requests] == [5, 6]


def test_a_record_that_is_too_large_alone_is_kept_until_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_journal, "MOST_BYTES", MEGABYTE)
    sim = Simulator()
    caller = Caller(sim)
    caller.post({**BODY, "image": "x" * LARGE})
    assert [record.json["image"] for record in sim.requests] == ["x" * LARGE]
    caller.pods()
    assert [record.operation for record in sim.requests] == ["listPods"]
    sim.reset()
    caller.pods()
    assert len(sim.requests) == 1


def test_small_requests_are_bounded_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_journal, "MOST_REQUESTS", 100)
    sim = Simulator()
    caller = Caller(sim)
    for _ in range(250):
        caller.pods()
    assert [record.number for record in sim.requests] == list(range(151, 251))


def test_the_documented_bounds_are_those() -> None:
    assert (_journal.MOST_REQUESTS, _journal.MOST_BYTES) == (100_000, 64 * MEGABYTE)
    assert (_pods.MOST_BYTES, _server.MOST_ON_THE_WAY) == (512 * MEGABYTE, 256 * MEGABYTE)
    assert (_organisations.MOST_ORGANISATIONS, _faults.MOST_RULES, _faults.LONGEST_TEXT) == (100_000, 10_000, 1000)


# --- Pods -------------------------------------------------------------------------------------------------------------


def test_a_pod_for_which_there_is_no_room_is_refused_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pods, "MOST_BYTES", 10 * MEGABYTE)
    monkeypatch.setattr(_journal, "MOST_BYTES", MEGABYTE)
    sim = Simulator()
    caller = Caller(sim)
    answers: list[dict[str, Any]] = []

    def ask() -> None:
        large = ({**BODY, "initializationCommand": str(index) + "x" * MEGABYTE} for index in range(40))
        answers.extend(caller.post(fields).json() for fields in large)

    assert held(ask) < 16 * MEGABYTE
    codes = [answer["code"] for answer in answers]
    assert codes == [SUCCESS] * 9 + [WRONG_STATE] * 31
    assert "no room for another" in answers[-1]["message"]
    assert caller.ids() == [answer["data"] for answer in answers[:9]]
    caller.create()  # for a small one there is room
    caller.delete(answers[0]["data"])
    sim.advance(3600)
    assert sim.pods[answers[0]["data"]].status == "TERMINATED"
    created = caller.create(initializationCommand="x" * MEGABYTE)  # which the ended one makes room for
    assert answers[0]["data"] not in sim.pods
    assert created in sim.pods
    sim.reset()
    assert caller.post({**BODY, "initializationCommand": "x" * MEGABYTE}).json()["code"] == SUCCESS


def test_ended_pods_make_room_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pods, "MOST_BYTES", 5 * MEGABYTE)
    sim = Simulator()
    caller = Caller(sim)
    stays = caller.create(initializationCommand="x" * MEGABYTE)
    ended = [caller.create(initializationCommand="x" * MEGABYTE) for _ in range(3)]
    for pod_id in reversed(ended):
        caller.delete(pod_id)
    sim.advance(3600)
    for expected in (ended[1:], ended[2:], []):
        caller.create(initializationCommand="x" * MEGABYTE)
        assert [pod_id for pod_id in ended if pod_id in sim.pods] == expected
    assert stays in sim.pods
    assert caller.post({**BODY, "initializationCommand": "x" * MEGABYTE}).json()["code"] == WRONG_STATE


def test_a_thousand_pods_that_come_and_go_take_the_memory_of_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pods, "MOST_BYTES", MEGABYTE)
    monkeypatch.setattr(_journal, "MOST_BYTES", MEGABYTE)
    sim = Simulator()
    caller = Caller(sim)
    for _ in range(1000):
        caller.delete(caller.create())
        sim.advance(60)
    assert len(sim.pods) < 200
    assert sum(size_of(pod.document) for pod in sim.pods.values()) <= MEGABYTE


def test_a_state_with_too_many_pods_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sim = Simulator()
    caller = Caller(sim)
    for _ in range(5):
        caller.create(initializationCommand="x" * MEGABYTE)
    saved = sim.to_json()
    assert len(Simulator.load(saved).pods) == 5
    monkeypatch.setattr(_pods, "MOST_BYTES", 3 * MEGABYTE)
    with pytest.raises(ValueError, match="no room for another"):
        Simulator.load(saved)


# --- Organisations, faults, admin paths -------------------------------------------------------------------------------


def test_there_are_so_many_organisations_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_organisations, "MOST_ORGANISATIONS", 3)
    sim = Simulator()
    answers = [Caller(sim, f"key-{index}").http.get(LIST) for index in (0, 1, 2, 3, 4, 0)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 403, 403, 200]
    assert "takes no more" in answers[3].json()["message"]
    sim.reset()
    assert Caller(sim, "key-4").http.get(LIST).status_code == 200


def test_there_are_so_many_faults_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_faults, "MOST_RULES", 3)
    sim = Simulator()
    http = Caller(sim).http
    fault = {"operation": "list", "fault": "status_403"}
    statuses = [http.post("/_mock/faults", json=fault).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 422, 422]
    with pytest.raises(ValueError, match="clear them"):
        sim.faults.add("list", "status_403")
    sim.faults.clear()
    sim.faults.add("list", "status_403")


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("business_code", {"message": "x" * 1001}),
        ("unknown_status", {"status": "x" * 1001}),
        ("status_403", {"times": 10**9 + 1}),
        ("status_403", {"times": 10**4000}),
    ],
)
def test_a_fault_that_takes_much_memory_is_refused(fault: str, options: dict[str, Any]) -> None:
    sim = Simulator()
    with pytest.raises(ValueError, match="at most"):
        sim.faults.add("list", fault, **options)
    with Caller(sim).http as http:
        answer = http.post("/_mock/faults", json={"operation": "list", "fault": fault, **options})
        assert answer.status_code == 422
        assert len(answer.content) < 6000
    assert sim.faults.pending == ()


def test_an_admin_path_takes_no_larger_body_than_the_api() -> None:
    with Caller(Simulator()).http as http:
        for content, status in ((b'{"seconds": 1}' + b" " * 5_000_000, 413), (b"[" + b"0," * 2_000_000 + b"0]", 400)):
            answer = http.post("/_mock/advance", content=content)
            assert answer.status_code == status
            assert "are taken" in answer.json()["message"]


# --- What is on the way -----------------------------------------------------------------------------------------------


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_server, "MOST_ON_THE_WAY", 4 * MEGABYTE)


UNFINISHED = {
    "a head": b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * MEGABYTE,
    "a path": b"GET /" + b"y" * MEGABYTE,
    "a body": request("POST", CREATE, b"", content_length=str(2 * MEGABYTE)) + b"y" * MEGABYTE,
    "a body in chunks": request("POST", CREATE, b"", content_length="", transfer_encoding="chunked")
    + b"200000\r\n"
    + b"y" * MEGABYTE,
}


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize("kind", UNFINISHED)
def test_requests_that_are_not_finished_take_so_many_bytes_of_all_connections(kind: str) -> None:
    with Simulator().serve() as base_url, ExitStack() as stack:
        waiting = [stack.enter_context(connect(base_url)) for _ in range(3)]
        for connection in waiting:
            connection.sendall(UNFINISHED[kind])
        for _ in range(2):
            with connect(base_url) as late, late.makefile("rb") as stream:
                late.sendall(UNFINISHED[kind] + b"y" * MEGABYTE)
                assert_refused(read_answer(stream), 503, "as many bytes")
        small = request("GET", LIST)
        assert raw(base_url, small)[0] == 200
        stack.close()
        still_serves(base_url)
        with connect(base_url) as again, again.makefile("rb") as stream:
            again.sendall(request("POST", CREATE, b"x" * 3 * MEGABYTE))
            assert read_answer(stream)[0] == 415


@pytest.mark.usefixtures("tight")
def test_one_request_alone_may_have_more_and_a_connection_that_goes_on_starts_anew() -> None:
    with Simulator().serve() as base_url, connect(base_url) as connection, connection.makefile("rb") as stream:
        for _ in range(5):
            connection.sendall(request("POST", CREATE, b"x" * 6 * MEGABYTE, connection="keep-alive"))
            assert_refused(read_answer(stream), 413)


@pytest.mark.usefixtures("tight")
def test_answers_that_nobody_takes_take_so_many_bytes_of_all_connections() -> None:
    sim = Simulator()
    caller = Caller(sim, "k")
    for _ in range(3):
        caller.create(initializationCommand="x" * MEGABYTE)
    with sim.serve() as base_url, ExitStack() as stack:
        streams = []
        for _ in range(3):
            connection = stack.enter_context(connect(base_url))
            connection.setsockopt(6, 10, 1)  # TCP_WINDOW_CLAMP on Linux, so that little is taken unread
            streams.append(stack.enter_context(connection.makefile("rb")))
            connection.sendall(request("GET", LIST, x_api_key="k"))
        statuses = sorted(read_answer(stream)[0] for stream in streams)
        assert statuses[0] == 200
        assert set(statuses) <= {200, 503}
        with httpx2.Client(base_url=base_url, headers={"x-api-key": "k"}) as http:
            for _ in range(3):  # what is taken makes room
                assert len(http.get(LIST).json()["data"]) == 3
