"""A state that was saved and loaded is the state, in every point that anybody can see."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from yottalabs_mock import Reads, Simulator, Times

from .asking import BODY, KEY, Caller

ALL = ("INITIALIZE", "RUNNING", "RUNNING", "PAUSING", "PAUSED", "TERMINATING", "TERMINATED", "FAILED")


def scenario() -> tuple[Simulator, Caller]:
    """A pod in each state, one with healthy ports among them, one that is not listed yet, and faults to come."""
    sim = Simulator(times=Times(boot=(5, 9), healthy=7, pause=11, terminate=13, forget=1000), seed=3)
    caller = Caller(sim)
    paused, ended, failed = (
        caller.create(podName=name, expose=[{"port": 22}]) for name in ("paused", "ended", "failed")
    )
    sim.pods[failed].fail()
    healthy = caller.create(podName="healthy", expose=[{"port": 22}, {"port": 80, "protocol": "HTTP"}])
    sim.advance(20)
    sim.pods[paused].pause()
    caller.delete(ended)
    sim.advance(14)
    pausing, ending = (caller.create(podName=name, environmentVars=[{"key": "A", "value": "b"}]) for name in ("p", "e"))
    running = caller.create(podName="running", expose=[{"port": 22}])
    sim.advance(10)
    sim.pods[pausing].pause()
    caller.delete(ending)
    caller.create(podName="new")
    sim.faults.add("create", "list_lags", seconds=30)
    caller.create(podName="hidden")
    sim.faults.add("list", "slow_answer", seconds=2.5, times=3)
    sim.faults.add("*", "reset_after", probability=0.25)
    sim.faults.add("create", "no_answer", effect=False)
    sim.faults.add("create", "list_lags", seconds=Reads(2))
    assert sorted(pod.status for pod in sim.pods.values()) == sorted([*ALL, "INITIALIZE"])
    assert sim.pods[healthy].healthy
    assert sim.pods[running].status == "RUNNING"
    return sim, caller


@pytest.fixture(params=["a file", "JSON"])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Simulator], Simulator]:
    """Saves and loads."""

    def reload(sim: Simulator, **options: Any) -> Simulator:
        if request.param == "JSON":
            return Simulator.load(json.loads(json.dumps(sim.to_json())), **options)
        sim.save(tmp_path / "a state.json")
        return Simulator.load(tmp_path / "a state.json", **options)

    return reload


def documents(sim: Simulator) -> list[dict[str, Any]]:
    return [pod.document for pod in sim.pods.values()]


def test_every_pod_is_as_it_was(loaded: Callable[..., Simulator]) -> None:
    sim, _ = scenario()
    again = loaded(sim)
    assert documents(again) == documents(sim)
    assert again.faults.to_json() == sim.faults.to_json()


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link to a device"])
def test_only_a_regular_file_is_written(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    else:
        path.symlink_to(os.devnull)
    with pytest.raises(ValueError, match="is not a regular file, and stays as it is"):
        Simulator().save(path)
    Simulator().save(tmp_path / "other.json")


def test_a_file_may_begin_with_a_mark(tmp_path: Path) -> None:
    sim, _ = scenario()
    path = tmp_path / "state.json"
    sim.save(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert documents(Simulator.load(path)) == documents(sim)


def test_the_key_that_it_had_sees_them_and_no_other(loaded: Callable[..., Simulator]) -> None:
    sim, caller = scenario()
    again = loaded(sim)
    sim.faults.clear()
    again.faults.clear()
    assert Caller(again).pods() == caller.pods()
    assert Caller(again, "another").pods() == []


def test_time_goes_on_from_where_it_was(loaded: Callable[..., Simulator]) -> None:
    sim, _ = scenario()
    again = loaded(sim)
    for seconds in (1, 2, 3, 5, 8, 13, 21, 34, 500, 1000):
        sim.advance(seconds)
        again.advance(seconds)
        assert documents(again) == documents(sim)
    assert len(sim.pods) < len(ALL)  # the first are forgotten by then


def test_what_chance_has_still_to_decide_of_a_life_it_decides_alike(loaded: Callable[..., Simulator]) -> None:
    """Of a pod that was there, and of one that is created afterwards."""
    sim = Simulator(times=Times(boot=(10, 90), healthy=(10, 90), pause=(10, 90), terminate=(10, 90)), seed=4)
    Caller(sim).create()
    sim.advance(100)  # something has been decided already
    booting = Caller(sim).create()
    again = loaded(sim)

    def lives(each: Simulator) -> list[Any]:
        found = []
        each.faults.add("create", "list_lags", seconds=(10, 90))
        new = each.pods[Caller(each).create()]
        for act in (None, each.pods[booting].pause, each.pods[booting].delete):
            if act is not None:
                act()
            found.append([pod.to_json() for pod in each.pods.values()])
            each.advance(100)
        assert new.status == "RUNNING"
        return found

    assert lives(again) == lives(sim)


def test_a_pod_that_was_not_listed_yet_is_listed_when_it_was_to_be(loaded: Callable[..., Simulator]) -> None:
    sim, _ = scenario()
    again = loaded(sim)
    again.faults.clear()
    caller = Caller(again)
    assert "hidden" not in [pod["podName"] for pod in caller.pods()]
    again.advance(30)
    assert "hidden" in [pod["podName"] for pod in caller.pods()]


def test_ids_go_on(loaded: Callable[..., Simulator]) -> None:
    sim, caller = scenario()
    again = loaded(sim)
    sim.faults.clear()
    again.faults.clear()
    assert Caller(again).create() == caller.create()


def test_pods_can_be_handed_to_another_key_by_the_name_of_the_organisation(loaded: Callable[..., Simulator]) -> None:
    sim, caller = scenario()
    (name,) = sim.to_json()["organisations"]
    assert KEY not in name
    again = loaded(sim, api_keys={"my-own-key": name})
    sim.faults.clear()
    again.faults.clear()
    assert Caller(again, "my-own-key").pods() == caller.pods()


def test_it_can_go_on_in_real_time(loaded: Callable[..., Simulator]) -> None:
    sim, _ = scenario()
    again = loaded(sim, clock="real")
    assert documents(again) == documents(sim)  # on the same day, whatever today is
    again.advance(2000)
    assert "INITIALIZE" not in {pod.status for pod in again.pods.values()}


def test_what_was_given_out_does_not_change_the_simulator() -> None:
    sim, _ = scenario()
    before = documents(sim)
    state = sim.to_json()
    state["pods"][0]["document"]["podName"] = "another"
    state["organisations"].clear()
    state["times"].clear()
    state["faults"].clear()
    assert documents(sim) == before
    assert len(sim.to_json()["organisations"]) == 1
    assert len(sim.faults.pending) == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "no JSON object"),
        ("{}", "'format' is missing"),
        ('{"format": 2}', "its format is 2"),
        ('{"format": 1}', "is missing"),
        ("[" * 100_000, ""),
        ("\x00", "not JSON"),
    ],
)
def test_what_is_no_state_is_one_error_that_names_the_file(content: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "no state.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="is no state of a simulator") as caught:
        Simulator.load(file)
    assert str(file) in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "broken",
    [
        *(
            {"date": "yesterday"},
            {"now": "0"},
            {"now": None},
            {"times": {"boot": "soon"}},
            {"dialect": "x"},
        ),
        *({"seed": "0"}, {"minted": -1}, {"minted": 0}, {"ports": True}, {"organisations": []}, {"organisations": {}}),
        *(
            {"pods": {}},
            {"pods": [5]},
            {"pods": [{}]},
            {"faults": [{}]},
            {"faults": [{"operation": "create", "fault": "x"}]},
        ),
        {"faults": 5},
    ],
    ids=str,
)
def test_a_state_with_a_broken_part_is_refused(broken: dict[str, Any]) -> None:
    state = {**scenario()[0].to_json(), **broken}
    with pytest.raises(ValueError, match="is no state of a simulator"):
        Simulator.load(state)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        *(
            ("status", "ASLEEP"),
            ("status", 5),
            ("changedAt", "now"),
            ("timer", {}),
            ("timer", {"at": "x", "reads": None}),
        ),
        *(("health", None), ("timer", {"at": None, "reads": "two"})),
    ],
)
def test_a_life_that_is_none_is_refused(part: str, value: Any) -> None:
    state = scenario()[0].to_json()
    state["pods"][0]["life"][part] = value
    with pytest.raises(ValueError, match="is no state of a simulator"):
        Simulator.load(state)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        Simulator.load(tmp_path / "nothing.json")


def test_what_is_saved_again_is_the_same(loaded: Callable[..., Simulator]) -> None:
    sim, _ = scenario()
    sim.advance(0.123456789)
    again = loaded(sim)
    assert again.to_json() == sim.to_json()
    assert again.time == sim.time
    sim.advance(3)
    again.advance(3)
    assert again.to_json() == sim.to_json()


def test_the_time_of_requests_goes_on(loaded: Callable[..., Simulator]) -> None:
    sim, caller = scenario()
    again = loaded(sim)
    for each in (sim, again):
        each.faults.clear()
        each.advance(5)
    caller.pods()
    Caller(again).pods()
    assert again.requests[-1].at == sim.requests[-1].at == again.time
    health = Caller(again).http.get("/_mock/health").json()["data"]
    assert health["time"] == sim.time


def test_a_dialect_and_a_seed_are_part_of_it(loaded: Callable[..., Simulator]) -> None:
    sim = Simulator(dialect="chaos", seed=9)
    http = Caller(sim).http
    http.post("/openapi/v1/pods/create", json=BODY)
    again = loaded(sim)
    state = again.to_json()
    assert (state["dialect"], state["seed"]) == ("chaos", 9)
    answers = {Caller(again).http.get("/openapi/v1/pods/list").text for _ in range(20)}
    assert len(answers) > 5


def test_what_the_endpoint_answers_can_be_loaded_as_it_is(tmp_path: Path) -> None:
    sim, caller = scenario()
    file = tmp_path / "answer.json"
    file.write_bytes(caller.http.get("/_mock/state").content)
    assert documents(Simulator.load(file)) == documents(sim)


def test_a_loaded_state_can_be_changed_afterwards_without_harm() -> None:
    sim, _ = scenario()
    state = sim.to_json()
    again = Simulator.load(state)
    for saved in state["pods"]:
        saved["document"]["expose"].append({})
        saved["life"]["status"] = "FAILED"
    state["organisations"].clear()
    state["faults"].clear()
    assert again.to_json() == sim.to_json()


def change_document(field: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["pods"][0]["document"].update({field: value})


def change_life(index: int, **parts: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["pods"][index]["life"].update(parts)


NOW = {"at": 100.0, "reads": None}
CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a field is missing": (lambda state: state["pods"][0]["document"].pop("region"), "region is missing"),
    "an unfit field": (change_document("gpuCount", "one"), "gpuCount: the value is not of type"),
    "an unfit port": (change_document("expose", [{"port": 0.5}]), "expose[0].port: the value is not of type"),
    "half a port": (change_document("expose", [{"port": 5}]), "expose[0].host is missing"),
    "a time in another form": (change_document("createdAt", "2026-01-01T00:00:00Z"), "createdAt"),
    "an id that is a number": (change_document("id", 5), "the id of a pod is 5; it must be text"),
    "an id that comes twice": (lambda state: state["pods"].append(state["pods"][0]), "its id is another pod's"),
    "an id of the future": (change_document("id", "991864222263676929"), "its id is another pod's, or will be"),
    "an organisation that there is not": (change_document("orgId", "1"), "its orgId is no organisation's"),
    "organisations that are one": (lambda state: state["organisations"].update(other="217646376996249601"), "ids"),
    "a paused pod with a timer": (change_life(0, status="PAUSED", timer=NOW), "does not change by itself"),
    "a healthy pod that boots": (change_life(0, status="INITIALIZE", healthy=True, timer=NOW), "only RUNNING is"),
    "a pod that will be healthy while it ends": (change_life(1, health=NOW), "only RUNNING is"),
    "reads that are none": (change_life(1, timer={"at": None, "reads": -1}), "number of reads"),
    "a moment without end": (change_life(1, timer={"at": float("inf"), "reads": None}), "at is inf"),
    "truth that is none": (change_life(1, fails="no"), "fails is 'no'; it must be true or false"),
    "now that is no number": (lambda state: state.update(now=float("nan")), "now is nan"),
    "a time that is unknown": (lambda state: state["times"].update(nap="5.0"), "nap"),
    "another format": (lambda state: state.update(format=2), "its format is 2, not 1"),
    "a fault of nothing": (lambda state: state["faults"].append({"operation": "create"}), "fault"),
    "a fault too much": (lambda state: state["faults"][0].update(minutes=3), "no option 'minutes'"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_part_that_cannot_be_is_one_error_that_says_which(name: str, tmp_path: Path) -> None:
    change, reason = CHANGES[name]
    state = scenario()[0].to_json()
    change(state)
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    for given in (file, str(file), state):
        with pytest.raises(ValueError, match="is no state of a simulator") as caught:
            Simulator.load(given)
        assert reason in str(caught.value)
        assert "\n" not in str(caught.value)


def test_what_is_read_is_never_run(tmp_path: Path) -> None:
    witness = tmp_path / "witness"

    class Payload:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (witness,)

    state = json.dumps(scenario()[0].to_json())
    hostile = [
        pickle.dumps(Payload()),
        f"!!python/object/apply:pathlib.Path.touch [{witness}]".encode(),
        f"__import__('pathlib').Path({str(witness)!r}).touch()".encode(),
    ]
    for content in hostile:
        (tmp_path / "state.json").write_bytes(content)
        with pytest.raises(ValueError, match="it is not JSON"):
            Simulator.load(tmp_path / "state.json")
    for text in hostile[1:]:
        changed = json.loads(state)
        changed["pods"][0]["document"]["podName"] = text.decode()
        changed["times"]["boot"] = text.decode()
        with pytest.raises(ValueError, match="is no time"):
            Simulator.load(changed)
    assert not witness.exists()


def test_a_pod_of_ones_own_making_can_be_in_it() -> None:
    """A scenario may be written by hand: what the contract allows is fine, in every dialect."""
    state = scenario()[0].to_json()
    state["faults"] = []
    state["pods"][0]["document"].update(id="42", singleCardPrice="0.10", podName="by hand", status="", updatedAt="")
    sim = Simulator.load(state)
    assert Caller(sim).pod("42")["podName"] == "by hand"
    later = Simulator.load({**state, "dialect": "later"})
    (told,) = (pod for pod in Caller(later).pods() if pod["id"] == "42")
    assert told["singleCardPrice"] == "0.1"
