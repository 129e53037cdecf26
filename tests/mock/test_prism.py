"""What `make mock` promises: every input gets an answer in time, in the envelope, and the server lives on."""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

import prism as prism_module
from support import contract

CREATE = "/openapi/v1/pods/create"
LIST = "/openapi/v1/pods/list"
KEY = {"x-api-key": "k"}
JSON = {**KEY, "content-type": "application/json"}
VALID = json.dumps({"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1}).encode()
WITHIN = 2.0  # seconds


def raw(base_url: str, data: bytes) -> tuple[int, dict[str, str], Any]:
    """Sends bytes as they are; gives the status, the headers and the JSON of the answer."""
    parts = urlsplit(base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.settimeout(10)
        started = time.monotonic()
        connection.sendall(data)
        response = b""
        while b"\r\n\r\n" not in response:
            part = connection.recv(65536)
            assert part, f"no answer: {response!r}"
            response += part
        head, _, body = response.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        assert time.monotonic() - started < WITHIN
    return int(lines[0].split()[1]), headers, json.loads(body) if body else None


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    named = {"host": "mock", "connection": "close", "content-length": str(len(body)), "x-api-key": "k"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def post(body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    return request("POST", CREATE, body, content_type=content_type, **headers)


def assert_refused(answer: tuple[int, dict[str, str], Any], status: int, *words: str) -> None:
    found, headers, envelope = answer
    assert found == status, envelope
    assert headers["content-type"] == "application/json"
    assert set(envelope) == {"message", "code", "data"}
    assert envelope["code"] != 10000
    assert contract.validator("ResultVoid").is_valid(envelope)
    for word in words:
        assert word in envelope["message"]


def still_serves(base_url: str) -> None:
    started = time.monotonic()
    response = httpx.get(base_url + LIST, headers=KEY, timeout=10)
    assert response.json()["code"] == 10000
    assert time.monotonic() - started < WITHIN


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
        (post(b"[" * 100_000), 400, "not JSON"),
        (b"\x00\x01\x02\x03\r\n\r\n", 400, "not HTTP"),
        (b"GET /\x00 HTTP/1.1\r\n\r\n", 400, "not HTTP"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "not HTTP"),
        (b"GET " + LIST.encode() + b" HTTP/1.1\r\nx: " + b"y" * 9_000_000 + b"\r\n\r\n", 431, "too long"),
        (request("GET", "/openapi/v1/pods/%E0%A4%A"), 400, "cannot be read"),
        (request("DELETE", "/openapi/v1/pods/%E0%A4%A"), 400, "cannot be read"),
        (request("DELETE", "/openapi/v1/pods/%"), 400, "cannot be read"),
        (request("GET", "//"), 400, "//"),
        (request("GET", "//elsewhere.example/"), 400, "cannot be read"),
        (request("GET", "http://elsewhere.example/"), 400, "cannot be read"),
        (request("GET", "/" + "a" * 1_000_000), 414, "1000001 characters"),
        (post(b"x" * 20_000_000), 413, "20000000 bytes"),
        (request("GET", "/nowhere", b"x" * 20_000_000), 404, "/nowhere"),
        (request("GET", "/"), 404, "no path"),
        (request("GET", "/openapi/v1/pods"), 404, "no path"),
        (request("DELETE", "/openapi/v1/pods/.."), 404, "no path"),
        (request("DELETE", "/openapi/v1/pods/a%2Fb"), 422, "pattern"),
        (request("GET", LIST, prefer="code=abc"), 422, "code=…"),
        (request("GET", LIST, prefer="example=nope"), 404, "nope"),
        (request("GET", LIST, prefer="code=100"), 422, "100"),
        (request("GET", LIST, accept="text/html"), 406, "text/html"),
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


def test_prefer_selects_answers_as_prism_documents(prism: str) -> None:
    def ask(prefer: str, path: str = LIST) -> tuple[int, Any]:
        response = httpx.get(prism + path, headers={**KEY, "prefer": prefer})
        return response.status_code, response.json()

    assert ask("code=500") == (500, {"message": "system error", "code": 10002, "data": None})
    assert ask("example=refused") == (200, {"message": "no permission", "code": 10004, "data": None})
    assert ask("example=noPods")[1]["data"] == []
    assert ask("code=429, example=tooManyRequests") == (
        429,
        {"message": "too many requests", "code": 429, "data": None},
    )
    status, envelope = ask("dynamic=true")
    assert (status, envelope["code"]) == (200, 10000)
    assert contract.validator("ResultListOpenapiPodDetailResponse").is_valid(envelope)
    assert httpx.get(prism + LIST, headers=KEY, params={"__example": "noPods"}).json()["data"] == []


def test_dynamic_answers_are_successes_and_obey_the_contract(prism: str) -> None:
    headers = {**JSON, "prefer": "dynamic=true"}
    with httpx.Client(base_url=prism, headers=headers) as http:
        for _ in range(30):
            for schema, response in (
                ("ResultString", http.post(CREATE, content=VALID)),
                ("ResultListOpenapiPodDetailResponse", http.get(LIST)),
                ("ResultVoid", http.delete("/openapi/v1/pods/1")),
            ):
                assert response.json()["code"] == 10000
                assert [error.message for error in contract.validator(schema).iter_errors(response.json())] == []


def test_a_client_that_goes_away_does_no_harm(prism: str) -> None:
    parts = urlsplit(prism)
    for data in (b"", b"POST", post(VALID)[:-5], request("GET", LIST)):
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(data)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    still_serves(prism)


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
        for _ in range(10_000):
            data, expected = chosen.choice(good) if chosen.random() < 0.6 else (chosen.choice(bad), None)
            status, _, envelope = raw(base_url, data)
            assert status == expected if expected else 400 <= status < 500
            assert {"message", "code", "data"} <= set(envelope)
            answered += 1
        still_serves(base_url)
    assert answered == 10_000
    log_text = (tmp_path / "log").read_text(encoding="utf-8")
    assert "internal error" not in log_text
    assert len(log_text.splitlines()) == 10_001


# --- Starting and stopping --------------------------------------------------------------------------------------------


@contextmanager
def started(
    command: list[str], *, interrupt: signal.Handlers = signal.SIG_DFL
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A mock that a command starts, and its base URL; `interrupt` is what SIGINT does to the command at first."""
    # Inherited from here, where a script that runs the tests in the background has set it to be ignored.
    here = signal.signal(signal.SIGINT, interrupt)
    try:
        process = subprocess.Popen(
            command, cwd=contract.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    finally:
        signal.signal(signal.SIGINT, here)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", line)
        yield process, line.split()[1]
    finally:
        if process.poll() is None:
            process.terminate()  # make passes it on
        process.communicate(timeout=10)


def listens(base_url: str) -> bool:
    parts = urlsplit(base_url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        return False
    return True


def assert_gone(base_url: str) -> None:
    for _ in range(100):
        if not listens(base_url):
            return
        time.sleep(0.05)
    pytest.fail(f"{base_url} still answers")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [["make", "mock", "PORT=0"], None], ids=["make", "node"])
def test_a_signal_ends_it_and_leaves_no_child(command: list[str] | None, stop: signal.Signals) -> None:
    with started(command or prism_module.command("--port", "0")) as (process, base_url):
        still_serves(base_url)
        process.send_signal(stop)
        process.wait(10)
        assert_gone(base_url)
        assert process.stdout is not None
        assert process.stdout.read() == ""  # one line, and no more


def test_killing_make_itself_leaves_no_child() -> None:
    with started(["make", "mock", "PORT=0"]) as (process, base_url):
        process.kill()
        process.wait(10)
        assert_gone(base_url)


def test_it_stays_when_make_ignores_interrupts_as_in_the_background_of_a_script() -> None:
    with started(["make", "mock", "PORT=0"], interrupt=signal.SIG_IGN) as (process, base_url):
        time.sleep(1)
        still_serves(base_url)
        process.terminate()
        process.wait(10)
        assert_gone(base_url)


def failure(*arguments: str) -> str:
    done = subprocess.run(prism_module.command(*arguments), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_a_port_in_use_says_what_to_do(prism: str) -> None:
    port = urlsplit(prism).port
    assert failure("--port", str(port)) == (
        f"mock: port {port} is in use; stop what listens there, or choose another: make mock PORT=0\n"
    )


@pytest.mark.parametrize("port", ["-1", "70000", "http", ""])
def test_a_port_that_is_none_is_named(port: str) -> None:
    assert "mock: " in failure(f"--port={port}")


@pytest.mark.parametrize("content", [None, "", "a: [", "openapi: 3.1.0", "openapi: 3.1.0\npaths: 7", "{}", "\x00"])
def test_a_broken_contract_is_named(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "a contract.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    message = failure("--port", "0", "--contract", str(file))
    assert str(file) in message
    assert "make check" in message


def test_the_log_is_readable_and_holds_no_secret(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log, prism_module.running_prism(log=log) as base_url:
        body = {"image": "x", "gpuType": "x", "environmentVars": [{"key": "A", "value": "canary-value"}]}
        httpx.post(base_url + CREATE, json=body, headers={"x-api-key": "canary-key"})
        httpx.post(base_url + CREATE, content=b'{"image": "canary-broken', headers=JSON)
        httpx.get(base_url + LIST + "?secret=canary-query", headers=KEY)
        raw(base_url, request("GET", "/a\x0bb"))
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST /openapi/v1/pods/create 422 [\d.]+ ms  gpuType must be .*", lines[0])
    assert re.fullmatch(r"\d\d:\d\d:\d\d GET /openapi/v1/pods/list 200 [\d.]+ ms", lines[2])
    assert "canary" not in "\n".join(lines)
