"""The generated client by itself."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from yottalabs_api import AuthenticatedClient, Client
from yottalabs_api.api.pods import create_pod, delete_pod, list_pods
from yottalabs_api.errors import ContractViolation
from yottalabs_api.models import (
    GpuType,
    KeyValuePairDTO,
    OpenapiPodCreateRequest,
    OpenapiPodDetailResponse,
    ResultListOpenapiPodDetailResponse,
    ResultString,
    ResultVoid,
)
from yottalabs_api.types import UNSET, RawRequest, RawResponse

from support.scripted import Scripted, envelope


def over(transport: Scripted, **options: Any) -> AuthenticatedClient:
    return AuthenticatedClient(token="a-key", httpx_args={"transport": transport}, **options)


def test_an_operation_is_parsed_detailed_or_raw() -> None:
    client = over(Scripted("331864222263676929"))
    body = OpenapiPodCreateRequest(image="x", gpu_type=GpuType.NVIDIA_L4_24G)
    parsed = create_pod.sync(client=client, body=body)
    assert isinstance(parsed, ResultString)
    assert parsed.data == "331864222263676929"
    detailed = create_pod.sync_detailed(client=client, body=body)
    assert (detailed.status_code, detailed.parsed) == (200, parsed)
    raw = create_pod.sync_raw(client=client, body={"image": "x", "gpuType": "NVIDIA_L4_24G"})
    assert isinstance(raw, RawResponse)
    assert raw.content == detailed.content


def test_and_so_it_is_without_blocking() -> None:
    async def main() -> None:
        async with over(Scripted([{"id": "1"}])) as client:
            parsed = await list_pods.asyncio(client=client)
            assert isinstance(parsed, ResultListOpenapiPodDetailResponse)
            assert parsed.to_dict()["data"] == [{"id": "1"}]
            assert (await list_pods.asyncio_detailed(client=client)).parsed == parsed
            assert isinstance(await list_pods.asyncio_raw(client=client), RawResponse)

    asyncio.run(main())


def test_the_raw_form_works_with_anything_that_exchanges() -> None:
    class Echo:
        def exchange(self, request: RawRequest) -> tuple[str, str]:
            return request.method, request.path

    assert delete_pod.sync_raw("a b", client=Echo()) == ("DELETE", "/openapi/v1/pods/a%20b")


def test_a_failure_is_read_too() -> None:
    parsed = list_pods.sync(client=over(Scripted(envelope(None, 10002, 500, "system error"))))
    assert isinstance(parsed, ResultVoid)
    assert (parsed.code, parsed.message, parsed.data) == (10002, "system error", None)


@pytest.mark.parametrize("status", [100, 200, 204, 302, 418, 499, 520, 999])
@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b"\xff"])
def test_a_body_that_is_none_of_the_contracts_gives_nothing_parsed(status: int, content: bytes) -> None:
    response = list_pods.sync_detailed(client=over(Scripted(httpx2.Response(status, content=content))))
    assert (response.status_code, response.content, response.parsed) == (status, content, None)


@pytest.mark.parametrize("pod_id", ["", ".", "..", "a/b", "/"])
def test_an_id_that_would_be_another_path_is_refused(pod_id: str) -> None:
    transport = Scripted(None)
    with pytest.raises(ContractViolation, match="podId must match"):
        delete_pod.sync(pod_id, client=over(transport))
    assert transport.requests == []


def test_there_is_always_a_timeout() -> None:
    transport = Scripted([])
    for client, seconds in ((over(transport), 30.0), (over(transport, timeout=5), 5.0)):
        list_pods.sync(client=client)
        assert transport.requests[-1].extensions["timeout"] == dict.fromkeys(
            ("connect", "read", "write", "pool"), seconds
        )


@pytest.mark.parametrize(
    "timeout",
    [None, True, 0, -1, float("inf"), float("nan"), "x", httpx2.Timeout(None), httpx2.Timeout(5, read=None)],
)
def test_and_nothing_else_is_taken_for_one(timeout: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        over(Scripted([]), timeout=timeout)
    with pytest.raises((TypeError, ValueError)):
        over(Scripted([])).with_timeout(timeout)


@pytest.mark.parametrize(
    "secret", ["hunter2\n", "hunter2\r\nx: y", "hünter2", " hunter2", "hunter2\0", b"hunter2", None]
)
def test_a_key_that_cannot_be_sent_is_refused_at_once_and_not_shown(secret: Any) -> None:
    makes: list[Callable[[], object]] = [
        lambda: AuthenticatedClient(token=secret),
        lambda: AuthenticatedClient(token="k", prefix=secret),
        lambda: Client(headers={"x": secret}),
        lambda: Client().with_headers({"x": secret}),
        lambda: Client().with_cookies({"x": secret}),
    ]
    for make in makes:
        with pytest.raises((TypeError, ValueError)) as caught:
            make()
        assert "nter2" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_a_password_in_the_base_url_is_not_shown() -> None:
    client = AuthenticatedClient(token="k", base_url="https://user:hunter2@example.com/x@y")
    assert "hunter2" not in repr(client)
    assert "https://example.com/x@y" in repr(client)


@pytest.mark.parametrize("body", [{"image": float("nan")}, {"image": object()}, {"image": "\ud800"}, [], "x", None])
def test_what_json_cannot_carry_is_refused_before_it_is_sent(body: Any) -> None:
    transport = Scripted("1")
    with pytest.raises((TypeError, ValueError)):
        create_pod.sync_raw(client=over(transport), body=body)
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ValueError, match="nested"):
        create_pod.sync_raw(client=over(transport), body={"image": nested})
    assert transport.requests == []


def test_a_copy_leaves_the_original_as_it_is_and_shares_its_connections() -> None:
    transport = Scripted([])
    original = over(transport, headers={"a": "1"})
    list_pods.sync(client=original)
    copy = original.with_headers({"b": "2"}).with_cookies({"c": "3"}).with_timeout(7)
    for client in (copy, original):
        list_pods.sync(client=client)
    assert copy.get_httpx_client() is original.get_httpx_client()
    _, changed, unchanged = transport.requests
    assert (changed.headers["a"], changed.headers["b"], changed.headers["cookie"]) == ("1", "2", "c=3")
    assert changed.extensions["timeout"]["read"] == 7
    assert "b" not in unchanged.headers
    assert "cookie" not in unchanged.headers
    assert unchanged.extensions["timeout"]["read"] == 30
    assert changed.headers["x-api-key"] == unchanged.headers["x-api-key"] == "a-key"


@pytest.mark.parametrize("base_url", ["", "https://elsewhere.example"])
def test_an_httpx_client_of_ones_own_is_for_the_connections_alone(base_url: str) -> None:
    own, others = (Scripted(httpx2.Response(302, headers={"location": "https://x.example/"})) for _ in range(2))
    original = over(others, base_url="https://api.example/base/")
    mine = httpx2.Client(base_url=base_url, transport=own, follow_redirects=True, timeout=None)
    copy = original.with_headers({"a": "1"}).set_httpx_client(mine)
    list_pods.sync(client=copy)
    list_pods.sync(client=original)
    (sent,) = own.requests
    assert str(sent.url) == "https://api.example/base/openapi/v1/pods/list"
    assert (sent.headers["x-api-key"], sent.headers["a"], sent.extensions["timeout"]["read"]) == ("a-key", "1", 30)
    assert len(others.requests) == 1

    async def main() -> None:
        transport = Scripted([])
        copy.set_async_httpx_client(httpx2.AsyncClient(base_url=base_url, transport=transport))
        await list_pods.asyncio(client=copy)
        assert str(transport.requests[0].url) == "https://api.example/base/openapi/v1/pods/list"

    asyncio.run(main())


@pytest.mark.parametrize("name", ["base_url", "follow_redirects", "timeout", "verify"])
def test_an_argument_of_the_client_is_not_one_of_httpx(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        Client(httpx_args={name: None})


def test_the_key_can_be_sent_in_another_way() -> None:
    transport = Scripted([])
    list_pods.sync(client=over(transport, prefix="Bearer", auth_header_name="Authorization"))
    assert transport.requests[0].headers["authorization"] == "Bearer a-key"


def test_the_defaults_are_those_of_the_contract() -> None:
    transport = Scripted([])
    list_pods.sync(client=over(transport))
    assert str(transport.requests[0].url) == "https://api.yottalabs.ai/openapi/v1/pods/list"
    plain = Client(httpx_args={"transport": transport})
    list_pods.sync_raw(client=plain)
    assert "x-api-key" not in transport.requests[1].headers


def test_redirects_are_not_followed() -> None:
    transport = Scripted(httpx2.Response(302, headers={"location": "https://elsewhere.example/"}))
    assert list_pods.sync_detailed(client=over(transport)).status_code == 302
    assert len(transport.requests) == 1


def test_an_unset_field_is_absent_and_a_default_is_documentation() -> None:
    assert OpenapiPodCreateRequest(image="x", gpu_type=GpuType.NVIDIA_L4_24G).to_dict() == {
        "image": "x",
        "gpuType": "NVIDIA_L4_24G",
    }
    pair = KeyValuePairDTO.from_dict({"key": "A", "value": None})
    assert pair.to_dict() == {"key": "A", "value": None}
    assert KeyValuePairDTO.from_dict({}).to_dict() == {}


def test_fields_that_are_not_documented_can_be_sent_and_read() -> None:
    request = OpenapiPodCreateRequest(image="x", gpu_type=GpuType("NVIDIA_H200"))
    request["shmInGb"] = 8
    assert "shmInGb" in request
    assert request.to_dict() == {"image": "x", "gpuType": "NVIDIA_H200", "shmInGb": 8}
    pod = OpenapiPodDetailResponse.from_dict({"internalIp": "10.0.0.1"})
    assert pod["internalIp"] == "10.0.0.1"
    assert pod.additional_keys == ["internalIp"]
    assert pod.id is UNSET


def test_models_pickle_and_compare() -> None:
    pod = OpenapiPodDetailResponse.from_dict({"id": "1", "status": "RESIZING", "expose": [{"port": 22}], "new": [1]})
    copy = pickle.loads(pickle.dumps(pod))
    assert copy == pod
    assert copy.pod_name is UNSET
    assert copy.to_dict() == pod.to_dict()
