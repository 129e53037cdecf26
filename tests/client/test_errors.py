from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
import yottalabs
from yottalabs import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    ConflictError,
    CreateOutcomeUnknownError,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    Pod,
    PodFailedError,
    PodNotDeletedError,
    PriceLimitError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
    WaitTimeoutError,
    YottaLabsError,
)

from support.scripted import Scripted, envelope

Client = Callable[..., Any]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (402, APIError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, APIError),
        (409, ConflictError),
        (418, APIError),
        (422, InvalidRequestError),
        (429, RateLimitError),
        (499, APIError),
        (500, ServerError),
        (503, ServerError),
        (520, ServerError),
        (599, ServerError),
        (302, APIError),
        (304, APIError),
    ],
)
@pytest.mark.parametrize("body", [b'{"message": "no", "code": 10000, "data": []}', b"<html>no</html>", b""])
def test_the_status_decides_first(client: Client, status: int, kind: type[APIError], body: bytes) -> None:
    with pytest.raises(APIError) as caught:
        client(Scripted(httpx2.Response(status, content=body, headers={"X-Request-Id": "r-1"}))).pods.list()
    assert type(caught.value) is kind
    assert caught.value.status_code == status
    assert caught.value.body == body
    assert caught.value.request_id == "r-1"
    assert caught.value.code == (10000 if body.startswith(b"{") else None)
    assert str(status) in str(caught.value)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (10001, InvalidRequestError),
        (10002, ServerError),
        (10004, PermissionDeniedError),
        (10007, NotFoundError),
        (12000, NotFoundError),
        (13000, NotFoundError),
        (12001, ConflictError),
        (429, RateLimitError),
        (0, APIError),
        (-1, APIError),
        (31337, APIError),
        ("12000", NotFoundError),
        (12000.0, NotFoundError),
    ],
)
def test_then_the_code(client: Client, code: Any, kind: type[APIError]) -> None:
    with pytest.raises(APIError) as caught:
        client(Scripted(envelope([], code, message="because"))).pods.list()
    assert type(caught.value) is kind
    assert caught.value.code == int(code)
    assert caught.value.message == "because"


@pytest.mark.parametrize("code", ["10000", 10000.0, 10000])
def test_a_success_may_be_written_in_other_ways(client: Client, code: Any) -> None:
    assert client(Scripted(envelope([], code))).pods.list() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>200</html>",
        b'{"message": "success", "code": 10000, "data": [',
        b"[]",
        b"null",
        b'"success"',
        b"{}",
        b'{"data": []}',
        b'{"code": null, "data": []}',
        b'{"code": true, "data": []}',
        b'{"code": "ok", "data": []}',
        b'{"code": [10000], "data": []}',
        b'{"code": 10000.5, "data": []}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"code": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_envelope_is_an_error_that_keeps_it(client: Client, body: bytes) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        client(Scripted(httpx2.Response(200, content=body, headers={"Server": "proxy"}))).pods.list()
    assert caught.value.status_code == 200
    assert caught.value.body == body
    assert caught.value.headers["server"] == "proxy"


def test_the_problem_with_what_is_no_json_is_named(client: Client) -> None:
    for content, problem in ((b"", "the answer is empty"), (b"<html>", "not JSON: Expecting value: line 1 column 1")):
        with pytest.raises(ResponseValidationError, match=problem):
            client(Scripted(httpx2.Response(200, content=content))).pods.list()


def test_the_apis_message_fits_a_terminal_and_a_line_of_a_log(client: Client) -> None:
    message = "no\x1b[31m\nERROR a line\ud800" + "x" * 10**6
    with pytest.raises(APIError) as caught:
        client(Scripted(envelope(None, 1, message=message))).pods.list()
    text = str(caught.value)
    assert text.isprintable()
    assert text.startswith(r"no\x1b[31m\nERROR a line\ud800xxx")
    assert len(text) < 600
    assert caught.value.message == message
    assert len(caught.value.body) > 10**6


def test_an_error_is_shown_by_the_name_that_it_is_imported_by() -> None:
    assert traceback.format_exception_only(NotFoundError("no")) == ["yottalabs.NotFoundError: no (HTTP 0)\n"]


def test_a_pods_id_is_told_unless_the_message_has_it() -> None:
    assert str(YottaLabsError("took 100 seconds", pod_id="1")) == "took 100 seconds (pod 1)"
    assert str(YottaLabsError("the pod 1 is odd", pod_id="1")) == "the pod 1 is odd"


def test_a_redirect_is_not_followed_and_says_where_it_leads(client: Client) -> None:
    transport = Scripted(httpx2.Response(307, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(APIError, match="redirects to https://elsewhere.example/, which is not followed"):
        client(transport).pods.list()
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        (None, None),
        ("-1", None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(client: Client, header: str | None, expected: float | None) -> None:
    headers = {} if header is None else {"Retry-After": header}
    with pytest.raises(RateLimitError) as caught:
        client(Scripted(httpx2.Response(429, headers=headers))).pods.list()
    assert caught.value.retry_after == expected


@pytest.mark.parametrize(
    ("step", "kind", "maybe_sent"),
    [
        (httpx2.ConnectError("refused"), APIConnectionError, False),
        (httpx2.ConnectTimeout("slow"), APITimeoutError, False),
        (httpx2.PoolTimeout("full"), APITimeoutError, False),
        (httpx2.ProxyError("no"), APIConnectionError, False),
        (httpx2.WriteError("broken"), APIConnectionError, True),
        (httpx2.ReadError("reset"), APIConnectionError, True),
        (httpx2.ReadTimeout("slow"), APITimeoutError, True),
        (httpx2.WriteTimeout("slow"), APITimeoutError, True),
        (httpx2.RemoteProtocolError("odd"), APIConnectionError, True),
        (httpx2.UnsupportedProtocol("odd"), APIConnectionError, True),
        (httpx2.DecodingError("odd"), APIConnectionError, True),
        (OSError("odd"), APIConnectionError, True),
        (TimeoutError("odd"), APITimeoutError, True),
    ],
)
def test_nothing_of_httpx_reaches_the_caller(
    client: Client, step: Exception, kind: type[APIConnectionError], maybe_sent: bool
) -> None:
    with pytest.raises(APIConnectionError) as caught:
        client(Scripted(step)).pods.list()
    assert type(caught.value) is kind
    assert caught.value.maybe_sent is maybe_sent
    assert "GET /openapi/v1/pods/list" in str(caught.value)


def test_every_error_pickles_with_what_it_carries() -> None:
    answered: dict[str, Any] = {"status_code": 503, "headers": {"retry-after": "3"}, "body": b"x", "pod_id": "1"}
    errors: list[YottaLabsError] = [
        kind("no", **({**answered, "code": 7} if issubclass(kind, APIError) else {"pod_id": "1"}))
        for name in yottalabs.__all__
        if isinstance(kind := getattr(yottalabs, name), type) and issubclass(kind, YottaLabsError)
    ]
    errors += [
        ResponseValidationError("odd", **answered),
        PodFailedError("no", pod=Pod({"id": "1"}), pod_id="1"),
        WaitTimeoutError("no", pod=Pod({"id": "1"}), pods={"1": Pod({"id": "1"})}, pod_id="1"),
        InvalidArgumentError("no", argument="image"),
        APIConnectionError("no", maybe_sent=False),
        ResponseValidationError("odd", **answered, broke_off=True),
        CreateOutcomeUnknownError("who knows", create_token="t", since=datetime(2026, 1, 2, tzinfo=UTC)),
        PriceLimitError("dear", hourly_price=Decimal("1.5"), max_hourly_price=Decimal(1), pod_id="1"),
        PodNotDeletedError("no", pod_ids=["1", "2"], pod_id="1"),
    ]
    assert len(errors) > 20
    for error in errors:
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert copy.__dict__ == error.__dict__


def test_the_tree_is_the_documented_one() -> None:
    assert issubclass(APITimeoutError, APIConnectionError)
    assert not issubclass(ResponseValidationError, APIError)
    kinds: list[type[APIError]] = [InvalidRequestError, AuthenticationError, PermissionDeniedError, NotFoundError]
    for kind in [*kinds, ConflictError, RateLimitError, ServerError]:
        assert kind.__mro__[1] is APIError
    others = [CreateOutcomeUnknownError, PodFailedError, WaitTimeoutError, PriceLimitError, PodNotDeletedError]
    for other in others:
        assert issubclass(other, YottaLabsError)
        assert not issubclass(other, APIError | APIConnectionError | ResponseValidationError)
