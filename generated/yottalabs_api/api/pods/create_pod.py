"""Create and start a pod.

Starts one pod from a container image and answers with its id. Nothing is documented that would keep the same
request, sent twice, from making two pods.

`sync` and `asyncio` give the parsed answer; `sync_detailed` and `asyncio_detailed` give its status, headers and bytes
too; `sync_raw` and `asyncio_raw` parse nothing, and take the JSON object or its bytes as well.
"""

from collections.abc import Mapping
from typing import Any

from ...client import AuthenticatedClient
from ...models.openapi_pod_create_request import OpenapiPodCreateRequest
from ...models.result_string import ResultString
from ...models.result_void import ResultVoid
from ...types import AsyncExchange, Exchange, RawRequest, RawResponse, Response, T_co, decode_json, encode_body


def _request(
    *,
    body: bytes | Mapping[str, Any] | OpenapiPodCreateRequest,
) -> RawRequest:
    return RawRequest(
        method="POST",
        path="/openapi/v1/pods/create",
        headers={"Content-Type": "application/json"},
        content=encode_body(body),
    )


def _parse(response: RawResponse) -> ResultString | ResultVoid | None:
    value = decode_json(response.content)
    if response.status_code == 200:
        parsed = ResultString.read(value)
        return parsed if isinstance(parsed, ResultString) else None

    if response.status_code == 500:
        parsed = ResultVoid.read(value)
        return parsed if isinstance(parsed, ResultVoid) else None

    parsed = ResultVoid.read(value)
    return parsed if isinstance(parsed, ResultVoid) else None


def _response(response: RawResponse) -> Response[ResultString | ResultVoid]:
    return Response(
        status_code=response.status_code,
        headers=response.headers,
        content=response.content,
        parsed=_parse(response),
    )


def sync_raw(
    *,
    client: Exchange[T_co],
    body: bytes | Mapping[str, Any] | OpenapiPodCreateRequest,
) -> T_co:
    """Create and start a pod: the answer as `client.exchange` gives it."""
    return client.exchange(_request(body=body))


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: OpenapiPodCreateRequest,
) -> Response[ResultString | ResultVoid]:
    """Create and start a pod: the answer with its status, headers and bytes."""
    return _response(sync_raw(client=client, body=body))


def sync(
    *,
    client: AuthenticatedClient,
    body: OpenapiPodCreateRequest,
) -> ResultString | ResultVoid | None:
    """Create and start a pod: the parsed answer, or None where it cannot be read."""
    return sync_detailed(client=client, body=body).parsed


async def asyncio_raw(
    *,
    client: AsyncExchange[T_co],
    body: bytes | Mapping[str, Any] | OpenapiPodCreateRequest,
) -> T_co:
    """Create and start a pod: the answer as `client.aexchange` gives it."""
    return await client.aexchange(_request(body=body))


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: OpenapiPodCreateRequest,
) -> Response[ResultString | ResultVoid]:
    """Create and start a pod: the answer with its status, headers and bytes."""
    return _response(await asyncio_raw(client=client, body=body))


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: OpenapiPodCreateRequest,
) -> ResultString | ResultVoid | None:
    """Create and start a pod: the parsed answer, or None where it cannot be read."""
    return (await asyncio_detailed(client=client, body=body)).parsed
