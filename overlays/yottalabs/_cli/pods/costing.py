"""`yottalabs pods cost`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from ..connecting import Connecting, connects
from ..naming import complete_pod, find_pod
from ..output import emit, has_output
from ..progress import SECONDS_PER_HOUR, rounded
from ..tables import Column, price, show, status_style
from ..terminal import say
from ..times import short

if TYPE_CHECKING:
    from ... import Pod

HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Cost:
    """What one pod costs.

    Attributes:
        pod: The pod.
        seconds: Since its creation.
    """

    pod: Pod
    seconds: float | None

    @classmethod
    def of(cls, pod: Pod, now: datetime) -> Cost:
        """What a pod costs by now."""
        return cls(pod, None if pod.created is None else max(0.0, (now - pod.created).total_seconds()))

    @property
    def at_most(self) -> Decimal | None:
        """What it has cost, at most: billing begins when the pod runs, of which the API tells no time."""
        hourly = self.pod.hourly_price
        if hourly is None or self.seconds is None:
            return None
        return rounded(hourly * Decimal(self.seconds) / SECONDS_PER_HOUR)


COLUMNS = (
    Column("ID", lambda cost: cost.pod.id or "", is_whole=True),
    Column("NAME", lambda cost: cost.pod.name or ""),
    Column("STATUS", lambda cost: str(cost.pod.status or ""), style=lambda cost: status_style(cost.pod), is_whole=True),
    Column("AGE", lambda cost: "" if cost.seconds is None else short(cost.seconds), is_number=True, is_whole=True),
    Column("PRICE/H", lambda cost: price(cost.pod.hourly_price), is_number=True, is_whole=True),
    Column("COST, AT MOST", lambda cost: price(cost.at_most), is_number=True, is_whole=True),
)
NAMES = ("id", "podName", "status", "hourlyPrice", "seconds", "costAtMost")


@click.command(
    "cost",
    help="""Show what the pods cost: in an hour, and so far.

    Without a POD, all living ones. What they cost so far is counted from their creation, so that it is never too little
    for a pod that always ran: the API does not tell when a pod began to run. Amounts are in the API's own currency.
    """,
)
@click.argument("pods", nargs=-1, metavar="[POD...]", shell_complete=complete_pod)
@has_output()
@connects
def command(connecting: Connecting, *, pods: tuple[str, ...], output: str) -> None:
    with connecting.open() as client:
        listed = client.pods.list()
    chosen = [find_pod(listed, called) for called in pods] if pods else [pod for pod in listed if pod.is_active]
    now = datetime.now(UTC)
    costs = [Cost.of(pod, now) for pod in chosen]
    if output != "table":
        emit(output, [dict(zip(NAMES, _values(cost), strict=True)) for cost in costs], NAMES)
        return
    show(costs, COLUMNS)
    say(*_sum(costs))
    sys.stderr.flush()


def _values(cost: Cost) -> tuple[object, ...]:
    hourly, at_most = cost.pod.hourly_price, cost.at_most
    return (
        *(cost.pod.id, cost.pod.name, str(cost.pod.status or "")),
        *(price(hourly) or None, None if cost.seconds is None else int(cost.seconds), price(at_most) or None),
    )


def _sum(costs: Sequence[Cost]) -> list[str]:
    """The totals, in words."""
    if not costs:
        return ["there are no living pods: nothing costs anything now"]
    known = [cost for cost in costs if cost.pod.hourly_price is not None]
    hourly = sum((cost.pod.hourly_price or Decimal(0) for cost in known), Decimal(0))
    so_far = sum((cost.at_most or Decimal(0) for cost in known), Decimal(0))
    if not known:
        return ["the API does not say what any of them costs"]
    lines = [f"together {price(hourly)} an hour, {price(hourly * HOURS_PER_DAY)} a day; so far at most {price(so_far)}"]
    if len(known) < len(costs):
        lines.append(f"of {len(costs) - len(known)} of them the API does not say what they cost")
    return lines
