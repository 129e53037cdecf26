"""Deletes pods that were left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .._clock import date_of
from .._end import by_hand
from .._exceptions import ConflictError, NotFoundError, PodNotDeletedError, YottaLabsError
from .._sweep import Swept, judged
from .._text import LONGEST_ID, printable
from .deleting import adelete, ais_ending
from .listing import alist_all

if TYPE_CHECKING:
    from .session import AsyncSession

MOST_NAMED = 20  # ids in one message


class AsyncSweeping:
    """One sweep.

    Attributes:
        failed: What kept pods from being deleted, by their ids.
    """

    def __init__(self, session: AsyncSession) -> None:
        self.failed: dict[str, YottaLabsError] = {}
        self._session = session

    async def sweep(self, *, dry_run: bool, report: Callable[[str], object]) -> Sequence[Swept]:
        """Looks at every leased pod, and deletes those whose lease is over unless this is a dry run.

        Raises:
            PodNotDeletedError: Some could not be deleted.
        """
        today = date_of(self._session.clock)
        decided: list[Swept] = []
        for verdict in judged((await alist_all(self._session)).pods, today):
            done, told = verdict, "stays"
            if verdict.is_over:
                done, told = (verdict, "would be deleted") if dry_run else await self._delete(verdict)
            report(f"{verdict}; {told}")
            decided.append(done)
        if self.failed:
            pod_ids = list(self.failed)
            more = "" if len(pod_ids) <= MOST_NAMED else f" and {len(pod_ids) - MOST_NAMED} more"
            named = ", ".join(printable(pod_id, LONGEST_ID) for pod_id in pod_ids[:MOST_NAMED])
            message = f"pods that could not be deleted, and may still run: {named}{more}; "
            message += f"delete each by hand: {by_hand(self._session.settings, pod_ids[0])}"
            raise PodNotDeletedError(message, pod_ids=pod_ids) from self.failed[pod_ids[0]]
        return decided

    async def _delete(self, verdict: Swept) -> tuple[Swept, str]:
        pod_id = verdict.pod.id or ""
        try:
            await adelete(self._session, pod_id)
        except YottaLabsError as error:
            if isinstance(error, NotFoundError | ConflictError) and await self._is_ending(pod_id):
                return verdict, "somebody else deleted it meanwhile"
            self.failed[pod_id] = error
            return verdict, f"could not be deleted: {error}"
        return replace(verdict, was_deleted=True), "deleted"

    async def _is_ending(self, pod_id: str) -> bool:
        try:
            return await ais_ending(self._session, pod_id)
        except YottaLabsError:
            return False
