"""Which requests may be sent again, and when. No input or output happens here.

tenacity holds the loop; what it asks for at each turn is decided here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

from tenacity import RetryCallState, wait_random_exponential

from ._clock import Clock
from ._exceptions import APIConnectionError, APIError, RateLimitError, ResponseValidationError, YottaLabsError

logger = logging.getLogger("yottalabs")

PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504, *range(520, 525)})
FIRST_BACKOFF = 0.5  # seconds; the first pause is anything up to it, each next one up to twice as much
LONGEST_BACKOFF = 8.0
LONGEST_RETRY_AFTER = 30.0  # seconds; an API that says more is asked again after so many

MayRepeat: TypeAlias = Callable[[YottaLabsError], bool]

_backoff = wait_random_exponential(multiplier=FIRST_BACKOFF, max=LONGEST_BACKOFF)


def is_passing(error: YottaLabsError) -> bool:
    """Whether the same request may well succeed a moment later: for what can be sent twice without harm."""
    if isinstance(error, ResponseValidationError):
        return error.broke_off
    if isinstance(error, APIError):
        return error.status_code in PASSING_STATUSES or isinstance(error, RateLimitError)
    return isinstance(error, APIConnectionError)


def had_no_effect(error: YottaLabsError) -> bool:
    """Whether the request certainly had no effect, and may have one if it is sent again: for a create."""
    if isinstance(error, APIConnectionError):
        return not error.maybe_sent
    return isinstance(error, RateLimitError)


class Schedule:
    """The attempts of one call, within the time of the call.

    Attributes:
        earlier: The errors of the attempts before the present one.
    """

    def __init__(self, clock: Clock, *, seconds: float, max_retries: int, may_repeat: MayRepeat) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds
        self._max_retries = max_retries
        self._may_repeat = may_repeat
        self.earlier: list[YottaLabsError] = []

    def remaining(self) -> float:
        """Seconds until the call is too late."""
        return self._end - self._clock.monotonic()

    def share(self) -> float:
        """How many seconds the next attempt may take: the last one all that are left, one before it half of them."""
        is_last = len(self.earlier) >= self._max_retries
        return self.remaining() if is_last else self.remaining() / 2

    # --- What tenacity asks ---

    def retry(self, state: RetryCallState) -> bool:
        """Whether the error of an attempt is one that another attempt may follow."""
        error = _error(state)
        return isinstance(error, YottaLabsError) and self._may_repeat(error)

    def wait(self, state: RetryCallState) -> float:
        """The pause before the next attempt, in seconds."""
        error = _error(state)
        asked = error.retry_after if isinstance(error, APIError) else None
        return _backoff(state) if asked is None else max(_backoff(state), min(asked, LONGEST_RETRY_AFTER))

    def stop(self, state: RetryCallState) -> bool:
        """Whether there is no attempt left, or no time for one."""
        return state.attempt_number > self._max_retries or state.upcoming_sleep >= self.remaining()

    def before_sleep(self, state: RetryCallState) -> None:
        """Notes an attempt that another one follows."""
        error = _error(state)
        if isinstance(error, YottaLabsError):
            self.earlier.append(error)
        logger.info("%s; sending it again in %.1f seconds", error, state.upcoming_sleep)


def _error(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
