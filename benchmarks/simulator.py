"""How the simulator's speed depends on how many pods there are: `make bench`.

Everything is measured in one run, in turn, and told as ratios: the machine's own speed cancels out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median

from yottalabs import YottaLabs
from yottalabs_mock import Simulator
from yottalabs_mock._messages import Request

CREATE, LIST = "/openapi/v1/pods/create", "/openapi/v1/pods/list"
BODY = json.dumps({"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1, "expose": [{"port": 22}]}).encode()
ROUNDS = 15
MANY = 10_000


def ask(simulator: Simulator, method: str, target: str, key: str, body: bytes = b"") -> bytes:
    """The body of an answer, without a client and without a socket."""
    headers = {"x-api-key": key, "content-type": "application/json"}
    answer = simulator.exchange(Request(method, target, headers, body)).answer
    assert answer is not None
    assert answer.status == 200
    return answer.body


def filled(pods: int, key: str = "many") -> Simulator:
    """A simulator with so many pods of one organisation."""
    simulator = Simulator()
    for _ in range(pods):
        ask(simulator, "POST", CREATE, key, BODY)
    return simulator


def seconds(call: Callable[[], object], times: int = 1) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - started) / times


def compare(
    name: str, one: Callable[[], object], other: Callable[[], object], times: int = 1, per: float = 1.0
) -> None:
    """Prints how much longer the second call takes than the first, both measured in turn."""
    pairs = [(seconds(one, times), seconds(other, times)) for _ in range(ROUNDS)]
    ratio = median(second / first for first, second in pairs) / per
    first, second = (median(pair[index] for pair in pairs) for index in (0, 1))
    print(f"{name:62} {ratio:6.2f}   ({first * 1e6:9.0f} µs, {second * 1e6:9.0f} µs)")


def whole_life() -> None:
    """A pod from its creation to its end, through the client."""
    simulator = Simulator()
    with YottaLabs(
        "any-key", base_url="http://127.0.0.1", transport=simulator.transport, clock=simulator.clock
    ) as yotta:
        pod_id = yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", expose=[22])
        yotta.pods.wait(pod_id)
        yotta.pods.delete(pod_id, wait=True)


def main() -> None:
    """Measures."""
    few, many = filled(100), filled(MANY)
    print(f"{'ratio of the second to the first':62} {'ratio':>6}   (first, second)")
    compare(
        f"create: 100 pods there, {MANY:,} there",
        lambda: ask(few, "POST", CREATE, "other", BODY),
        lambda: ask(many, "POST", CREATE, "other", BODY),
        times=200,
    )
    few, many = filled(100), filled(MANY)
    ask(few, "POST", CREATE, "one", BODY)
    ask(many, "POST", CREATE, "one", BODY)
    compare(
        f"list of one pod: 100 of others there, {MANY:,} of others there",
        lambda: ask(few, "GET", LIST, "one"),
        lambda: ask(many, "GET", LIST, "one"),
        times=200,
    )
    compare(
        f"list, for each pod in it: 100 pods, {MANY:,} pods",
        lambda: ask(few, "GET", LIST, "many"),
        lambda: ask(many, "GET", LIST, "many"),
        per=MANY / 100,
    )
    data = json.loads(ask(many, "GET", LIST, "many"))
    compare(
        f"list of {MANY:,} pods: writing its JSON alone, all of it",
        lambda: json.dumps(data),
        lambda: ask(many, "GET", LIST, "many"),
    )
    compare(
        "a client opened and closed, a whole life of a pod as well",
        lambda: YottaLabs("any-key", base_url="http://127.0.0.1", transport=Simulator().transport).close(),
        whole_life,
        times=20,
    )


if __name__ == "__main__":
    main()
