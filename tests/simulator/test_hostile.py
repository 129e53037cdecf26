"""Over a socket every input gets an answer in time, in the envelope, and the server lives on: as Prism's front does it.

The requests are those of `tests/mock/test_prism.py`. Where the answer is another one, it says why.
"""

from __future__ import annotations

import json
import logging
import random
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from yottalabs_mock import Simulator

from support import hostile
from support.raw import (
    CREATE,
    LIST,
    VALID,
    assert_refused,
    connect,
    post,
    raw,
    read_answer,
    request,
    still_serves,
)

ANSWERED_OTHERWISE: dict[str, tuple[int, str]] = {
    "HTTP 9.9": (404, "no path"),  # its parser takes any version
    "only HTML is accepted": (200, ""),  # JSON is all there is, and who asks gets it
    "HTML and garbage are accepted": (200, ""),
    "deep": (400, "not JSON"),  # Python reads nothing that is nested so deeply
}


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with Simulator().serve() as base_url:
        yield base_url


@pytest.mark.parametrize("data", hostile.WITHOUT_A_KEY.values(), ids=hostile.WITHOUT_A_KEY)
def test_without_a_key_the_answer_is_401(served: str, data: bytes) -> None:
    assert_refused(raw(served, data), 401, "x-api-key")


@pytest.mark.parametrize("name", hostile.BAD_REQUESTS)
def test_bad_input_is_answered_in_the_envelope(served: str, name: str) -> None:
    data, status, word = hostile.BAD_REQUESTS[name]
    status, word = ANSWERED_OTHERWISE.get(name, (status, word))
    answer = raw(served, data)
    if status == 200:
        assert answer[0] == 200
    else:
        assert_refused(answer, status, word)
        assert answer[2]["message"].isprintable()
        assert len(answer[2]["message"]) < 10_000
    still_serves(served)


@pytest.mark.parametrize("name", hostile.LARGE_BODIES)
def test_a_body_of_any_number_of_values_is_refused_in_time_and_in_few_words(served: str, name: str) -> None:
    body, status, words = hostile.LARGE_BODIES[name]
    status, words = ANSWERED_OTHERWISE.get(name, (status, words))
    answer = raw(served, post(body))
    assert_refused(answer, status, words)
    assert len(answer[2]["message"]) < 20_000
    still_serves(served)


def test_a_body_against_the_contract_is_422_and_names_each_offending_field(served: str) -> None:
    answer = raw(served, post(json.dumps(hostile.OFFENSIVE_BODY).encode()))
    places = ("environmentVars[0]", '"value"', "expose[0].port", "expose[0].protocol", "expose[1]", '"port"')
    assert_refused(answer, 422, *hostile.OFFENDING_FIELDS, *places)


def test_commas_and_brackets_in_a_text_are_no_values(served: str) -> None:
    assert raw(served, hostile.create_with(initializationCommand='[{,\\",' * 20_000))[0] == 200
    assert raw(served, hostile.create_with(initializationCommand="x" * 1_000_000))[0] == 200
    assert raw(served, hostile.create_with(environmentVars=[{"key": "A", "value": "B"}] * 1_000))[0] == 200


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "garbage", ""])
@pytest.mark.parametrize("body", [b"", b"{", b"text"])
def test_an_operation_without_a_body_ignores_one(served: str, content_type: str, body: bytes) -> None:
    assert raw(served, request("GET", LIST, body, content_type=content_type))[0] == 200
    answer = raw(served, request("DELETE", "/openapi/v1/pods/1", body, content_type=content_type))
    assert (answer[0], answer[2]["code"]) == (200, 12000)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{}", "http://localhost:{}", "HTTP://LocalHost:{}"])
def test_a_target_that_names_this_server_is_served(served: str, origin: str) -> None:
    own = origin.format(urlsplit(served).port)
    assert raw(served, request("GET", own + LIST))[0] == 200
    assert raw(served, request("GET", own + LIST + "?x=1"))[0] == 200
    assert_refused(raw(served, request("GET", own)), 404, "no path /")
    assert_refused(raw(served, request("GET", own + "?x")), 404, "no path /")


@pytest.mark.parametrize(("last", "status"), hostile.UNREADABLE_AT_LAST.values(), ids=hostile.UNREADABLE_AT_LAST)
def test_good_requests_are_answered_before_what_cannot_be_read(served: str, last: bytes, status: int) -> None:
    status = 400 if last.startswith(b"CONNECT") else status  # which it wants a host for
    with connect(served) as connection, connection.makefile("rb") as stream:
        connection.sendall(request("GET", LIST, connection="keep-alive") * 3 + last)
        assert [read_answer(stream)[0] for _ in range(4)] == [200, 200, 200, status]


@pytest.mark.parametrize(("asked", "allowed"), hostile.WRONG_METHODS.items(), ids=map(" ".join, hostile.WRONG_METHODS))
def test_a_wrong_method_is_405_with_what_is_allowed(served: str, asked: tuple[str, str], allowed: str) -> None:
    answer = raw(served, request(*asked))
    assert_refused(answer, 405)
    assert answer[1]["allow"] == allowed


def test_a_client_that_goes_away_does_no_harm(served: str) -> None:
    for data in (b"", b"POST", post(VALID)[:-5], request("GET", LIST), b"garbage\r\n\r\n"):
        with connect(served) as connection:
            connection.sendall(data)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    still_serves(served)


def test_a_request_in_pieces_is_one_request(served: str) -> None:
    data = post(VALID, connection="keep-alive")
    with connect(served) as connection, connection.makefile("rb") as stream:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for size in (1, 7, 50):
            for start in range(0, len(data), size):
                connection.sendall(data[start : start + size])
            assert read_answer(stream)[0] == 200


def test_what_the_parser_says_of_a_line_does_not_repeat_the_line(served: str) -> None:
    line = b"x-api-key : canary-key\x01\r\n"
    answer = raw(served, b"GET " + LIST.encode() + b" HTTP/1.1\r\nhost: localhost\r\n" + line + b"\r\n")
    assert_refused(answer, 400, "not HTTP")
    assert "canary" not in answer[2]["message"]


def test_who_sends_far_too_much_sees_the_answer_all_the_same(served: str) -> None:
    endless = b"GET " + LIST.encode() + b" HTTP/1.1\r\nx: " + b"y" * 60_000_000
    for data in (endless, b"garbage\r\n\r\n" + endless):
        assert_refused(raw(served, data, within=20), 431 if data is endless else 400)
    still_serves(served)


def test_it_survives_a_thousand_requests_good_and_bad(caplog: pytest.LogCaptureFixture) -> None:
    chosen = random.Random(0)
    bad = [
        post(b"{"),
        post(b""),
        post(b'{"gpuCount": 0}'),
        post(VALID, x_api_key=""),
        post(VALID, "text/plain"),
        request("GET", "/openapi/v1/pods/%E0%A4%A"),
        request("GET", "//"),
        request("PUT", LIST),
        request("GET", "/" + "a" * 20_000),
        request("GET", LIST, x="y" * 100_000),
        b"\x00\x01\r\n\r\n",
        b"POST " + CREATE.encode() + b" HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n",
    ]
    sim = Simulator()
    created = 0
    with caplog.at_level(logging.DEBUG), sim.serve() as base_url:
        for _ in range(1_000):
            if chosen.random() < 0.5:
                status, _, envelope = raw(base_url, post(VALID))
                assert (status, envelope["code"]) == (200, 10000)
                created += 1
            else:
                status, _, envelope = raw(base_url, chosen.choice(bad))
                assert 400 <= status < 500
                assert set(envelope) == {"message", "code", "data"}
        still_serves(base_url)
    assert len(sim.pods) == created
    said = {(record.name, record.levelname) for record in caplog.records if record.name.startswith("yottalabs")}
    assert said == {("yottalabs_mock", "INFO"), ("yottalabs_mock.http", "WARNING")}  # the latter for tests alone
