# Made from ../_async/waiting.py by `make generate`; change that file.
"""Waits for pods: one request for the list now and then, however many they are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .._arguments import pod_id_of
from .._exceptions import YottaLabsError
from .._pod import Pod
from .._wait import DEFAULT_WAIT_SECONDS, TRANSIENT, Until, Wait, tell
from .listing import look

if TYPE_CHECKING:
    from .session import Session

logger = logging.getLogger("yottalabs")


class Waiting:
    """One wait for some pods."""

    def __init__(
        self,
        session: Session,
        pods: Iterable[str | Pod],
        until: Until,
        *,
        port: int | None = None,
        timeout: float = DEFAULT_WAIT_SECONDS,
        known: bool = False,
    ) -> None:
        now = session.clock.monotonic()
        seen = {pod_id_of(pod): pod if isinstance(pod, Pod) else None for pod in pods}
        self._session = session
        self._waits = [
            Wait(pod_id, until, now=now, timeout=timeout, port=port, seen=pod, known=known)
            for pod_id, pod in seen.items()
        ]

    def watch(self, on_change: Callable[[Pod], object] | None) -> dict[str, Pod]:
        """Looks at the list until every pod is as it is to be; gives the pods.

        Raises:
            YottaLabsError: As for `pods.wait`.
        """
        try:
            pending: Sequence[Wait] = self._waits
            while pending:
                pending = self._tick(pending, on_change)
        except YottaLabsError as error:
            error.pods = self._pods()
            raise
        return self._pods()

    def _pods(self) -> dict[str, Pod]:
        return {wait.pod_id: wait.last for wait in self._waits}

    def _tick(self, waits: Sequence[Wait], on_change: Callable[[Pod], object] | None) -> Sequence[Wait]:
        """Looks once, and gives the waits that are not over, after a pause if there are any."""
        clock = self._session.clock
        try:
            session = self._session.within(waits[0].remaining(clock.monotonic()))
            listing = look(session)
        except TRANSIENT as error:
            for wait in waits:
                wait.fail_to_see(error, clock.monotonic())
            logger.warning("waiting for %s: %s; looking again", _named(waits), error)
        else:
            for wait in waits:
                wait.see(listing, clock.monotonic())
        for wait in waits:
            if wait.changed and on_change is not None:
                tell(on_change, wait.last)
        pending = [wait for wait in waits if not wait.is_over(clock.monotonic())]
        if pending:
            clock.sleep(min(wait.pause(clock.monotonic()) for wait in pending))
        return pending


def _named(waits: Sequence[Wait]) -> str:
    return f"pod {waits[0].pod_id}" if len(waits) == 1 else f"{len(waits)} pods"
