"""Delete a pod for good.

Ends a pod. There is no way back.

`sync` and `asyncio` give the parsed answer; `sync_detailed` and `asyncio_detailed` give its status, headers and bytes
too; `sync_raw` and `asyncio_raw` parse nothing.
"""

import re
from urllib.parse import quote

from ...client import AuthenticatedClient
from ...models.result_void import ResultVoid
from ...types import (
    AsyncExchange,
    Exchange,
    RawRequest,
    RawResponse,
    Response,
    T_co,
    decode_json,
    refuse_other_path,
)

_POD_ID = re.compile("^(?!\\.{1,2}\\Z)[^/]+\\Z")


def _request(pod_id: str) -> RawRequest:
    refuse_other_path("podId", pod_id, _POD_ID)
    return RawRequest(
        method="DELETE",
        path="/openapi/v1/pods/{pod_id}".format(
            pod_id=quote(pod_id, safe=""),
        ),
    )


def _parse(response: RawResponse) -> ResultVoid | None:
    value = decode_json(response.content)
    if response.status_code == 200:
        parsed = ResultVoid.read(value)
        return parsed if isinstance(parsed, ResultVoid) else None

    if response.status_code == 500:
        parsed = ResultVoid.read(value)
        return parsed if isinstance(parsed, ResultVoid) else None

    parsed = ResultVoid.read(value)
    return parsed if isinstance(parsed, ResultVoid) else None


def _response(response: RawResponse) -> Response[ResultVoid]:
    return Response(
        status_code=response.status_code,
        headers=response.headers,
        content=response.content,
        parsed=_parse(response),
    )


def sync_raw(
    pod_id: str,
    *,
    client: Exchange[T_co],
) -> T_co:
    """Delete a pod for good: the answer as `client.exchange` gives it."""
    return client.exchange(_request(pod_id=pod_id))


def sync_detailed(
    pod_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[ResultVoid]:
    """Delete a pod for good: the answer with its status, headers and bytes."""
    return _response(sync_raw(client=client, pod_id=pod_id))


def sync(
    pod_id: str,
    *,
    client: AuthenticatedClient,
) -> ResultVoid | None:
    """Delete a pod for good: the parsed answer, or None where it cannot be read."""
    return sync_detailed(client=client, pod_id=pod_id).parsed


async def asyncio_raw(
    pod_id: str,
    *,
    client: AsyncExchange[T_co],
) -> T_co:
    """Delete a pod for good: the answer as `client.aexchange` gives it."""
    return await client.aexchange(_request(pod_id=pod_id))


async def asyncio_detailed(
    pod_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[ResultVoid]:
    """Delete a pod for good: the answer with its status, headers and bytes."""
    return _response(await asyncio_raw(client=client, pod_id=pod_id))


async def asyncio(
    pod_id: str,
    *,
    client: AuthenticatedClient,
) -> ResultVoid | None:
    """Delete a pod for good: the parsed answer, or None where it cannot be read."""
    return (await asyncio_detailed(client=client, pod_id=pod_id)).parsed
