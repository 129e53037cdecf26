"""Which pods a sweep deletes, and why. No input or output happens here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ._lease import Lease
from ._pod import ENDING, Pod
from ._text import LONGEST_ID, printable


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep decided about one leased pod.

    Attributes:
        pod: The pod.
        reason: Why, for people.
        is_over: Whether its lease is over, so that it is to be deleted.
        was_deleted: Whether it was deleted; never in a dry run.
    """

    pod: Pod
    reason: str
    is_over: bool
    was_deleted: bool = False

    def __str__(self) -> str:
        pod_id, name, status = (
            printable(str(each), LONGEST_ID) for each in (self.pod.id, self.pod.name or "", self.pod.status)
        )
        return f"pod {pod_id}{name and f' ({name})'}, {status}: {printable(self.reason)}"


def judged(pods: Iterable[Pod], now: datetime) -> Iterator[Swept]:
    """What is to happen to each leased pod that is not ending. Nothing is said of any other pod."""
    for pod in pods:
        lease = None if pod.lease is None else Lease.read(pod.lease)
        if lease is None or pod.id is None or pod.status in ENDING:
            continue
        over = lease.over(now)
        yield Swept(pod, over or lease.standing(now), is_over=over is not None)
