"""What a pod may cost, and how long it may live."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from ._exceptions import InvalidArgumentError, PriceLimitError
from ._pod import Pod
from ._settings import DURATION, is_duration

Amount: TypeAlias = Decimal | int | float | str

SECONDS_PER_HOUR = 3600
_AMOUNT = re.compile(r"\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,4})?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one pod.

    Attributes:
        max_lifetime: How long it may live, in seconds; None for as long as it likes.
        max_hourly_price: What it may cost in an hour; None for whatever it likes.
        max_cost: What it may cost as a whole; None for whatever it likes.
    """

    max_lifetime: float | None = None
    max_hourly_price: Decimal | None = None
    max_cost: Decimal | None = None

    @classmethod
    def read(
        cls, max_lifetime: float | None, max_hourly_price: Amount | None = None, max_cost: Amount | None = None
    ) -> Limits:
        """The limits that arguments set.

        Raises:
            InvalidArgumentError: They are none.
        """
        if max_lifetime is not None and not is_duration(max_lifetime):
            message = f"max_lifetime is {max_lifetime!r}; it must be {DURATION}"
            raise InvalidArgumentError(message, argument="max_lifetime")
        return cls(max_lifetime, _amount(max_hourly_price, "max_hourly_price"), _amount(max_cost, "max_cost"))

    @property
    def must_end(self) -> bool:
        """Whether the pod must end by itself."""
        return self.max_lifetime is not None or self.max_cost is not None

    def expiry(self, since: datetime) -> datetime | None:
        """When a pod that is created now must end, as far as that is known before its price is."""
        return None if self.max_lifetime is None else since + timedelta(seconds=self.max_lifetime)

    def expiry_of(self, pod: Pod, since: datetime) -> datetime | None:
        """When a pod must end, its price taken into account."""
        ends = [end for end in (self.expiry(since), self._broke(pod, since)) if end is not None]
        return min(ends, default=None)

    def check(self, pod: Pod) -> None:
        """Nothing, if the pod's price is within the limits, or may still become known before it costs anything.

        Raises:
            PriceLimitError: It is not.
        """
        if self.max_hourly_price is None and self.max_cost is None:
            return
        price = pod.hourly_price
        if price is None:
            if pod.is_running:
                raise self._refusal("the API does not say what the pod costs in an hour, which was to be limited", pod)
        elif self.max_hourly_price is not None and price > self.max_hourly_price:
            raise self._refusal(f"the pod costs {price} in an hour; at most {self.max_hourly_price} was allowed", pod)

    def _refusal(self, problem: str, pod: Pod) -> PriceLimitError:
        return PriceLimitError(
            problem, pod=pod, hourly_price=pod.hourly_price, max_hourly_price=self.max_hourly_price, pod_id=pod.id
        )

    def _broke(self, pod: Pod, since: datetime) -> datetime | None:
        """When the pod may have cost all it may: counted from its creation, though it costs nothing before it runs."""
        price = pod.hourly_price
        if self.max_cost is None or not price:
            return None
        seconds = float(self.max_cost / price * SECONDS_PER_HOUR)
        try:
            return since + timedelta(seconds=seconds)
        except OverflowError:
            return None


def _amount(value: object, argument: str) -> Decimal | None:
    if value is None:
        return None
    is_number = isinstance(value, Decimal | int | float | str) and not isinstance(value, bool)
    if isinstance(value, str) and not _AMOUNT.fullmatch(value):  # Decimal would take 1_5 for 15
        is_number = False
    try:
        # A float is meant as it is written: 0.1, not the binary fraction next to it.
        amount = Decimal(str(value)) if is_number else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise InvalidArgumentError(f"{argument} is {value!r}; it must be a positive amount", argument=argument)
    return amount
