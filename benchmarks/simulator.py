"""How fast the simulator is, and how that depends on how many pods there are."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator

from yottalabs import YottaLabs
from yottalabs_mock import Simulator
from yottalabs_mock._messages import Request

from .measuring import Contender, Experiment, Goal, Measure, Row, timed
from .scale import Scale
from prism import running_prism

CREATE, LIST = "/openapi/v1/pods/create", "/openapi/v1/pods/list"
BODY = json.dumps({"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1, "expose": [{"port": 22}]}).encode()
BASE_URL = "http://127.0.0.1"
FEW = 100


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


def experiments(scale: Scale) -> Iterator[Experiment]:
    """Against Prism, against itself with few pods, and a whole life of a pod."""
    yield from _against_prism(scale)
    many, calls = scale.pods, 4 * scale.calls
    yield _creates(many, scale)
    few, full = filled(FEW), filled(many)
    ask(few, "POST", CREATE, "one", BODY)
    ask(full, "POST", CREATE, "one", BODY)
    yield Experiment(
        [
            Contender("ours", timed(lambda: ask(full, "GET", LIST, "one"), calls)),
            Contender(f"{FEW:,} pods", timed(lambda: ask(few, "GET", LIST, "one"), calls)),
        ],
        [Row(f"simulator: list of one pod among {many:,} of others", f"{FEW:,} pods")],
        scale.rounds,
    )
    yield Experiment(
        [
            Contender("ours", _for_each(timed(lambda: ask(full, "GET", LIST, "many")), many)),
            Contender(f"{FEW:,} pods", _for_each(timed(lambda: ask(few, "GET", LIST, "many"), 10), FEW)),
        ],
        [Row(f"simulator: list of {many:,} pods, for each", f"{FEW:,} pods")],
        scale.rounds,
    )
    listed = json.loads(ask(full, "GET", LIST, "many"))
    yield Experiment(
        [
            Contender("ours", timed(lambda: ask(full, "GET", LIST, "many"))),
            Contender("json.dumps", timed(lambda: json.dumps(listed))),
        ],
        [Row(f"simulator: list of {many:,} pods, all of it", "json.dumps")],
        scale.rounds,
    )
    yield Experiment(
        [Contender("ours", timed(whole_life, 20)), Contender("opened and closed", timed(_open_and_close, 20))],
        [Row("a client with a simulator, and a whole life of a pod", "opened and closed")],
        scale.rounds,
    )


def whole_life() -> None:
    """A pod from its creation to its end, through the client."""
    with _client(Simulator()) as client:
        pod_id = client.pods.create(image="x", gpu_type="NVIDIA_L4_24G", expose=[22])
        client.pods.wait(pod_id)
        client.pods.delete(pod_id, wait=True)


def _open_and_close() -> None:
    _client(Simulator()).close()


def _client(simulator: Simulator) -> YottaLabs:
    return YottaLabs("any-key", base_url=BASE_URL, transport=simulator.transport, clock=simulator.clock)


def _for_each(measure: Measure, count: int) -> Measure:
    return lambda: measure() / count


# --- Against Prism ----------------------------------------------------------------------------------------------------


def _against_prism(scale: Scale) -> Iterator[Experiment]:
    simulator = Simulator()
    with running_prism() as base_url, YottaLabs("any-key", base_url=base_url) as of_prism, _client(simulator) as ours:
        yield Experiment(
            [
                Contender("ours", _per_second(ours, scale, simulator)),
                Contender("Prism", _per_second(of_prism, scale)),
            ],
            [Row("simulator in process: create, list and delete, requests per second", "Prism", Goal("at least", 3))],
            scale.rounds,
            "per second",
        )


def _per_second(client: YottaLabs, scale: Scale, simulator: Simulator | None = None) -> Measure:
    """Measures how many requests are answered in a second. A simulator forgets its pods: Prism has one, always."""

    def measure() -> float:
        gc.collect()
        elapsed = 0.0
        for _ in range(scale.calls):
            started = time.perf_counter()
            pod_id = client.pods.create(image="x", gpu_type="NVIDIA_L4_24G", expose=[22])
            pods = client.pods.list()
            client.pods.delete(pod_id)
            elapsed += time.perf_counter() - started
            assert len(pods) == 1
            if simulator is not None:
                simulator.reset()
        return 3 * scale.calls / elapsed

    return measure


# --- Against itself ---------------------------------------------------------------------------------------------------


def _creates(many: int, scale: Scale) -> Experiment:
    """Creates among many pods and among none. The many become a few more in each round, which only makes it harder."""
    full, calls = filled(many), scale.calls

    def among_none() -> float:
        simulator = Simulator()
        ask(simulator, "GET", LIST, "other")
        return timed(lambda: ask(simulator, "POST", CREATE, "other", BODY), calls)()

    def among_few() -> float:
        few = filled(FEW)
        return timed(lambda: ask(few, "POST", CREATE, "other", BODY), calls)()

    return Experiment(
        [
            Contender("ours", timed(lambda: ask(full, "POST", CREATE, "other", BODY), calls)),
            Contender("no pods", among_none),
            Contender(f"{FEW:,} pods", among_few),
        ],
        [
            Row(f"simulator with {many:,} pods: create, against none", "no pods", Goal("at most", 1.2)),
            Row(f"simulator with {many:,} pods: create, against {FEW:,}", f"{FEW:,} pods"),
        ],
        scale.many_rounds,
    )
