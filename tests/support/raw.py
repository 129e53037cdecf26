"""Requests to the mock as bytes on a socket, so that nothing mends them on the way."""

from __future__ import annotations

import json
import socket
import time
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx2

from support import contract

CREATE = "/openapi/v1/pods/create"
LIST = "/openapi/v1/pods/list"
KEY = {"x-api-key": "k"}
JSON = {**KEY, "content-type": "application/json"}
VALID = json.dumps({"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1}).encode()
WITHIN = 8.0  # seconds: before the server itself gives up, after 10; a busy machine may take some of them

Answer = tuple[int, dict[str, str], Any]


def connect(base_url: str) -> socket.socket:
    """A connection to a server, by its base URL."""
    parts = urlsplit(base_url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def raw(base_url: str, data: bytes, within: float = WITHIN) -> Answer:
    """Sends bytes as they are; gives the status, the headers and the JSON of the answer, which must come in time."""
    # Both are closed: a stream that is left open keeps its connection open.
    with connect(base_url) as connection, connection.makefile("rb") as stream:
        started = time.monotonic()
        connection.sendall(data)
        answer = read_answer(stream)
        assert time.monotonic() - started < within
    return answer


def read_answer(stream: BinaryIO) -> Answer:
    """The next answer on a connection. Each header is there once."""
    status = stream.readline().decode("latin-1")
    assert status, "no answer"
    headers: dict[str, str] = {}
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(": ")
        assert name.lower() not in headers, f"{name} is there twice"
        headers[name.lower()] = value
    body = stream.read(int(headers.get("content-length", 0)))
    return int(status.split()[1]), headers, json.loads(body) if body else None


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request; a header that is given as an empty text is left out."""
    named = {"host": "localhost", "connection": "close", "content-length": str(len(body)), "x-api-key": "k"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def post(body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    """The bytes of a create."""
    return request("POST", CREATE, body, content_type=content_type, **headers)


def assert_refused(answer: Answer, status: int, *words: str) -> None:
    """The answer is an envelope with a status of failure, and its message has the words."""
    found, headers, envelope = answer
    assert found == status, envelope
    assert headers["content-type"] == "application/json"
    assert set(envelope) == {"message", "code", "data"}
    assert envelope["code"] != 10000
    assert contract.validator("ResultVoid").is_valid(envelope)
    for word in words:
        assert word in envelope["message"]


def still_serves(base_url: str) -> None:
    """The server answers a plain request, in time."""
    started = time.monotonic()
    response = httpx2.get(base_url + LIST, headers=KEY, timeout=10)
    assert response.json()["code"] == 10000
    assert time.monotonic() - started < WITHIN
