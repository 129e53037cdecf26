"""Whatever is done to pods in whatever order, they are as a model of a few lines says, which knows no simulator.

`tests/contract/life.py` does the same over a socket, with the documented times. Here every time is another one in each
example, none is often zero, and the simulator is saved and loaded in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from yottalabs_mock import IllegalTransitionError, Simulator, Times

from .asking import SUCCESS, Caller

MOST = 12  # seconds, of any one time
SECONDS = st.integers(0, MOST)
ASKED_FOR = {
    "pause": ("RUNNING", "PAUSING"),
    "resume": ("PAUSED", "RUNNING"),
    "fail": ("INITIALIZE", "FAILED"),
    "delete": ("INITIALIZE RUNNING PAUSING PAUSED FAILED", "TERMINATING"),
}


@dataclass
class ModelPod:
    """What has happened to a pod: each state that it came to, and when."""

    times: dict[str, int]
    history: list[tuple[int, str]] = field(default_factory=list)

    def state(self, now: int) -> str:
        """The state now, after everything that was due."""
        while True:
            since, status = self.history[-1]
            part = {"INITIALIZE": "boot", "PAUSING": "pause", "TERMINATING": "terminate", "TERMINATED": "forget"}
            following = {"INITIALIZE": "RUNNING", "PAUSING": "PAUSED", "TERMINATING": "TERMINATED"}
            if status not in part or since + self.times[part[status]] > now:
                return status
            self.history.append((since + self.times[part[status]], following.get(status, "gone")))

    def told(self, now: int) -> tuple[str, bool, int]:
        """What the list says: the status, whether ports are healthy, and when that last changed."""
        status = self.state(now)
        since = self.history[-1][0]
        healthy = status == "RUNNING" and since + self.times["healthy"] <= now
        return status, healthy, since + self.times["healthy"] if healthy else since


class Lives(RuleBasedStateMachine):
    """A simulator and the model of its pods."""

    pods = Bundle("pods")

    @initialize(boot=SECONDS, healthy=SECONDS, pause=SECONDS, terminate=SECONDS, forget=SECONDS)
    def begin(self, **times: int) -> None:
        self.times = times
        self.sim = Simulator(times=Times(**times))
        self.caller = Caller(self.sim)
        self.start = self.sim.clock.date()
        self.now = 0
        self.model: dict[str, ModelPod] = {}

    @rule(target=pods)
    def create(self) -> str:
        pod_id = self.caller.create(expose=[{"port": 22}])
        assert pod_id not in self.model
        self.model[pod_id] = ModelPod(self.times, [(self.now, "INITIALIZE")])
        return pod_id

    @rule(seconds=st.integers(0, 3 * MOST))
    def advance(self, seconds: int) -> None:
        self.sim.advance(seconds)
        self.now += seconds

    @rule()
    def look(self) -> None:
        expected = {}
        for pod_id, pod in self.model.items():
            status, healthy, changed = pod.told(self.now)
            if status != "gone":
                expected[pod_id] = (status, healthy, self.start + timedelta(seconds=changed))
        assert expected == {
            pod["id"]: (
                pod["status"],
                pod["expose"][0]["healthy"],
                datetime.fromisoformat(pod["updatedAt"]).replace(tzinfo=self.start.tzinfo),
            )
            for pod in self.caller.pods()
        }
        assert list(self.sim.pods) == list(expected)

    @rule(pod_id=pods)
    def delete_by_request(self, pod_id: str) -> None:
        status = self.model[pod_id].state(self.now)
        is_legal = status in ASKED_FOR["delete"][0].split()
        assert (self.caller.delete(pod_id) == SUCCESS) == is_legal
        if is_legal:
            self.model[pod_id].history.append((self.now, "TERMINATING"))

    @rule(pod_id=pods, action=st.sampled_from(sorted(ASKED_FOR)))
    def act(self, pod_id: str, action: str) -> None:
        status = self.model[pod_id].state(self.now)
        if status == "gone":
            assert pod_id not in self.sim.pods
            return
        sources, target = ASKED_FOR[action]
        if status in sources.split():
            getattr(self.sim.pods[pod_id], action)()
            self.model[pod_id].history.append((self.now, target))
        else:
            with pytest.raises(IllegalTransitionError):
                getattr(self.sim.pods[pod_id], action)()

    @rule()
    def save_and_load(self) -> None:
        before = self.caller.pods()
        self.sim = Simulator.load(self.sim.to_json())
        self.caller = Caller(self.sim)
        assert self.caller.pods() == before

    @rule(pod_id=consumes(pods))
    def let_go(self, pod_id: str) -> None:
        """Does no more to one, so that it can come to its end."""

    @invariant()
    def no_pod_is_live_that_is_not(self) -> None:
        live = {pod_id for pod_id, pod in self.sim.pods.items() if pod.is_live}
        states = {pod_id: pod.state(self.now) for pod_id, pod in self.model.items()}
        over = {"TERMINATING", "TERMINATED", "FAILED", "gone"}
        assert live == {pod_id for pod_id, state in states.items() if state not in over}


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=30)
