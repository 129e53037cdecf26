"""What `make mock` promises: every input gets an answer in time, in the envelope, and the server lives on."""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

import prism as prism_module
from support import hostile
from support.hostile import create_with
from support.processes import started
from support.raw import (
    CREATE,
    KEY,
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


@pytest.mark.parametrize("data", hostile.WITHOUT_A_KEY.values(), ids=hostile.WITHOUT_A_KEY)
def test_without_a_key_the_answer_is_401(prism: str, data: bytes) -> None:
    assert_refused(raw(prism, data), 401, "x-api-key")
    still_serves(prism)


def test_a_body_against_the_contract_is_422_and_names_each_offending_field(prism: str) -> None:
    answer = raw(prism, post(json.dumps(hostile.OFFENSIVE_BODY).encode()))
    places = ("environmentVars.0", "'value'", "expose.0.port", "expose.0.protocol", "expose.1", "'port'")
    assert_refused(answer, 422, *hostile.OFFENDING_FIELDS, *places)
    still_serves(prism)


@pytest.mark.parametrize(("data", "status", "word"), hostile.BAD_REQUESTS.values(), ids=hostile.BAD_REQUESTS)
def test_bad_input_is_answered_in_the_envelope(prism: str, data: bytes, status: int, word: str) -> None:
    answer = raw(prism, data)
    if status == 200:
        assert answer[0] == 200
    else:
        assert_refused(answer, status, word)
    still_serves(prism)


@pytest.mark.parametrize(("body", "status", "words"), hostile.LARGE_BODIES.values(), ids=hostile.LARGE_BODIES)
def test_a_body_of_any_number_of_values_is_refused_in_time_and_in_few_words(
    prism: str, body: bytes, status: int, words: str
) -> None:
    answer = raw(prism, post(body))
    assert_refused(answer, status, words)
    assert len(answer[2]["message"]) < 10_000
    still_serves(prism)


def test_large_bodies_that_obey_the_contract_are_accepted(prism: str) -> None:
    assert raw(prism, create_with(initializationCommand="x" * 1_000_000))[0] == 200
    assert raw(prism, create_with(environmentVars=[{"key": "A", "value": "B"}] * 1_000))[0] == 200


def test_what_reads_the_same_twice_is_said_once(prism: str) -> None:
    _, _, envelope = raw(prism, create_with(**{"k" * 200 + "1": 0, "k" * 200 + "2": 0}))
    assert envelope["message"].count("found") == 1


@pytest.mark.parametrize(
    "accept", ["garbage", "*", ",", ";;;", "a/b/c", "*/*;q=0", "application/json;;", 'a/b;c="d,e", */*']
)
def test_an_accept_that_cannot_be_read_refuses_nothing(prism: str, accept: str) -> None:
    assert raw(prism, request("GET", LIST, accept=accept))[2]["code"] == 10000
    assert raw(prism, post(VALID, accept=accept))[2]["code"] == 10000


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "garbage", ""])
@pytest.mark.parametrize("body", [b"", b"{", b"text"])
def test_an_operation_without_a_body_ignores_one(prism: str, content_type: str, body: bytes) -> None:
    for method, path in (("GET", LIST), ("DELETE", "/openapi/v1/pods/1")):
        assert raw(prism, request(method, path, body, content_type=content_type))[0] == 200


def test_a_request_needs_no_host(prism: str) -> None:
    assert raw(prism, request("GET", LIST, host=""))[0] == 200


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{}", "http://localhost:{}", "HTTP://LocalHost:{}"])
def test_a_target_that_names_this_server_is_served(prism: str, origin: str) -> None:
    own = origin.format(urlsplit(prism).port)
    assert raw(prism, request("GET", own + LIST))[0] == 200
    assert raw(prism, request("GET", own + LIST + "?__code=500"))[0] == 500
    assert_refused(raw(prism, request("GET", own)), 404, "no path /")


@pytest.mark.parametrize(("last", "status"), hostile.UNREADABLE_AT_LAST.values(), ids=hostile.UNREADABLE_AT_LAST)
def test_good_requests_are_answered_before_what_cannot_be_read(prism: str, last: bytes, status: int) -> None:
    with connect(prism) as connection, connection.makefile("rb") as stream:
        connection.sendall(request("GET", LIST, connection="keep-alive") * 3 + last)
        assert [read_answer(stream)[0] for _ in range(4)] == [200, 200, 200, status]


def test_a_request_that_does_not_arrive_in_time_is_408(tmp_path: Path) -> None:
    front = (prism_module.SERVER.parent / "src" / "front.mjs").as_uri()
    program = f"""
        import {{ createFront }} from '{front}'
        const impatient = {{ connectionsCheckingInterval: 50, headersTimeout: 200, requestTimeout: 200 }}
        const server = createFront({{}}, line => console.error(line), impatient)
        server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${{server.address().port}}`))
    """
    script = tmp_path / "impatient.mjs"
    script.write_text(program, encoding="utf-8")
    with started([prism_module.command()[0], str(script)]) as (_, base_url):
        for unfinished in (b"GET / HT", request("GET", "/")[:-2], post(VALID)[:-1]):
            assert_refused(raw(base_url, unfinished), 408, "in time")


def test_the_mock_has_the_patience_for_that_of_ten_seconds(prism: str) -> None:
    with connect(prism) as connection, connection.makefile("rb") as stream:
        connection.settimeout(30)
        connection.sendall(post(VALID)[:-1])
        assert read_answer(stream)[0] == 408


@pytest.mark.parametrize(("asked", "allowed"), hostile.WRONG_METHODS.items(), ids=map(" ".join, hostile.WRONG_METHODS))
def test_a_wrong_method_is_405_with_what_is_allowed(prism: str, asked: tuple[str, str], allowed: str) -> None:
    answer = raw(prism, request(*asked))
    assert_refused(answer, 405)
    assert answer[1]["allow"] == allowed
    still_serves(prism)


def test_a_client_that_goes_away_does_no_harm(prism: str) -> None:
    for data in (b"", b"POST", post(VALID)[:-5], request("GET", LIST)):
        with connect(prism) as connection:
            connection.sendall(data)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    still_serves(prism)


SURVIVAL = 150.0  # seconds for 10,000 requests, ten times what they take


def test_it_survives_ten_thousand_requests_good_and_bad(tmp_path: Path) -> None:
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
        request("GET", LIST, prefer="example=nope"),
        b"\x00\x01\r\n\r\n",
    ]
    good = [(post(VALID), 200), (request("GET", LIST), 200), (request("DELETE", "/openapi/v1/pods/1"), 200)]
    answered = 0
    with (tmp_path / "log").open("wb") as log, prism_module.running_prism(log=log) as base_url:
        end = time.monotonic() + SURVIVAL
        for _ in range(10_000):
            data, expected = chosen.choice(good) if chosen.random() < 0.6 else (chosen.choice(bad), None)
            # The machine may be busy with other tests: one slow answer among so many says nothing about the mock.
            status, _, envelope = raw(base_url, data, within=end - time.monotonic())
            assert status == expected if expected else 400 <= status < 500
            assert {"message", "code", "data"} <= set(envelope)
            answered += 1
        still_serves(base_url)
    assert answered == 10_000
    log_text = (tmp_path / "log").read_text(encoding="utf-8")
    assert "internal error" not in log_text
    assert len(log_text.splitlines()) == 10_001


@contextmanager
def logged(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A mock, and the lines of its log once the block is over."""
    lines: list[str] = []
    with (tmp_path / "log").open("wb") as log, prism_module.running_prism(log=log) as base_url:
        yield base_url, lines
    lines += (tmp_path / "log").read_bytes().decode().split("\n")[:-1]


def test_the_log_is_readable_and_holds_no_secret(tmp_path: Path) -> None:
    with logged(tmp_path) as (base_url, lines):
        body = {"image": "x", "gpuType": "x", "environmentVars": [{"key": "A", "value": "canary-value"}]}
        httpx2.post(base_url + CREATE, json=body, headers={"x-api-key": "canary-key"})
        raw(base_url, post(b'{"imageRegistryToken": canary-x}'))  # JSON.parse quotes it: Unexpected token 'c', …
        httpx2.get(base_url + LIST + "?secret=canary-query", headers=KEY)
        raw(base_url, request("GET", "http://canary-user:canary-password@mock/"))
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST /openapi/v1/pods/create 422 [\d.]+ ms  gpuType must be .*", lines[0])
    assert lines[1].endswith("the body is not JSON: syntax error")
    assert re.fullmatch(r"\d\d:\d\d:\d\d GET /openapi/v1/pods/list 200 [\d.]+ ms", lines[2])
    assert "canary" not in "\n".join(lines)


def test_what_a_client_names_stays_on_one_short_line_of_the_log(tmp_path: Path) -> None:
    line_of_its_own = "a\n12:00:00 GET /fake 200"
    with logged(tmp_path) as (base_url, lines):
        for name in (line_of_its_own, "\u001b[31m", "\u009b31m", "\u2028", "\u202e", "k" * 1_000_000):
            answer = raw(base_url, create_with(**{name: 1}))
            assert_refused(answer, 422, "found '")
            assert len(answer[2]["message"]) < 300
            assert answer[2]["message"].isprintable()
        for wish in ("example=\x1b[31m", "code=\x9b31m", "example=" + "x" * 10_000):
            raw(base_url, request("GET", LIST, prefer=wish))
        raw(base_url, post(VALID, "\x9b31m"))
        raw(base_url, request("GET", "/a\x0bb"))
    assert len(lines) == 11
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) < 300


def test_it_serves_on_when_the_reader_of_its_log_goes_away() -> None:
    reader, writer = os.pipe()
    process = subprocess.Popen(prism_module.command("--port", "0"), stdout=writer, stderr=writer)
    os.close(writer)
    try:
        with os.fdopen(reader, encoding="utf-8") as output:
            base_url = output.readline().removeprefix("ready ").strip()
        for _ in range(5):
            still_serves(base_url)
            assert_refused(raw(base_url, b"garbage\r\n\r\n"), 400)
    finally:
        process.terminate()
        process.wait(10)
