"""Secrets stay in the request: not in a repr, a log, an error. (What a server echoes is not covered yet.)"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from yottalabs import YottaLabsError

from support.scripted import Scripted, envelope

Client = Callable[..., Any]
KEY, TOKEN, VALUE = "canary-key", "canary-token", "canary-value"
ARGUMENTS = {
    "image": "x",
    "gpu_type": "NVIDIA_L4_24G",
    "image_public_type": "PRIVATE",
    "image_registry_username": "u",
    "image_registry_token": TOKEN,
    "environment_vars": {"PASSWORD": VALUE},
}


@pytest.mark.parametrize(
    "step",
    [
        "1",
        envelope(None, 10001, message=f"the key {KEY} is odd"),
        httpx.ConnectError(f"cannot send {KEY}"),
        httpx.Response(401),
        httpx.Response(200, content=b"<"),
        httpx.ReadError("reset"),
    ],
)
def test_no_secret_is_logged_or_told(make: Any, step: Any, caplog: pytest.LogCaptureFixture) -> None:
    told = []
    with caplog.at_level(logging.DEBUG), make(KEY, transport=Scripted(step)) as yotta:
        for call in (lambda: yotta.pods.create(**ARGUMENTS), yotta.pods.list, lambda: yotta.pods.delete("1")):
            try:
                told.append(repr(call()))
            except YottaLabsError as error:
                told += [repr(error), *traceback.format_exception(error)]
    assert len(told) >= 3
    logged = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert any("yottalabs" in line for line in logged)
    for secret in (KEY, TOKEN, VALUE):
        assert secret not in " ".join(told + logged)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("1", "POST /openapi/v1/pods/create: ok, status 200, code 10000, 0.0 ms"),
        (envelope(None, 12000), "POST /openapi/v1/pods/create: NotFoundError, status 200, code 12000, 0.0 ms"),
        (httpx.Response(502), "POST /openapi/v1/pods/create: ServerError, status 502, code None, 0.0 ms"),
        (httpx.ReadTimeout("slow"), "POST /openapi/v1/pods/create: APITimeoutError, status None, code None, 0.0 ms"),
    ],
)
def test_each_request_is_one_line_of_the_log(
    client: Client, step: Any, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="yottalabs"), suppress(YottaLabsError):
        client(Scripted(step)).pods.create(**ARGUMENTS)
    (record,) = [record for record in caplog.records if record.name == "yottalabs"]
    assert record.getMessage() == expected


def test_the_key_goes_to_the_configured_host_alone(client: Client) -> None:
    transport = Scripted(httpx.Response(302, headers={"location": "https://elsewhere.example/"}))
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
