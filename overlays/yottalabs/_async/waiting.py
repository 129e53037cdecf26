"""Waits for pods: one request for the list now and then, however many they are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .._arguments import pod_id_of
from .._exceptions import YottaLabsError
from .._pod import Pod
from .._wait import DEFAULT_WAIT_SECONDS, TRANSIENT, Patience, Until, Wait, atell
from .listing import alook

if TYPE_CHECKING:
    from .session import AsyncSession

logger = logging.getLogger("yottalabs")


class AsyncWaiting:
    """One wait for some pods."""

    def __init__(
        self,
        session: AsyncSession,
        pods: Iterable[str | Pod],
        until: Until,
        *,
        port: int | None = None,
        timeout: float = DEFAULT_WAIT_SECONDS,
        known: bool = False,
    ) -> None:
        seen = {pod_id_of(pod): pod if isinstance(pod, Pod) else None for pod in pods}
        self._patience = Patience(now=session.clock.monotonic(), timeout=timeout)
        self._session = session
        self._waits = [Wait(pod_id, until, port=port, seen=pod, known=known) for pod_id, pod in seen.items()]

    async def watch(self, on_change: Callable[[Pod], object] | None) -> dict[str, Pod]:
        """Looks at the list until every pod is as it is to be; gives the pods.

        Raises:
            YottaLabsError: As for `pods.wait`.
        """
        try:
            pending: Sequence[Wait] = self._waits
            while pending:
                pending = await self._tick(pending, on_change)
        except YottaLabsError as error:
            error.pods = self._pods()
            raise
        return self._pods()

    def _pods(self) -> dict[str, Pod]:
        return {wait.pod_id: wait.last for wait in self._waits}

    async def _tick(self, waits: Sequence[Wait], on_change: Callable[[Pod], object] | None) -> Sequence[Wait]:
        """Looks once, and gives the waits that are not over, after a pause if there are any."""
        clock, patience = self._session.clock, self._patience
        try:
            listing = await alook(self._session.within(patience.remaining(clock.monotonic())))
        except TRANSIENT as error:
            patience.fail_to_see(error, clock.monotonic())
            logger.warning("waiting for %s: %s; looking again", _named(waits), error)
            pending, changed = waits, False
        else:
            now = clock.monotonic()
            patience.see(listing, now)
            is_null_for_long = patience.is_null_for_long(now)
            for wait in waits:
                wait.see(listing, is_null_for_long=is_null_for_long, heeds_ports=on_change is not None)
            if on_change is not None:
                for wait in waits:
                    if wait.changed:
                        await atell(on_change, wait.last)
            waited = patience.waited(clock.monotonic())
            pending = [wait for wait in waits if not wait.is_over(waited)]
            changed = any(wait.changed for wait in pending)
            del listing  # or all other pods would stay in memory during the pause
        if pending:
            pause = patience.pause(clock.monotonic(), changed=changed)
            if pause is None:
                raise pending[0].too_late(patience.timeout) from patience.failure
            await clock.asleep(pause)
        return pending


def _named(waits: Sequence[Wait]) -> str:
    return f"pod {waits[0].pod_id}" if len(waits) == 1 else f"{len(waits)} pods"
