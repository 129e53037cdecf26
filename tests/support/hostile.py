"""Requests that nobody should send, as bytes, and what a server says to each: the mocks are asked the same.

Each has a name, the bytes, the HTTP status, and words that are in the message, where there is one.
"""

from __future__ import annotations

import json

from support.raw import CREATE, LIST, VALID, post, request

Hostile = tuple[bytes, int, str]

BAD_REQUESTS: dict[str, Hostile] = {
    "an unfinished object": (post(b'{"image": "x", '), 400, "not JSON"),
    "no JSON": (post(b"nonsense"), 400, "not JSON"),
    "an empty body": (post(b""), 400, "empty"),
    "no length": (request("POST", CREATE, content_type="application/json", content_length=""), 400, "empty"),
    "plain text": (post(VALID, "text/plain"), 415, "text/plain"),
    "a form": (post(VALID, "application/x-www-form-urlencoded"), 415, "application/json"),
    "no content type": (post(VALID, ""), 415, "content type"),
    "a packed body": (post(VALID, content_encoding="gzip"), 415, "gzip"),
    "a zero in a text": (post(b'{"image": "\x00"}'), 400, "not JSON"),
    "zeros": (post(b"\x00\x00\x00"), 400, "not JSON"),
    "not UTF-8": (post(b'{"image": "\xff\xfe"}'), 400, "UTF-8"),
    "null": (post(b"null"), 422, "object"),
    "zero": (post(b"0"), 422, "object"),
    "a list": (post(b"[1]"), 422, "object"),
    "a text": (post(b'"text"'), 422, "object"),
    "many brackets": (post(b"[" * 9_000), 400, "not JSON"),
    "too many brackets": (post(b"[" * 100_000), 413, "more values"),
    "binary": (b"\x00\x01\x02\x03\r\n\r\n", 400, "not HTTP"),
    "a zero in the path": (b"GET /\x00 HTTP/1.1\r\n\r\n", 400, "not HTTP"),
    "HTTP 9.9": (b"GET / HTTP/9.9\r\n\r\n", 400, "not HTTP"),
    "a header of megabytes": (
        b"GET " + LIST.encode() + b" HTTP/1.1\r\nx: " + b"y" * 9_000_000 + b"\r\n\r\n",
        431,
        "too long",
    ),
    "a broken escape": (request("GET", "/openapi/v1/pods/%E0%A4%A"), 400, "cannot be read"),
    "a broken escape in an id": (request("DELETE", "/openapi/v1/pods/%E0%A4%A"), 400, "cannot be read"),
    "an unfinished escape": (request("DELETE", "/openapi/v1/pods/%"), 400, "cannot be read"),
    "two slashes": (request("GET", "//"), 404, "//"),
    "another host in the path": (request("GET", "//elsewhere.example/"), 404, "no path"),
    "another host": (request("GET", "http://elsewhere.example/"), 400, "cannot be read"),
    "another port": (request("GET", "http://127.0.0.1:1" + LIST), 400, "cannot be read"),
    "options of everything": (request("OPTIONS", "*"), 400, "cannot be read"),
    "a fragment": (request("GET", LIST + "#fragment"), 400, "cannot be read"),
    "a path of a million": (request("GET", "/" + "a" * 1_000_000), 414, "1000001 characters"),
    "a body of megabytes": (post(b"x" * 20_000_000), 413, "4194304"),
    "a body of megabytes to nowhere": (request("GET", "/nowhere", b"x" * 20_000_000), 404, "/nowhere"),
    "the root": (request("GET", "/"), 404, "no path"),
    "half a path": (request("GET", "/openapi/v1/pods"), 404, "no path"),
    "two dots": (request("DELETE", "/openapi/v1/pods/.."), 422, "podId"),
    "a dot": (request("DELETE", "/openapi/v1/pods/."), 422, "podId"),
    "an escaped slash": (request("DELETE", "/openapi/v1/pods/a%2Fb"), 422, "podId"),
    "dots in the middle": (request("DELETE", "/openapi/v1/pods/x/../y"), 404, "x/../y"),
    "escaped dots in the middle": (request("DELETE", "/openapi/v1/pods/x/%2e%2e/y"), 404, "x/%2e%2e/y"),
    "a backslash": (request("DELETE", "/openapi/v1/pods/a\\b"), 400, "a\\b cannot be read"),
    "only HTML is accepted": (request("GET", LIST, accept="text/html"), 406, "text/html"),
    "HTML and garbage are accepted": (request("GET", LIST, accept="text/html, garbage"), 406, "text/html"),
    "a long header": (request("GET", LIST, x="y" * 20_000), 431, "more than the 16384"),
    "a very long header": (request("GET", LIST, prefer="code=5," * 1_000_000), 431, "more than the 16384"),
    "a long content type": (post(VALID, "x" * 5_000), 415, "x…"),
    "a strange expectation": (post(VALID, expect="nonsense"), 200, ""),
}

LARGE_BODIES: dict[str, Hostile] = {
    "many": (b'{"environmentVars": [' + b"{}," * 4_000 + b"{}]}", 422, "… and "),
    "more": (b'{"environmentVars": [' + b"{}," * 100_000 + b"{}]}", 413, "more values than the 10000"),
    "most": (b'{"environmentVars": [' + b"{}," * 1_300_000 + b"{}]}", 413, "more values than the 10000"),
    "large": (b'{"environmentVars": [' + b"{}," * 3_300_000 + b"{}]}", 413, "more than the 4194304"),
    "deepest": (b'{"image": ' + b"[" * 2_000_000 + b"]" * 2_000_000 + b"}", 413, "more values than the 10000"),
    "deep": (b'{"image": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", 422, "image must be string"),
    "names": (json.dumps({f"{index}" + "k" * 400: 1 for index in range(9_000)}).encode(), 422, "more"),
    "name": (json.dumps({"k" * 1_000_000: 1}).encode(), 422, "k…'"),
}
"""Bodies of a create, which must be refused in time and in few words."""

WRONG_METHODS: dict[tuple[str, str], str] = {
    ("GET", CREATE): "POST",
    ("PUT", CREATE): "POST",
    ("POST", LIST): "GET",
    ("OPTIONS", LIST): "GET",
    ("DELETE", LIST): "GET",
    ("PATCH", "/openapi/v1/pods/1"): "DELETE",
    ("TRACE", "/openapi/v1/pods/1"): "DELETE",
    ("CONNECT", "mock:80"): "DELETE, GET, POST",
}
"""The method and the target, and what is allowed."""

WITHOUT_A_KEY: dict[str, bytes] = {
    "a list": request("GET", LIST, x_api_key=""),
    "a create": post(VALID, x_api_key=""),
    "a bad create": post(b"{", x_api_key=""),
}

UNREADABLE_AT_LAST: dict[str, tuple[bytes, int]] = {
    "garbage": (b"garbage\r\n\r\n", 400),
    "much garbage": (b"garbage\r\n\r\n" * 10_000, 400),
    "CONNECT": (b"CONNECT mock:80 HTTP/1.1\r\n\r\n", 405),
    "a broken chunk": (
        b"POST " + CREATE.encode() + b" HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n",
        400,
    ),
}
"""What comes on a connection after good requests, and the status of the answer to it."""

OFFENSIVE_BODY = {
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
"""Against the contract in every way; what a refusal of it must name."""
OFFENDING_FIELDS = (
    *("image", "gpuType", "gpuCount", "podNmae", "persistentMountPath", "imageRegistryUsername"),
    *("imageRegistryToken", "region", "containerVolumeInGb"),
)


def create_with(**fields: object) -> bytes:
    """The bytes of a create that is valid but for the given fields."""
    return post(json.dumps({"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1, **fields}).encode())
