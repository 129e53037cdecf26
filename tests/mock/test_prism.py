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

import httpx
import pytest

import prism as prism_module
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


@pytest.mark.parametrize(
    "data", [request("GET", LIST, x_api_key=""), post(VALID, x_api_key=""), post(b"{", x_api_key="")]
)
def test_without_a_key_the_answer_is_401(prism: str, data: bytes) -> None:
    assert_refused(raw(prism, data), 401, "x-api-key")
    still_serves(prism)


def test_a_body_against_the_contract_is_422_and_names_each_offending_field(prism: str) -> None:
    body = {
        "gpuType": "NVIDIA_H200",
        "gpuCount": 0,
        "podNmae": "x",
        "persistentVolumeInGb": 5,
        "imagePublicType": "PRIVATE",
        "environmentVars": [{"key": "A"}],
        "expose": [{"port": 70000, "protocol": "UDP"}, {}],
        "region": None,
        "containerVolumeInGb": "10",
    }
    answer = raw(prism, post(json.dumps(body).encode()))
    assert_refused(
        answer,
        422,
        *("image", "gpuType", "gpuCount", "podNmae", "persistentMountPath", "imageRegistryUsername"),
        *("imageRegistryToken", "environmentVars.0", "'value'", "expose.0.port", "expose.0.protocol", "expose.1"),
        *("'port'", "region", "containerVolumeInGb"),
    )
    still_serves(prism)


@pytest.mark.parametrize(
    ("data", "status", "word"),
    [
        (post(b'{"image": "x", '), 400, "not JSON"),
        (post(b"nonsense"), 400, "not JSON"),
        (post(b""), 400, "empty"),
        (request("POST", CREATE, content_type="application/json", content_length=""), 400, "empty"),
        (post(VALID, "text/plain"), 415, "text/plain"),
        (post(VALID, "application/x-www-form-urlencoded"), 415, "application/json"),
        (post(VALID, ""), 415, "content type"),
        (post(VALID, content_encoding="gzip"), 415, "gzip"),
        (post(b'{"image": "\x00"}'), 400, "not JSON"),
        (post(b"\x00\x00\x00"), 400, "not JSON"),
        (post(b'{"image": "\xff\xfe"}'), 400, "UTF-8"),
        (post(b"null"), 422, "null"),
        (post(b"0"), 422, "0"),
        (post(b"[1]"), 422, "object"),
        (post(b'"text"'), 422, "object"),
        (post(b"[" * 9_000), 400, "not JSON"),
        (post(b"[" * 100_000), 413, "more values"),
        (b"\x00\x01\x02\x03\r\n\r\n", 400, "not HTTP"),
        (b"GET /\x00 HTTP/1.1\r\n\r\n", 400, "not HTTP"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "not HTTP"),
        (b"GET " + LIST.encode() + b" HTTP/1.1\r\nx: " + b"y" * 9_000_000 + b"\r\n\r\n", 431, "too long"),
        (request("GET", "/openapi/v1/pods/%E0%A4%A"), 400, "cannot be read"),
        (request("DELETE", "/openapi/v1/pods/%E0%A4%A"), 400, "cannot be read"),
        (request("DELETE", "/openapi/v1/pods/%"), 400, "cannot be read"),
        (request("GET", "//"), 404, "//"),
        (request("GET", "//elsewhere.example/"), 404, "no path"),
        (request("GET", "http://elsewhere.example/"), 400, "cannot be read"),
        (request("GET", "http://127.0.0.1:1" + LIST), 400, "cannot be read"),
        (request("OPTIONS", "*"), 400, "cannot be read"),
        (request("GET", LIST + "#fragment"), 400, "cannot be read"),
        (request("GET", "/" + "a" * 1_000_000), 414, "1000001 characters"),
        (post(b"x" * 20_000_000), 413, "20000000 bytes"),
        (request("GET", "/nowhere", b"x" * 20_000_000), 404, "/nowhere"),
        (request("GET", "/"), 404, "no path"),
        (request("GET", "/openapi/v1/pods"), 404, "no path"),
        (request("DELETE", "/openapi/v1/pods/.."), 422, "podId must match pattern"),
        (request("DELETE", "/openapi/v1/pods/."), 422, "podId must match pattern"),
        (request("DELETE", "/openapi/v1/pods/a%2Fb"), 422, "podId must match pattern"),
        (request("DELETE", "/openapi/v1/pods/x/../y"), 404, "x/../y"),
        (request("DELETE", "/openapi/v1/pods/x/%2e%2e/y"), 404, "x/%2e%2e/y"),
        (request("DELETE", "/openapi/v1/pods/a\\b"), 400, "a\\b cannot be read"),
        (request("GET", LIST, accept="text/html"), 406, "text/html"),
        (request("GET", LIST, accept="text/html, garbage"), 406, "text/html"),
        (request("GET", LIST, x="y" * 20_000), 431, "more than the 16384"),
        (request("GET", LIST, prefer="code=5," * 1_000_000), 431, "more than the 16384"),
        (post(VALID, "x" * 5_000), 415, "x…"),
        (post(VALID, expect="nonsense"), 200, ""),
    ],
)
def test_bad_input_is_answered_in_the_envelope(prism: str, data: bytes, status: int, word: str) -> None:
    answer = raw(prism, data)
    if status == 200:
        assert answer[0] == 200
    else:
        assert_refused(answer, status, word)
    still_serves(prism)


def create_with(**fields: object) -> bytes:
    return post(json.dumps({"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1, **fields}).encode())


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"environmentVars": [' + b"{}," * 4_000 + b"{}]}", 422, "… and 7,954 more"),
        (b'{"environmentVars": [' + b"{}," * 100_000 + b"{}]}", 413, "more values than the 10000"),
        (b'{"environmentVars": [' + b"{}," * 1_300_000 + b"{}]}", 413, "more values than the 10000"),
        (b'{"environmentVars": [' + b"{}," * 3_300_000 + b"{}]}", 413, "more than the 4194304"),
        (b'{"image": ' + b"[" * 2_000_000 + b"]" * 2_000_000 + b"}", 413, "more values than the 10000"),
        (b'{"image": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", 422, "image must be string"),
        (json.dumps({f"{index}" + "k" * 400: 1 for index in range(9_000)}).encode(), 422, "more"),
        (json.dumps({"k" * 1_000_000: 1}).encode(), 422, "k…'"),
    ],
    ids=["many", "more", "most", "large", "deepest", "deep", "names", "name"],
)
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


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"garbage\r\n\r\n" * 10_000, 400),
        (b"CONNECT mock:80 HTTP/1.1\r\n\r\n", 405),
        (b"POST " + CREATE.encode() + b" HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n", 400),
    ],
    ids=["garbage", "much garbage", "CONNECT", "a broken chunk"],
)
def test_good_requests_are_answered_before_what_cannot_be_read(prism: str, last: bytes, status: int) -> None:
    with connect(prism) as connection:
        connection.sendall(request("GET", LIST, connection="keep-alive") * 3 + last)
        stream = connection.makefile("rb")
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
    with connect(prism) as connection:
        connection.settimeout(30)
        connection.sendall(post(VALID)[:-1])
        assert read_answer(connection.makefile("rb"))[0] == 408


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", CREATE, "POST"),
        ("PUT", CREATE, "POST"),
        ("POST", LIST, "GET"),
        ("OPTIONS", LIST, "GET"),
        ("DELETE", LIST, "GET"),
        ("PATCH", "/openapi/v1/pods/1", "DELETE"),
        ("TRACE", "/openapi/v1/pods/1", "DELETE"),
        ("CONNECT", "mock:80", "DELETE, GET, POST"),
    ],
)
def test_a_wrong_method_is_405_with_what_is_allowed(prism: str, method: str, path: str, allowed: str) -> None:
    answer = raw(prism, request(method, path))
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
        httpx.post(base_url + CREATE, json=body, headers={"x-api-key": "canary-key"})
        raw(base_url, post(b'{"imageRegistryToken": canary-x}'))  # JSON.parse quotes it: Unexpected token 'c', …
        httpx.get(base_url + LIST + "?secret=canary-query", headers=KEY)
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
