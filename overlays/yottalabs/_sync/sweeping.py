# Made from ../_async/sweeping.py by `make generate`; change that file.
"""Deletes pods that were left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .._clock import date_of
from .._end import ENDING
from .._exceptions import ConflictError, NotFoundError, PodNotDeletedError, YottaLabsError
from .._pod import Pod
from .._sweep import Swept, judged

if TYPE_CHECKING:
    from .pods import Pods

MOST_NAMED = 20  # ids in one message


class Sweeping:
    """One sweep.

    Attributes:
        failed: What kept pods from being deleted, by their ids.
    """

    def __init__(self, pods: Pods) -> None:
        self.failed: dict[str, YottaLabsError] = {}
        self._pods = pods

    def sweep(self, *, dry_run: bool, report: Callable[[str], object]) -> Sequence[Swept]:
        """Looks at every leased pod, and deletes those whose lease is over unless this is a dry run.

        Raises:
            PodNotDeletedError: Some could not be deleted.
        """
        today = date_of(self._pods.session.clock)
        decided: list[Swept] = []
        for verdict in judged(self._pods.list(), today):
            done, told = verdict, "stays"
            if verdict.is_over:
                done, told = (verdict, "would be deleted") if dry_run else self._delete(verdict)
            report(f"{verdict}; {told}")
            decided.append(done)
        if self.failed:
            pod_ids = list(self.failed)
            more = "" if len(pod_ids) <= MOST_NAMED else f" and {len(pod_ids) - MOST_NAMED} more"
            message = f"pods that could not be deleted, and may still run: {', '.join(pod_ids[:MOST_NAMED])}{more}"
            raise PodNotDeletedError(message, pod_ids=pod_ids) from self.failed[pod_ids[0]]
        return decided

    def _delete(self, verdict: Swept) -> tuple[Swept, str]:
        try:
            self._pods.delete(verdict.pod)
        except YottaLabsError as error:
            if isinstance(error, NotFoundError | ConflictError) and self._is_ending(verdict.pod):
                return verdict, "somebody else deleted it meanwhile"
            self.failed[verdict.pod.id or ""] = error
            return verdict, f"could not be deleted: {error}"
        return replace(verdict, was_deleted=True), "deleted"

    def _is_ending(self, pod: Pod) -> bool:
        try:
            return (self._pods.get(pod)).status in ENDING
        except NotFoundError:
            return True
        except YottaLabsError:
            return False
