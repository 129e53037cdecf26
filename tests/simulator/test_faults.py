"""When faults happen: scripted ones in their order, others by chance and a seed; and what cannot be is refused."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from yottalabs_mock import Fault, Simulator, Times

from .asking import BODY, KEY, SUCCESS, Caller
from support.raw import CREATE, LIST


def statuses(caller: Caller, count: int) -> list[int]:
    return [caller.http.get(LIST).status_code for _ in range(count)]


# --- Scripted ---------------------------------------------------------------------------------------------------------


def test_scripted_faults_happen_once_each_in_the_order_in_which_they_were_added(sim: Simulator, caller: Caller) -> None:
    for fault in ("status_401", "html_502", "status_429"):
        sim.faults.add("list", fault)
    assert statuses(caller, 4) == [401, 502, 429, 200]
    assert sim.faults.counts == Counter({Fault.STATUS_401: 1, Fault.HTML_502: 1, Fault.STATUS_429: 1})


def test_a_fault_happens_as_often_as_is_said_before_the_next(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("list", "status_500_before", times=3)
    sim.faults.add("list", "status_403")
    assert [rule.times for rule in sim.faults.pending] == [3, 1]
    assert statuses(caller, 2) == [500, 500]
    assert [rule.times for rule in sim.faults.pending] == [1, 1]
    assert statuses(caller, 3) == [500, 403, 200]
    assert sim.faults.counts == {"status_500_before": 3, "status_403": 1}
    assert sim.faults.pending == ()


def test_a_fault_waits_for_the_operation_that_it_concerns(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("delete", "status_503_before")
    sim.faults.add("create", "status_409")
    assert statuses(caller, 2) == [200, 200]
    assert caller.post().status_code == 409
    pod_id = caller.create()
    assert caller.http.delete(f"/openapi/v1/pods/{pod_id}").status_code == 503
    assert caller.delete(pod_id) == SUCCESS


def test_a_fault_of_anything_happens_to_the_next_request_that_it_can_happen_to(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("*", "pod_fails")
    sim.faults.add("*", "status_403")
    assert statuses(caller, 2) == [403, 200]
    pod_id = caller.create()
    sim.advance(60)
    assert sim.pods[pod_id].status == "FAILED"


@pytest.mark.parametrize("operation", ["list", "listPods"])
@pytest.mark.parametrize("fault", ["status_403", "STATUS_403", " status-403 ", "status 403", Fault.STATUS_403])
def test_names_may_be_written_in_more_than_one_way(operation: str, fault: str, sim: Simulator, caller: Caller) -> None:
    sim.faults.add(operation, fault)
    assert statuses(caller, 2) == [403, 200]


def test_what_is_no_request_of_the_api_uses_up_no_fault(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("*", "status_403")
    assert caller.http.get("/nowhere").status_code == 404
    assert caller.http.put(CREATE).status_code == 405
    assert caller.http.get("/_mock/health").status_code == 200
    assert statuses(caller, 1) == [403]


def test_a_request_names_the_fault_that_happened_to_it(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("list", "status_403")
    sim.faults.add("list", "reset_after")
    sim.faults.add("list", "cut_short")
    caller.http.get(LIST)
    for error in (httpx2.ReadError, httpx2.RemoteProtocolError):
        with pytest.raises(error):
            caller.http.get(LIST)
    caller.http.get(LIST)
    seen = [(record.fault, record.status) for record in sim.requests]
    assert seen == [("status_403", 403), ("reset_after", None), ("cut_short", None), (None, 200)]


def test_a_fault_hides_what_is_wrong_with_the_request_and_makes_nothing_right(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("create", "slow_answer", seconds=3)
    assert caller.post({"image": 1}).status_code == 422
    assert sim.clock.monotonic() == 3
    sim.faults.add("create", "status_500_after")
    assert caller.post({"image": 1}).status_code == 500
    sim.faults.add("create", "html_200", effect=True)
    assert caller.http.post(CREATE, headers={"x-api-key": ""}).status_code == 200
    assert dict(sim.pods) == {}


# --- What happens to no request that is refused -----------------------------------------------------------------------

TO_A_POD = ("pod_fails", "pod_stuck", "list_lags")
TO_WHAT_IS_DONE = [("create", fault) for fault in (*TO_A_POD, "null_data")]
TO_WHAT_IS_DONE += [("list", fault) for fault in ("null_data", "unknown_status")]


def refused(caller: Caller, operation: str) -> list[int]:
    """Requests that the API refuses; their statuses."""
    path = CREATE if operation == "create" else LIST
    method = "POST" if operation == "create" else "GET"
    found = [caller.http.request(method, path, json=BODY, headers={"x-api-key": key}) for key in ("", "unknown")]
    if operation == "create":
        found += [caller.post({"image": 1}), caller.http.post(path, content=b"{"), caller.http.post(path, content=b"")]
    return [response.status_code for response in found]


@pytest.mark.parametrize(("operation", "fault"), TO_WHAT_IS_DONE)
@pytest.mark.parametrize("certainly", [{"times": 1}, {"probability": 1, "times": 1}], ids=["scripted", "by chance"])
def test_what_happens_to_what_is_done_waits_for_a_request_that_is_not_refused(
    operation: str, fault: str, certainly: dict[str, Any]
) -> None:
    sim = Simulator(api_keys=[KEY])
    caller = Caller(sim)
    sim.faults.add(operation, fault, **certainly)
    pending = sim.faults.pending
    assert all(status >= 400 for status in refused(caller, operation))
    assert sim.faults.pending == pending
    assert sim.faults.counts == {}
    assert {record.fault for record in sim.requests} == {None}
    assert (caller.post() if operation == "create" else caller.http.get(LIST)).status_code == 200
    assert sim.faults.pending == ()
    assert sim.faults.counts == {fault: 1}
    assert sim.requests[-1].fault == fault


@pytest.mark.parametrize("fault", TO_A_POD)
@pytest.mark.parametrize("before", ["no_capacity", "status_503_before", "reset_before"])
def test_what_happens_to_a_pod_waits_while_others_keep_a_pod_from_being_made(before: str, fault: str) -> None:
    sim = Simulator()
    caller = Caller(sim)
    sim.faults.add("create", before)
    sim.faults.add("create", fault)
    with suppress(httpx2.ReadError):
        caller.post()
    assert [rule.fault for rule in sim.faults.pending] == [fault]
    caller.create()
    assert sim.faults.counts == {before: 1, fault: 1}


def test_a_refused_request_meets_the_fault_behind_the_one_that_waits(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("create", "pod_fails")
    sim.faults.add("create", "status_503_before")
    assert caller.post({"image": 1}).status_code == 503
    pod_id = caller.create()
    sim.advance(60)
    assert sim.pods[pod_id].status == "FAILED"


def test_refused_requests_do_not_change_what_chance_decides_of_pods() -> None:
    def stuck(*, with_refused: bool) -> list[bool]:
        sim = Simulator(seed=1, times=Times(boot=0))
        sim.faults.add("create", "pod_stuck", probability=0.5)
        caller = Caller(sim)
        found = []
        for _ in range(50):
            if with_refused:
                caller.post({"image": 1})
            found.append(sim.pods[caller.create()].status == "INITIALIZE")
        assert sim.faults.counts == {"pod_stuck": found.count(True)}
        return found

    assert stuck(with_refused=True) == stuck(with_refused=False)


def test_many_threads_lose_no_fault_of_a_pod(sim: Simulator) -> None:
    sim.faults.add("create", "pod_fails", times=20)

    def create(_: int) -> None:
        caller = Caller(sim)
        for _ in range(10):
            caller.post({"image": 1})
            caller.create()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(8)))
    sim.advance(60)
    assert Counter(pod.status for pod in sim.pods.values()) == {"FAILED": 20, "RUNNING": 60}
    assert sim.faults.counts == {"pod_fails": 20}


# --- By chance --------------------------------------------------------------------------------------------------------


def drawn(seed: int, count: int = 300, *, reset: bool = False) -> list[int]:
    sim = Simulator(seed=seed)
    caller = Caller(sim)

    def draw() -> list[int]:
        sim.faults.add("list", "status_500_before", probability=0.2)
        sim.faults.add("list", "status_503_before", probability=0.5)
        return statuses(caller, count)

    if reset:
        draw()
        sim.reset()
    return draw()


def test_chance_has_about_the_rate_that_is_said_and_goes_on_for_ever() -> None:
    counts = Counter(drawn(seed=1, count=3000))
    # The second is asked where the first did not happen: 0.5 of 0.8.
    assert 0.17 < counts[500] / 3000 < 0.23
    assert 0.37 < counts[503] / 3000 < 0.43
    assert counts[500] + counts[503] + counts[200] == 3000


def test_the_seed_decides_exactly() -> None:
    first = drawn(seed=1)
    assert drawn(seed=1) == first
    assert drawn(seed=1, reset=True) == first
    assert drawn(seed=2) != first


def test_what_happens_to_others_does_not_change_what_chance_decides() -> None:
    """Requests that a fault does not concern draw nothing."""
    sim = Simulator(seed=1)
    sim.faults.add("list", "status_500_before", probability=0.2)
    sim.faults.add("list", "status_503_before", probability=0.5)
    caller = Caller(sim)
    found = []
    for _ in range(200):
        caller.create()
        caller.http.get("/nowhere")
        found += statuses(caller, 1)
    assert found == drawn(seed=1, count=200)


@pytest.mark.parametrize(("probability", "expected"), [(0, 200), (1, 403), (0.0, 200), (1.0, 403)])
def test_never_and_always_are_probabilities(probability: float, expected: int, sim: Simulator, caller: Caller) -> None:
    sim.faults.add("list", "status_403", probability=probability)
    assert set(statuses(caller, 50)) == {expected}


def test_chance_may_be_limited_in_number(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("list", "status_403", probability=0.5, times=3)
    found = statuses(caller, 100)
    assert found.count(403) == 3
    assert found[-1] == 200
    assert sim.faults.pending == ()


def test_a_script_comes_before_chance(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("list", "status_403", probability=1)
    sim.faults.add("list", "status_409", times=2)
    assert statuses(caller, 4) == [409, 409, 403, 403]


# --- Looking at them, and ending them ---------------------------------------------------------------------------------


def test_pending_faults_can_be_read_and_cleared_and_counts_stay(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("list", "status_403", times=2)
    sim.faults.add("create", "list_lags", seconds=(1, 2), probability=0.5)
    sim.faults.add("*", "html_502", effect=True)
    assert repr(sim.faults) == "<Faults status_403 of listPods, list_lags of createPod, html_502 of *>"
    assert sim.faults.to_json() == [
        {"operation": "listPods", "fault": "status_403", "times": 2, "probability": None},
        {"operation": "createPod", "fault": "list_lags", "times": None, "probability": 0.5, "seconds": "1-2"},
        {"operation": "*", "fault": "html_502", "times": 1, "probability": None, "effect": True},
    ]
    statuses(caller, 1)
    sim.faults.clear()
    assert sim.faults.pending == ()
    assert repr(sim.faults) == "<Faults none pending>"
    assert statuses(caller, 2) == [200, 200]
    assert sim.faults.counts == {"status_403": 1}
    sim.reset()
    assert sim.faults.counts == {}


def test_a_reset_ends_faults(sim: Simulator, caller: Caller) -> None:
    sim.faults.add("list", "status_403", probability=1)
    sim.reset()
    assert statuses(caller, 3) == [200, 200, 200]


def test_what_is_said_in_json_can_be_added_again(sim: Simulator) -> None:
    for fault in Fault:
        sim.faults.add("*", fault, times=3)
        sim.faults.add("*", fault, probability=0.25)
    said = json.loads(json.dumps(sim.faults.to_json()))
    other = Simulator()
    for rule in said:
        other.faults.add(**rule)
    assert other.faults.pending == sim.faults.pending


# --- What cannot be ---------------------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"operation": "lst", "fault": "status_403"}, "there is no operation 'lst'; there are create, list, delete, and"),
    ({"operation": "", "fault": "status_403"}, "there is no operation ''"),
    ({"operation": None, "fault": "status_403"}, "there is no operation None"),
    ({"operation": ["list"], "fault": "status_403"}, r"there is no operation \['list'\]"),
    (
        {"operation": "list", "fault": "statu_403"},
        "there is no fault 'statu_403'; there are connection_refused, .*lags",
    ),
    ({"operation": "list", "fault": ""}, "there is no fault ''"),
    ({"operation": "list", "fault": None}, "there is no fault None"),
    ({"operation": "list", "fault": "pod_fails"}, "pod_fails cannot happen to list; it can to create"),
    ({"operation": "delete", "fault": "null_data"}, "null_data cannot happen to delete; it can to create, list"),
    ({"operation": "create", "fault": "unknown_status"}, "it can to list"),
    ({"operation": "list", "fault": "status_403", "times": 0}, "times is 0; it must be 1 or more"),
    ({"operation": "list", "fault": "status_403", "times": -1}, "times is -1"),
    ({"operation": "list", "fault": "status_403", "times": 1.5}, "times is 1.5"),
    ({"operation": "list", "fault": "status_403", "times": True}, "times is True"),
    ({"operation": "list", "fault": "status_403", "times": "3"}, "times is '3'"),
    ({"operation": "list", "fault": "status_403", "probability": 1.1}, "probability is 1.1; it must be from 0 to 1"),
    ({"operation": "list", "fault": "status_403", "probability": -0.1}, "probability is -0.1"),
    ({"operation": "list", "fault": "status_403", "probability": float("nan")}, "probability is nan"),
    ({"operation": "list", "fault": "status_403", "probability": True}, "probability is True"),
    ({"operation": "list", "fault": "status_403", "probability": "0.5"}, "probability is '0.5'"),
    ({"operation": "list", "fault": "reset_before", "effect": True}, "reset_before always happens without effect"),
    ({"operation": "list", "fault": "reset_after", "effect": False}, "reset_after always happens with effect"),
    ({"operation": "list", "fault": "no_answer", "effect": 1}, "effect is 1; it must be True or False"),
    ({"operation": "list", "fault": "status_403", "seconds": 1}, "status_403 has no option 'seconds'; it has none"),
    ({"operation": "list", "fault": "slow_answer", "second": 1}, "has no option 'second'; it has seconds"),
    ({"operation": "list", "fault": "business_code", "x": 1}, "business_code has no option 'x'; it has code, message"),
    ({"operation": "list", "fault": "business_code", "self": 1}, "no option 'self'"),
    ({"operation": "list", "fault": "slow_answer", "seconds": -1}, "seconds is -1"),
    ({"operation": "list", "fault": "slow_answer", "seconds": float("inf")}, "seconds is inf"),
    ({"operation": "list", "fault": "slow_answer", "seconds": float("nan")}, "seconds is nan"),
    ({"operation": "list", "fault": "slow_answer", "seconds": None}, "seconds is None"),
    (
        {"operation": "list", "fault": "slow_answer", "seconds": (1, 2)},
        "for slow_answer it must be a number of seconds",
    ),
    ({"operation": "list", "fault": "slow_answer", "seconds": "2 reads"}, "it must be a number of seconds"),
    ({"operation": "list", "fault": "slow_answer", "seconds": "soon"}, "'soon' is no time"),
    ({"operation": "list", "fault": "connection_refused", "seconds": [1]}, "seconds is"),
    ({"operation": "create", "fault": "list_lags", "seconds": (2, 1)}, "seconds is"),
    ({"operation": "list", "fault": "business_code", "code": "7"}, "code is '7'; it must be a whole number"),
    ({"operation": "list", "fault": "business_code", "code": 10000}, "that is success"),
    ({"operation": "list", "fault": "business_code", "code": 2**31}, "a whole number of 32 bits"),
    ({"operation": "list", "fault": "business_code", "code": 1.5}, "code is 1.5"),
    ({"operation": "list", "fault": "business_code", "code": True}, "code is True"),
    ({"operation": "list", "fault": "business_code", "message": 5}, "message is 5; it must be text"),
    ({"operation": "list", "fault": "status_429", "retry_after": -1}, "retry_after is -1"),
    ({"operation": "list", "fault": "status_429", "retry_after": 1.5}, "retry_after is 1.5"),
    ({"operation": "list", "fault": "status_429_date", "retry_after": 10**20}, "retry_after is 1000"),
    ({"operation": "list", "fault": "unknown_status", "status": None}, "status is None; it must be text"),
]


@pytest.mark.parametrize(("rule", "message"), REFUSED, ids=[json.dumps(rule) for rule, _ in REFUSED])
def test_a_fault_that_cannot_be_is_refused_with_what_there_is_and_nothing_is_added(
    rule: dict[str, Any], message: str, sim: Simulator, caller: Caller
) -> None:
    with pytest.raises(ValueError, match=message):
        sim.faults.add(**rule)
    assert sim.faults.pending == ()
    assert statuses(caller, 2) == [200, 200]


def test_every_operation_is_listed_where_one_is_unknown(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="there are create, list, delete, and '\\*' for any"):
        sim.faults.add("update", "status_403")
    with pytest.raises(ValueError, match="there is no fault") as caught:
        sim.faults.add("list", "nothing")
    assert all(fault in str(caught.value) for fault in Fault)
