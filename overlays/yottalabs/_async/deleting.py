"""Deletes a pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yottalabs_api.api.pods import delete_pod
from yottalabs_api.errors import ContractViolation

from .._answer import check_deleted
from .._arguments import refuse_path
from .._blocking import arun
from .._exceptions import ConflictError, NotFoundError
from .._pod import ENDING
from .._retry import had_no_effect, is_passing
from .listing import alist_all
from .repeating import AsyncRepeating

if TYPE_CHECKING:
    from .session import AsyncSession


async def adelete(session: AsyncSession, pod_id: str) -> None:
    """Deletes a pod, and ends its guard if this client has started one.

    Raises:
        YottaLabsError: As for `pods.delete`.
    """
    repeating = AsyncRepeating(session, is_passing)
    try:
        check_deleted(await delete_pod.asyncio_raw(pod_id, client=repeating))
    except ContractViolation as violation:
        refuse_path(violation, pod_id)
    except (NotFoundError, ConflictError) as error:
        # An earlier attempt may have done it.
        if all(map(had_no_effect, repeating.earlier)):
            raise
        if isinstance(error, ConflictError) and not await ais_ending(session.within(repeating.remaining()), pod_id):
            raise
    session.tokens.end(pod_id)
    guard = session.guards.pop(pod_id, None)
    if guard is not None:
        await arun(guard.release)


async def ais_ending(session: AsyncSession, pod_id: str) -> bool:
    """Whether a pod is ending, has ended, or is gone, by the list."""
    listing = await alist_all(session)
    pod = listing.find(pod_id)
    return listing.is_whole if pod is None else pod.status in ENDING
