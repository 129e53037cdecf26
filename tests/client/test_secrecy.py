"""Secrets stay where they belong: unique ones are put everywhere, and every channel of output is searched for them.

Not searched are the variables of frames that are not this project's, and what an API repeats of a value that the call
itself does not carry. The `body` of an error, `Pod.raw` and `Pod.environment_vars` are data, and hold what came.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import signal
import socket
import subprocess
import sys
import threading
import traceback
import warnings
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any
from urllib.parse import quote, quote_plus

import anyio
import httpx2
import psutil
import pytest
from yottalabs import (
    APIError,
    AsyncYottaLabs,
    ConfigurationError,
    InvalidArgumentError,
    YottaLabs,
    YottaLabsError,
    _guard,
)
from yottalabs._secrecy import Keeping, forms_of, masked
from yottalabs_mock import Simulator, Times

from support.scripted import Scripted, VirtualClock, envelope
from support.sockets import server
from support.tracebacks import chain, our_frames, our_live_frames, shown

Client = Callable[..., Any]
KEY, TOKEN, VALUE, FIELD = "canary-key/1+2", "canary-token", "canary-value", "canary-field"
NUMBER = 1029384756
SECRETS = ("canary-key", TOKEN, VALUE, FIELD, str(NUMBER))
ECHO = f"{KEY} {TOKEN} {VALUE}"
LARGE = 20_000_000  # bytes, more than the buffers of a connection hold
ARGUMENTS: dict[str, Any] = {
    "image": "x",
    "gpu_type": "NVIDIA_L4_24G",
    "image_public_type": "PRIVATE",
    "image_registry_username": "u",
    "image_registry_token": TOKEN,
    "environment_vars": {"PASSWORD": VALUE},
}
ECHOED = {
    "id": "1",
    "status": "RUNNING",
    "imageRegistryToken": TOKEN,
    "environmentVars": [{"key": "PASSWORD", "value": VALUE}, {"key": "KEY", "value": KEY}],
    "undocumented": ECHO,
}


def nested(secret: str) -> Any:
    """A list that is nested too deeply for JSON."""
    value: Any = secret
    for _ in range(100_000):
        value = [value]
    return value


class Told:
    """Whatever can be seen of what a client does."""

    def __init__(self) -> None:
        self.channels: dict[str, list[str]] = {}

    def add(self, channel: str, *texts: object) -> None:
        self.channels.setdefault(channel, []).extend(map(str, texts))

    def show(self, name: str, value: object) -> None:
        """What is shown of an object, and of what comes back of it from a pickle."""
        self.add(name, repr(value), str(value), format(value))
        with suppress(Exception):  # what cannot be pickled cannot be shown from a pickle
            self.add(f"{name}, unpickled", repr(pickle.loads(pickle.dumps(value))))

    def fail(self, error: BaseException) -> None:
        """What is shown of an error, and of all that led to it, with the local variables of this project's frames."""
        self.add("traceback", *traceback.format_exception(error))
        for each in chain(error):  # what Python itself does not show of it, another tool may
            self.show("error", each)
            self.add("notes", *getattr(each, "__notes__", ()))
        self.locals(our_frames(error))

    def locals(self, frames: list[FrameType]) -> None:
        """What tools show of the local variables of frames."""
        for where, text in shown(frames):
            self.add(f"locals, {where}", text)

    def assert_no_secret(self, *allowed: str) -> None:
        for channel, texts in self.channels.items():
            for text in texts:
                for secret in set(SECRETS).difference(allowed):
                    at = text.find(secret)
                    assert at < 0, f"{secret} is in {channel}: …{text[max(at - 300, 0) : at + 100]}…"


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Told]:
    """What the test says, and what is logged, warned and printed in it."""
    found = Told()
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield found
    found.add("log", *(f"{record.getMessage()} {record.__dict__}" for record in caplog.get_records("call")))
    found.add("warning", *(warning.message for warning in warned))
    found.add("output", *capfd.readouterr())
    found.assert_no_secret()


def call(told: Told, function: Callable[[], object]) -> BaseException | None:
    """Calls a function of the client and tells what comes of it."""
    try:
        told.show("result", function())
    except BaseException as error:  # noqa: BLE001  # whatever it is, it must tell nothing
        told.fail(error)
        return error
    return None


def creates(yotta: Any) -> list[Callable[[], object]]:
    """Creates, with secrets wherever there may be some."""
    return [
        lambda: yotta.pods.create(**ARGUMENTS),
        lambda: yotta.pods.create(**ARGUMENTS, extra_fields={"undocumented": FIELD}, create_token=None),
        lambda: yotta.pods.create(**ARGUMENTS, create_token="of-mine"),
        lambda: yotta.pods.create(**ARGUMENTS, on_unknown="recreate"),
    ]


def other_uses(yotta: Any) -> list[Callable[[], object]]:
    return [
        yotta.pods.list,
        lambda: yotta.pods.get("1"),
        lambda: yotta.pods.delete("1"),
        lambda: yotta.pods.wait("1", timeout=5),
        lambda: yotta.pods.wait_all(["1", "2"], timeout=5),
        lambda: yotta.pods.find_created("a"),
        lambda: yotta.pods.sweep(report=lambda _: None),
        lambda: yotta.request("POST", "/x", json={"a": [TOKEN]}) and None,
    ]


def raises(error: BaseException) -> Callable[[httpx2.Request], Any]:
    def step(request: httpx2.Request) -> Any:
        raise type(error)(*error.args) from ValueError(str(error), request.headers["x-api-key"])

    return step


def headers_with(secrets: str) -> dict[str, str]:
    return {
        "location": f"https://elsewhere.example/?k={secrets}",
        "x-request-id": secrets,
        "retry-after": secrets,
        "x-odd": secrets,
    }


ECHOES: dict[str, Callable[[str], Any]] = {
    "a refusal": lambda echo: envelope(None, 10001, message=f"{echo} is odd"),
    "a conflict": lambda echo: envelope(None, 12001, message=f"{echo} is odd"),
    "a long refusal": lambda echo: envelope(None, 10001, message="x" * 492 + echo),
    "no success": lambda echo: envelope(ECHOED, 500, message=echo),
    "unauthorized": lambda echo: httpx2.Response(401, headers=headers_with(echo), text=echo),
    "a failure": lambda echo: httpx2.Response(502, headers=headers_with(echo), text=echo),
    "a redirect": lambda echo: httpx2.Response(307, headers=headers_with(echo), text=echo),
    "an escaped redirect": lambda echo: httpx2.Response(302, headers={"location": f"https://e/?a={quote(echo)}"}),
    "broken JSON": lambda _: httpx2.Response(200, content=b'{"message": "' + ECHO.encode(), headers=headers_with(ECHO)),
    "not UTF-8": lambda _: httpx2.Response(200, content=b'{"message": "' + ECHO.encode() + b'\xff"}'),
    "no object": lambda _: httpx2.Response(200, json=[ECHO]),
    "a pod without an id": lambda _: envelope({**ECHOED, "id": None}),
    "an odd id": lambda _: envelope({"id": [ECHO]}),
    "a list": lambda _: envelope([ECHOED]),
    "an odd list": lambda _: envelope([{**ECHOED, "id": None}, ECHO]),
    "no connection": lambda echo: raises(httpx2.ConnectError(f"cannot send {echo}")),
    "a reset": lambda echo: raises(httpx2.ReadError(echo)),
    "too late": lambda echo: raises(httpx2.ReadTimeout(echo)),
    "an error of the system": lambda echo: raises(OSError(104, echo)),
    "a bug of the transport": lambda echo: raises(LookupError(echo, echo.encode(), [echo])),
    "Ctrl-C": lambda echo: raises(KeyboardInterrupt(echo)),
    "a cancelled task": lambda echo: raises(asyncio.CancelledError(echo)),
}


@pytest.mark.parametrize("name", ECHOES)
def test_what_an_api_or_a_transport_repeats_is_not_told(make: Any, clock: VirtualClock, name: str, told: Told) -> None:
    errors = []
    with make(KEY, transport=Scripted(ECHOES[name](ECHO)), clock=clock, timeout=6) as yotta:
        errors += [call(told, use) for use in creates(yotta)]
    with make(KEY, transport=Scripted(ECHOES[name](KEY)), clock=clock, timeout=6) as yotta:
        errors += [call(told, use) for use in other_uses(yotta)]
        told.show("client", yotta)
        told.show("pods", yotta.pods)
    assert sum(error is not None for error in errors) >= 3
    if name == "a refusal":  # the words are told, without the secrets
        assert isinstance(errors[0], APIError)
        assert errors[0].message == "<hidden> <hidden> <hidden> is odd"


BAD_ARGUMENTS: dict[str, dict[str, Any]] = {
    "a variable that is no text": {"environment_vars": {"A": VALUE, "B": [VALUE]}},
    "variables that are a text": {"environment_vars": VALUE},
    "a triple": {"environment_vars": [("A", VALUE, VALUE)]},
    "a variable that is not Unicode": {"environment_vars": {"A": f"{VALUE}\ud800"}},
    "a variable of this client's own": {"environment_vars": {"YOTTALABS_LEASE": VALUE}},
    "a token that is no text": {"image_registry_token": [TOKEN]},
    "a token that is not Unicode": {"image_registry_token": f"{TOKEN}\ud800"},
    "a misspelt token": {"image_registry_tokn": TOKEN},
    "no name of a user": {"image_registry_username": 5},
    "a set": {"extra_fields": {"a": {FIELD}}},
    "a number for a variable": {"environment_vars": {"PIN": NUMBER}},
    "a number for a token": {"image_registry_token": NUMBER},
    "bytes for a variable": {"environment_vars": [("A", VALUE.encode())]},
    "a set of variables": {"environment_vars": {(VALUE, VALUE, VALUE)}},
    "a mapping of another kind": {"environment_vars": UserDict({"A": {VALUE}})},
    "variables that are no objects": {"environment_vars": [VALUE, ("A", VALUE)]},
    "a variable without a value": {"environment_vars": [{"key": "A", "value": VALUE}, {"key": VALUE}]},
    "an object as a variable": {"environment_vars": {"A": {"a": [VALUE]}}},
    "variables that are nested": {"environment_vars": {"A": nested(VALUE)}},
    "fields that are nested": {"extra_fields": {"a": nested(FIELD)}},
    "a tuple of fields": {"extra_fields": (FIELD,)},
    "a text of fields": {"extra_fields": FIELD},
    "a number of fields": {"extra_fields": NUMBER},
    "names that are numbers": {"extra_fields": {1: FIELD}},
    "a mapping of fields of another kind": {"extra_fields": MappingProxyType({"a": FIELD, "b": object()})},
    "a list of fields": {"extra_fields": [FIELD]},
    "a documented field": {"extra_fields": {"image": FIELD, "b": FIELD}},
    "a field that is not Unicode": {"extra_fields": {"a": f"{FIELD}\ud800"}},
    "another argument": {"gpu_count": 0, "extra_fields": {"a": FIELD}},
    "another argument of the client": {"create_token": "", "extra_fields": {"a": FIELD}},
    "a lifetime": {"max_lifetime": -1, "extra_fields": {"a": FIELD}},
    "no guard": {"max_lifetime": 1, "extra_fields": {"a": FIELD}},
}


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_what_cannot_be_sent_is_not_told(make: Any, name: str, told: Told) -> None:
    bad = BAD_ARGUMENTS[name]
    yotta = make(KEY, transport=Scripted("1"))
    assert isinstance(call(told, lambda: yotta.pods.create(**ARGUMENTS | bad)), InvalidArgumentError)
    error = call(told, lambda: enter(yotta, **ARGUMENTS | bad))
    assert isinstance(error, InvalidArgumentError)


class Raising(Mapping[str, str]):
    """A mapping that raises in the middle."""

    def __getitem__(self, name: str) -> str:
        raise LookupError("of the caller's own")

    def __iter__(self) -> Iterator[str]:
        yield VALUE
        raise LookupError("of the caller's own")

    def __len__(self) -> int:
        return 2


def raising(*items: Any) -> Iterator[Any]:
    yield from items
    raise LookupError("of the caller's own")


def raising_arguments() -> Iterator[dict[str, Any]]:
    """Arguments that run code of the caller's, which raises."""
    yield {"environment_vars": raising(("A", VALUE))}
    yield {"environment_vars": raising({"key": "A", "value": VALUE})}
    yield {"environment_vars": Raising()}
    yield {"environment_vars": [("A", VALUE), Raising()]}
    yield {"environment_vars": {"A": VALUE}, "expose": raising(22)}
    yield {"extra_fields": Raising()}
    yield {"extra_fields": {"a": FIELD}, "expose": raising(22)}


@pytest.mark.parametrize("place", range(7))
def test_code_of_the_caller_s_that_raises_shows_no_secret_of_our_frames(make: Any, place: int, told: Told) -> None:
    yotta = make(KEY, transport=Scripted("1"))
    for use in (yotta.pods.create, lambda **arguments: enter(yotta, **arguments)):
        error = call(told, lambda: use(**ARGUMENTS | list(raising_arguments())[place]))  # noqa: B023
        assert isinstance(error, LookupError)
        assert our_frames(error)


REQUESTS: dict[str, dict[str, Any]] = {
    "a query in the path": {"path": f"/x?token={TOKEN}"},
    "a fragment in the path": {"path": f"/x#{TOKEN}"},
    "a URL": {"path": f"https://u:{TOKEN}@elsewhere.example/x"},
    "another host": {"path": f"//u:{TOKEN}@elsewhere.example/x"},
    "a path that is no text": {"path": [TOKEN]},
    "a path that is not Unicode": {"path": f"/x?{TOKEN}\ud800"},
    "no method": {"method": "", "json": TOKEN},
    "params that are no mapping": {"params": TOKEN},
    "params that are pairs": {"params": [("token", TOKEN)]},
    "params that are a set": {"params": {TOKEN}},
    "a list in params": {"params": {"token": [TOKEN]}},
    "bytes in params": {"params": {"token": TOKEN.encode()}},
    "no Unicode in params": {"params": {"token": f"{TOKEN}\ud800"}},
    "a set in JSON": {"json": {"a": {TOKEN}}},
    "a set as JSON": {"json": {TOKEN}},
    "a tuple in JSON": {"json": (TOKEN, object())},
    "bytes as JSON": {"json": TOKEN.encode()},
    "no Unicode as JSON": {"json": f"{TOKEN}\ud800"},
    "no number as JSON": {"json": [TOKEN, float("nan")]},
    "JSON that is nested": {"json": nested(TOKEN)},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_cannot_be_sent_shows_nothing(make: Any, name: str, told: Told) -> None:
    arguments = {"method": "POST", "path": "/x"} | REQUESTS[name]
    error = call(told, lambda: make(KEY, transport=Scripted(None)).request(**arguments))
    assert isinstance(error, InvalidArgumentError)
    assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize(
    "name", ["no connection", "a reset", "too late", "Ctrl-C", "no success", "a bug of the transport"]
)
def test_a_request_that_fails_shows_neither_its_query_nor_its_body(make: Any, name: str, told: Told) -> None:
    yotta = make(KEY, transport=Scripted(ECHOES[name]("no")), timeout=6)
    for json in ({"a": TOKEN}, [TOKEN], TOKEN, (TOKEN,), {"a": NUMBER}):
        error = call(told, lambda: yotta.request("POST", "/x", json=json, params={"token": VALUE}))  # noqa: B023
        assert error is not None


def test_what_is_being_done_shows_no_secret_either(make: Any, told: Told) -> None:
    """A tool may show the variables of what calls a transport, a clock or a callback, though nothing is raised."""
    seen: set[str] = set()

    def look(*_: Any) -> None:
        frames = our_live_frames()
        seen.update(frame.f_code.co_name for frame in frames)
        told.locals(frames)

    class Clock(VirtualClock):
        def sleep(self, seconds: float) -> None:
            look()
            super().sleep(seconds)

    def variables() -> Iterator[tuple[str, str]]:
        yield "A", VALUE
        look()

    simulator = Simulator()

    def answer(_: httpx2.Request) -> httpx2.Response:
        look()
        return httpx2.Response(502)

    with make(KEY, transport=httpx2.MockTransport(answer), clock=Clock()) as yotta:
        assert call(told, lambda: yotta.pods.create(**ARGUMENTS, extra_fields={"undocumented": FIELD}))
        assert call(told, lambda: yotta.request("POST", "/x", json=[TOKEN], params={"a": VALUE}))
    with make(KEY, transport=simulator.transport, clock=simulator.clock) as yotta:
        yotta.pods.delete(yotta.pods.wait(yotta.pods.create(**ARGUMENTS), "running", on_change=look))
        yotta.pods.delete(yotta.pods.create(**ARGUMENTS | {"environment_vars": variables()}))
        if make is YottaLabs:
            with yotta.pods.temporary(**ARGUMENTS, on_change=look):
                look()
    assert seen >= {"create", "request", "_send", "_list", "watch", "wait"}


def enter(yotta: Any, **arguments: Any) -> None:
    with yotta.pods.temporary(**arguments):
        raise AssertionError("it was entered")


def test_what_the_caller_does_wrong_is_told_with_the_caller_s_own_frames(client: Client, told: Told) -> None:
    def own() -> Iterator[tuple[str, str]]:
        yield "A", VALUE
        raise LookupError("of the caller's own")

    def answer(_: httpx2.Request) -> httpx2.Response:
        raise LookupError("of a transport of the caller's own")

    yotta = client(Scripted("1"))
    error = call(told, lambda: yotta.pods.create(**ARGUMENTS | {"environment_vars": own()}))
    assert "own" in names(error)
    error = call(told, client(httpx2.MockTransport(answer)).pods.list)
    assert "answer" in names(error)


def names(error: BaseException | None) -> list[str]:
    assert isinstance(error, LookupError)
    return [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]


def test_what_the_caller_was_handling_stays_as_it_was(client: Client) -> None:
    yotta = client(Scripted(httpx2.ReadError("reset")), max_retries=0)
    try:
        names(None)
    except AssertionError as own:
        before = list(traceback.walk_tb(own.__traceback__))
        with pytest.raises(YottaLabsError) as caught:
            yotta.pods.list()
        assert list(traceback.walk_tb(own.__traceback__)) == before
        assert any(each is own for each in chain(caught.value))


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": f"{KEY} with a space"},
        {"api_key": f"{KEY}\n\n{KEY}"},
        {"api_key": f"{KEY}\x1b"},
        {"api_key": f"{KEY}\u00e4"},
        {"api_key": f"{KEY}\udcff"},
        {"api_key": [KEY]},
        {"api_key": (KEY,)},
        {"api_key": {KEY: KEY}},
        {"api_key": KEY.encode()},
        {"base_url": f"me:{KEY}@elsewhere.example"},
        {"base_url": f"https:/me:{KEY}@elsewhere.example"},
        {"base_url": f"https://me:{KEY}/x@elsewhere.example"},
        {"base_url": f"https://me:x?{KEY}@elsewhere.example"},
        {"base_url": f"https://me:{KEY}?x@elsewhere.example"},
        {"base_url": f"https://me:{KEY}#x@elsewhere.example"},
        {"base_url": f"https://me/{KEY}@elsewhere.example"},
        {"base_url": f"https://me:{KEY}"},
        {"base_url": f"https://elsewhere.example/#{KEY}"},
        {"base_url": f"https://me:{KEY}@[::1"},
        {"base_url": f"ftp://me:{KEY}@elsewhere.example"},
        {"base_url": [f"https://me:{KEY}@elsewhere.example"]},
        {"base_url": KEY.encode()},
        {"base_url": "http://elsewhere.example"},
        {"base_url": f"https://me:{KEY}@elsewhere.example"},
        {"base_url": f"https://elsewhere.example/?key={KEY}"},
        {"timeout": -1},
        {"max_retries": -1},
        {"max_response_bytes": 0},
        {"transport": Scripted},
        {"transport": object()},
        {"clock": object()},
    ],
)
def test_a_client_that_cannot_be_made_tells_nothing(
    make: Any, options: dict[str, Any], told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOTTA_API_KEY", KEY)
    errors = [call(told, lambda: make(**options)), call(told, lambda: make(**{"api_key": KEY, **options}))]
    variables = {"api_key": "YOTTA_API_KEY", "base_url": "YOTTA_BASE_URL"}
    for name, value in options.items():
        if name in variables and isinstance(value, str):  # the same by another way
            monkeypatch.setenv(variables[name], value)
            errors.append(call(told, make))
            assert variables[name] in str(errors[-1])
    for error in errors:
        assert isinstance(error, ConfigurationError)
        assert (error.__cause__, error.__context__) == (None, None)


def test_an_error_shows_the_frames_of_this_client(make: Any) -> None:
    """A report of a bug is of use only with them."""
    told = Told()
    with make(KEY, transport=Scripted(httpx2.ReadError("reset")), max_retries=0) as yotta:
        refused = call(told, lambda: yotta.pods.create(**ARGUMENTS | {"environment_vars": {"A": 5}}))
        failed = call(told, yotta.pods.list)
    misconfigured = call(told, lambda: make(KEY, base_url="nonsense"))
    for error, functions in (
        (refused, {"create", "create_fields", "_refuse"}),
        (failed, {"list", "_send"}),
        (misconfigured, {"__init__", "find_connection", "checked_base_url"}),
    ):
        assert isinstance(error, YottaLabsError)
        assert functions <= {frame.f_code.co_name for frame in our_frames(error)}
        assert "yottalabs/_" in "".join(traceback.format_exception(error)).replace("\\", "/")


def a_guard(**arguments: Any) -> BaseException | None:
    told = Told()
    with YottaLabs(KEY, base_url="http://127.0.0.1:9") as yotta:
        error = call(told, lambda: yotta.pods.create(**ARGUMENTS, max_lifetime=60, **arguments))
    told.assert_no_secret()
    return error


def test_a_guard_that_does_not_start_shows_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANOTHER_SECRET", VALUE)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    error = a_guard()
    assert isinstance(error, ConfigurationError)
    assert (error.__cause__, error.__context__) == (None, None)
    monkeypatch.setattr(sys, "executable", "/bin/cat")  # which repeats what it is told, and is no guard
    assert isinstance(a_guard(), ConfigurationError)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "__init__", interrupt)
    assert isinstance(a_guard(), KeyboardInterrupt)


@pytest.mark.parametrize(
    "line", [KEY, f'"{KEY}"', f'{{"api_key": "{KEY}"}}', f'{{"api_key": "{KEY}"', f'["{KEY}"]', ""]
)
def test_a_guard_that_cannot_read_its_job_shows_nothing(line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "yottalabs._guarding"], input=f"{line}\n".encode(), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert KEY.encode() not in done.stdout + done.stderr
    assert done.stderr.endswith(b"ConfigurationError: the owner's first message cannot be read\n")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("1", "POST /openapi/v1/pods/create: ok, status 200, code 10000, 0.0 ms"),
        (envelope(None, 12000), "POST /openapi/v1/pods/create: NotFoundError, status 200, code 12000, 0.0 ms"),
        (httpx2.Response(502), "POST /openapi/v1/pods/create: ServerError, status 502, code None, 0.0 ms"),
        (httpx2.ReadTimeout("slow"), "POST /openapi/v1/pods/create: APITimeoutError, status None, code None, 0.0 ms"),
    ],
)
def test_each_request_is_one_line_of_the_log(
    client: Client, step: Any, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="yottalabs"), suppress(YottaLabsError):
        client(Scripted(step), max_retries=0).pods.create(**ARGUMENTS, create_token=None)
    (record,) = [record for record in caplog.records if record.name == "yottalabs"]
    assert record.getMessage() == expected


def test_the_key_goes_to_the_configured_host_alone(client: Client) -> None:
    transport = Scripted(httpx2.Response(302, headers={"location": "https://elsewhere.example/"}))
    with pytest.raises(YottaLabsError):
        client(transport).pods.list()
    assert {request.url.host for request in transport.requests} == {"api.yottalabs.ai"}


def test_the_generated_models_hide_secrets() -> None:
    from yottalabs_api import AuthenticatedClient
    from yottalabs_api.models import KeyValuePairDTO, OpenapiPodCreateRequest

    request = OpenapiPodCreateRequest.from_dict(
        {
            "image": "x",
            "gpuType": "NVIDIA_L4_24G",
            "imageRegistryToken": TOKEN,
            "environmentVars": [{"key": "PASSWORD", "value": VALUE}],
            "undocumented": VALUE,
        }
    )
    client = AuthenticatedClient(
        token=KEY, headers={"a": VALUE}, cookies={"b": VALUE}, httpx_args={"auth": (KEY, VALUE)}
    )
    shown = (
        f"{request!r} {client!r} {client.with_headers({'c': TOKEN})!r} {KeyValuePairDTO(key='PASSWORD', value=VALUE)!r}"
    )
    assert "NVIDIA_L4_24G" in shown
    for secret in (KEY, TOKEN, VALUE):
        assert secret not in shown


# --- Over sockets -----------------------------------------------------------------------------------------------------


def answers(head: bytes, body: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def behave(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(head + b"\r\nconnection: close\r\n\r\n" + body)

    return behave


def resets(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def listens_no_more(_: socket.socket, over: threading.Event) -> None:
    over.wait()


def behaviours(echo: str) -> dict[str, Callable[[socket.socket, threading.Event], None]]:
    said = echo.encode()
    return {
        "a reset while the body is sent": resets,
        "nobody reads the body": listens_no_more,
        "words beside the status": answers(b"HTTP/1.1 401 " + said + b"\r\nx: " + said, b"{}"),
        "a redirect": answers(b"HTTP/1.1 307 To\r\nlocation: https://e.example/" + said, said),
        "a body cut short": answers(b"HTTP/1.1 200 OK\r\nx: " + said + b"\r\ncontent-length: 900", said),
        "no HTTP": answers(said, said),
        "no header": answers(b"HTTP/1.1 200 OK\r\n" + said, b""),
        "no chunk": answers(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked", said + b"\r\n"),
        "no length": answers(b"HTTP/1.1 200 OK\r\ncontent-length: " + said, b""),
        "not packed": answers(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip", said),
    }


UNSENT = {"a reset while the body is sent", "nobody reads the body"}
"""The behaviours for which a body has to be large. Of what follows on a small one, more comes to the client."""


@pytest.mark.parametrize("name", behaviours(""))
def test_nothing_is_told_over_a_socket(
    make: Any, name: str, told: Told, caplog: pytest.LogCaptureFixture, clock: VirtualClock
) -> None:
    large = {"LARGE": VALUE * (LARGE // len(VALUE))} if name in UNSENT else {}
    arguments: Any = ARGUMENTS | {"environment_vars": {"PASSWORD": VALUE, **large}}
    options = {"timeout": 0.6, "max_retries": 1, "clock": clock}
    with server(behaviours(ECHO)[name]) as url, make(KEY, base_url=url, **options) as yotta:
        assert isinstance(call(told, lambda: yotta.pods.create(**arguments)), YottaLabsError)
    with server(behaviours(KEY)[name]) as url, make(KEY, base_url=url, **options) as yotta:
        assert isinstance(call(told, yotta.pods.list), YottaLabsError)
    assert {"httpcore2.connection", "httpcore2.http11", "yottalabs"} <= {record.name for record in caplog.records}


def test_an_interrupted_send_tells_nothing(told: Told) -> None:
    main = threading.get_ident()
    assert main == threading.main_thread().ident

    def interrupts(connection: socket.socket, over: threading.Event) -> None:
        left = LARGE // 100  # once so much of the body is here, it is being sent
        while left > 0:
            left -= len(connection.recv(left))
        signal.pthread_kill(main, signal.SIGUSR1)
        over.wait()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with server(interrupts) as url, YottaLabs(KEY, base_url=url) as yotta:
            large = {"large": FIELD * (LARGE // len(FIELD))}
            error = call(told, lambda: yotta.pods.create(**ARGUMENTS, extra_fields=large))
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert isinstance(error, KeyboardInterrupt)
    assert "find_created" in " ".join(error.__notes__)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_send_tells_nothing(backend: str, told: Told) -> None:
    began = threading.Event()

    def begins(_: socket.socket, over: threading.Event) -> None:
        began.set()
        over.wait()

    async def create(url: str) -> None:
        async with AsyncYottaLabs(KEY, base_url=url) as yotta:
            try:
                await yotta.pods.create(**ARGUMENTS, extra_fields={"large": FIELD * (LARGE // len(FIELD))})
            except BaseException as error:
                told.fail(error)
                told.add("notes", *error.__notes__)
                raise

    async def main(url: str) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(create, url)
            await anyio.to_thread.run_sync(began.wait)
            group.cancel_scope.cancel()

    with server(begins) as url:
        anyio.run(main, url, backend=backend)
    assert "find_created" in told.channels["notes"][0]


def test_the_life_of_a_pod_tells_nothing(told: Told) -> None:
    """With the guard, whose process has the key, and the simulator, which has everything."""
    simulator = Simulator(clock="real", times=Times(boot=0.0, healthy=0.0, terminate=0.0))
    with simulator.serve() as url, YottaLabs(KEY, base_url=url) as yotta:
        temporary = yotta.pods.temporary(**ARGUMENTS, max_lifetime=600, on_change=lambda pod: told.show("change", pod))
        told.show("temporary", temporary)
        with temporary as pod:
            (guard,) = _guard._guards
            told.show("guard", guard)
            process = psutil.Process(guard.process_id)
            told.add("command line", str(process.cmdline()))
            told.add("environment", str(process.environ()))
            told.show("pod", pod)
            assert pod.environment_vars == {"PASSWORD": VALUE}
            told.show("pods", yotta.pods.list())
            told.show("swept", yotta.pods.sweep(report=lambda line: told.add("report", line)))
            for thing in (pod.expose, yotta, yotta.pods, yotta.pods._session, yotta.pods._session.settings):
                told.show("part", thing)
            call(told, lambda: yotta.pods.create(**ARGUMENTS, extra_fields={"undocumented": FIELD}))
        told.add("journal", *map(repr, simulator.requests))
        told.add("journal over HTTP", httpx2.get(f"{url}/_mock/requests").text)
        told.show("simulator", simulator)
        told.show("its pods", simulator.pods)


@pytest.mark.parametrize("fault", ["pod_fails", "pod_stuck", "list_lags", "reset_after", "null_data", "status_401"])
def test_a_life_that_fails_tells_nothing(make: Any, fault: str, told: Told) -> None:
    simulator = Simulator()
    with make(KEY, transport=simulator.transport, clock=simulator.clock) as yotta:
        for _ in range(2):
            simulator.faults.add("create", fault)
        error = call(told, lambda: yotta.pods.wait(yotta.pods.create(**ARGUMENTS), "running"))
        told.show("report", yotta.pods.sweep(report=lambda line: told.add("report", line)))
        assert (error is None) == (fault in {"list_lags", "reset_after", "null_data"})
        for pod in yotta.pods.list():
            told.show("pod", pod)
            simulator.faults.add("delete", "status_500_before", times=9)
            call(told, partial(yotta.pods.delete, pod))
        told.add("journal", *map(repr, simulator.requests))


# --- The search itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [KEY, quote(KEY), quote_plus(KEY), f"{VALUE}\\n{VALUE}"])
def test_a_secret_is_masked_in_whatever_form_it_is_repeated(form: str) -> None:
    with Keeping(forms_of(KEY, f"{VALUE}\n{VALUE}", "short")):
        assert masked(f"a {form} b short") == "a <hidden> b short"
    assert masked(form) == form


def frame_with(secret: str) -> FrameType:
    assert secret
    return sys._getframe()


def test_the_search_finds_what_is_told() -> None:
    shown_by: list[Callable[[Told], object]] = [
        lambda told: told.show("result", KEY),
        lambda told: told.fail(LookupError(KEY)),
        lambda told: told.locals([frame_with(KEY)]),
    ]
    for show in shown_by:
        told = Told()
        show(told)
        with pytest.raises(AssertionError, match="canary"):
            told.assert_no_secret()
