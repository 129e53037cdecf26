"""The life of a pod: the declared machine, nothing but it, and each change at its own moment."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs_mock import IllegalTransitionError, Reads, SimulatedPod, Simulator, Times
from yottalabs_mock._lifecycle import (
    FIRST,
    TRANSITIONS,
    Duration,
    Life,
    Status,
    check_duration,
    duration_text,
    read_duration,
)

from .asking import BODY, SUCCESS, WRONG_STATE, Caller
from support import contract

# As it is publicly known, spelled out once more, so that the simulator's own table is compared with something.
FOLLOWING = {
    "INITIALIZE": {"RUNNING", "FAILED", "TERMINATING"},
    "RUNNING": {"PAUSING", "TERMINATING"},
    "PAUSING": {"PAUSED", "TERMINATING"},
    "PAUSED": {"RUNNING", "TERMINATING"},
    "FAILED": {"TERMINATING"},
    "TERMINATING": {"TERMINATED"},
    "TERMINATED": set(),
}
ASKED_FOR = {
    "pause": ({"RUNNING"}, "PAUSING"),
    "resume": ({"PAUSED"}, "RUNNING"),
    "fail": ({"INITIALIZE"}, "FAILED"),
    "delete": ({"INITIALIZE", "RUNNING", "PAUSING", "PAUSED", "FAILED"}, "TERMINATING"),
}
"""What can be done to a pod: in which states, and which follows."""
PAIRS = list(product(FOLLOWING, FOLLOWING))
DAY = 24 * 3600


def pod_that_is(status: str, sim: Simulator, caller: Caller) -> SimulatedPod:
    """A pod in a state, brought there as a test can."""
    pod = sim.pods[caller.create(expose=[{"port": 22}])]
    steps: dict[str, list[Callable[[], object]]] = {
        "INITIALIZE": [],
        "RUNNING": [lambda: sim.advance(60)],
        "PAUSING": [lambda: sim.advance(60), pod.pause],
        "PAUSED": [lambda: sim.advance(60), pod.pause, lambda: sim.advance(10)],
        "FAILED": [pod.fail],
        "TERMINATING": [pod.delete],
        "TERMINATED": [pod.delete, lambda: sim.advance(10)],
    }
    for step in steps[status]:
        step()
    assert pod.status == status
    return pod


# --- The declared machine ---------------------------------------------------------------------------------------------


def test_the_states_are_those_of_the_contract() -> None:
    assert [str(status) for status in Status] == contract.schema("PodStatus")["enum"]
    assert set(FOLLOWING) == {str(status) for status in Status}


def test_the_transitions_are_those_that_are_known_and_each_is_declared_once() -> None:
    pairs = [(str(transition.source), transition.target) for transition in TRANSITIONS]
    assert len(set(pairs)) == len(pairs)
    declared = {source: {str(target) for start, target in pairs if start == source and target} for source in FOLLOWING}
    assert declared == FOLLOWING
    assert [source for source, target in pairs if target is None] == ["TERMINATED"]
    assert FIRST == "INITIALIZE"


def life_that_is(status: str) -> Life:
    life = Life("1", Times(), 0, 100.0)
    life.restore({**life.to_json(), "status": status, "timer": {"at": None, "reads": None}})
    return life


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_a_transition_happens_if_it_is_legal_and_is_an_error_that_changes_nothing_otherwise(
    source: str, target: str
) -> None:
    life = life_that_is(source)
    before = life.to_json()
    if target in FOLLOWING[source]:
        life.move(Status(target), 200.0)
        assert (life.status, life.changed_at) == (target, 200.0)
        return
    with pytest.raises(IllegalTransitionError) as caught:
        life.move(Status(target), 200.0)
    assert life.to_json() == before
    assert (caught.value.pod_id, caught.value.source, caught.value.target) == ("1", source, target)


@pytest.mark.parametrize(("source", "action"), list(product(FOLLOWING, ASKED_FOR)))
def test_what_is_done_to_a_pod_is_done_in_the_right_state_only(
    source: str, action: str, sim: Simulator, caller: Caller
) -> None:
    pod = pod_that_is(source, sim, caller)
    before, saved = pod.document, pod.to_json()
    sources, target = ASKED_FOR[action]
    if source in sources:
        getattr(pod, action)()
        assert pod.status == target
        return
    with pytest.raises(IllegalTransitionError, match=f"{pod.id} is {source}"):
        getattr(pod, action)()
    assert (pod.document, pod.to_json()) == (before, saved)
    sim.advance(DAY * 2)
    later = pod.status
    sim.advance(DAY)
    assert later == pod.status  # no timer was left over


@pytest.mark.parametrize("status", FOLLOWING)
def test_a_request_deletes_what_can_be_deleted_and_says_no_otherwise(
    status: str, sim: Simulator, caller: Caller
) -> None:
    pod = pod_that_is(status, sim, caller)
    expected = SUCCESS if status in ASKED_FOR["delete"][0] else WRONG_STATE
    assert caller.delete(pod.id) == expected
    assert pod.status == ("TERMINATING" if expected == SUCCESS else status)


@pytest.mark.parametrize("status", FOLLOWING)
def test_a_pod_is_live_until_it_ends(status: str, sim: Simulator, caller: Caller) -> None:
    pod = pod_that_is(status, sim, caller)
    assert pod.is_live == (status not in {"TERMINATING", "TERMINATED", "FAILED"})


def test_the_error_says_what_can_follow_and_pickles(sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create()]
    with pytest.raises(IllegalTransitionError) as caught:
        pod.pause()
    expected = f"pod {pod.id} is INITIALIZE and cannot become PAUSING; "
    assert str(caught.value) == expected + "what can follow: RUNNING by itself, FAILED, TERMINATING"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.source, again.target) == (str(caught.value), "INITIALIZE", "PAUSING")
    assert not isinstance(caught.value, ValueError)


# --- Times ------------------------------------------------------------------------------------------------------------

TIMES = Times(boot=5, healthy=3, pause=7, terminate=2, forget=11)


def test_each_state_lasts_as_long_as_is_said_to_the_moment() -> None:
    sim = Simulator(times=TIMES)
    pod = sim.pods[Caller(sim).create()]

    def lasts(seconds: float, now: tuple[str, bool], then: tuple[str, bool]) -> None:
        sim.advance(seconds - 0.25)
        assert (pod.status, pod.healthy) == now
        sim.advance(0.25)
        assert (pod.status, pod.healthy) == then

    lasts(5, ("INITIALIZE", False), ("RUNNING", False))
    lasts(3, ("RUNNING", False), ("RUNNING", True))
    pod.pause()
    lasts(7, ("PAUSING", False), ("PAUSED", False))
    sim.advance(1000)
    pod.resume()
    lasts(3, ("RUNNING", False), ("RUNNING", True))
    pod.delete()
    lasts(2, ("TERMINATING", False), ("TERMINATED", False))
    sim.advance(10.75)
    assert pod.id in sim.pods
    sim.advance(0.25)
    assert pod.id not in sim.pods
    assert list(sim.pods) == []


@pytest.mark.parametrize(("part", "seconds"), [("boot", 60), ("healthy", 10), ("pause", 10), ("terminate", 10)])
def test_times_have_sensible_defaults(part: str, seconds: float) -> None:
    assert getattr(Times(), part) == seconds
    assert Times().forget == DAY


def test_no_time_at_all_is_a_time() -> None:
    sim = Simulator(times=Times(boot=0, healthy=0, pause=0, terminate=0, forget=0))
    caller = Caller(sim)
    pod = sim.pods[caller.create(expose=[{"port": 22}])]
    assert (pod.status, pod.healthy) == ("RUNNING", True)
    pod.pause()
    assert pod.status == "PAUSED"
    assert caller.delete(pod.id) == SUCCESS
    assert caller.pods() == []


def boot_times(seed: int, count: int = 30) -> list[float]:
    """When pods that are created at once run, to a tenth of a second."""
    sim = Simulator(times=Times(boot=(10, 20), healthy=(1, 2)), seed=seed)
    caller = Caller(sim)
    ids = [caller.create() for _ in range(count)]
    found: dict[str, float] = {}
    for tenth in range(250):
        found |= {pod_id: tenth / 10 for pod_id in ids if pod_id not in found and sim.pods[pod_id].status == "RUNNING"}
        sim.advance(0.1)
    return [found[pod_id] for pod_id in ids]


def test_a_range_is_filled_by_chance_and_the_seed_decides() -> None:
    times = boot_times(seed=1)
    assert times == boot_times(seed=1)
    assert times != boot_times(seed=2)
    assert all(10 <= time <= 20.1 for time in times)
    assert max(times) - min(times) > 5
    assert len(set(times)) > 15


RANGES = Times(boot=(0, 1000), healthy=(0, 1000), pause=(0, 1000), terminate=(0, 1000), forget=(0, 1000))


def stages(*, among_others: bool) -> list[list[dict[str, Any]]]:
    """Two pods at each stage of their lives, alone or while other pods come and go."""
    sim = Simulator(times=RANGES, seed=5)
    caller = Caller(sim)
    pods = [sim.pods[caller.create()] for _ in range(2)]
    found: list[list[dict[str, Any]]] = []
    for act in (None, None, SimulatedPod.pause, SimulatedPod.delete, None):
        for pod in pods:
            if act is not None:
                act(pod)
        found.append([pod.to_json()["life"] for pod in pods])
        for _ in range(3 if among_others else 0):
            sim.pods[caller.create()].delete()
        sim.advance(1000)
        caller.pods()
    return found


def test_the_life_that_chance_gives_a_pod_does_not_depend_on_others() -> None:
    """So the lives are the same whatever threads do in between."""
    alone = stages(among_others=False)
    assert stages(among_others=True) == alone
    assert [one["status"] for one, _ in alone] == ["INITIALIZE", "RUNNING", "PAUSING", "TERMINATING", "TERMINATED"]
    assert all(one["timer"] != other["timer"] or one["status"] == "RUNNING" for one, other in alone)
    assert len({one["timer"]["at"] - number * 1000 for number, (one, _) in enumerate(alone) if number != 1}) == 4


def test_a_storm_of_threads_gives_the_same_lives_each_time() -> None:
    def lives() -> dict[str, Any]:
        sim = Simulator(times=RANGES, seed=5)
        sim.faults.add("create", "list_lags", probability=1, seconds=(0, 1000))

        def create_and_delete(_: int) -> None:
            caller = Caller(sim)
            for _ in range(10):
                pod_id = caller.create()
                caller.pods()
                sim.pods[pod_id].delete()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(create_and_delete, range(8)))
        return {pod_id: (pod.to_json()["life"], pod.to_json()["hidden"]) for pod_id, pod in sim.pods.items()}

    first = lives()
    assert lives() == first
    assert len({hidden["at"] for _, hidden in first.values()}) == 80


def test_a_reset_lets_chance_begin_anew() -> None:
    sim = Simulator(times=Times(boot=(0, 1000)), seed=3)

    def lives() -> list[Any]:
        for _ in range(5):
            Caller(sim).create()
        return [pod.to_json()["life"]["timer"]["at"] - sim.clock.monotonic() for pod in sim.pods.values()]

    first = lives()
    sim.reset()
    assert lives() == first
    assert len(set(first)) == 5


def statuses_read(caller: Caller, count: int) -> list[str | None]:
    return [next((pod["status"] for pod in caller.pods()), None) for _ in range(count)]


def test_reads_are_lists_that_show_the_pod_before_it_changes() -> None:
    times = Times(boot=Reads(2), healthy=Reads(3), pause=Reads(1), terminate=Reads(2), forget=Reads(3))
    sim = Simulator(times=times)
    caller = Caller(sim)
    pod = sim.pods[caller.create(expose=[{"port": 22}])]
    assert statuses_read(caller, 2) == ["INITIALIZE", "INITIALIZE"]
    healthy = [caller.pods()[0]["expose"][0]["healthy"] for _ in range(4)]
    assert healthy == [False, False, False, True]
    pod.pause()
    assert statuses_read(caller, 2) == ["PAUSING", "PAUSED"]
    caller.delete(pod.id)
    assert statuses_read(caller, 6) == ["TERMINATING", "TERMINATING", *["TERMINATED"] * 3, None]
    assert statuses_read(caller, 1) == [None]


def test_time_does_nothing_to_what_is_counted_in_reads() -> None:
    sim = Simulator(times=Times(boot=Reads(1)))
    caller = Caller(sim)
    pod = sim.pods[caller.create()]
    sim.advance(10 * DAY)
    assert pod.status == "INITIALIZE"
    assert pod.document["status"] == "INITIALIZE"  # a look from behind is no read
    assert statuses_read(caller, 2) == ["INITIALIZE", "RUNNING"]


def test_only_reads_of_ones_own_pods_count_and_only_those_that_happened() -> None:
    sim = Simulator(times=Times(boot=Reads(1)))
    caller = Caller(sim)
    caller.create()
    Caller(sim, "another-key").pods()
    sim.faults.add("list", "status_500_before")
    assert caller.http.get("/openapi/v1/pods/list").status_code == 500
    assert caller.http.get("/openapi/v1/pods/list", headers={"x-api-key": ""}).status_code == 401
    assert statuses_read(caller, 2) == ["INITIALIZE", "RUNNING"]


def test_no_reads_are_no_time() -> None:
    sim = Simulator(times=Times(boot=Reads(0), healthy=Reads(0), forget=Reads(0)))
    caller = Caller(sim)
    pod = sim.pods[caller.create()]
    assert (pod.status, pod.healthy) == ("RUNNING", True)


@pytest.mark.parametrize(
    "duration",
    [-1, (2, 1), (1,), (1, 2, 3), "60", True, None, float("nan"), float("inf"), 1e10, (0, float("inf")), [1, 2], 1j],
)
def test_what_is_no_time_is_refused_and_named(duration: Any) -> None:
    with pytest.raises(ValueError, match="healthy is .*; it must be a number of seconds, a range"):
        Times(healthy=duration)


@pytest.mark.parametrize("count", [-1, 1.5, True, "1", None])
def test_what_is_no_number_of_reads_is_refused(count: Any) -> None:
    with pytest.raises(ValueError, match="it must be a number of reads, 0 or more"):
        Reads(count)


durations = st.one_of(
    st.floats(0, 9e9),
    st.integers(0, 10**9),
    st.tuples(st.floats(0, 9e9), st.floats(0, 9e9)).map(lambda pair: (min(pair), max(pair))),
    st.builds(Reads, st.integers(0, 10**6)),
)


@given(durations)
def test_a_time_as_text_is_the_same_time(duration: Duration) -> None:
    check_duration(duration, "a time")
    assert read_duration(duration_text(duration)) == duration


@pytest.mark.parametrize("text", ["", "x", "-1", "1e3", "1-", "2-1", "inf", "reads", "-1 reads", "1.5 reads", "1 2"])
def test_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time|it must be"):
        read_duration(text)


# --- Each change at its own moment ------------------------------------------------------------------------------------


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("late", [0, 1, 1000, 10 * DAY])
def test_a_change_happens_at_its_own_moment_however_late_one_looks(late: float, sim: Simulator, caller: Caller) -> None:
    sim.advance(5)
    pod = sim.pods[caller.create()]
    created = moment(pod.document["createdAt"])
    sim.advance(70 + late)
    assert (pod.status, pod.healthy) == ("RUNNING", True)
    assert moment(caller.pod(pod.id)["updatedAt"]) - created == timedelta(seconds=70)
    sim.advance(100)
    pod.delete()
    deleted = moment(pod.document["updatedAt"])
    assert deleted - created == timedelta(seconds=170 + late)
    sim.advance(min(10 + late, DAY))
    assert moment(caller.pod(pod.id)["updatedAt"]) - deleted == timedelta(seconds=10)


def test_a_pod_is_forgotten_a_day_after_it_ended_not_after_one_looked(sim: Simulator, caller: Caller) -> None:
    pod_id = caller.create()
    caller.delete(pod_id)
    sim.advance(DAY + 10 - 0.5)
    assert caller.ids() == [pod_id]
    sim.advance(0.5)
    assert caller.ids() == []


def test_a_state_that_comes_again_has_the_time_of_its_last_change(sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create(expose=[{"port": 22}])]
    sim.advance(100)
    first = moment(caller.pod(pod.id)["updatedAt"])
    pod.pause()
    sim.advance(100)  # it is paused meanwhile, and nobody looks
    pod.resume()
    sim.advance(100)
    again = caller.pod(pod.id)
    assert (again["status"], again["expose"][0]["healthy"]) == ("RUNNING", True)
    assert moment(again["updatedAt"]) - first == timedelta(seconds=140)


@given(st.lists(st.floats(0, 3, allow_subnormal=False), min_size=1, max_size=30), st.floats(0, 5))
def test_the_time_of_a_change_does_not_depend_on_when_one_looks(looks: list[float], before: float) -> None:
    sim = Simulator()
    sim.advance(before)
    pod = sim.pods[Caller(sim).create()]
    sim.advance(60)
    pod.pause()
    sim.advance(10)
    seen = set()
    for seconds in looks:
        sim.advance(seconds)
        pod._shown = None  # as if nobody had looked before
        seen.add(pod.document["updatedAt"])
    assert len(seen) == 1


def test_a_pod_that_failed_stays_until_it_is_deleted(sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create()]
    pod.fail()
    sim.advance(30 * DAY)
    assert caller.pod(pod.id)["status"] == "FAILED"
    assert caller.delete(pod.id) == SUCCESS
    sim.advance(10)
    assert pod.status == "TERMINATED"


def test_deleting_a_pod_that_boots_stops_its_boot(sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create()]
    sim.advance(59)
    pod.delete()
    sim.advance(5)
    assert pod.status == "TERMINATING"
    sim.advance(5)
    assert pod.status == "TERMINATED"


def test_a_pod_that_is_forgotten_can_still_be_asked_and_does_nothing_more(sim: Simulator, caller: Caller) -> None:
    pod = sim.pods[caller.create()]
    pod.delete()
    sim.advance(3 * DAY)
    assert pod.id not in sim.pods
    with pytest.raises(KeyError):
        sim.pods[pod.id]
    assert pod.status == "TERMINATED"
    with pytest.raises(IllegalTransitionError):
        pod.delete()


def test_the_body_of_these_tests_is_valid() -> None:
    assert contract.validator("OpenapiPodCreateRequest").is_valid(BODY)
