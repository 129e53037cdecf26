"""Prism in front of a server of ours: what is valid passes, what is not is named, and nobody waits for an answer."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from yottalabs import ServerError, YottaLabs

import prism as prism_module
from support import contract
from support.processes import assert_gone, listens, started
from support.raw import CREATE, JSON, KEY, LIST, VALID, Answer, post, raw, request
from support.tokens import with_token
from support.wire import differences

POD_ID = "331864222263676928"
POD = f"/openapi/v1/pods/{POD_ID}"
NOBODY = "http://127.0.0.1:1"
"""An upstream that is never asked anything."""


@dataclass(frozen=True)
class Asked:
    """A request, as the server got it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Upstream:
    """A server that answers as a test says, and notes what it was asked."""

    base_url: str
    asked: list[Asked] = field(default_factory=list)
    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def answers(self, body: Any, status: int = 200, content_type: str = "application/json") -> None:
        self.content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.headers = status, {"content-type": content_type} if content_type else {}


@contextmanager
def serving() -> Iterator[Upstream]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.asked.append(Asked(self.command, self.path, headers, body))
            self.send_response(served.status)
            for name, value in {**served.headers, "content-length": str(len(served.content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(served.content)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  # the names that the base class looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that the base class gives it
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Upstream(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join(5)


@pytest.fixture(scope="module")
def behind() -> Iterator[tuple[Upstream, str]]:
    with serving() as upstream, prism_module.running_proxy(upstream.base_url) as base_url:
        yield upstream, base_url


@pytest.fixture
def upstream(behind: tuple[Upstream, str]) -> Upstream:
    behind[0].asked.clear()
    return behind[0]


@pytest.fixture
def proxy(behind: tuple[Upstream, str]) -> str:
    return behind[1]


def command(*arguments: str) -> list[str]:
    return prism_module.command(*arguments, program=prism_module.PROXY)


def envelope(data: Any, code: int = 10000) -> dict[str, Any]:
    return {"message": "success", "code": code, "data": data}


def ask(base_url: str, data: bytes) -> Answer:
    return raw(base_url, data, within=60)  # that it comes at all is what counts


# --- What is valid -------------------------------------------------------------------------------------------------

REQUESTS = {
    "createPod": ("POST", CREATE, json.dumps(contract.request_examples()["everyField"]).encode()),
    "listPods": ("GET", LIST, b""),
    "deletePod": ("DELETE", POD, b""),
}
STATUSES = {"serverFailure": 500, "failure": 400, "unauthorized": 401, "tooManyRequests": 429}
DOCUMENTED = [
    (operation_id, name, STATUSES.get(name, 200), example)
    for operation_id in contract.OPERATIONS
    for answer in ("200", "500", "default")
    for name, example in contract.response_examples(operation_id, answer).items()
]


@pytest.mark.parametrize(
    ("operation_id", "status", "example"),
    [(operation_id, status, example) for operation_id, _, status, example in DOCUMENTED],
    ids=[f"{operation_id}-{name}" for operation_id, name, _, _ in DOCUMENTED],
)
def test_what_is_valid_passes_both_ways(
    upstream: Upstream, proxy: str, operation_id: str, status: int, example: Any
) -> None:
    upstream.answers(example, status)
    method, path, body = REQUESTS[operation_id]
    answer = httpx2.request(method, proxy + path, content=body, headers={**JSON, "x-api-key": "a key"}, timeout=60)
    assert "sl-violations" not in answer.headers
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert differences(example, answer.json(), "answer") == []
    (asked,) = upstream.asked
    assert (asked.method, asked.path, asked.headers["x-api-key"]) == (method, path, "a key")
    assert asked.headers["host"] == urlsplit(upstream.base_url).netloc
    assert (json.loads(asked.body) if body else asked.body) == (json.loads(body) if body else b"")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "0.0.0.0", "localhost@evil.example"])
def test_a_host_that_is_not_of_this_machine_does_not_reach_the_server(
    upstream: Upstream, proxy: str, host: str
) -> None:
    upstream.answers(envelope([]))
    for data in (request("GET", LIST, host=host), post(VALID, host=host), request("GET", "/_mock/state", host=host)):
        assert_problem(ask(proxy, data), 403, host)
    assert upstream.asked == []
    assert ask(proxy, request("GET", LIST, host="localhost"))[0] == 200


def test_headers_of_both_sides_pass_and_none_is_added_for_browsers(upstream: Upstream, proxy: str) -> None:
    upstream.answers(envelope([]))
    upstream.headers = {**upstream.headers, "retry-after": "7", "x-request-id": "r-1"}
    answer = httpx2.get(proxy + LIST, headers={**KEY, "user-agent": "a test", "origin": "http://elsewhere.example"})
    assert (answer.headers["retry-after"], answer.headers["x-request-id"]) == ("7", "r-1")
    assert [name for name in answer.headers if name.startswith("access-control-")] == []
    assert upstream.asked[0].headers["user-agent"] == "a test"


def test_a_query_passes(upstream: Upstream, proxy: str) -> None:
    upstream.answers(envelope([]))
    assert httpx2.get(proxy + LIST, params={"regionList": "a,b", "n": ["1", "2"]}, headers=KEY).status_code == 200
    assert upstream.asked[0].path == LIST + "?regionList=a%2Cb&n=1&n=2"


def test_the_client_works_through_it(upstream: Upstream, proxy: str) -> None:
    documented = contract.documented_pod()
    with YottaLabs("the-key", base_url=proxy) as yotta:
        upstream.answers(envelope(POD_ID))
        pod_id = yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", environment_vars={"A": "ä"}, expose=[22])
        upstream.answers(envelope([documented]))
        (pod,) = yotta.pods.list()
        upstream.answers(envelope(None))
        yotta.pods.delete(pod_id)
    assert pod_id == POD_ID
    assert differences(documented, pod.raw, "pod") == []
    assert [(asked.method, asked.path) for asked in upstream.asked] == [
        ("POST", CREATE),
        ("GET", LIST),
        ("DELETE", POD),
    ]
    assert {asked.headers["x-api-key"] for asked in upstream.asked} == {"the-key"}
    body = {
        "image": "x",
        "gpuType": "NVIDIA_L4_24G",
        "environmentVars": [{"key": "A", "value": "ä"}],
        "expose": [{"port": 22, "protocol": "SSH"}],
    }
    sent = json.loads(upstream.asked[0].body)
    assert differences(with_token(body, sent), sent, "body") == []


@pytest.mark.parametrize("identifier", ["333697876700471297", 43264375788654, 2**53 - 1, -(2**53) + 1])
def test_an_id_passes_as_text_and_as_an_integer(upstream: Upstream, proxy: str, identifier: str | int) -> None:
    upstream.answers(envelope(identifier))
    status, headers, body = ask(proxy, post(VALID))
    assert (status, body["data"]) == (200, identifier)
    assert "sl-violations" not in headers


def test_an_integer_beyond_those_of_javascript_becomes_another(upstream: Upstream, proxy: str) -> None:
    upstream.answers(envelope(333697876700471297))
    status, headers, body = ask(proxy, post(VALID))
    assert (status, body["data"]) == (200, 333697876700471300)
    assert "sl-violations" not in headers  # nothing tells: let a server's tests ask it directly about such numbers


def test_json_is_written_anew(upstream: Upstream, proxy: str) -> None:
    upstream.answers(b'{ "message": "\\u00e4", "code": 10000, "data": [], "more": 1.0 }')
    answer = httpx2.get(proxy + LIST, headers=KEY)
    assert answer.content == '{"message":"ä","code":10000,"data":[],"more":1}'.encode()
    assert answer.headers["content-length"] == str(len(answer.content))


# --- An answer against the contract --------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]
BROKEN_PODS: list[tuple[Change, list[str], str, str]] = [
    (lambda pod: pod.update(podName=5), ["podName"], "type", "must be string"),
    (lambda pod: pod.update(id=331864222263676928), ["id"], "type", "must be string"),
    (lambda pod: pod.update(gpuCount=1.5), ["gpuCount"], "type", "must be integer"),
    (lambda pod: pod.update(gpuCount=2**31), ["gpuCount"], "maximum", "must be <= 2147483647"),
    (lambda pod: pod.pop("officialImage"), [], "required", "'officialImage'"),
    (lambda pod: pod.pop("imagePublicType"), [], "required", "'imagePublicType'"),
    (lambda pod: pod["environmentVars"][0].pop("value"), ["environmentVars", "0"], "required", "'value'"),
    (lambda pod: pod["expose"][0].pop("port"), ["expose", "0"], "required", "'port'"),
    (lambda pod: pod.update(status="RESIZING"), ["status"], "enum", "INITIALIZE, RUNNING, PAUSING"),
    (lambda pod: pod.update(createdAt="2025-07-04T10:29:56Z"), ["createdAt"], "pattern", "must match pattern"),
]


@pytest.mark.parametrize(("change", "place", "code", "words"), BROKEN_PODS)
def test_a_pod_against_the_contract_is_named_with_its_place(
    upstream: Upstream, proxy: str, change: Change, place: list[str], code: str, words: str
) -> None:
    broken = contract.documented_pod()
    change(broken)
    upstream.answers(envelope([contract.documented_pod(), broken]))
    first, *others = findings(ask(proxy, request("GET", LIST)))
    assert first["location"] == ["response", "body", "data", "1", *place]
    assert (first["severity"], first["code"]) == ("Error", code)
    assert words in first["message"]
    assert all(other["code"] == "format" for other in others)  # what is no int32 is found by that word as well
    assert len(upstream.asked) == 1


def findings(answer: Answer) -> Any:
    """What Prism found in an answer of the server, which must not have passed."""
    status, headers, problem = answer
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    assert json.loads(headers["sl-violations"]) == problem["validation"]
    return problem["validation"]


@pytest.mark.parametrize(
    ("data", "body", "status", "place"),
    [
        (post(VALID), envelope({}), 200, ["response", "body", "data"]),
        (post(VALID), envelope("1", code=2**31), 200, ["response", "body", "code"]),
        (request("DELETE", POD), envelope("1"), 200, ["response", "body", "data"]),
        (request("GET", LIST), {"message": 5}, 429, ["response", "body", "message"]),
        (request("GET", LIST), [], 200, ["response", "body"]),
    ],
)
def test_an_envelope_against_the_contract_is_named_with_its_place(
    upstream: Upstream, proxy: str, data: bytes, body: Any, status: int, place: list[str]
) -> None:
    upstream.answers(body, status)
    assert {tuple(finding["location"]) for finding in findings(ask(proxy, data))} == {tuple(place)}


@pytest.mark.parametrize(("status", "content_type"), [(200, "text/html"), (200, ""), (502, "text/html"), (204, "")])
def test_an_answer_of_another_kind_is_named(upstream: Upstream, proxy: str, status: int, content_type: str) -> None:
    upstream.answers(b"<html>" if status != 204 else b"", status, content_type)
    first, second = findings(ask(proxy, request("DELETE", POD)))
    assert first["location"] == ["response"]
    assert f'media type "{content_type}" does not match' in first["message"]
    assert second["message"] == "Response body must be object"


def test_of_many_findings_the_header_has_the_first_and_the_body_all(upstream: Upstream, proxy: str) -> None:
    upstream.answers(envelope([{**contract.documented_pod(), "podName": 5}] * 100))
    status, headers, problem = ask(proxy, request("GET", LIST))
    assert (status, len(problem["validation"])) == (500, 100)
    assert headers["sl-violations"].startswith(
        'Too many violations! [{"location":["response","body","data","0","podName"]'
    )


def test_the_client_is_told_that_an_answer_breaks_the_contract(upstream: Upstream, proxy: str) -> None:
    upstream.answers(envelope([{**contract.documented_pod(), "status": "RESIZING"}]))
    with YottaLabs("k", base_url=proxy, max_retries=0) as yotta, pytest.raises(ServerError) as caught:
        yotta.pods.list()
    assert "data.0.status must be equal to one of" in caught.value.headers["sl-violations"]


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [(b'{"code": ', "application/json", "invalid json"), (b"{}", "no media type", "invalid media type")],
)
def test_an_answer_that_cannot_be_read_is_a_failure(
    upstream: Upstream, proxy: str, body: bytes, content_type: str, words: str
) -> None:
    upstream.answers(body, 200, content_type)
    assert_problem(ask(proxy, request("GET", LIST)), 500, words)


def assert_problem(answer: Answer, status: int, *words: str) -> None:
    found, headers, problem = answer
    assert (found, headers["content-type"]) == (status, "application/problem+json"), problem
    for word in words:
        assert word in json.dumps(problem)


def test_an_answer_of_501_is_not_replaced_by_a_success(upstream: Upstream, proxy: str) -> None:
    upstream.answers(envelope(None, 10002), 501)
    assert_problem(ask(proxy, request("GET", LIST)), 501, "upstream answered 501")


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as deaf:  # it has a port, and does not listen
        deaf.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        with prism_module.running_proxy(f"http://{address}") as proxy:
            assert_problem(ask(proxy, request("GET", LIST)), 500, "ECONNREFUSED", address)


# --- A request against the contract --------------------------------------------------------------------------------


def test_each_finding_in_a_request_is_named(upstream: Upstream, proxy: str) -> None:
    body = {"image": "x", "gpuType": "NVIDIA_H200", "gpuCount": 0, "expose": [{"port": 70000}], "podNmae": "x"}
    answer = ask(proxy, post(json.dumps(body).encode()))
    assert_problem(answer, 422, "podNmae")
    assert upstream.asked == []
    found = {(".".join(finding["location"]), finding["code"]) for finding in answer[2]["validation"]}
    assert {
        ("body.gpuType", "enum"),
        ("body.gpuCount", "minimum"),
        ("body.expose.0.port", "maximum"),
        ("body", "additionalProperties"),
    } <= found


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (post(VALID, x_api_key=""), 401, "UNAUTHORIZED"),
        (request("GET", LIST, x_api_key=""), 401, "UNAUTHORIZED"),
        (request("DELETE", POD, x_api_key=""), 401, "UNAUTHORIZED"),
        (post(b""), 422, "Body parameter is required"),
        (post(VALID, "text/plain"), 422, "Supported content types: application/json"),
        (post(b'{"image": "x"}'), 422, "'gpuType'"),
        (request("GET", LIST, b"{}", content_type="application/json"), 422, "non-empty body"),
        (request("DELETE", "/openapi/v1/pods/a%2Fb"), 422, "must match pattern"),
        (request("GET", "/nowhere"), 404, "/nowhere"),
        (request("GET", POD), 405, "get"),
        (request("PUT", LIST), 405, "put"),
        (request("OPTIONS", LIST), 405, "options"),
        (request("DELETE", "/openapi/v1/pods/%E0%A4%A"), 500, "URI malformed"),
    ],
)
def test_a_request_against_the_contract_is_refused_before_the_server_sees_it(
    upstream: Upstream, proxy: str, data: bytes, status: int, words: str
) -> None:
    upstream.answers(envelope(None))
    assert_problem(ask(proxy, data), status, words)
    assert upstream.asked == []


def test_a_connection_lives_on_after_a_body_that_is_not_json(upstream: Upstream, proxy: str) -> None:
    upstream.answers(envelope(None))
    with httpx2.Client(base_url=proxy, headers=JSON, timeout=60) as client:
        for content in (b"{", b"nonsense", b'{"image": "\xff"'):
            refused = client.post(CREATE, content=content)
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_json")
            assert upstream.asked == []
            assert client.get(LIST).json() == envelope(None)
            upstream.asked.clear()


def test_of_many_requests_at_once_each_gets_its_own_answer(upstream: Upstream, proxy: str) -> None:
    upstream.answers(envelope([]))
    kinds = {
        request("GET", LIST): 200,
        request("GET", LIST, connection="keep-alive"): 200,
        request("DELETE", "/openapi/v1/pods/%E0%A4%A"): 500,
        post(b"{"): 400,
        post(b"{}"): 422,
    }
    requests = [*kinds] * 50
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda data: ask(proxy, data), requests))
    assert [status for status, _, _ in answers] == [kinds[data] for data in requests]
    assert len(upstream.asked) == 100


# --- How it starts and ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(stop: signal.Signals) -> None:
    with started(command("--port", "0", "--upstream", NOBODY)) as (process, base_url):
        assert listens(base_url)
        process.send_signal(stop)
        assert process.wait(10) == 0
        assert_gone(base_url)
        assert process.stdout is not None
        assert process.stdout.read() == ""  # one line, and no more


def test_it_ends_with_the_block_that_runs_it() -> None:
    with prism_module.running_proxy(NOBODY) as base_url:
        assert listens(base_url)
    assert_gone(base_url)


def test_killing_the_program_that_runs_it_leaves_no_proxy() -> None:
    program = (
        "import prism, time\n"
        f"with prism.running_proxy('{NOBODY}') as base_url: print('ready', base_url, flush=True); time.sleep(600)"
    )
    with started([sys.executable, "-c", program], cwd=contract.ROOT / "mock") as (process, base_url):
        assert listens(base_url)
        process.kill()
        process.wait(10)
        assert_gone(base_url)


def failure(*arguments: str) -> str:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr


def test_a_port_in_use_says_what_to_do(proxy: str) -> None:
    port = urlsplit(proxy).port
    assert failure("--upstream", NOBODY, "--port", str(port)) == (
        f"mock: port {port} is in use; stop what listens there, or choose another: --port 0\n"
    )


def test_a_missing_upstream_is_named() -> None:
    assert failure("--port", "0") == "mock: --upstream is missing; it is the base URL of the server to check\n"


@pytest.mark.parametrize("upstream_url", ["", "http://", "ftp://127.0.0.1"])
def test_an_upstream_that_is_no_url_is_named(upstream_url: str) -> None:
    assert failure("--port", "0", f"--upstream={upstream_url}") == (
        f"mock: upstream '{upstream_url}' is not a URL; it is like http://127.0.0.1:8000\n"
    )


def test_a_program_that_runs_it_is_told_why_it_does_not_start() -> None:
    with (
        pytest.raises(prism_module.NotStartedError, match="mock: upstream 'nowhere' is not a URL"),
        prism_module.running_proxy("nowhere"),
    ):
        pytest.fail("it started")


def test_what_is_no_contract_is_named(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("openapi: 9\n", encoding="utf-8")
    message = failure("--port", "0", "--upstream", NOBODY, "--contract", str(file))
    assert message.startswith(f"mock: {file} is not a contract that Prism can serve (")
    assert len(message.splitlines()) == 1


def test_it_checks_against_the_contract_that_it_is_given(tmp_path: Path) -> None:
    text = (contract.ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert "TERMINATED, FAILED]" in text
    file = tmp_path / "wider.yaml"
    file.write_text(text.replace("TERMINATED, FAILED]", "TERMINATED, FAILED, RESIZING]"), encoding="utf-8")
    with serving() as upstream:
        upstream.answers(envelope([{**contract.documented_pod(), "status": "RESIZING"}]))
        arguments = ("--port", "0", "--upstream", upstream.base_url, "--contract", str(file))
        with started(command(*arguments)) as (_, base_url):
            assert ask(base_url, request("GET", LIST))[0] == 200
