"""A storm: many threads and tasks create pods at once while whatever can go wrong does, in virtual time."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
from yottalabs import AsyncYottaLabs, CreateOutcomeUnknownError, CreateParams, YottaLabs, YottaLabsError
from yottalabs._lease import Lease, Owner
from yottalabs_mock import SimulatedPod, Simulator
from yottalabs_mock._catalogue import CREATE, KINDS

from support.contract import OPERATIONS

THREADS, TASKS = 16, 64
PODS_OF_A_KEY = 20  # so that lists stay short
LIFETIME = 6 * 3600.0  # longer than a storm
UNLEASED_SHARE = 0.05  # beside the leased creates
NAMED_SHARE = 0.3  # of the creates have a token of the caller's, and are asked for again after an error
REPETITIONS = 3
# How likely a fault is that can happen to every operation, and one that can happen to some.
OF_ANY_REQUEST, OF_SOME_REQUESTS = 0.011, 0.028
REQUEST: CreateParams = {"image": "ubuntu", "gpu_type": "NVIDIA_L4_24G"}
OPTIONS: dict[str, Any] = {"base_url": "http://127.0.0.1", "timeout": 10.0}
# As they are documented, not as the client has them.
TOKEN_VARIABLE, LEASE_VARIABLE = "YOTTALABS_CREATE_TOKEN", "YOTTALABS_LEASE"
NO_PROCESS = 2**31 - 1  # a number that no process gets


@dataclass(frozen=True)
class Wish:
    """A pod that somebody wants.

    Attributes:
        token: The token, if it is the caller's own.
        is_leased: Whether the pod is to have a lease.
    """

    token: str | None
    is_leased: bool

    @property
    def attempts(self) -> int:
        """How often it is asked for, until there is an id."""
        return REPETITIONS if self.token else 1

    @property
    def arguments(self) -> dict[str, Any]:
        """What `pods.create` is given."""
        lease = {"max_lifetime": LIFETIME, "guard": False} if self.is_leased else {}
        token = {"create_token": self.token} if self.token else {}
        return {**REQUEST, **lease, **token}


@dataclass
class Known:
    """What callers know.

    Attributes:
        ids: The ids that they were given, one for each wish that was granted.
        tokens: The tokens that errors named.
        errors: How often each error came.
    """

    ids: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    errors: Counter[str] = field(default_factory=Counter)

    def note(self, error: YottaLabsError) -> None:
        """Takes the error of a create."""
        self.errors[type(error).__name__] += 1
        if isinstance(error, CreateOutcomeUnknownError) and error.create_token is not None:
            self.tokens.add(error.create_token)

    def learn(self, other: Known) -> None:
        """Takes what somebody else knows."""
        self.ids += other.ids
        self.tokens |= other.tokens
        self.errors += other.errors


class Storm:
    """A storm of leased creates, and of some without a lease.

    Attributes:
        sim: The simulator.
        known: What all callers know together.
    """

    def __init__(self, leased: int, seed: int) -> None:
        self.sim = Simulator(seed=seed)
        self.known = Known()
        chance = random.Random(seed)
        wishes = []
        for is_leased in [True] * leased + [False] * int(leased * UNLEASED_SHARE):
            own_token = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            wishes.append(Wish(own_token if chance.random() < NAMED_SHARE else None, is_leased))
        chance.shuffle(wishes)
        self._wishes = {f"key-{at}": wishes[at : at + PODS_OF_A_KEY] for at in range(0, len(wishes), PODS_OF_A_KEY)}
        self._options = {"transport": self.sim.transport, "clock": self.sim.clock, **OPTIONS}

    def begin(self) -> None:
        """Lets faults happen by chance from now on, to any request, each as often as another one of its sort."""
        left = 1.0
        for fault, kind in KINDS.items():
            likely = OF_ANY_REQUEST if len(kind.operations) == len(OPERATIONS) else OF_SOME_REQUESTS
            # One fault at most happens to a request: a later one gets its share of what the earlier ones left.
            self.sim.faults.add("*", fault, probability=likely / left)
            left -= likely if CREATE in kind.operations else 0.0

    def create(self) -> None:
        """Grants every wish that can be granted: half of them by threads and the others by tasks, all at once."""
        keys = list(self._wishes)
        with ThreadPoolExecutor(THREADS + 1) as pool:
            tasks = pool.submit(lambda: asyncio.run(self._create_in_tasks(keys[::2])))
            for known in pool.map(self._create_in_a_thread, keys[1::2]):
                self.known.learn(known)
            for known in tasks.result():
                self.known.learn(known)

    def _create_in_a_thread(self, key: str) -> Known:
        known = Known()
        with YottaLabs(key, **self._options) as client:
            for wish in self._wishes[key]:
                for _ in range(wish.attempts):
                    try:
                        known.ids.append(client.pods.create(**wish.arguments))
                    except YottaLabsError as error:
                        known.note(error)
                    else:
                        break
        return known

    async def _create_in_tasks(self, keys: Iterable[str]) -> Sequence[Known]:
        places = asyncio.Semaphore(TASKS)

        async def create(key: str) -> Known:
            known = Known()
            async with places, AsyncYottaLabs(key, **self._options) as client:
                for wish in self._wishes[key]:
                    for _ in range(wish.attempts):
                        try:
                            known.ids.append(await client.pods.create(**wish.arguments))
                        except YottaLabsError as error:
                            known.note(error)
                        else:
                            break
            return known

        return await asyncio.gather(*map(create, keys))

    def lease_elsewhere(self, lifetime: float) -> str:
        """Creates a pod as another host would, whose process has a number that no process has here; gives its id."""
        owner = Owner(host="elsewhere/0123456789abcdef", process=NO_PROCESS, started="1")
        lease = Lease(self.sim.clock.date() + timedelta(seconds=lifetime), owner)
        body = {
            "image": "ubuntu",
            "gpuType": "NVIDIA_L4_24G",
            "environmentVars": [{"key": LEASE_VARIABLE, "value": lease.text()}],
        }
        headers = {"x-api-key": next(iter(self._wishes))}
        with httpx2.Client(transport=self.sim.transport, base_url="http://127.0.0.1", headers=headers) as http:
            return str(http.post(OPERATIONS[CREATE][0], json=body).json()["data"])

    def sweep(self, *, may_fail: bool = False) -> None:
        """Sweeps every organisation, from many threads at once."""

        def sweep(key: str) -> None:
            with YottaLabs(key, **self._options) as client, suppress(*[YottaLabsError] if may_fail else []):
                client.pods.sweep(dry_run=False, report=lambda _: None)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(sweep, self._wishes))

    def pods(self, concerned: Callable[[Pod], bool] = lambda _: True) -> dict[str, Pod]:
        """The pods that there are, by their ids."""
        found = (Pod.of(pod) for pod in self.sim.pods.values())
        return {pod.id: pod for pod in found if concerned(pod)}


@dataclass(frozen=True)
class Pod:
    """What matters of a pod here."""

    id: str
    status: str
    token: str | None
    lease: str | None

    @classmethod
    def of(cls, pod: SimulatedPod) -> Pod:
        """A pod as it is now."""
        variables = {entry["key"]: entry["value"] for entry in pod.document["environmentVars"]}
        return cls(pod.id, pod.status, variables.get(TOKEN_VARIABLE), variables.get(LEASE_VARIABLE))

    @property
    def is_leased(self) -> bool:
        """Whether it has a lease."""
        return self.lease is not None

    @property
    def is_ending(self) -> bool:
        """Whether it has ended, or is ending, so that it costs nothing."""
        return self.status in {"TERMINATING", "TERMINATED"}
