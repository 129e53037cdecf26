from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from yottalabs import (
    APIConnectionError,
    ConfigurationError,
    CreateOutcomeUnknownError,
    SystemClock,
    YottaLabs,
    __version__,
)

from support import contract
from support.scripted import Scripted, VirtualClock

Client = Callable[..., Any]


@pytest.mark.parametrize("environment", [None, "", "   "])
def test_a_missing_key_says_where_keys_come_from(
    make: Client, environment: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment is not None:
        monkeypatch.setenv("YOTTA_API_KEY", environment)
    with pytest.raises(ConfigurationError, match=r"YOTTA_API_KEY.* config add.* api_key=….* Access Keys"):
        make()


def test_the_key_comes_from_the_argument_else_from_the_environment(
    make: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOTTA_API_KEY", "from-environment\n")
    for arguments, expected in (((), "from-environment"), (("from-argument",), "from-argument")):
        transport = Scripted([])
        make(*arguments, transport=transport).pods.list()
        assert transport.requests[0].headers["x-api-key"] == expected


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "smörgås", "nul\x00", b"bytes", 5])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(make: Client, key: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(key)
    assert str(key) not in str(caught.value)


def test_the_base_url_comes_from_argument_environment_contract(make: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def host(**options: Any) -> str:
        transport = Scripted([])
        make("k", transport=transport, **options).pods.list()
        return str(transport.requests[0].url)

    assert host() == "https://api.yottalabs.ai/openapi/v1/pods/list"
    monkeypatch.setenv("YOTTA_BASE_URL", "https://staging.example/base/")
    assert host() == "https://staging.example/base/openapi/v1/pods/list"
    assert host(base_url="http://127.0.0.1:4010") == "http://127.0.0.1:4010/openapi/v1/pods/list"


@pytest.mark.parametrize(
    "url",
    [
        "api.yottalabs.ai",
        "ftp://api.yottalabs.ai",
        "https://",
        "https://a.example/?x=1",
        "https://a.example/#x",
        "https://a.example:port",
        "https://[::1",
        "https://a b.example",
        "https://foo..example",
        "https://" + "a" * 70 + ".example",
        "https://.",
        "https://\u2603.example",
        "https://a.example/?",
        "https://a.example/#",
        "https://user:secret-word/x@a.example",
        "https://a.example/" + "a" * 70_000,
        "http://api.yottalabs.ai",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "https://user:secret-word@a.example",
        "http://user:secret-word@[bad",
        5,
    ],
)
def test_a_base_url_that_cannot_be_used_is_refused(make: Client, url: Any) -> None:
    with pytest.raises(ConfigurationError, match="base URL") as caught:
        make("k", base_url=url)
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1", "http://127.8.8.8:1", "http://[::1]:1"])
def test_plain_http_is_for_this_machine(make: Client, url: str) -> None:
    assert url in repr(make("k", base_url=url))


def test_plain_http_elsewhere_can_be_allowed_by_name(make: Client) -> None:
    assert make("k", base_url="http://mock.example", allow_insecure_http=True)


@pytest.mark.parametrize("timeout", [0, -1, None, "30", True, float("nan"), float("inf"), 10**400, 1e300])
def test_a_timeout_is_a_positive_number(make: Client, timeout: Any) -> None:
    with pytest.raises(ConfigurationError, match="timeout is"):
        make("k", timeout=timeout)
    if timeout is not None:
        with pytest.raises(ConfigurationError, match="timeout is"):
            make("k").with_options(timeout=timeout)


@pytest.mark.parametrize("limit", [0, -1, None, "30", True, 1.5])
def test_a_limit_is_a_positive_number_of_bytes(make: Client, limit: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_response_bytes is"):
        make("k", max_response_bytes=limit)


@pytest.mark.parametrize("clock", [object(), SystemClock, 0])
def test_a_clock_that_is_none_is_refused(make: Client, clock: Any) -> None:
    with pytest.raises(ConfigurationError, match="clock"):
        make("k", clock=clock)


def test_the_documented_defaults_are_the_defaults() -> None:
    signature = inspect.signature(YottaLabs)
    assert signature.parameters["timeout"].default == 30.0
    assert signature.parameters["max_response_bytes"].default == 256 * 1024 * 1024
    assert "timeout=30.0" in Path(contract.ROOT, "docs/usage.md").read_text(encoding="utf-8")


def test_a_class_of_transports_is_no_transport(make: Client) -> None:
    with pytest.raises(ConfigurationError, match="the class MockTransport"):
        make("k", transport=httpx2.MockTransport)


def test_no_cookies_are_kept(make: Client) -> None:
    answer = httpx2.Response(200, json={"code": 10000, "data": []}, headers={"Set-Cookie": "AWSALB=abc; Path=/"})
    transport = Scripted(answer)
    yotta = make("k", transport=transport)
    yotta.pods.list()
    yotta.pods.list()
    assert "cookie" not in transport.requests[1].headers


class Lookalike:
    """What has the methods of a transport, and is none."""

    def handle_request(self, request: Any) -> Any:
        """Never called."""

    async def handle_async_request(self, request: Any) -> Any:
        """Never called."""


OTHER_TRANSPORTS: list[Callable[[], Any]] = [
    httpx.HTTPTransport,
    httpx.AsyncHTTPTransport,
    lambda: httpx.MockTransport(lambda _: httpx.Response(200)),
    httpx2.Client,
    Lookalike,
    lambda: "http://127.0.0.1:1",
    lambda: False,
]


@pytest.mark.parametrize("other", OTHER_TRANSPORTS)
def test_a_transport_of_another_library_is_refused(make: Client, other: Callable[[], Any]) -> None:
    half = "" if make is YottaLabs else "Async"
    advice = rf"httpx2\.{half}BaseTransport, such as httpx2\.{half}HTTPTransport\(\)$"
    with pytest.raises(ConfigurationError, match=rf"^the transport is of the class \w+\.\w+; .* {advice}"):
        make("k", transport=other())


def test_the_wrong_half_of_the_library_is_refused(make: Client) -> None:
    wrong = httpx2.AsyncHTTPTransport() if make is YottaLabs else httpx2.HTTPTransport()
    with pytest.raises(ConfigurationError, match=r"class httpx2\.(Async)?HTTPTransport; pass an instance of httpx2\."):
        make("k", transport=wrong)


class Answering(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """A transport that answers with anything."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def handle_request(self, request: httpx2.Request) -> Any:  # noqa: ARG002  # of a base class
        return self._response

    async def handle_async_request(self, request: httpx2.Request) -> Any:  # noqa: ARG002  # of a base class
        return self._response


@pytest.mark.parametrize("response", [None, "text", httpx.Response(200, json={"code": 10000})])
def test_an_answer_of_another_library_may_stand_for_a_created_pod(make: Client, response: Any) -> None:
    yotta = make("k", transport=Answering(response), clock=VirtualClock())
    stream = f"httpx2\\.{'Sync' if make is YottaLabs else 'Async'}ByteStream"
    wanted = rf"it must return an httpx2\.Response with an {stream}"
    with pytest.raises(APIConnectionError, match=rf"returned a \w+\.\w+; {wanted}"):
        yotta.pods.list()
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G")
    assert caught.value.create_token


def test_an_answer_of_the_other_half_is_an_error_of_ours(make: Client) -> None:
    async def later() -> AsyncIterator[bytes]:
        yield b"{}"

    content: Any = later() if make is YottaLabs else iter([b"{}"])
    yotta = make("k", transport=Answering(httpx2.Response(200, content=content)), clock=VirtualClock())
    with pytest.raises(APIConnectionError, match=r"returned a httpx2\.Response with a httpx2\.\w+; it must"):
        yotta.pods.list()


AGENTS = ["my-app/1.0", "my-app/1.0 (host; a)", "x", "a" * 200]


@pytest.mark.parametrize("agent", AGENTS)
def test_the_user_agent_of_a_program_is_put_before_ours(make: Client, agent: str) -> None:
    transport = Scripted([])
    make("k", transport=transport, user_agent=agent).with_options(timeout=1).pods.list()
    assert transport.requests[0].headers["user-agent"].startswith(f"{agent} yottalabs-client/{__version__} (Python 3.")


@pytest.mark.parametrize(
    "agent", ["", " ", " a", "a ", "a\nb", "a\r\nx-evil: 1", "\x00", "ä", "a" * 201, b"a", 1, True]
)
def test_a_user_agent_that_is_no_header_is_refused(make: Client, agent: Any) -> None:
    with pytest.raises(ConfigurationError, match="user_agent is .* it must be printable ASCII"):
        make("k", user_agent=agent)


def test_options_make_a_copy_that_shares_the_connections(make: Client) -> None:
    transport = Scripted([])
    original = make("k", transport=transport, timeout=30, max_retries=0, clock=VirtualClock())
    copy = original.with_options(timeout=5, max_response_bytes=10_000)
    copy.pods.list()
    original.pods.list()
    seen = [dict(request.extensions["timeout"])["read"] for request in transport.requests]
    assert seen == [5, 30]
    copy.close()
    original.pods.list()
    original.close()
    with pytest.raises(ConfigurationError, match="closed"):
        copy.pods.list()


def test_a_client_that_is_closed_says_so(make: Client) -> None:
    with make("k", transport=Scripted([])) as yotta:
        yotta.pods.list()
    for use in (yotta.pods.list, lambda: yotta.pods.delete("1"), lambda: yotta.request("GET", "/x")):
        with pytest.raises(ConfigurationError, match="this client is closed"):
            use()
    yotta.close()


def test_a_request_says_who_makes_it(make: Client) -> None:
    transport = Scripted([])
    make("k", transport=transport).pods.list()
    assert transport.requests[0].headers["user-agent"].startswith(f"yottalabs-client/{__version__} (Python 3.")


def test_no_repr_shows_the_key(make: Client) -> None:
    yotta = make("secret-word", transport=Scripted([]))
    shown = [repr(yotta), repr(yotta.pods), repr(yotta.with_options(timeout=1)), repr(yotta._session.settings)]
    assert "secret-word" not in " ".join(shown)


def test_a_proxy_of_the_environment_does_not_get_what_is_for_this_machine(
    make: Client, prism: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the port of `discard`, where nothing listens
    with make("k", base_url=prism) as yotta:
        assert len(yotta.pods.list()) == 1


def test_a_proxy_of_the_environment_is_used_for_everything_else(make: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from yottalabs import APIConnectionError

    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with make("k", base_url="https://api.invalid", max_retries=0) as yotta, pytest.raises(APIConnectionError) as caught:
        yotta.pods.list()
    assert not caught.value.maybe_sent
    assert "refused" in str(caught.value) or "connection attempts failed" in str(caught.value)


def test_a_broken_proxy_setting_is_a_clear_error(make: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy.example")
    with pytest.raises(ConfigurationError, match=r"proxy or certificate settings of the environment .*HTTPS_PROXY"):
        make("k")
