"""Looks at the list of pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yottalabs_api.api.pods import list_pods

from .._answer import Listing, listed
from .._retry import is_passing
from .repeating import AsyncRepeating

if TYPE_CHECKING:
    from .session import AsyncSession


async def alook(session: AsyncSession) -> Listing:
    """The list as one request gives it, for those who look again by themselves."""
    return listed(await list_pods.asyncio_raw(client=session))


async def alist_all(session: AsyncSession) -> Listing:
    """The list, asked for again after a passing failure."""
    return listed(await list_pods.asyncio_raw(client=AsyncRepeating(session, is_passing)))
