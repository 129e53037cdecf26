"""The client, the simulator and its faults against a model that knows nothing but what the client told it."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from yottalabs import (
    ConflictError,
    CreateOutcomeUnknownError,
    NotFoundError,
    Pod,
    PodFailedError,
    PodNotDeletedError,
    WaitTimeoutError,
    YottaLabs,
    YottaLabsError,
)
from yottalabs_mock import Simulator, Times
from yottalabs_mock._catalogue import Fault

ARGUMENTS: dict[str, Any] = {"image": "x", "gpu_type": "NVIDIA_L4_24G"}
VARIABLE = "YOTTALABS_CREATE_TOKEN"
TIMEOUT = 20.0
LIFETIME = 300.0
OWN_TOKENS = ("first", "second")
ENDED = {"TERMINATING", "TERMINATED"}

tokens = st.sampled_from(OWN_TOKENS)
counts = st.integers(1, 2)
faults = st.sampled_from(
    [
        *(("create", fault) for fault in ("reset_before", "reset_after", "no_answer", "cut_short", "html_200")),
        *(("create", fault) for fault in ("status_503_after", "status_500_before", "status_429", "null_data")),
        *(("create", fault) for fault in ("connection_refused", "no_capacity", "redirect", "list_lags", "pod_fails")),
        *(("list", fault) for fault in ("reset_before", "status_503_before", "status_403", "null_data", "not_json")),
        *(("delete", fault) for fault in ("reset_before", "reset_after", "no_answer", "status_503_after")),
        *(("delete", fault) for fault in ("status_409", "status_404", "status_500_before", "connection_refused")),
    ]
)


class Life(RuleBasedStateMachine):
    """What a program does to its pods, whatever goes wrong.

    The model: the pods that the client gave, the tokens that its errors gave, and what was deleted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.simulator = Simulator(times=Times(boot=5.0, healthy=2.0, terminate=5.0))
        transport, clock = self.simulator.transport, self.simulator.clock
        self.yotta = YottaLabs("a-key", transport=transport, clock=clock, timeout=TIMEOUT)
        self.stranger = YottaLabs("another-key", transport=transport, clock=clock, max_retries=0)
        self.told: set[str] = set()
        self.unknown: set[str] = set()
        self.deleted: set[str] = set()
        self.may_be_deleted: set[str] = set()
        self.leases: dict[str, datetime] = {}
        self.strangers: set[str] = set()

    @initialize()
    def a_stranger_s_pod(self) -> None:
        self.strangers.add(self.stranger.pods.create(**ARGUMENTS, create_token="first"))

    # --- What a program does ------------------------------------------------------------------------------------------

    def create(self, **arguments: Any) -> str | None:
        try:
            pod_id = self.yotta.pods.create(**ARGUMENTS, **arguments)
        except CreateOutcomeUnknownError as error:
            if arguments.get("create_token", "") is not None:
                assert error.create_token
                self.unknown.add(error.create_token)
        except YottaLabsError as error:
            assert not isinstance(error, PodNotDeletedError)
        else:
            assert pod_id in self.simulator.pods
            self.told.add(pod_id)
            return pod_id
        return None

    @rule(max_lifetime=st.sampled_from([None, LIFETIME]), on_unknown=st.sampled_from(["raise", "recreate"]))
    def create_one(self, max_lifetime: float | None, on_unknown: str) -> None:
        before = set(self.simulator.pods)
        began = self.simulator.clock.date()
        pod_id = self.create(on_unknown=on_unknown, max_lifetime=max_lifetime, guard=False)
        created = set(self.simulator.pods) - before
        assert len(created) <= (2 if on_unknown == "recreate" else 1)
        for each in created:
            if max_lifetime is not None:
                self.leases[each] = began + timedelta(seconds=max_lifetime)
        if pod_id is not None:
            assert pod_id in created
        if len(created) == 2 or (created and on_unknown == "recreate" and pod_id not in created):
            # The first of two was not seen in time; only the log has its token.
            self.unknown |= {token for each in created if (token := self.token_of(each))}

    @rule(token=tokens, gpu_count=counts)
    def run_again(self, token: str, gpu_count: int) -> None:
        before = self.live_with(token)
        try:
            pod_id = self.yotta.pods.create(**ARGUMENTS, gpu_count=gpu_count, create_token=token)
        except CreateOutcomeUnknownError as error:
            assert error.create_token == token
            self.unknown.add(token)
        except ConflictError as error:
            if error.pod_id is not None:
                assert error.pod_id in before
                assert self.simulator.pods[error.pod_id].document["gpuCount"] != gpu_count
        except YottaLabsError:
            assert self.live_with(token) == before  # nothing was created without a word
        else:
            self.told.add(pod_id)
            assert self.simulator.pods[pod_id].document["gpuCount"] == gpu_count
            assert self.token_of(pod_id) == token
            assert before in ([], [pod_id])

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        pod_id = data.draw(st.sampled_from(sorted(self.told)))
        try:
            self.yotta.pods.delete(pod_id)
        except YottaLabsError as error:
            assert error.pod_id == pod_id
            self.may_be_deleted.add(pod_id)
        else:
            self.deleted.add(pod_id)

    @rule()
    def delete_what_is_a_stranger_s(self) -> None:
        (pod_id,) = self.strangers
        with suppress(YottaLabsError):
            self.yotta.pods.delete(pod_id)

    @rule()
    def list_pods(self) -> None:
        with suppress(YottaLabsError):
            pods = self.yotta.pods.list()
            assert {pod.id for pod in pods} <= set(self.simulator.pods) - self.strangers
            assert all(VARIABLE not in pod.environment_vars for pod in pods)

    @precondition(lambda self: self.unknown)
    @rule(data=st.data())
    def find_created(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.unknown)))
        with suppress(YottaLabsError):
            found = self.yotta.pods.find_created(token)
            if found is not None:
                assert found.id is not None
                assert self.token_of(found.id) == token
                self.told.add(found.id)
            else:
                assert not self.with_token(token) or self.may_be_blind()

    @rule(seconds=st.sampled_from([1.0, 10.0, 70.0, LIFETIME]))
    def advance(self, seconds: float) -> None:
        self.simulator.advance(seconds)

    @rule(fault=faults, times=st.integers(1, 3))
    def something_will_go_wrong(self, fault: tuple[str, str], times: int) -> None:
        self.simulator.faults.add(*fault, times=times)

    @rule()
    def all_is_well_again(self) -> None:
        self.simulator.faults.clear()

    @rule(raises=st.booleans())
    def temporary(self, *, raises: bool) -> None:
        before = set(self.simulator.pods)
        entered = False
        try:
            with self.yotta.pods.temporary(**ARGUMENTS, timeout=30) as pod:
                entered = True
                assert isinstance(pod, Pod)
                assert pod.is_running
                assert self.simulator.pods[pod.id or ""].status not in ENDED
                if raises:
                    fail()
        except LookupError:
            assert raises
            assert entered
        except CreateOutcomeUnknownError as error:
            assert error.create_token
            self.unknown.add(error.create_token)
        except PodNotDeletedError as error:
            assert error.pod_id in self.simulator.pods
            assert "curl" in str(error)
            self.may_be_deleted |= set(self.simulator.pods) - before
            self.told |= set(error.pod_ids)
        except YottaLabsError:
            assert not entered
        else:
            assert entered
            assert not raises
        created = set(self.simulator.pods) - before
        assert len(created) <= 1
        for pod_id in created - self.told:
            if self.token_of(pod_id) not in self.unknown:  # whatever happened, it is deleted
                self.deleted.add(pod_id)
                self.told.add(pod_id)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), until=st.sampled_from(["running", "terminated"]))
    def wait(self, data: st.DataObject, until: Any) -> None:
        pod_id = data.draw(st.sampled_from(sorted(self.told)))
        try:
            pod = self.yotta.pods.wait(pod_id, until, timeout=30)
        except (PodFailedError, WaitTimeoutError, NotFoundError) as error:
            assert error.pod_id == pod_id
        except YottaLabsError as error:
            assert error.pod_id == pod_id
        else:
            assert pod.id == pod_id
            assert (self.simulator.pods[pod_id].status in ENDED) == (until == "terminated")

    @rule(dry_run=st.booleans())
    def sweep(self, *, dry_run: bool) -> None:
        before = {pod_id: pod.status for pod_id, pod in self.simulator.pods.items()}
        now = self.simulator.clock.date()
        try:
            swept = self.yotta.pods.sweep(dry_run=dry_run, report=lambda _: None)
        except PodNotDeletedError as error:
            self.may_be_deleted |= set(error.pod_ids)
            self.told |= set(error.pod_ids)
            assert not dry_run
            done = self.ended_since(before)
        except YottaLabsError:
            done = self.ended_since(before)
            assert not done
        else:
            done = {verdict.pod.id or "" for verdict in swept if verdict.was_deleted}
            assert not (dry_run and done)
        for pod_id in done:
            assert self.leases[pod_id] <= now + timedelta(seconds=1)  # none without a lease, none before its end
            self.deleted.add(pod_id)

    # --- What is always so --------------------------------------------------------------------------------------------

    @invariant()
    def every_pod_is_known(self) -> None:
        for pod_id in set(self.simulator.pods) - self.strangers - self.told:
            assert self.token_of(pod_id) in self.unknown, f"pod {pod_id} is lost"

    @invariant()
    def no_token_has_two_live_pods(self) -> None:
        pods = self.simulator.pods
        found = Counter(self.token_of(pod_id) for pod_id in pods if pod_id not in self.strangers and self.lives(pod_id))
        assert all(count == 1 for token, count in found.items() if token is not None)

    @invariant()
    def what_was_deleted_is_ending(self) -> None:
        for pod_id in self.deleted & set(self.simulator.pods):
            assert self.simulator.pods[pod_id].status in ENDED

    @invariant()
    def nothing_else_has_ended(self) -> None:
        for pod_id, pod in self.simulator.pods.items():
            assert pod.status not in ENDED or pod_id in self.deleted | self.may_be_deleted

    def teardown(self) -> None:
        self.yotta.close()
        self.stranger.close()

    # --- Looking ------------------------------------------------------------------------------------------------------

    def token_of(self, pod_id: str) -> str | None:
        variables = self.simulator.pods[pod_id].document["environmentVars"] or []
        return next((entry["value"] for entry in variables if entry["key"] == VARIABLE), None)

    def with_token(self, token: str) -> list[str]:
        return [each for each in self.simulator.pods if self.token_of(each) == token and each not in self.strangers]

    def lives(self, pod_id: str) -> bool:
        return self.simulator.pods[pod_id].is_live

    def live_with(self, token: str) -> list[str]:
        return [each for each in self.with_token(token) if self.lives(each)]

    def may_be_blind(self) -> bool:
        """Whether a list may have shown less than there is."""
        counts = self.simulator.faults.counts
        return counts[Fault.LIST_LAGS] > 0 or counts[Fault.NULL_DATA] > 0

    def ended_since(self, before: dict[str, Any]) -> set[str]:
        pods = self.simulator.pods
        return {each for each, status in before.items() if status not in ENDED and pods[each].status in ENDED}


def fail() -> None:
    raise LookupError("the program's own")


TestLife = Life.TestCase
TestLife.settings = hypothesis.settings(max_examples=150, stateful_step_count=30)
