"""Who may ask, and whose pods they see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from yottalabs_mock import Simulator

from .asking import BODY, NO_POD, SUCCESS, Caller
from support.raw import CREATE, LIST, raw, request

REQUESTS = [("POST", CREATE, BODY), ("GET", LIST, None), ("DELETE", "/openapi/v1/pods/331864222263676929", None)]
UNKNOWN = ["unknown", "A-KEY", "a-ke", "a-key2", "one", "two words", "key-1", "<hidden>"]


@pytest.fixture(params=["in process", "over a socket"])
def reach(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What a caller is given to reach a simulator."""
    if request.param == "in process":
        yield lambda sim: sim
        return
    served = []

    def serve(sim: Simulator) -> str:
        served.append(sim.serve())
        return served[-1].__enter__()

    yield serve
    for context in served:
        context.__exit__(None, None, None)


def ask(http: httpx2.Client, method: str, path: str, body: Any, key: str | None) -> httpx2.Response:
    headers = {} if key is None else {"x-api-key": key}
    return http.request(method, path, json=body, headers=headers)


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS, ids=[method for method, _, _ in REQUESTS])
@pytest.mark.parametrize("key", [None, "", *UNKNOWN])
def test_without_a_known_key_nothing_happens(method: str, path: str, body: Any, key: str | None, reach: Any) -> None:
    sim = Simulator(api_keys={"a-key": "one"})
    pod_id = Caller(sim).create()
    assert path.endswith(pod_id) or method != "DELETE"
    caller = Caller(reach(sim))
    del caller.http.headers["x-api-key"]
    with caller.http as http:
        response = ask(http, method, path, body, key)
    answer = response.json()
    assert (response.status_code, answer["code"], answer["data"]) == (401, 401, None)
    assert "x-api-key" in answer["message"]
    # Without a key it is said to be missing; another one is not repeated.
    assert ("missing or empty" in answer["message"]) == (not key)
    assert key is None or len(key) < 4 or key not in answer["message"]
    assert [pod.status for pod in sim.pods.values()] == ["INITIALIZE"]
    assert sim.requests[-1].status == 401


@pytest.mark.parametrize("key", ["k", "two words", "a" * 5000, "!\"#$%&'()*+,-./", "0", "a, b", "ключ", "é"])
def test_any_key_will_do_and_has_an_organisation_of_its_own(key: str, reach: Any) -> None:
    sim = Simulator()
    there = reach(sim)
    first, other = Caller(there), Caller(there, "another-key")
    with first.http, other.http:
        first.http.headers = httpx2.Headers([(b"x-api-key", key.encode())])
        pod_id = first.create()
        assert other.ids() == []
        assert first.ids() == [pod_id]
        assert other.delete(pod_id) == NO_POD


def test_a_key_is_the_same_over_a_socket_and_in_process() -> None:
    sim = Simulator()
    for key in ("plain", "two words", "é"):
        with sim.serve() as base_url, Caller(base_url).http as http:
            http.headers = httpx2.Headers([(b"x-api-key", key.encode())])
            assert http.post(CREATE, json=BODY).json()["code"] == SUCCESS
        caller = Caller(sim)
        caller.http.headers = httpx2.Headers([(b"x-api-key", key.encode())])
        assert len(caller.pods()) == 1


def test_space_around_a_key_is_no_part_of_it() -> None:
    sim = Simulator(api_keys=["a-key"])
    assert Caller(sim, "  a-key\t").pods() == []
    assert Caller(Simulator(), " \t ").post().status_code == 401
    with sim.serve() as base_url:
        assert raw(base_url, request("GET", LIST, x_api_key="  a-key\t "))[0] == 200
        assert raw(base_url, request("GET", LIST, x_api_key=" \t "))[0] == 401


def test_two_keys_in_one_request_are_neither() -> None:
    sim = Simulator(api_keys=["a-key", "another-key"])
    pairs = [("x-api-key", "a-key"), ("x-api-key", "another-key")]
    assert httpx2.Client(transport=sim.transport).get("http://x" + LIST, headers=pairs).status_code == 401
    with sim.serve() as base_url:
        data = request("GET", LIST, x_api_key="a-key").replace(b"\r\n\r\n", b"\r\nX-API-Key: another-key\r\n\r\n")
        assert raw(base_url, data)[0] == 401


@pytest.mark.parametrize("name", ["x-api-key", "X-Api-Key", "X-API-KEY"])
def test_the_name_of_the_header_is_taken_in_any_case(name: str) -> None:
    sim = Simulator(api_keys=["a-key"])
    http = httpx2.Client(transport=sim.transport, base_url="http://x", headers={name: "a-key"})
    assert http.get(LIST).status_code == 200


@pytest.mark.parametrize("keys", [{"a-key", "b-key"}, ["a-key", "b-key"], ("b-key", "a-key"), iter(["a-key", "b-key"])])
def test_each_key_of_a_collection_has_an_organisation_of_its_own(keys: Any) -> None:
    sim = Simulator(api_keys=keys)
    first, second = Caller(sim, "a-key"), Caller(sim, "b-key")
    pod_id = first.create()
    assert (first.ids(), second.ids()) == ([pod_id], [])


def test_keys_of_a_mapping_share_the_organisation_that_they_name() -> None:
    sim = Simulator(api_keys={"a-key": "one", "b-key": "one", "c-key": "two", "d-key": "", "e-key": ""})
    a, b, c, d, e = (Caller(sim, f"{letter}-key") for letter in "abcde")
    pod_id = a.create()
    assert b.ids() == [pod_id]
    assert b.create() in a.ids()
    assert [caller.ids() for caller in (c, d, e)] == [[], [], []]
    d.create()
    assert e.ids() == []
    assert c.delete(pod_id) == NO_POD
    assert b.delete(pod_id) == SUCCESS


def test_no_keys_at_all_let_nobody_in() -> None:
    sim = Simulator(api_keys=[])
    assert Caller(sim).post().status_code == 401


def test_a_foreign_pod_is_as_one_that_there_is_not() -> None:
    sim = Simulator()
    owner, stranger = Caller(sim, "owner"), Caller(sim, "stranger")
    pod_id = owner.create()
    stranger.create()
    foreign = stranger.http.delete(f"/openapi/v1/pods/{pod_id}")
    unknown = stranger.http.delete("/openapi/v1/pods/331864222263676928")
    assert foreign.status_code == unknown.status_code == 200
    assert foreign.json() == unknown.json() == {"message": "pod does not exist", "code": NO_POD, "data": None}
    assert sim.pods[pod_id].status == "INITIALIZE"
    assert owner.pod(pod_id)["status"] == "INITIALIZE"


def test_an_organisation_has_one_id_on_all_of_its_pods_and_no_other_has_it() -> None:
    sim = Simulator()
    callers = [Caller(sim, f"key-{number}") for number in range(20)]
    for caller in callers * 2:
        caller.create()
    ids = [{(pod["orgId"], pod["applicantId"]) for pod in caller.pods()} for caller in callers]
    assert all(len(found) == 1 for found in ids)
    assert len(set.union(*ids)) == len(callers)


@pytest.mark.parametrize(
    "keys",
    [
        "a-key",
        b"a-key",
        5,
        [""],
        ["two words"],
        ["ключ"],
        ["a\nb"],
        [b"a-key"],
        [None],
        {"": "one"},
        {"a-key": 5},
        {"a-key": None},
        [" a-key"],
    ],
)
def test_keys_that_cannot_be_are_refused_and_not_repeated(keys: Any) -> None:
    with pytest.raises(ValueError, match="api_keys") as caught:
        Simulator(api_keys=keys)
    assert "a-key" not in str(caught.value)
    assert "words" not in str(caught.value)


def test_a_reset_keeps_the_keys() -> None:
    sim = Simulator(api_keys={"a-key": "one", "b-key": "one"})
    Caller(sim).create()
    sim.reset()
    assert Caller(sim, "b-key").pods() == []
    pod_id = Caller(sim).create()
    assert Caller(sim, "b-key").ids() == [pod_id]
    assert Caller(sim, "c-key").post().status_code == 401
