"""Sends a request again while that can help and cannot hurt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying

from .._exceptions import YottaLabsError
from .._retry import MayRepeat, Schedule

if TYPE_CHECKING:
    from yottalabs_api.types import RawRequest

    from .._answer import Answer
    from .session import AsyncSession


class AsyncRepeating:
    """What the generated operations take for a client, for one call, whose time begins now."""

    def __init__(self, session: AsyncSession, may_repeat: MayRepeat, seconds: float | None = None) -> None:
        self._session = session
        self._schedule = Schedule(
            session.clock,
            seconds=session.settings.timeout if seconds is None else seconds,
            max_retries=session.settings.max_retries,
            may_repeat=may_repeat,
        )

    @property
    def earlier(self) -> Sequence[YottaLabsError]:
        """The errors of the attempts before the last one."""
        return self._schedule.earlier

    def remaining(self) -> float:
        """Seconds until the call is too late."""
        return self._schedule.remaining()

    async def aexchange(self, request: RawRequest) -> Answer:
        """Sends a request, at most `max_retries` times more than once.

        Raises:
            YottaLabsError: As for one attempt; it is the last one's.
        """
        schedule = self._schedule
        try:
            return await self._session.aexchange(request, schedule.share())
        except YottaLabsError as error:
            failed = [error]

        async def attempt() -> Answer:
            if failed:  # the first attempt was made without tenacity, which most calls have no need of
                raise failed.pop()
            return await self._session.aexchange(request, schedule.share())

        repeat = AsyncRetrying(
            sleep=self._session.clock.asleep,
            retry=schedule.retry,
            wait=schedule.wait,
            stop=schedule.stop,
            before_sleep=schedule.before_sleep,
            reraise=True,
        )
        return await repeat(attempt)
