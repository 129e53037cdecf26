"""The log of the wire tells what is sent and what comes, to whoever asks for it by name, and no secret."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yottalabs import YottaLabsError, _wire
from yottalabs._answer import Answer
from yottalabs._secrecy import Keeping, forms_of
from yottalabs_api.types import RawRequest

from support import contract
from support.scripted import Scripted, envelope

Client = Callable[..., Any]
KEY, TOKEN, VALUE = "canary-key", "canary-token", "canary-value"
CREATE = "/openapi/v1/pods/create"
LIST = "/openapi/v1/pods/list"
ARGUMENTS: dict[str, Any] = {
    "image": "x",
    "gpu_type": "NVIDIA_L4_24G",
    "image_registry_username": "somebody",
    "image_registry_token": TOKEN,
    "environment_vars": {"PASSWORD": VALUE},
    "create_token": None,
}
PAIR = {"key": "PASSWORD", "value": VALUE}


@pytest.fixture
def wire(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Asks for the wire; gives what was told since the last look."""

    def told() -> list[str]:
        lines = [record.getMessage() for record in caplog.records if record.name == "yottalabs.wire"]
        caplog.clear()
        assert all(line.isascii() and line.isprintable() for line in lines)
        return lines

    with caplog.at_level(logging.DEBUG, logger="yottalabs.wire"):
        yield told


Wire = Callable[[], list[str]]


def told_of(wire: Wire, body: bytes, *, sent: bytes = b"") -> str:
    """What is told of the body of an answer."""
    telling = _wire.Telling(RawRequest(method="GET", path="/x", content=sent or None))
    telling.sent()
    telling.answered(Answer(200, {}, body, None), 1)
    _, answer = wire()
    head = f"< GET /x: ok, status 200, code 10000, 1.0 ms, content-type none, request id none, {len(body)} bytes"
    assert answer.startswith(head)
    return answer.removeprefix(head)


# --- What is told -----------------------------------------------------------------------------------------------------


def test_each_request_and_each_answer_is_one_line(make: Any, clock: Any, wire: Wire) -> None:
    answer = envelope("17")
    answer.headers["x-request-id"] = "request-7"
    pods = [{"id": "17", "environmentVars": [PAIR], "status": "RUNNING", "imageRegistryToken": None}]
    transport = Scripted(answer, pods)
    with make(KEY, transport=transport, clock=clock) as yotta:
        yotta.pods.create(**ARGUMENTS)
        yotta.pods.list()
    sent = (
        '{"image": "x", "gpuType": "NVIDIA_L4_24G", "imageRegistryUsername": "somebody", '
        '"imageRegistryToken": "<hidden>", "environmentVars": [{"key": "PASSWORD", "value": "<hidden>"}]}'
    )
    listed = (
        '{"message": "success", "code": 10000, "data": [{"id": "17", "environmentVars": '
        '[{"key": "PASSWORD", "value": "<hidden>"}], "status": "RUNNING", "imageRegistryToken": null}]}'
    )
    kind = "content-type application/json"
    created = '{"message": "success", "code": 10000, "data": "17"}'
    request, first, look, second = wire()
    assert request == f"> POST {CREATE}, {len(transport.requests[0].content)} bytes: {sent}"
    assert first == (
        f"< POST {CREATE}: ok, status 200, code 10000, 0.0 ms, {kind}, request id request-7, 46 bytes: {created}"
    )
    assert look == f"> GET {LIST}, no body"
    assert second.startswith(f"< GET {LIST}: ok, status 200, code 10000, 0.0 ms, {kind}, request id none, ")
    assert second.endswith(f" bytes: {listed}")


def test_each_attempt_is_told(client: Client, clock: Any, wire: Wire) -> None:
    def slow(_: httpx2.Request) -> Any:
        clock.now += 0.25
        raise httpx2.ReadTimeout("slow")

    steps: list[Any] = [httpx2.Response(502, text="<h1>Bad\nGateway</h1>"), slow]
    steps += [httpx2.Response(200), envelope(None, 12000), []]
    yotta = client(Scripted(*steps), max_retries=4)
    for _ in range(3):
        with suppress(YottaLabsError):
            yotta.pods.list()
    requests, answers = (lines := wire())[::2], lines[1::2]
    assert requests == [f"> GET {LIST}, no body"] * 5
    assert [answer.removeprefix(f"< GET {LIST}: ").partition(", request id none, ")[::2] for answer in answers] == [
        (
            "ServerError, status 502, code None, 0.0 ms, content-type text/plain; charset=utf-8",
            "20 bytes that cannot be read as JSON: <h1>Bad\\nGateway</h1>",
        ),
        ("APITimeoutError, 250.0 ms, no answer", ""),
        ("ResponseValidationError, status 200, code None, 0.0 ms, content-type none", "no body"),
        (
            "NotFoundError, status 200, code 12000, 0.0 ms, content-type application/json",
            '46 bytes: {"message": "success", "code": 12000, "data": null}',
        ),
        (
            "ok, status 200, code 10000, 0.0 ms, content-type application/json",
            '44 bytes: {"message": "success", "code": 10000, "data": []}',
        ),
    ]


def test_an_answer_that_is_too_large_is_told_as_far_as_it_was_kept(client: Client, wire: Wire) -> None:
    pods = [{"id": "1", "status": "RUNNING", "environmentVars": [PAIR]}]
    with pytest.raises(YottaLabsError):
        client(Scripted(pods), max_response_bytes=60).pods.list()
    _, answer = wire()
    assert "ResponseValidationError, status 200" in answer
    assert answer.endswith('"status": "RUNNING", "environmentVars": [{"key": "PASSWORD", "value": "<hidden>"}]}]}')


def test_every_documented_field_that_is_no_secret_is_told(wire: Wire) -> None:
    example_pod = {**contract.documented_pod(), "environmentVars": [PAIR]}
    told = json.loads(told_of(wire, json.dumps({"data": [example_pod]}).encode())[2:])
    assert told == {"data": [{**example_pod, "environmentVars": [{**PAIR, "value": "<hidden>"}]}]}


# --- To whom ----------------------------------------------------------------------------------------------------------


def test_whoever_does_not_ask_for_it_by_name_is_told_nothing(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def costs(*_: object) -> None:
        raise AssertionError("it costs something")

    monkeypatch.setattr(_wire.Telling, "__init__", costs)
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="yottalabs"):
        client(Scripted([])).pods.list()
    assert "yottalabs" in {record.name for record in caplog.records}
    assert "yottalabs.wire" not in {record.name for record in caplog.records}


def test_whoever_asked_before_the_package_was_loaded_is_told(wire: Wire) -> None:
    assert wire() == []
    assert _wire.__file__ is not None
    spec = importlib.util.spec_from_file_location("yottalabs._loaded_later", _wire.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.is_asked_for()


# --- What is not told -------------------------------------------------------------------------------------------------

HIDDEN_SHAPES: dict[str, Any] = {
    "pairs": {"environmentVars": [PAIR]},
    "a mapping": {"environmentVars": {"PASSWORD": VALUE}},
    "a text": {"environmentVars": f"PASSWORD={VALUE}"},
    "texts": {"environmentVars": [f"PASSWORD={VALUE}"]},
    "lists": {"environmentVars": [["PASSWORD", VALUE]]},
    "pairs within": {"environmentVars": [{"key": "PASSWORD", "value": {"a": [VALUE]}}]},
    "more than pairs": {"environmentVars": [{**PAIR, "was": VALUE}]},
    "no name": {"environmentVars": [{"key": [VALUE]}]},
    "another spelling": {"ENVIRONMENT_VARS": [{"key": "PASSWORD", "Value": VALUE}]},
    "another name": {"env": [PAIR]},
    "repeated": {"message": f"{VALUE} is odd", "data": [{"environmentVars": [PAIR]}, f"x{VALUE}x"]},
    "repeated as a name": {VALUE: 1, "environmentVars": [PAIR]},
    "a token": {"data": {"deep": [{"imageRegistryToken": VALUE}]}},
    "unknown names": {"sessionToken": VALUE, "x_SECRET": [VALUE], "DbPassword": {"a": VALUE}, "API-KEY": VALUE},
    "text in text": {"message": json.dumps({"environmentVars": [PAIR]}), "value": VALUE},
}


@pytest.mark.parametrize("name", HIDDEN_SHAPES)
def test_what_is_secret_is_hidden_in_whatever_shape(name: str, wire: Wire) -> None:
    told = told_of(wire, json.dumps({"code": 10000, **HIDDEN_SHAPES[name]}).encode())
    assert VALUE not in told
    assert "<hidden>" in told
    assert '"code": 10000' in told


def test_what_is_no_json_repeats_no_secret_of_the_request_as_it_is_or_escaped(wire: Wire) -> None:
    secret = "a s\xe4cret\n"
    for form in (secret, json.dumps(secret)[1:-1]):
        told = told_of(wire, f"<p>{form}</p>".encode(), sent=json.dumps({"value": secret}).encode())
        assert told.endswith(": <p><hidden></p>")


def test_of_a_secret_within_another_one_nothing_is_left(wire: Wire) -> None:
    longer = f"{VALUE} and a remainder"
    body = {"message": longer, "environmentVars": [PAIR, {"key": "B", "value": longer}]}
    assert "remainder" not in told_of(wire, json.dumps(body).encode())


def test_a_name_is_no_secret_by_a_part_of_it_if_the_contract_knows_it(wire: Wire) -> None:
    body = {"key": "PASSWORD", "tokens": None, "secret": True, "hotkey": 7, "imageRegistryUsername": "somebody"}
    assert json.loads(told_of(wire, json.dumps(body).encode())[2:]) == {**body, "hotkey": "<hidden>"}


def test_what_is_secret_in_the_request_is_hidden_in_its_answer(make: Any, clock: Any, wire: Wire) -> None:
    echo = f"{KEY} {TOKEN} {VALUE} is odd"
    headers = {"content-type": f"a/{VALUE}\t", "x-request-id": f"{TOKEN} {KEY}"}
    for step in (envelope(None, 10001, message=echo), httpx2.Response(502, headers=headers, text=f"{echo}\r\n")):
        with make(KEY, transport=Scripted(step), clock=clock, max_retries=0) as yotta:
            calls: list[Callable[[], object]] = [
                partial(yotta.pods.create, **ARGUMENTS),
                partial(yotta.request, "POST", f"/{VALUE}/{KEY}", json={"value": VALUE, "token": TOKEN}),
            ]
            for call in calls:
                with pytest.raises(YottaLabsError):
                    call()
                request, answer = wire()
                assert "canary" not in request + answer
                assert "<hidden> <hidden> <hidden> is odd" in answer


def test_neither_headers_nor_the_query_are_told(make: Any, clock: Any, wire: Wire) -> None:
    with make("short", transport=Scripted(7), clock=clock) as yotta:  # too short to be looked for
        yotta.request("GET", "/x", params={"a": VALUE})
    lines = " ".join(wire())
    assert "short" not in lines
    assert VALUE not in lines


# --- Bodies that are made to break it ---------------------------------------------------------------------------------

DEEP = 100_000
POD = json.dumps({"message": "success", "data": [{"id": "1", "environmentVars": [PAIR]}]}).encode()
HOSTILE: dict[str, tuple[bytes, str]] = {
    "invalid UTF-8": (POD.replace(b"success", b"s\xffccess"), '"s\\ufffdccess"'),
    "half a pair": (POD.replace(b"success", b"s\\ud800ccess"), '"s\\ud800ccess"'),
    "control characters": (
        POD.replace(b"success", b"\\r\\n\\u001b[31m\x7f\xc2\x85"),
        "\\r\\n\\u001b[31m\\u007f\\u0085",
    ),
    "raw control characters": (POD.replace(b"success", b"\r\n\x1b"), '"message": "\\r\\n\\u001b"'),
    "UTF-16": (POD.decode().encode("utf-16"), '"id": "1"'),
    "UTF-16 that is cut off": (POD.decode().encode("utf-16")[:-3], "environmentVars"),
    "cut off": (POD[: POD.index(VALUE.encode()) + 10], '"environmentVars": <hidden>'),
    "cut off within a name": (POD[:50], '"id": "1"'),
    "in front of something": (POD + b"x", '"id": "1"'),
    "twice": (POD + POD, '"id": "1"'),
    "no numbers": (POD.replace(b'"success"', b"[NaN, -Infinity, 1e999]"), "[NaN, -Infinity, Infinity]"),
    "a number without end": (POD.replace(b'"success"', b"7" * 5000), "7" * 1000),
    "deep": (POD.replace(b'"success"', b"[" * DEEP + b"]" * DEEP), "[[[[[["),
    "deep inside": (b'{"a":' * DEEP + POD + b"}" * DEEP, '{"a":{"a":'),
    "less deep": (b"[" * 900 + POD + b"]" * 900, "[[[[[["),
    "names without end": (b"key" * 1_000_000, "keykeykey"),
    "no text": (b"\x80\x81\x07\x00ab", "\\ufffd\\ufffd\\u0007\\u0000ab"),
    "a form": (f"user=me&password={VALUE}".encode(), "user=me&password= <hidden>"),
    "nothing but a text": (b'"x"', '"x"'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_body_that_is_made_to_break_it_is_told_in_one_line(name: str, wire: Wire) -> None:
    body, expected = HOSTILE[name]
    told = told_of(wire, body)
    assert expected in told
    assert VALUE[:10] not in told
    assert len(told) <= max(_wire.LONGEST_JSON, 6 * _wire.LONGEST_TEXT) + 100


def test_a_body_is_cut_where_it_gets_too_long(wire: Wire) -> None:
    text = "x" * 1000 + "\xe4" * 1000
    assert told_of(wire, text.encode()).endswith(f": {json.dumps(text)[1:-1]}")
    assert told_of(wire, f"{text}y".encode()).endswith(f": {json.dumps(text)[1:-1]}...")
    value = json.dumps("x" * (_wire.LONGEST_JSON - 2))
    assert told_of(wire, value.encode()) == f": {value}"
    assert told_of(wire, f"[{value}]".encode()) == f": [{value[:-1]}..."
    hidden = told_of(wire, json.dumps(["x" * 2 * _wire.LONGEST_JSON, {"value": VALUE}]).encode())
    assert hidden == f': ["{"x" * (_wire.LONGEST_JSON - 2)}...'
    many = json.dumps([{"environmentVars": [PAIR]}] * 10_000).encode()
    assert _wire.LONGEST_JSON - 100 < len(told_of(wire, many)) < _wire.LONGEST_JSON + 100


def test_what_is_cut_off_leaves_no_part_of_a_secret(wire: Wire) -> None:
    # What is hidden in front of it is shorter than it was, and moves up what follows.
    front = VALUE * 20
    for length in range(300):
        text = json.dumps([front + "x" * (_wire.LONGEST_JSON - 300 + length), f"{VALUE} y", {"value": VALUE}])
        assert "cana" not in told_of(wire, text.encode())
        text = front + "x" * (_wire.LONGEST_TEXT - 300 + length) + f"{VALUE} y"
        assert "cana" not in told_of(wire, text.encode(), sent=POD)


def test_what_is_too_large_to_be_searched_is_not_told(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wire, "LARGEST_BODY", len(POD) - 1)
    assert told_of(wire, POD) == ", too many to be told"


def test_whatever_goes_wrong_the_call_does_not(client: Client, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise LookupError(VALUE)

    monkeypatch.setattr(_wire.Search, "shown", fails)
    assert client(Scripted([])).pods.list() == []
    assert wire() == [f"> GET {LIST}, no body", "< GET: what cannot be told: LookupError"]


# --- Whatever is around it --------------------------------------------------------------------------------------------

ENVIRONMENT, REGISTRY, REPEATED = object(), object(), object()
"""Where the secrets are put."""

texts = st.text(st.characters(exclude_categories=()), max_size=20)
values = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), texts),
        st.sampled_from([ENVIRONMENT, REGISTRY, REPEATED]),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


def filled(value: Any, secret: str, token: str) -> Any:
    if isinstance(value, dict):
        return {name: filled(item, secret, token) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, secret, token) for item in value]
    return {
        id(ENVIRONMENT): {"environmentVars": [{"key": "A", "value": secret}, {"key": "B", "value": "short"}]},
        id(REGISTRY): {"imageRegistryToken": token},
        id(REPEATED): f"a {secret} b {token} c {KEY} d",
    }.get(id(value), value)


def records_of(request: Any, answer: Any) -> list[str]:
    """What is told of a request and its answer."""
    lines: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: lines.append(f"{record.getMessage()} {record.__dict__}")  # type: ignore[method-assign]  # the shortest handler
    level = _wire.logger.level
    _wire.logger.addHandler(handler)
    _wire.logger.setLevel(logging.DEBUG)
    try:
        with Keeping(forms_of(KEY)):
            telling = _wire.Telling(RawRequest(method="POST", path="/x", content=json.dumps(request).encode()))
            telling.sent()
            telling.answered(Answer(200, {}, json.dumps(answer).encode(), None), 1)
    finally:
        _wire.logger.setLevel(level)
        _wire.logger.removeHandler(handler)
    assert len(lines) == 2
    return lines


def assert_untold(lines: list[str], *secrets: str) -> None:
    for line in lines:
        for secret in secrets:
            for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
                assert form not in line


secrets = st.text(st.characters(exclude_categories=()), min_size=8, max_size=40)


@given(values, values, secrets, secrets)
@example([ENVIRONMENT], [REPEATED, REGISTRY], "a secret", "a token\n\u00e4\ud800\U0001f600'\"\\")
def test_no_secret_is_told_whatever_is_around_it(request: Any, answer: Any, secret: str, token: str) -> None:
    request = [request, filled([ENVIRONMENT, REGISTRY], secret, token)]
    lines = records_of(filled(request, secret, token), filled([answer], secret, token))
    assert_untold(lines, secret, token, KEY)


def test_the_search_for_secrets_finds_them_where_they_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wire.Search, "shown", lambda _, value: value)
    for value, untold in [
        ({"environmentVars": [PAIR]}, VALUE),
        ({"imageRegistryToken": TOKEN}, TOKEN),
        ({"environmentVars": [{"key": "A", "value": "\u00e4\n      "}]}, "\u00e4\n      "),
    ]:
        with pytest.raises(AssertionError):
            assert_untold(records_of(value, None), untold)
        with pytest.raises(AssertionError):
            assert_untold(records_of(None, value), untold)
