"""Ends a pod for certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._end import End, by_hand
from .._exceptions import PodNotDeletedError, YottaLabsError
from .deleting import adelete
from .listing import alook

if TYPE_CHECKING:
    from .session import AsyncSession

SHORTEST_CALL = 5.0  # seconds, which a call may take although the patience is at its end


async def aend_pod(session: AsyncSession, pod_id: str, *, patience: float) -> None:
    """Deletes a pod, again and again, until the list shows that it ends, has ended, or is gone.

    Args:
        session: The session of its organisation.
        pod_id: The pod.
        patience: How long to go on at most, in seconds.

    Raises:
        PodNotDeletedError: It may still run. The message has the command to delete it by hand.
    """
    clock = session.clock
    end = End(pod_id, now=clock.monotonic(), patience=patience)
    while True:
        # No call may take so long that there is no other one.
        bounded = session.within(max(end.remaining(clock.monotonic()) / 2, SHORTEST_CALL))
        if end.must_delete:
            try:
                await adelete(bounded, pod_id)
            except YottaLabsError as error:
                end.refuse(error)
            else:
                end.accept()
        try:
            end.see(await alook(bounded))
        except YottaLabsError as error:
            end.fail_to_see(error)
        try:
            if end.is_over(clock.monotonic()):
                return
        except PodNotDeletedError as error:
            error.message = f"{error.message}; delete it by hand: {by_hand(session.settings, pod_id)}"
            error.args = (error.message,)
            raise
        await clock.asleep(end.pause())
