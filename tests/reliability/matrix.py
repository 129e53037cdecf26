"""The fault matrix: an operation, a fault that happens to it, and what is true afterwards.

The client is asked in four ways: synchronous and asynchronous, in process in virtual time, and over a socket in real
time. What it gives must be the same in all of them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import pytest
from yottalabs import AsyncYottaLabs, CreateOutcomeUnknownError, CreateParams, YottaLabs, YottaLabsError, _retry
from yottalabs_mock import Simulator, Times
from yottalabs_mock._catalogue import CREATE, DELETE, DOORS, KINDS, LIST, Fault, verb

KEY = "canary-of-the-key"
REGISTRY_TOKEN = "canary-of-the-registry"
PASSWORD = "canary-of-the-environment"
SECRETS = (KEY, REGISTRY_TOKEN, PASSWORD)
REQUEST: CreateParams = {
    "image": "registry.example/image",
    "gpu_type": "NVIDIA_L4_24G",
    "image_public_type": "PRIVATE",
    "image_registry_username": "somebody",
    "image_registry_token": REGISTRY_TOKEN,
    "environment_vars": {"PASSWORD": PASSWORD},
    "expose": [22],
}
TOKEN_VARIABLE = "YOTTALABS_CREATE_TOKEN"  # as it is documented, not as the client has it
OF_METHOD = {"POST": CREATE, "GET": LIST, "DELETE": DELETE}
TIMEOUT = 30.0  # in virtual time: that of a client by itself
SHORT_TIMEOUT = 3.0  # in real time: one that can be waited for
PATIENT_TIMEOUT = 12.0  # in real time, on a machine that has much else to do
ALWAYS_TIMES = 1000
LONG_ENOUGH = 300.0  # for a pod to boot, and for a list to catch up
SOCKET_OPTIONS = {"seconds": 0.2, "retry_after": 0}  # instead of those that take seconds of real time
SHUT_SECONDS = 60.0  # far longer than a cell takes: it is opened when the fault has happened


class Often(StrEnum):
    """To which requests a fault happens: the first, all of the operation, or all that there are."""

    ONCE = "once"
    ALWAYS = "always"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True)
class Row:
    """What happens.

    Attributes:
        operation: The operation that is called.
        fault: What happens to it.
        effect: Whether the request takes effect; None where the fault settles that, or where there is no effect.
        often: How often.
    """

    operation: str
    fault: Fault
    effect: bool | None
    often: Often

    def __str__(self) -> str:
        effect = {None: "", True: ", with effect", False: ", without effect"}[self.effect]
        return f"{verb(self.operation)}, {self.fault}{effect}, {self.often}"


def rows() -> Iterator[Row]:
    """Every operation with every fault that can happen to it."""
    for operation in (CREATE, LIST, DELETE):
        for fault, kind in KINDS.items():
            if operation not in kind.operations:
                continue
            is_open = operation != LIST and not kind.effect_is_fixed
            for effect in (False, True) if is_open else (None,):
                # A create may ask for the list, too.
                is_wider = operation == CREATE and LIST in kind.operations
                for often in (Often.ONCE, Often.ALWAYS, *([Often.EVERYWHERE] if is_wider else [])):
                    yield Row(operation, fault, effect, often)


class Pauses(StrEnum):
    """What chance decides of the pauses between two attempts, which is all that it decides."""

    SHORTEST = "shortest"
    LONGEST = "longest"


@contextmanager
def decided(pauses: Pauses) -> Iterator[None]:
    """Chance, decided: how long a pause is, is drawn in one place."""
    with pytest.MonkeyPatch.context() as patch:
        found = 0.0 if pauses == Pauses.SHORTEST else _retry.LONGEST_BACKOFF
        first = 0.0 if pauses == Pauses.SHORTEST else _retry.FIRST_BACKOFF
        patch.setattr(_retry, "_backoff", lambda state: min(first * 2.0 ** (state.attempt_number - 1), found))
        yield


@dataclass(frozen=True)
class Way:
    """How the client is asked."""

    is_async: bool
    is_socket: bool

    def __str__(self) -> str:
        return f"{'async' if self.is_async else 'sync'} {'over a socket' if self.is_socket else 'in process'}"


IN_PROCESS = (Way(is_async=False, is_socket=False), Way(is_async=True, is_socket=False))
OVER_SOCKETS = (Way(is_async=False, is_socket=True), Way(is_async=True, is_socket=True))


@dataclass(frozen=True)
class Seen:
    """What became of it.

    Attributes:
        outcome: What the caller got.
        requests: What was sent.
        exists: What there is afterwards.
    """

    outcome: str
    requests: str
    exists: str


class Ear(logging.Handler):
    """Hears what is logged while one thread asks. The client logs each request that it sends, in its own words."""

    def __init__(self, after_request: Callable[[], object]) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []
        self.sent: list[str] = []
        self._after_request = after_request
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self._thread:
            return
        self.records.append(record)
        is_request = record.name == "yottalabs" and str(record.msg).startswith("%s %s: %s, status")
        if is_request and isinstance(record.args, tuple):
            self.sent.append(OF_METHOD[str(record.args[0])])
            self._after_request()

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)


def ask(way: Way, options: dict[str, Any], use: Callable[[Any], Any]) -> Any:
    """What a client of one or the other kind gives."""
    if not way.is_async:
        with YottaLabs(KEY, **options) as client:
            return use(client.pods)

    async def asked() -> Any:
        async with AsyncYottaLabs(KEY, **options) as client:
            return await use(client.pods)

    return asyncio.run(asked())


class Cell:
    """A row, tried in one way: against a simulator of its own, from one thread."""

    def __init__(self, row: Row, way: Way, *, timeout: float | None = None) -> None:
        self.row = row
        self.way = way
        self.timeout = timeout or (SHORT_TIMEOUT if way.is_socket else TIMEOUT)
        self.sim = Simulator(clock="real" if way.is_socket else "virtual", times=Times(boot=0.05, terminate=3600))
        self._pod_id = ""

    def __str__(self) -> str:
        return f"{self.row}, {self.way}"

    def try_out(self) -> Seen:
        """What becomes of it. Whatever nobody may ever see fails here."""
        with self.sim.serve() if self.way.is_socket else nullcontext() as base_url:
            options: dict[str, Any] = {"base_url": base_url, "timeout": self.timeout}
            if base_url is None:
                options |= {"base_url": "http://127.0.0.1", "transport": self.sim.transport, "clock": self.sim.clock}
            self._prepare(options)
            with Ear(self._after_request) as ear:
                outcome = self._outcome(options)
            self.sim.faults.clear()
            return self._judge(outcome, ear, options)

    def _prepare(self, options: dict[str, Any]) -> None:
        if self.row.operation != CREATE:
            self._pod_id = ask(IN_PROCESS[0], options, lambda pods: pods.create(**REQUEST))
            self.sim.advance(LONG_ENOUGH)
            assert self._status() == "RUNNING"
        fault = self.row.fault
        given = KINDS[fault].options or {}
        more: dict[str, Any] = {name: SOCKET_OPTIONS[name] for name in given if name in SOCKET_OPTIONS}
        more = more if self.way.is_socket else {}
        times = 1 if self.row.often == Often.ONCE else ALWAYS_TIMES
        if self.way.is_socket and fault in DOORS:
            more, times = {"seconds": SHUT_SECONDS}, 1
        operation = "*" if self.row.often == Often.EVERYWHERE else self.row.operation
        if self.row.effect is not None:
            more["effect"] = self.row.effect
        self.sim.faults.add(operation, fault, times=times, **more)

    def _after_request(self) -> None:
        """Over a socket a fault of connections lasts for a time. It has happened once when one attempt has failed."""
        if self.way.is_socket and self.row.fault in DOORS and self.row.often == Often.ONCE:
            self.sim.faults.clear()

    def _outcome(self, options: dict[str, Any]) -> Any:
        calls: dict[str, Callable[[Any], Any]] = {
            CREATE: lambda pods: pods.create(**REQUEST),
            LIST: lambda pods: pods.list(),
            DELETE: lambda pods: pods.delete(self._pod_id),
        }
        try:
            return ask(self.way, options, calls[self.row.operation])
        except YottaLabsError as error:
            return error

    # --- What must hold ---

    def _judge(self, outcome: Any, ear: Ear, options: dict[str, Any]) -> Seen:
        sent = Counter(ear.sent)
        if not self.way.is_socket:  # over one, what is sent need not arrive
            # The first one made the pod that is there.
            arrived = [str(record.operation) for record in self.sim.requests][self.row.operation != CREATE :]
            assert Counter(arrived) == sent, f"{self}: {arrived} came, {ear.sent} was sent"
        assert sent[self.row.operation] > 0, f"{self}: nothing was sent"
        self._check_secrets(outcome, ear)
        known = self._known(outcome)
        unknown = [pod_id for pod_id in self.sim.pods if pod_id not in known]
        assert not unknown, f"{self}: nobody knows of {unknown} after {outcome!r}"
        assert len(self.sim.pods) <= 1, f"{self}: {len(self.sim.pods)} pods"
        if self.row.operation == DELETE:
            is_told = isinstance(outcome, YottaLabsError) and outcome.pod_id == self._pod_id
            assert is_told or self._status() == "TERMINATING", f"{self}: {outcome!r}, and the pod is {self._status()}"
        self._check_found_later(outcome, options)
        self.sim.advance(LONG_ENOUGH)
        return Seen(self._told(outcome, sent), self._told_requests(sent), self._told_pods(outcome))

    def _known(self, outcome: Any) -> set[str]:
        """The pods that the caller knows of."""
        known = {self._pod_id}
        if isinstance(outcome, str):
            known.add(outcome)
            assert outcome in self.sim.pods, f"{self}: there is no pod {outcome}"
        if isinstance(outcome, YottaLabsError):
            known.add(outcome.pod_id or "")
        if isinstance(outcome, CreateOutcomeUnknownError):
            assert outcome.create_token is not None
            assert outcome.since is not None
            assert outcome.since.utcoffset() is not None
            known |= self._made_with(outcome.create_token)
        return known

    def _made_with(self, token: str) -> set[str]:
        entry = {"key": TOKEN_VARIABLE, "value": token}
        return {pod_id for pod_id, pod in self.sim.pods.items() if entry in pod.document["environmentVars"]}

    def _check_found_later(self, outcome: Any, options: dict[str, Any]) -> None:
        """Once the API works again, the token of an error leads to the pod, if there is one."""
        if isinstance(outcome, CreateOutcomeUnknownError):
            found = ask(self.way, options, lambda pods: pods.find_created(str(outcome.create_token)))
            assert {found.id} == set(self.sim.pods) if found else not self.sim.pods, f"{self}: {found} was found"

    def _check_secrets(self, outcome: Any, ear: Ear) -> None:
        assert ear.records, "nothing was logged, so nothing was looked at"
        said = [record.getMessage() for record in ear.records]
        said += [str(record.exc_text or record.exc_info) for record in ear.records if record.exc_info]
        if isinstance(outcome, YottaLabsError):
            said += [str(outcome), repr(outcome), *traceback.format_exception(outcome)]
        told = [secret for secret in SECRETS if any(secret in text for text in said)]
        assert not told, f"{self}: {told} can be seen"

    # --- How it is told ---

    def _told(self, outcome: Any, sent: Counter[str]) -> str:
        if isinstance(outcome, CreateOutcomeUnknownError):
            return f"`{type(outcome).__name__}` with the token"
        if isinstance(outcome, YottaLabsError):
            return f"`{type(outcome).__name__}`"
        if self.row.operation == CREATE:
            return "the id, found by the token" if sent[LIST] else "the id"
        if self.row.operation == DELETE:
            assert outcome is None
            return "success"
        if not outcome:
            return "no pods"
        (pod,) = outcome
        assert pod.id == self._pod_id
        return "the pods" if pod.status == "RUNNING" else f"the pods, their status `{pod.status}`"

    def _told_requests(self, sent: Counter[str]) -> str:
        """The numbers; how often the list is asked for the pod of a create depends on the time that is left."""
        told = []
        for operation, count in sent.items():
            is_look = operation != self.row.operation
            number = "" if count == 1 else " 2 or more times" if is_look else f" {count} times"
            told.append(f"{verb(operation)}{number}")
        return ", ".join(told)

    def _told_pods(self, outcome: Any) -> str:
        if not self.sim.pods:
            return "nothing"
        status = self._status()
        if self.row.operation != CREATE:
            return "the pod runs" if status == "RUNNING" else "the pod is ending" if status == "TERMINATING" else status
        found = "" if isinstance(outcome, str) else ", which `find_created` finds"
        return f"the pod{'' if status == 'RUNNING' else f', {status}'}{found}"

    def _status(self) -> str:
        (pod,) = self.sim.pods.values()
        return pod.status
