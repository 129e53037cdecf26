"""List the organisation's pods.

Every pod of the organisation that the key belongs to; the documented one has ended. Neither filters nor an order
nor paging are documented.

`sync` and `asyncio` give the parsed answer; `sync_detailed` and `asyncio_detailed` give its status, headers and bytes
too; `sync_raw` and `asyncio_raw` parse nothing.
"""

from ...client import AuthenticatedClient
from ...models.result_list_openapi_pod_detail_response import ResultListOpenapiPodDetailResponse
from ...models.result_void import ResultVoid
from ...types import AsyncExchange, Exchange, RawRequest, RawResponse, Response, T_co, decode_json


def _request() -> RawRequest:
    return RawRequest(
        method="GET",
        path="/openapi/v1/pods/list",
    )


def _parse(response: RawResponse) -> ResultListOpenapiPodDetailResponse | ResultVoid | None:
    value = decode_json(response.content)
    if response.status_code == 200:
        parsed = ResultListOpenapiPodDetailResponse.read(value)
        return parsed if isinstance(parsed, ResultListOpenapiPodDetailResponse) else None

    if response.status_code == 500:
        parsed = ResultVoid.read(value)
        return parsed if isinstance(parsed, ResultVoid) else None

    parsed = ResultVoid.read(value)
    return parsed if isinstance(parsed, ResultVoid) else None


def _response(response: RawResponse) -> Response[ResultListOpenapiPodDetailResponse | ResultVoid]:
    return Response(
        status_code=response.status_code,
        headers=response.headers,
        content=response.content,
        parsed=_parse(response),
    )


def sync_raw(
    *,
    client: Exchange[T_co],
) -> T_co:
    """List the organisation's pods: the answer as `client.exchange` gives it."""
    return client.exchange(_request())


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[ResultListOpenapiPodDetailResponse | ResultVoid]:
    """List the organisation's pods: the answer with its status, headers and bytes."""
    return _response(sync_raw(client=client))


def sync(
    *,
    client: AuthenticatedClient,
) -> ResultListOpenapiPodDetailResponse | ResultVoid | None:
    """List the organisation's pods: the parsed answer, or None where it cannot be read."""
    return sync_detailed(client=client).parsed


async def asyncio_raw(
    *,
    client: AsyncExchange[T_co],
) -> T_co:
    """List the organisation's pods: the answer as `client.aexchange` gives it."""
    return await client.aexchange(_request())


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[ResultListOpenapiPodDetailResponse | ResultVoid]:
    """List the organisation's pods: the answer with its status, headers and bytes."""
    return _response(await asyncio_raw(client=client))


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> ResultListOpenapiPodDetailResponse | ResultVoid | None:
    """List the organisation's pods: the parsed answer, or None where it cannot be read."""
    return (await asyncio_detailed(client=client)).parsed
