"""No key, no registry token and no value of a variable is ever told but in the list itself and in a saved state."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yottalabs_mock
from yottalabs_mock import Fault, IllegalTransitionError, RecordedRequest, Simulator

from .asking import BODY, SUCCESS, Caller
from support.raw import CREATE, LIST, post, raw, request

KEY = "canary-key-b81f"
UNKNOWN_KEY = "canary-unknown-key-77aa"
TOKEN = "canary-token-09d2"
VALUE = "canary-value-5e3c"
SECRETS = (KEY, UNKNOWN_KEY, TOKEN, VALUE)
PRIVATE = {
    **BODY,
    "imagePublicType": "PRIVATE",
    "imageRegistryUsername": "someone",
    "imageRegistryToken": TOKEN,
    "environmentVars": [{"key": "PASSWORD", "value": VALUE}, {"key": "PASSWORD", "value": VALUE}],
    "expose": [{"port": 22}],
}
# Valid and invalid, each with secrets in places where they belong and where they do not.
BODIES: list[Any] = [
    PRIVATE,
    {**PRIVATE, "gpuCount": 0},
    {**PRIVATE, "podNmae": VALUE, "imageRegistryTokn": TOKEN, "environmentVar": [{"key": "A", "value": VALUE}]},
    {**PRIVATE, "imageRegistryToken": [TOKEN]},
    {**PRIVATE, "imageRegistryToken": {"token": TOKEN}},
    {**PRIVATE, "environmentVars": {"PASSWORD": VALUE}},
    {**PRIVATE, "environmentVars": [VALUE, [VALUE], {"value": VALUE}, {"key": {"name": VALUE}, "value": [VALUE]}]},
    {**PRIVATE, "environmentVars": [{"key": "A", "value": VALUE, "valeu": VALUE, "name": VALUE}]},
    {**PRIVATE, "environmentVars": VALUE},
    {**PRIVATE, "expose": [{"port": 22, "token": TOKEN}, VALUE, {"port": {"secret": VALUE}}]},
    {**PRIVATE, "image": {"name": "x", "token": TOKEN}},
    {**PRIVATE, "podName": [{"value": VALUE}]},
    {"imageRegistryToken": TOKEN},
    [PRIVATE],
    TOKEN,
]
BROKEN = [
    json.dumps(PRIVATE).encode()[:-1],
    json.dumps(PRIVATE).encode() + TOKEN.encode(),
    b'{"imageRegistryToken": ' + TOKEN.encode() + b"}",
    b"\xff" + json.dumps(PRIVATE).encode(),
    json.dumps({**PRIVATE, "environmentVars": [{"key": "A", "value": VALUE}] * 6000}).encode(),
    json.dumps({**PRIVATE, "initializationCommand": "x" * 5_000_000}).encode(),
    b'{"image": ' + b"[" * 900 + json.dumps(VALUE).encode() + b"]" * 900 + b"}",
    b'{"image": NaN, "gpuCount": 1e999, "imageRegistryToken": "' + TOKEN.encode() + b'"}',
]
FORM = f"imageRegistryToken={TOKEN}&value={VALUE}".encode()


def assert_no_secret(text: str, where: str) -> None:
    for secret in SECRETS:
        assert secret not in text, f"{where} tells {secret}"
    assert "canary" not in text, where


def converse(ask: Callable[[str, str, bytes, dict[str, str]], httpx2.Response]) -> Iterator[httpx2.Response]:
    """Sends every secret in every way; gives the answers that are refusals."""
    json_of_mine = {"x-api-key": KEY, "content-type": "application/json"}
    contents = [json.dumps(body).encode() for body in BODIES]
    for content in [*contents, *BROKEN]:
        for headers in (json_of_mine, {**json_of_mine, "x-api-key": UNKNOWN_KEY}, {**json_of_mine, "x-api-key": ""}):
            response = ask("POST", CREATE, content, headers)
            if response.json()["code"] != SUCCESS:
                yield response
    extra = {"authorization": f"Bearer {KEY}", "cookie": f"a={TOKEN}", "proxy-authorization": f"Basic {VALUE}"}
    for method, path in (("GET", LIST), ("DELETE", "/openapi/v1/pods/1"), ("POST", "/nowhere"), ("PUT", CREATE)):
        response = ask(method, path, contents[0], {**json_of_mine, **extra})
        if response.json()["code"] != SUCCESS:
            yield response
    yield ask("POST", CREATE, FORM, {**json_of_mine, "content-type": "application/x-www-form-urlencoded"})


@pytest.fixture(params=["in process", "over a socket"])
def talked(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Simulator:
    """A simulator that was told all the secrets; whatever it answered told none of them."""
    sim = Simulator(api_keys={KEY: "mine"})
    caplog.set_level(logging.DEBUG, "yottalabs_mock")
    refusals = 0
    if request.param == "in process":
        http = httpx2.Client(transport=sim.transport, base_url="http://x")
        for response in converse(
            lambda method, path, content, headers: http.request(method, path, content=content, headers=headers)
        ):
            refusals += 1
            assert_no_secret(response.text, "a refusal")
            assert_no_secret(repr(response.headers), "the headers of a refusal")
    else:
        with sim.serve() as base_url, httpx2.Client(base_url=base_url) as http:
            for response in converse(
                lambda method, path, content, headers: http.request(method, path, content=content, headers=headers)
            ):
                refusals += 1
                assert_no_secret(response.text, "a refusal")
    assert refusals > 2 * len(BODIES)
    assert len(sim.pods) == 2  # more names in a variable are nothing that the contract forbids
    return sim


def test_nothing_that_can_be_read_or_printed_tells_a_secret(talked: Simulator) -> None:
    sim = talked
    sim.faults.add("*", "business_code", message="nothing")
    pod = next(iter(sim.pods.values()))
    with pytest.raises(IllegalTransitionError) as caught:
        pod.resume()
    public: dict[str, Any] = {
        "the simulator": sim,
        "pods": sim.pods,
        "a pod": pod,
        "requests": sim.requests,
        "faults": sim.faults,
        "pending": sim.faults.pending,
        "transport": sim.transport,
        "app": sim.app,
        "clock": sim.clock,
        "an error": caught.value,
        "the organisations": sim._organisations,
        "vars": vars(sim._organisations),
        "the journal": vars(sim._journal),
    }
    for name, value in public.items():
        assert_no_secret(repr(value), f"repr of {name}")
        assert_no_secret(str(value), f"str of {name}")
    for name in yottalabs_mock.__all__:
        assert_no_secret(repr(getattr(yottalabs_mock, name)), name)


def test_requests_are_recorded_without_secrets(talked: Simulator) -> None:
    assert len(talked.requests) > 3 * len(BODIES)
    for record in talked.requests:
        assert_no_secret(repr(record), "a record")
        assert_no_secret(json.dumps(record.to_json()), "a record as JSON")
        assert_no_secret(repr(pickle.loads(pickle.dumps(record))), "a pickled record")
        if "x-api-key" in record.headers:
            assert record.headers["x-api-key"] == "<hidden>"


def test_the_endpoint_of_requests_tells_them_without_secrets(talked: Simulator) -> None:
    count = len(talked.requests)
    response = httpx2.Client(transport=talked.transport, base_url="http://x").get("/_mock/requests")
    assert response.status_code == 200
    assert len(response.json()["data"]) == count
    assert_no_secret(response.text, "/_mock/requests")
    assert response.json()["data"] == [json.loads(json.dumps(record.to_json())) for record in talked.requests]


def test_the_log_tells_no_secret(talked: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    assert len(talked.requests) > 0
    records = [record for record in caplog.records if record.name.startswith("yottalabs_mock")]
    for record in records:
        assert_no_secret(record.getMessage(), "the log")
        assert_no_secret(repr(vars(record)), "a record of the log")


def test_the_log_of_a_socket_has_a_line_for_each_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "yottalabs_mock")
    with Simulator().serve() as base_url:
        raw(base_url, post(json.dumps(PRIVATE).encode()))
        raw(base_url, post(json.dumps({"imageRegistryToken": TOKEN}).encode()))
        raw(base_url, request("GET", f"{LIST}?token={TOKEN}", x_api_key=KEY))
        raw(base_url, request("GET", "/a%0Ab\u00e9"))
    lines = [record.getMessage() for record in caplog.records if record.name == "yottalabs_mock"]
    beginnings = [
        "POST /openapi/v1/pods/create 200 ",
        "POST /openapi/v1/pods/create 422 ",
        "GET /openapi/v1/pods/list 200 ",
    ]
    assert [line.startswith(beginning) for line, beginning in zip(lines, beginnings, strict=False)] == [True] * 3
    for line in lines:
        assert line.isprintable()
        assert_no_secret(line, "the log")


def test_the_saved_state_keeps_values_and_says_so_and_neither_keys_nor_tokens(
    talked: Simulator, tmp_path: Path
) -> None:
    talked.save(tmp_path / "state.json")
    for text in (json.dumps(talked.to_json()), (tmp_path / "state.json").read_text(encoding="utf-8")):
        assert text.count(VALUE) == 3
        for secret in (KEY, UNKNOWN_KEY, TOKEN):
            assert secret not in text
        assert "values of environment variables are in here in clear text" in json.loads(text)["notice"]
    response = httpx2.Client(transport=talked.transport, base_url="http://x").get("/_mock/state")
    assert TOKEN not in response.text
    assert KEY not in response.text


def test_only_the_list_tells_the_values(talked: Simulator) -> None:
    text = Caller(talked, KEY).http.get(LIST).text
    assert text.count(VALUE) == 3
    assert TOKEN not in text
    assert KEY not in text


@pytest.mark.parametrize("fault", Fault)
def test_no_fault_tells_a_secret(fault: str) -> None:
    sim = Simulator()
    caller = Caller(sim, KEY)
    sim.faults.add("*", fault)
    for method, path, body in (("POST", CREATE, PRIVATE), ("GET", LIST, None), ("DELETE", "/openapi/v1/pods/1", None)):
        try:
            text = caller.http.request(method, path, json=body).text
        except httpx2.HTTPError as error:
            text = str(error)
        if path != LIST:
            assert_no_secret(text, fault)
    assert_no_secret(repr(sim.requests), fault)


# --- What is recorded -------------------------------------------------------------------------------------------------


def test_a_record_says_what_was_asked_and_what_became_of_it(sim: Simulator, caller: Caller) -> None:
    sim.advance(7.5)
    response = caller.http.post(f"{CREATE}?a=1", json=PRIVATE, headers={"X-Mine": "yes"})
    caller.http.get("/nowhere")
    caller.http.post("/_mock/advance", json={"seconds": 1})  # which is no request of the API
    first, second = list(sim.requests)
    assert isinstance(first, RecordedRequest)
    assert (first.number, first.at, first.operation, first.method) == (1, 7.5, "createPod", "POST")
    assert (first.target, first.status, first.fault) == (f"{CREATE}?a=1", 200, None)
    assert first.headers["x-mine"] == "yes"
    assert first.json == {
        **PRIVATE,
        "imageRegistryToken": "<hidden>",
        "environmentVars": [{"key": "PASSWORD", "value": "<hidden>"}] * 2,
    }
    assert response.headers["x-request-id"] == "sim-000001"
    assert (second.number, second.operation, second.target, second.json, second.status) == (
        2,
        None,
        "/nowhere",
        None,
        404,
    )
    assert len(sim.requests) == 2


def test_what_the_contract_does_not_know_is_named_and_not_shown(sim: Simulator, caller: Caller) -> None:
    caller.post({**BODY, "imageRegistryTokn": TOKEN, "gpuCount": "one", "podName": None})
    assert sim.requests[0].json == {**BODY, "imageRegistryTokn": "<hidden>", "gpuCount": "one", "podName": None}


def test_a_body_where_none_belongs_is_not_shown(sim: Simulator, caller: Caller) -> None:
    caller.http.request("DELETE", "/openapi/v1/pods/1", json={"token": TOKEN})
    caller.http.request("POST", "/nowhere", json={"image": "x"})
    caller.http.request("GET", LIST, content=b"not json")
    caller.http.request("GET", LIST, json=[1])
    bodies = [record.json for record in sim.requests]
    assert bodies == [{"token": "<hidden>"}, {"image": "<hidden>"}, "<8 bytes that are not JSON>", "<no object>"]


def test_records_are_kept_in_order_and_cannot_be_changed(sim: Simulator, caller: Caller) -> None:
    for _ in range(5):
        caller.pods()
    before = sim.requests
    caller.create()
    assert [record.number for record in sim.requests] == [1, 2, 3, 4, 5, 6]
    assert len(before) == 5
    with pytest.raises(AttributeError):
        before[0].status = 500  # type: ignore[misc]
    sim.reset()
    assert len(sim.requests) == 0
    caller.pods()
    assert [record.number for record in sim.requests] == [1]
