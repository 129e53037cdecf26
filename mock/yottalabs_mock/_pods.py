"""The pods that a simulator holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from ._clock import Clock
from ._lifecycle import Life, Status, Timer
from ._memory import MEGABYTE, size_of
from ._minting import documented_time, ingress_url

MOST_BYTES = 512 * MEGABYTE
"""How much memory all pods may take."""
_OWN_SIZE = 4096  # bytes of a pod, without its document: its life, and how it is shown


class NoRoomError(ValueError):
    """All pods together would take too much memory."""


class World:
    """What all pods of a simulator share: the lock that every look and every change takes, and the time."""

    def __init__(self, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self._ahead = 0.0
        # Once and for all: a moment has the same date whenever one asks for it.
        self._beginning = clock.date() - timedelta(seconds=clock.monotonic())

    def now(self) -> float:
        """The simulator's time in seconds."""
        return self.clock.monotonic() + self._ahead

    def set(self, moment: float, date: datetime) -> None:
        """Makes this the present moment, and this its date."""
        self._ahead = moment - self.clock.monotonic()
        self._beginning = date - timedelta(seconds=moment)

    def date(self, moment: float) -> datetime:
        """The date of a moment of the simulator's time."""
        return self._beginning + timedelta(seconds=moment)


class SimulatedPod:
    """One pod. Reading shows it as it is now; the methods do to it what no request can."""

    def __init__(self, world: World, owner: str, document: dict[str, Any], life: Life) -> None:
        self._world = world
        self._document = document
        self._life = life
        self._shown: dict[str, Any] | None = None
        self._shown_of: tuple[Status, bool, float] | None = None
        self.owner = owner
        self.hidden = Timer(at=-1.0)
        self.size = size_of(document) + _OWN_SIZE

    @property
    def id(self) -> str:
        """The id."""
        found: str = self._document["id"]
        return found

    @property
    def status(self) -> str:
        """The status now."""
        with self._settled() as life:
            return str(life.status)

    @property
    def healthy(self) -> bool:
        """Whether the exposed ports are reachable now."""
        with self._settled() as life:
            return life.healthy

    @property
    def is_live(self) -> bool:
        """Whether the pod has neither ended nor is ending; such a pod costs money, or is about to."""
        return self.status not in {Status.TERMINATING, Status.TERMINATED, Status.FAILED}

    @property
    def document(self) -> dict[str, Any]:
        """The pod as the documented list shows it now, environment values included."""
        with self._settled():
            return deepcopy(self.show())

    def pause(self) -> None:
        """Begins to pause it, as the console can. An IllegalTransitionError unless it runs."""
        self._move(Status.PAUSING)

    def resume(self) -> None:
        """Resumes it. An IllegalTransitionError unless it is paused."""
        self._move(Status.RUNNING)

    def fail(self) -> None:
        """Fails it. An IllegalTransitionError unless it boots."""
        self._move(Status.FAILED)

    def delete(self) -> None:
        """Begins to delete it. An IllegalTransitionError if it has ended, or is ending."""
        self._move(Status.TERMINATING)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status}>"

    def settle(self, now: float) -> Life:
        """Its life, with everything that is due by now. For whoever holds the world's lock."""
        self._life.settle(now)
        return self._life

    def show(self) -> dict[str, Any]:
        """The pod as the documented list shows it. For whoever holds the world's lock, and has settled the pod."""
        life = self._life
        state = (life.status, life.healthy, life.changed_at)
        if self._shown is None or self._shown_of != state:
            runs = life.status == Status.RUNNING
            self._shown = {
                **self._document,
                "expose": [
                    {**entry, "healthy": life.healthy, "ingressUrl": ingress_url(entry) if runs else ""}
                    for entry in self._document["expose"]
                ],
                "status": str(life.status),
                "updatedAt": documented_time(self._world.date(life.changed_at)),
            }
            self._shown_of = state
        return self._shown

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {"document": deepcopy(self._document), "life": self._life.to_json(), "hidden": self.hidden.to_json()}

    def _move(self, target: Status) -> None:
        with self._settled() as life:
            life.command(target, self._world.now())

    def _settled(self) -> _Settled:
        return _Settled(self._world, self)


class _Settled:
    """Holds the world's lock and gives the life of a pod as it is now."""

    def __init__(self, world: World, pod: SimulatedPod) -> None:
        self._world = world
        self._pod = pod

    def __enter__(self) -> Life:
        self._world.lock.acquire()
        return self._pod.settle(self._world.now())

    def __exit__(self, *_: object) -> None:
        self._world.lock.release()


class Pods(Mapping[str, SimulatedPod]):
    """Every pod of every organisation, by its id, in the order in which they were created."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_owner: dict[str, dict[str, SimulatedPod]] = {}
        self._by_id: dict[str, SimulatedPod] = {}
        self._bytes = 0

    def __getitem__(self, pod_id: str) -> SimulatedPod:
        with self._world.lock:
            pod = self._by_id[pod_id]
            if pod.settle(self._world.now()).forgotten:
                self._forget(pod)
                raise KeyError(pod_id)
            return pod

    def __iter__(self) -> Iterator[str]:
        with self._world.lock:
            self._forget_what_is_due(list(self._by_id.values()))
            return iter(list(self._by_id))

    def __len__(self) -> int:
        with self._world.lock:
            self._forget_what_is_due(list(self._by_id.values()))
            return len(self._by_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {list(self.values())}>"

    def add(self, pod: SimulatedPod) -> None:
        """Takes a pod. Where it needs the room, pods that are TERMINATED are forgotten earlier, the oldest first.

        Raises:
            NoRoomError: The pods that are left would take more than MOST_BYTES.
        """
        if self._bytes + pod.size > MOST_BYTES:
            self._make_room(pod.size)
        self._bytes += pod.size
        self._by_id[pod.id] = pod
        self._by_owner.setdefault(pod.owner, {})[pod.id] = pod

    def of(self, owner: str) -> list[SimulatedPod]:
        """The pods of one organisation, each settled. For whoever holds the world's lock."""
        self._forget_what_is_due(list(self._by_owner.get(owner, {}).values()))
        return list(self._by_owner.get(owner, {}).values())

    def find(self, owner: str, pod_id: str) -> SimulatedPod | None:
        """A pod of an organisation, settled. For whoever holds the world's lock."""
        pod = self._by_owner.get(owner, {}).get(pod_id)
        if pod is None or not pod.settle(self._world.now()).forgotten:
            return pod
        self._forget(pod)
        return None

    def _forget_what_is_due(self, pods: list[SimulatedPod]) -> None:
        now = self._world.now()
        for pod in pods:
            if pod.settle(now).forgotten:
                self._forget(pod)

    def _make_room(self, size: int) -> None:
        now = self._world.now()
        for pod in list(self._by_id.values()):
            if self._bytes + size <= MOST_BYTES:
                return
            life = pod.settle(now)
            if life.forgotten or life.status == Status.TERMINATED:
                self._forget(pod)
        if self._bytes + size > MOST_BYTES:
            raise NoRoomError(
                f"the simulator holds {len(self._by_id)} pods, and there is no room for another in the {MOST_BYTES} "
                "bytes that pods may take; delete some, or reset the simulator"
            )

    def _forget(self, pod: SimulatedPod) -> None:
        self._bytes -= pod.size
        del self._by_id[pod.id]
        del self._by_owner[pod.owner][pod.id]
