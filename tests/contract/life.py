"""Do the simulator's pods live as they should? A model of a few lines lives beside them, and says what must be seen.

Hypothesis creates, lists, deletes, pauses and lets time pass, for two organisations with two keys each, over a socket
or without one. The model is written from docs/reference/lifecycle.md and knows nothing of the simulator's code.

`python -m contract.life EXAMPLES` runs it by itself and prints a report as JSON; that is how seeded faults are run.
With an expectation and a text behind it, it ends with the first difference of that expectation that says so.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import product
from typing import Any
from urllib.parse import quote

import httpx2
import yottalabs_mock
from hypothesis import HealthCheck, Phase, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable, UnsatisfiedAssumption
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from yottalabs_mock import IllegalTransitionError, Simulator

from support import contract
from support.wire import differences

# --- The model --------------------------------------------------------------------------------------------------------

GONE = "gone from the list"
BY_ITSELF = {
    "INITIALIZE": (60, "RUNNING"),
    "PAUSING": (10, "PAUSED"),
    "TERMINATING": (10, "TERMINATED"),
    "TERMINATED": (24 * 3600, GONE),
}
"""What follows on a status, after how many seconds."""
ON_DEMAND = {
    "pause": ({"RUNNING"}, "PAUSING"),
    "resume": ({"PAUSED"}, "RUNNING"),
    "fail": ({"INITIALIZE"}, "FAILED"),
    "delete": ({"INITIALIZE", "RUNNING", "PAUSING", "PAUSED", "FAILED"}, "TERMINATING"),
}
"""What can be done to a pod: with which statuses, and which follows."""
WAYS: Mapping[str, tuple[str | int, ...]] = {
    "INITIALIZE": (),
    "RUNNING": (70,),
    "PAUSING": (70, "pause"),
    "PAUSED": (70, "pause", 10),
    "FAILED": ("fail",),
    "TERMINATING": ("delete",),
    "TERMINATED": ("delete", 10),
    GONE: ("delete", 10, 24 * 3600),
}
"""How a pod gets to each status: what is done to it, and how many seconds pass."""
HEALTHY_AFTER = 10
"""For how many seconds a pod must have been RUNNING for its ports to be healthy."""


@dataclass
class ModelPod:
    """A pod: whose it is, what was asked for, and where it is in its life since when."""

    organisation: str
    asked: Mapping[str, Any]
    created: int
    status: str = "INITIALIZE"
    since: int = field(init=False)

    def __post_init__(self) -> None:
        self.since = self.created

    def live(self, now: int) -> None:
        """Becomes what it is now."""
        while self.status in BY_ITSELF:
            seconds, following = BY_ITSELF[self.status]
            if self.since + seconds > now:
                return
            self.status, self.since = following, self.since + seconds

    def can(self, what: str) -> bool:
        return self.status in ON_DEMAND[what][0]

    def do(self, what: str, now: int) -> None:
        self.status, self.since = ON_DEMAND[what][1], now

    def healthy(self, now: int) -> bool:
        return self.status == "RUNNING" and self.since + HEALTHY_AFTER <= now

    def changed(self, now: int) -> int:
        return self.since + (HEALTHY_AFTER if self.healthy(now) else 0)


# --- What is asked ----------------------------------------------------------------------------------------------------

KEYS = {"a-key": "one", "another-key": "one", "a-foreign-key": "other", "another-foreign-key": "other"}
"""The organisation of each key."""
MINIMAL = {"image": "x", "gpuType": "NVIDIA_L4_24G"}
ASKED = (
    ("POST", "/openapi/v1/pods/create", MINIMAL),
    ("GET", "/openapi/v1/pods/list", None),
    ("DELETE", "/openapi/v1/pods/331864222263676929", None),
)
UNKNOWN_KEYS = (None, "", "a-key-that-nobody-knows", "one", "A-KEY")
UNKNOWN_IDS = ("0", "331864222263676928", "a b", "%2e%2e", "ä")
WAITS = (0, 0, 0, 1, 9, 10, 10, 20, 49, 60, 60, 70, 24 * 3600 - 1, 24 * 3600)
STEPS = 50  # of an example
MOST_PODS = 4  # so that each has a life
MOST_FINDINGS = 20
REQUEST = "OpenapiPodCreateRequest"
SECRET = "the-token-of-a-registry"
FORBIDDEN: Mapping[str, Mapping[str, Any]] = {
    "a GPU pod without a GPU": {"gpuCount": 0},
    "a private image without its registry's token": {"imagePublicType": "PRIVATE", "imageRegistryUsername": "someone"},
    "a persistent disk without a place": {"persistentVolumeInGb": 1},
    "a field that there is not": {"gpucount": 1},
    "an image without a name": {"image": ""},
}
"""What makes of the minimal request one that the contract forbids. Schemathesis does not violate its conditions."""

schema = contract.schema(REQUEST)["properties"]
DEFAULTS = {name: part["default"] for name, part in schema.items() if "default" in part}

keys = st.sampled_from(sorted(KEYS))
looks = st.none() | keys  # whether somebody looks at once, and who
waits = st.sampled_from(WAITS)
texts = st.text(st.characters(codec="utf-8"), max_size=12)
CREDENTIALS = {"imagePublicType": "PRIVATE", "imageRegistryUsername": "someone", "imageRegistryToken": SECRET}
VOLUME = {"persistentVolumeInGb": 5, "persistentMountPath": "/data"}
variables = st.fixed_dictionaries({"key": texts, "value": texts})
ports = st.fixed_dictionaries(
    {"port": st.integers(1, 65535) | st.just(22)},
    optional={"protocol": st.sampled_from(schema["expose"]["items"]["properties"]["protocol"]["enum"])},
)
bodies = st.builds(
    lambda body, credentials, volume: {**body, **credentials, **volume},
    st.fixed_dictionaries(
        {"image": texts.filter(bool), "gpuType": st.sampled_from(schema["gpuType"]["enum"])},
        optional={
            "podName": texts,
            "region": texts,
            "gpuCount": st.integers(1, 8),
            "containerVolumeInGb": st.integers(0, 1000),
            "initializationCommand": texts,
            "cloudType": st.sampled_from(schema["cloudType"]["enum"]),
            "officialImage": st.sampled_from(schema["officialImage"]["enum"]),
            "resourceType": st.sampled_from(schema["resourceType"]["enum"]),
            "environmentVars": st.lists(variables, max_size=3),
            "expose": st.lists(ports, max_size=3),
        },
    ),
    st.sampled_from([{}, CREDENTIALS]),
    st.sampled_from([{}, VOLUME]),
)

EVERYTHING = {
    "image": "ubuntu",
    "gpuType": "NVIDIA_L4_24G",
    "gpuCount": 2,
    "podName": "a pod",
    "region": "somewhere",
    "cloudType": "COMMUNITY",
    "officialImage": "OFFICIAL",
    "containerVolumeInGb": 7,
    "initializationCommand": "sshd &",
    "environmentVars": [{"key": "A", "value": "ä"}, {"key": "A", "value": ""}],
    "expose": [{"port": 22, "protocol": "SSH"}, {"port": 8000, "protocol": "HTTP"}, {"port": 22}],
    **CREDENTIALS,
    **VOLUME,
}

# --- The comparison ---------------------------------------------------------------------------------------------------

EXPECTATIONS = {
    "answered": "what the contract allows is answered with HTTP 200",
    "refused": "what the contract forbids is refused, and no pod comes of it",
    "ids": "each pod has an id of its own",
    "listed": "an organisation sees its pods, and no others, for as long as they are to be seen",
    "told": "what was asked for is told",
    "secrecy": "the registry's token is never told",
    "status": "statuses follow one another as declared, each in its time",
    "health": "ports become healthy some time after RUNNING, and are not in any other status",
    "times": "the times are those of the creation and of the last change",
    "deleting": "a pod of one's own that lives can be deleted, and no other",
    "moves": "what can be done to a pod depends on its status",
    "keys": "a key that nobody knows is refused",
}


class DifferenceError(AssertionError):
    """The simulator does what the model does not, or the other way round."""

    def __init__(self, expectation: str, message: str) -> None:
        assert expectation in EXPECTATIONS
        super().__init__(f"{expectation}: {message}")


class Life(RuleBasedStateMachine):
    """The simulator and the model, side by side."""

    pods = Bundle("pods")

    def __init__(
        self,
        simulator: Simulator,
        client: httpx2.Client,
        steps: Counter[str],
        findings: list[str] | None,
        sought: tuple[str, str] | None,
    ) -> None:
        super().__init__()
        self.simulator = simulator
        self.client = client
        self.steps = steps
        self.findings = findings
        self.sought = sought
        simulator.reset()
        self.differs = False
        self.now = 0
        self.model: dict[str, ModelPod] = {}

    @initialize(target=pods, key=keys, body=bodies)
    def begin(self, key: str, body: dict[str, Any]) -> str:
        return self.created(key, body)

    @rule(target=pods, key=keys, body=bodies)
    @precondition(lambda self: len(self.model) < MOST_PODS)
    def create(self, key: str, body: dict[str, Any]) -> str:
        return self.created(key, body)

    def created(self, key: str, body: dict[str, Any]) -> str:
        answer = self.ask("POST", "/openapi/v1/pods/create", key, json=body)
        pod_id = answer["data"]
        self.expect(answer["code"] == 10000 and isinstance(pod_id, str), "ids", f"a create was answered with {answer}")
        self.expect(pod_id not in self.model, "ids", f"{pod_id} came twice")
        self.model[pod_id] = ModelPod(KEYS[key], body, self.now)
        self.steps["create"] += 1
        return str(pod_id)

    @rule(key=keys)
    def look(self, key: str) -> None:
        answer = self.ask("GET", "/openapi/v1/pods/list", key)
        self.compare(key, answer["data"])
        self.steps["list"] += 1

    @rule(key=keys, pod_id=pods, wait=waits, looks=looks)
    def delete(self, key: str, pod_id: str, wait: int, looks: str | None) -> None:
        self.advance(wait)
        pod = self.settled(pod_id)
        answer = self.ask("DELETE", f"/openapi/v1/pods/{pod_id}", key)
        is_own = pod.organisation == KEYS[key]
        what = f"{pod.status} pod" if is_own else "pod of another organisation"
        self.steps[f"delete of a {what}"] += 1
        if is_own and pod.can("delete"):
            self.expect(answer["code"] == 10000, "deleting", f"a {what} was not deleted: {answer}")
            pod.do("delete", self.now)
        else:
            self.expect(answer["code"] != 10000, "deleting", f"a {what} was deleted: {answer}")
        self.look_if(looks)

    @rule(what=st.sampled_from(["pause", "resume", "fail"]), pod_id=pods, wait=waits, looks=looks)
    def move(self, what: str, pod_id: str, wait: int, looks: str | None) -> None:
        self.advance(wait)
        pod = self.settled(pod_id)
        move = f"{what} of a {pod.status} pod"
        self.steps[move] += 1
        try:
            getattr(self.simulator.pods[pod_id], what)()
        except KeyError:
            self.expect(pod.status == GONE, "moves", f"a {pod.status} pod is not there")
        except IllegalTransitionError as error:
            self.expect(not pod.can(what), "moves", f"{move}: {error}")
        else:
            self.expect(pod.can(what), "moves", f"{move} is possible")
            pod.do(what, self.now)
        self.look_if(looks)

    @rule(wait=waits, looks=looks)
    def wait(self, wait: int, looks: str | None) -> None:
        self.advance(wait)
        self.steps["wait"] += 1
        self.look_if(looks)

    @rule(nobody=st.sampled_from(UNKNOWN_KEYS), asked=st.sampled_from(ASKED))
    def knock(self, nobody: str | None, asked: tuple[str, str, Any]) -> None:
        method, path, body = asked
        headers = {} if nobody is None else {"x-api-key": nobody}
        response = self.client.request(method, path, json=body, headers=headers)
        self.expect(
            response.status_code == 401, "keys", f"{method} with the key {nobody!r}: HTTP {response.status_code}"
        )
        self.steps["request with an unknown key"] += 1

    @rule(key=keys, pod_id=st.sampled_from(UNKNOWN_IDS), name=st.sampled_from(sorted(FORBIDDEN)))
    def stumble(self, key: str, pod_id: str, name: str) -> None:
        answer = self.ask("DELETE", f"/openapi/v1/pods/{quote(pod_id, safe='')}", key)
        self.expect(answer["code"] != 10000, "deleting", f"a pod that there is not was deleted: {answer}")
        body = {**MINIMAL, **FORBIDDEN[name]}
        response = self.client.post("/openapi/v1/pods/create", json=body, headers={"x-api-key": key})
        self.expect(400 <= response.status_code < 500, "refused", f"{name}: HTTP {response.status_code}")
        self.steps["request that must fail"] += 2

    def step(self, pod_id: str, step: str | int, looks: str | None) -> None:
        if isinstance(step, int):
            self.wait(step, looks)
        elif step == "delete":
            self.delete("a-key", pod_id, 0, looks)
        else:
            self.move(step, pod_id, 0, looks)

    def advance(self, seconds: int) -> None:
        self.simulator.advance(seconds)
        self.now += seconds

    def look_if(self, key: str | None) -> None:
        if key is not None:
            self.look(key)

    def teardown(self) -> None:
        """Looks at everything once more, so that no step is the last one unseen."""
        for key in () if self.differs else KEYS:
            self.look(key)

    def expect(self, is_so: object, expectation: str, message: str) -> None:
        if is_so:
            return
        self.differs = True
        difference = DifferenceError(expectation, message)
        if self.findings is not None:
            self.findings.append(str(difference))
            is_sought = self.sought is not None and self.sought[0] == expectation and self.sought[1] in message
            if not is_sought and len(self.findings) < MOST_FINDINGS:
                reject()
        raise difference

    def ask(self, method: str, path: str, key: str, **more: Any) -> Any:
        response = self.client.request(method, path, headers={"x-api-key": key}, **more)
        self.expect(response.status_code == 200, "answered", f"{method} was answered with HTTP {response.status_code}")
        return response.json()

    def settled(self, pod_id: str) -> ModelPod:
        pod = self.model[pod_id]
        pod.live(self.now)
        return pod

    def compare(self, key: str, listed: Any) -> None:
        found = [pod["id"] for pod in listed]
        expected = {pod_id for pod_id, pod in self.model.items() if pod.organisation == KEYS[key]}
        expected = {pod_id for pod_id in expected if self.settled(pod_id).status != GONE}
        self.expect(len(found) == len(set(found)), "listed", f"a pod is listed twice: {found}")
        for pod_id in expected.symmetric_difference(found):
            pod = self.model.get(pod_id)
            what = f"a {pod.status} pod of {pod.organisation}" if pod else "a pod that nobody created"
            self.expect(pod_id in found, "listed", f"{what} is missing from the list of {KEYS[key]}")
            self.expect(pod_id in expected, "listed", f"{what} is in the list of {KEYS[key]}")
        for told in listed:
            self.compare_pod(self.model[told["id"]], told)
            self.steps[f"{told['status']} pod listed"] += 1

    def compare_pod(self, pod: ModelPod, told: dict[str, Any]) -> None:
        asked = {**DEFAULTS, "expose": [], "environmentVars": [], **pod.asked}
        asked.pop("imageRegistryToken", None)
        shown = {name: told[name] for name in asked if name in told}
        # Of a port that was asked for only what was said of it: its protocol may be left to the API.
        pairs = zip(told["expose"], asked["expose"], strict=False)
        shown["expose"] = [{name: port.get(name) for name in wanted} for port, wanted in pairs]
        shown["expose"] += told["expose"][len(asked["expose"]) :]
        found = differences(asked, shown, "pod")
        self.expect(not found, "told", "; ".join(found))
        self.expect(SECRET not in json.dumps(told), "secrecy", "the registry's token is in the list")
        self.expect(told["status"] == pod.status, "status", f"{told['status']}, where it must be {pod.status}")
        for port in told["expose"]:
            since = f"{pod.status} for {self.now - pod.since} s"
            self.expect(
                port["healthy"] == pod.healthy(self.now), "health", f"{since}, and healthy is {port['healthy']}"
            )
        created, updated = (datetime.fromisoformat(told[name]) for name in ("createdAt", "updatedAt"))
        passed, expected = (updated - created).total_seconds(), pod.changed(self.now) - pod.created
        self.expect(
            passed == expected, "times", f"updatedAt is {passed:g} s after createdAt, where it must be {expected} s"
        )


@contextmanager
def connected(simulator: Simulator, *, over_a_socket: bool) -> Iterator[httpx2.Client]:
    """A plain HTTP client for a simulator."""
    if not over_a_socket:
        with httpx2.Client(base_url="http://127.0.0.1", transport=simulator.transport) as client:
            yield client
        return
    with simulator.serve() as base_url, httpx2.Client(base_url=base_url) as client:
        yield client


def walk(life: Life, status: str, what: str, looks: str | None) -> None:
    """Brings a pod to a status, does something to it, and waits for what comes of it. Others are there as well."""
    pod_id = life.created("a-key", EVERYTHING)
    life.created("another-key", MINIMAL)
    life.created("a-foreign-key", EVERYTHING)
    for step in WAYS[status]:
        life.step(pod_id, step, looks)
    assert life.settled(pod_id).status == status
    life.delete("a-foreign-key", pod_id, 0, looks)
    for step in (what, 10, 70, 24 * 3600):
        life.step(pod_id, step, looks)
    life.look("another-key")


def _directed() -> Iterator[Callable[[Life], object]]:
    yield from (partial(Life.knock, nobody=key, asked=asked) for key, asked in product(UNKNOWN_KEYS, ASKED))
    for pod_id, name in product(UNKNOWN_IDS, FORBIDDEN):
        yield partial(Life.stumble, key="a-key", pod_id=pod_id, name=name)
    for status, what, looks in product(WAYS, ON_DEMAND, [None, "another-key", "a-foreign-key"]):
        yield partial(walk, status=status, what=what, looks=looks)


def run(
    examples: int,
    *,
    over_a_socket: bool = False,
    findings: list[str] | None = None,
    sought: tuple[str, str] | None = None,
) -> Counter[str]:
    """Lets them live side by side; how often each step was taken.

    Everything that can be done is done once by itself, and to a pod in each status. What follows is up to hypothesis.

    Args:
        examples: How many times it tries.
        over_a_socket: Whether requests go over a socket.
        findings: Takes the first difference of each time, if it is given, until they are many.
        sought: The expectation and a text of the difference with which findings are enough.

    Raises:
        DifferenceError: They differ. Unless differences are taken, hypothesis prints the shortest way there.
    """
    steps: Counter[str] = Counter()
    simulator = Simulator(api_keys=KEYS)
    with connected(simulator, over_a_socket=over_a_socket) as client:

        class Here(Life):
            def __init__(self) -> None:
                super().__init__(simulator, client, steps, findings, sought)

        for directed in _directed():
            with suppress(UnsatisfiedAssumption):  # a difference, and it was taken
                directed(Here())
        run_state_machine_as_test(
            Here,
            settings=settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                phases=tuple(Phase) if findings is None else [Phase.generate],
                derandomize=True,
                database=None,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            ),
        )
    return steps


if __name__ == "__main__":
    found: list[str] = []
    taken: Counter[str] = Counter()
    with suppress(DifferenceError, Unsatisfiable):  # where they differ often, or each time
        taken = run(int(sys.argv[1]), findings=found, sought=(sys.argv[2], sys.argv[3]) if sys.argv[2:] else None)
    print(json.dumps({"findings": found, "count": taken.total(), "module": yottalabs_mock.__file__}))
