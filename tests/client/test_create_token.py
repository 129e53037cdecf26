"""A create ends in knowledge: the pod, a certain refusal, or an error by which the pod can be found."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from yottalabs import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncYottaLabs,
    AuthenticationError,
    ConflictError,
    CreateOutcomeUnknownError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    Pod,
    RateLimitError,
    ResponseValidationError,
    ServerError,
    YottaLabs,
    YottaLabsError,
)
from yottalabs_mock import Simulator

from support.scripted import Scripted, VirtualClock, envelope

Make = Callable[..., Any]
Client = Callable[..., Any]
ARGUMENTS: dict[str, Any] = {
    "image": "x",
    "gpu_type": "NVIDIA_L4_24G",
    "gpu_count": 1,
    "name": "of-mine",
    "environment_vars": {"A": "1"},
    "expose": [22, (8000, "HTTP")],
}
VARIABLE = "YOTTALABS_CREATE_TOKEN"
LEASE = "YOTTALABS_LEASE"
TIMEOUT = 40.0
FIXED = UUID("f81d4fae-7dec-41d0-a765-00a0c91e6bf6")
LATE = datetime(2026, 1, 1, tzinfo=UTC)  # when virtual time begins


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
def yotta(make: Make, simulator: Simulator) -> Iterator[Any]:
    """A client of a simulator, in virtual time."""
    with make("a-key", transport=simulator.transport, clock=simulator.clock, timeout=TIMEOUT) as client:
        yield client


def asked(simulator: Simulator, operation: str) -> int:
    return sum(request.operation == operation for request in simulator.requests)


def creates(simulator: Simulator) -> int:
    return asked(simulator, "createPod")


def live(simulator: Simulator) -> list[str]:
    return [pod_id for pod_id, pod in simulator.pods.items() if pod.is_live]


def token_of(simulator: Simulator, pod_id: str) -> str | None:
    variables = simulator.pods[pod_id].document["environmentVars"] or []
    return next((entry["value"] for entry in variables if entry["key"] == VARIABLE), None)


# --- Every outcome of one request -------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Any, type[YottaLabsError]]] = {
    **{f"HTTP {number}": (httpx2.Response(number), APIError) for number in (400, 401, 403, 404, 405, 413, 415, 422)},
    "HTTP 429": (httpx2.Response(429), RateLimitError),
    "code 10001": (envelope(None, 10001), APIError),
    "code 10004": (envelope(None, 10004), PermissionDeniedError),
    "code 12001": (envelope(None, 12001), ConflictError),
    "code 429": (envelope(None, 429), RateLimitError),
    "HTTP 500 with code 10001": (envelope(None, 10001, status=500), ServerError),
    "HTTP 409 with code 12001": (envelope(None, 12001, status=409), ConflictError),
    "a refused connection": (httpx2.ConnectError("refused"), APIConnectionError),
    "no connection in time": (httpx2.ConnectTimeout("late"), APITimeoutError),
    "no connection to spare": (httpx2.PoolTimeout("late"), APITimeoutError),
    "no proxy": (httpx2.ProxyError("no"), APIConnectionError),
}
UNKNOWN: dict[str, tuple[Any, type[YottaLabsError]]] = {
    **{f"HTTP {number}": (httpx2.Response(number), APIError) for number in (300, 301, 302, 303, 307, 308)},
    **{f"HTTP {number}": (httpx2.Response(number), APIError) for number in (402, 406, 408, 409, 410, 418, 451, 499)},
    **{f"HTTP {number}": (httpx2.Response(number), ServerError) for number in (500, 501, 502, 503, 504, 520, 524, 599)},
    "HTTP 409 with another code": (envelope(None, 777, status=409), ConflictError),
    **{f"code {code}": (envelope(None, code), APIError) for code in (0, 10002, 10007, 12000, 13000, 500, 777, -1)},
    "no answer in time": (httpx2.ReadTimeout("late"), APITimeoutError),
    "too late to send": (httpx2.WriteTimeout("late"), APITimeoutError),
    "a reset": (httpx2.ReadError("reset"), APIConnectionError),
    "a reset while sending": (httpx2.WriteError("reset"), APIConnectionError),
    "no HTTP": (httpx2.RemoteProtocolError("odd"), APIConnectionError),
    "HTML": (httpx2.Response(200, content=b"<html>"), ResponseValidationError),
    "nothing": (httpx2.Response(200), ResponseValidationError),
    "no content": (httpx2.Response(204), ResponseValidationError),
    "no envelope": (httpx2.Response(200, content=b"[]"), ResponseValidationError),
    "no code": (httpx2.Response(200, content=b'{"data":"1"}'), ResponseValidationError),
    "half a body": (httpx2.Response(200, content=b'{"code":10000,"da'), ResponseValidationError),
    "success without an id": (envelope(None), ResponseValidationError),
    "success with an object without an id": (envelope({"name": "x"}), ResponseValidationError),
    "not packed": (httpx2.Response(200, headers={"x": "y"}, content=b"\x1f\x8b"), ResponseValidationError),
}


class Answering(Scripted):
    """An API that answers creates in one way, and lists with what it is given."""

    def __init__(self, step: Any, pods: Callable[[str | None], list[Any]] = lambda _: []) -> None:
        super().__init__(step)
        self._pods = pods
        self.created: list[Any] = []

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return envelope(self._pods(token_in(self.created[-1]) if self.created else None))
        self.created.append(json.loads(request.content))
        return super()._answer(request)


def token_in(body: Any) -> str | None:
    found = [entry["value"] for entry in body.get("environmentVars", ()) if entry["key"] == VARIABLE]
    assert len(found) <= 1
    return str(found[0]) if found else None


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("token", [{}, {"create_token": None}])
def test_a_certain_refusal_is_one(client: Client, name: str, token: dict[str, Any]) -> None:
    step, kind = REFUSED[name]
    transport = Answering(step)
    with pytest.raises(kind) as caught:
        client(transport, max_retries=0).pods.create(**ARGUMENTS, **token)
    assert not isinstance(caught.value, CreateOutcomeUnknownError)
    assert len(transport.created) == 1


@pytest.mark.parametrize("name", UNKNOWN)
def test_everything_else_is_unknown_after_one_request(client: Client, clock: VirtualClock, name: str) -> None:
    step, kind = UNKNOWN[name]
    transport = Answering(step)
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        client(transport).pods.create(**ARGUMENTS)
    error = caught.value
    assert isinstance(error.__cause__, kind)
    assert error.create_token is not None
    assert error.create_token == token_in(transport.created[0])
    assert error.create_token == str(UUID(error.create_token))
    assert error.since is not None
    assert error.since.utcoffset() == timedelta(0)
    assert error.create_token in str(error)
    assert "find_created" in str(error)
    assert len(transport.created) == 1
    assert clock.now <= 1000.0 + 30.0


@pytest.mark.parametrize("name", UNKNOWN)
def test_the_pod_that_the_list_shows_is_the_outcome(client: Client, name: str) -> None:
    transport = Answering(UNKNOWN[name][0], lambda token: [{"id": "0", "environmentVars": None}, pod(7, token)])
    assert client(transport).pods.create(**ARGUMENTS) == "7"
    assert len(transport.created) == 1


@pytest.mark.parametrize("name", UNKNOWN)
def test_without_a_token_nothing_can_be_looked_for(client: Client, clock: VirtualClock, name: str) -> None:
    transport = Answering(UNKNOWN[name][0], lambda _: [pod(7, None)])
    with pytest.raises(CreateOutcomeUnknownError, match=r"pods\.list\(\)") as caught:
        client(transport).pods.create(**ARGUMENTS, create_token=None)
    assert caught.value.create_token is None
    assert caught.value.since is not None
    assert clock.slept == []
    assert transport.created == [ours(transport.created[0])]


def pod(number: int, token: str | None, status: str = "RUNNING") -> dict[str, Any]:
    own = [] if token is None else [{"key": VARIABLE, "value": token}]
    return {"id": str(number), "status": status, "environmentVars": [{"key": "A", "value": "1"}, *own]}


def ours(body: Any) -> Any:
    """A body without any variable of this client's own."""
    kept = [entry for entry in body["environmentVars"] if not entry["key"].startswith("YOTTALABS_")]
    return body | {"environmentVars": kept}


# --- Found, or not ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["reset_after", "no_answer", "html_200", "status_503_after", "cut_short", "null_data"]
)
def test_a_pod_that_was_created_all_the_same_is_found(yotta: Any, simulator: Simulator, fault: str) -> None:
    simulator.faults.add("create", fault)
    pod_id = yotta.pods.create(**ARGUMENTS)
    assert live(simulator) == [pod_id]
    assert creates(simulator) == 1


@pytest.mark.parametrize("fault", ["reset_before", "html_502", "status_500_before", "redirect", "business_code"])
def test_a_pod_that_was_not_created_is_never_created_again(yotta: Any, simulator: Simulator, fault: str) -> None:
    simulator.faults.add("create", fault)
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        yotta.pods.create(**ARGUMENTS)
    assert live(simulator) == []
    assert creates(simulator) == 1
    assert caught.value.since == LATE
    assert simulator.time <= TIMEOUT + 0.01
    assert yotta.pods.find_created(caught.value.create_token) is None


def test_a_list_that_lags_is_asked_again(client: Client) -> None:
    looks = iter([0, 1, 2, 3])
    lagging = Answering(httpx2.ReadError("reset"), lambda token: [pod(7, token)] if next(looks, 9) > 2 else [])
    assert client(lagging).pods.create(**ARGUMENTS) == "7"


def test_lists_that_fail_are_asked_again(client: Client) -> None:
    looks = iter([httpx2.ReadError("reset"), httpx2.Response(503), envelope(None, 429), envelope(None), None])

    class Failing(Answering):
        def _answer(self, request: httpx2.Request) -> httpx2.Response:
            step = next(looks, None) if request.method == "GET" else None
            if isinstance(step, Exception):
                raise step
            return step or super()._answer(request)

    transport = Failing(httpx2.ReadError("reset"), lambda token: [pod(7, token)])
    assert client(transport).pods.create(**ARGUMENTS) == "7"
    assert len(transport.created) == 1


def test_a_list_that_may_not_be_read_ends_the_look_at_once(client: Client, clock: VirtualClock) -> None:
    class Forbidding(Answering):
        def _answer(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(403) if request.method == "GET" else super()._answer(request)

    with pytest.raises(CreateOutcomeUnknownError, match="could not be read either") as caught:
        client(Forbidding(httpx2.ReadError("reset"))).pods.create(**ARGUMENTS)
    assert isinstance(caught.value.__cause__, APIConnectionError)
    assert clock.slept == []


def test_a_pod_that_turns_up_late_is_found_by_the_token_of_the_error(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("list", "status_503_before", times=1000)
    simulator.faults.add("create", "reset_after")
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        yotta.pods.create(**ARGUMENTS)
    simulator.faults.clear()
    (pod_id,) = live(simulator)
    found = yotta.pods.find_created(caught.value.create_token)
    assert isinstance(found, Pod)
    assert found.id == pod_id
    assert yotta.pods.find_created(UUID(caught.value.create_token)) == found
    assert yotta.pods.find_created(str(uuid4())) is None


def test_another_pod_is_created_only_when_asked_and_after_the_window(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "reset_before")
    pod_id = yotta.pods.create(**ARGUMENTS, on_unknown="recreate")
    assert live(simulator) == [pod_id]
    first, *looks, second = simulator.requests
    assert (first.operation, second.operation) == ("createPod", "createPod")
    assert len(looks) >= 3
    assert {look.operation for look in looks} == {"listPods"}
    assert second.at >= TIMEOUT / 2 * 0.9
    assert simulator.time <= TIMEOUT + 0.01


def test_the_second_pod_has_another_token(client: Client) -> None:
    transport = Answering(httpx2.ReadError("reset"))
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        client(transport).pods.create(**ARGUMENTS, on_unknown="recreate")
    first, second = map(token_in, transport.created)
    assert first != second == caught.value.create_token
    assert ours(transport.created[0]) == ours(transport.created[1])


def test_a_pod_that_is_found_is_not_created_again(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "reset_after")
    pod_id = yotta.pods.create(**ARGUMENTS, on_unknown="recreate")
    assert live(simulator) == [pod_id]
    assert creates(simulator) == 1


@pytest.mark.parametrize("arguments", [{"create_token": "mine"}, {"create_token": None}])
def test_a_token_of_one_s_own_and_another_pod_do_not_go_together(yotta: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="needs a new create token"):
        yotta.pods.create(**ARGUMENTS, **arguments, on_unknown="recreate")


@pytest.mark.parametrize("token", ["", " ", "a ", "a\nb", "x" * 201, 5, b"a", True])
def test_a_token_that_is_none_is_refused(client: Client, token: Any) -> None:
    transport = Scripted("1")
    with pytest.raises(InvalidArgumentError, match="create_token"):
        client(transport).pods.create(**ARGUMENTS, create_token=token)
    assert transport.requests == []


# --- A caller's token, which makes a script re-runnable ---------------------------------------------------------------


@pytest.mark.parametrize("token", ["of mine", str(FIXED), FIXED, "ü" * 200])
def test_a_token_that_has_a_live_pod_gives_it(yotta: Any, simulator: Simulator, token: Any) -> None:
    pod_id = yotta.pods.create(**ARGUMENTS, create_token=token)
    simulator.advance(200)
    assert yotta.pods.create(**ARGUMENTS, create_token=token) == pod_id
    assert token_of(simulator, pod_id) == str(token)
    assert live(simulator) == [pod_id]
    assert creates(simulator) == 1


def test_another_client_finds_it_too(yotta: Any, simulator: Simulator, make: Make) -> None:
    pod_id = yotta.pods.create(**ARGUMENTS, create_token="mine")
    with make("a-key", transport=simulator.transport, clock=simulator.clock) as another:
        assert another.pods.create(**ARGUMENTS, create_token="mine") == pod_id
    with make("another-key", transport=simulator.transport, clock=simulator.clock) as stranger:
        assert stranger.pods.create(**ARGUMENTS, create_token="mine") != pod_id


@pytest.mark.parametrize("status", ["TERMINATING", "TERMINATED"])
def test_a_token_whose_pod_has_ended_gets_another_one(yotta: Any, simulator: Simulator, status: str) -> None:
    first = yotta.pods.create(**ARGUMENTS, create_token="mine")
    yotta.pods.delete(first, wait=status == "TERMINATED")
    second = yotta.pods.create(**ARGUMENTS, create_token="mine")
    assert second != first
    assert live(simulator) == [second]
    # Of two pods with it, the one that lives is meant.
    assert yotta.pods.find_created("mine").id == second
    assert yotta.pods.create(**ARGUMENTS, create_token="mine") == second


def test_a_token_whose_pod_has_failed_gets_another_one(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "pod_fails")
    first = yotta.pods.create(**ARGUMENTS, create_token="mine")
    simulator.advance(200)
    assert simulator.pods[first].status == "FAILED"
    assert yotta.pods.create(**ARGUMENTS, create_token="mine") != first


def test_a_list_that_lags_behind_the_first_create_makes_no_second_pod(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "list_lags", seconds=50.0)
    pod_id = yotta.pods.create(**ARGUMENTS, create_token="mine")
    for seconds in (0, 20, 20, 20, 60):
        simulator.advance(seconds)
        assert yotta.pods.create(**ARGUMENTS, create_token="mine") == pod_id
    assert creates(simulator) == 1


OTHERS: dict[str, Any] = {
    "name": "another",
    "image": "y",
    "gpu_count": 2,
    "gpu_type": "NVIDIA_H100_80GB_HBM3_80G",
    "environment_vars": {"A": "2"},
    "expose": [22],
}


@pytest.mark.parametrize("changed", [*OTHERS, "everything"])
def test_other_parameters_are_a_conflict_that_names_them(yotta: Any, simulator: Simulator, changed: str) -> None:
    pod_id = yotta.pods.create(**ARGUMENTS, create_token="mine")
    simulator.advance(200)
    others = OTHERS if changed == "everything" else {changed: OTHERS[changed]}
    with pytest.raises(ConflictError, match="already has a pod") as caught:
        yotta.pods.create(**ARGUMENTS | others, create_token="mine")
    assert caught.value.pod_id == pod_id
    for name in others:
        assert name in str(caught.value)
    for name in OTHERS.keys() - others.keys():
        assert name not in str(caught.value).split("differs in")[1]
    assert creates(simulator) == 1


def test_other_parameters_are_a_conflict_while_the_list_lags_too(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "list_lags", seconds=50.0)
    pod_id = yotta.pods.create(**ARGUMENTS, create_token="mine")
    with pytest.raises(ConflictError, match="other parameters") as caught:
        yotta.pods.create(**ARGUMENTS | {"gpu_count": 2}, create_token="mine")
    assert caught.value.pod_id == pod_id
    assert creates(simulator) == 1


@pytest.mark.parametrize(
    "same",
    [
        {"environment_vars": [("A", "1")]},
        {"environment_vars": [{"key": "A", "value": "1"}]},
        {"expose": [(8000, "HTTP"), (22, "SSH")]},
        {"gpu_type": "nvidia_l4_24g"},
    ],
)
def test_the_same_in_another_form_is_the_same(yotta: Any, simulator: Simulator, same: dict[str, Any]) -> None:
    pod_id = yotta.pods.create(**ARGUMENTS, create_token="mine")
    simulator.advance(200)
    assert yotta.pods.create(**ARGUMENTS | same, create_token="mine") == pod_id


def test_an_earlier_create_without_a_certain_end_makes_no_second_pod(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "reset_before")
    for _ in range(3):
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            yotta.pods.create(**ARGUMENTS, create_token="mine")
        assert caught.value.create_token == "mine"
        assert caught.value.since == LATE
    assert creates(simulator) == 1


def test_an_earlier_create_without_a_certain_end_is_found_when_it_turns_up(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "reset_after")
    simulator.faults.add("list", "null_data", times=100)
    with pytest.raises(CreateOutcomeUnknownError):
        yotta.pods.create(**ARGUMENTS, create_token="mine")
    simulator.faults.clear()
    (pod_id,) = live(simulator)
    assert yotta.pods.create(**ARGUMENTS, create_token="mine") == pod_id
    assert creates(simulator) == 1


def test_a_refused_create_with_a_token_can_be_run_again(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "no_capacity")
    with pytest.raises(ConflictError):
        yotta.pods.create(**ARGUMENTS, create_token="mine")
    assert live(simulator) == []
    pod_id = yotta.pods.create(**ARGUMENTS, create_token="mine")
    assert live(simulator) == [pod_id]


@pytest.mark.parametrize("fault", ["status_401", "status_403", "html_200"])
def test_nothing_is_created_when_the_list_does_not_tell_of_the_token(
    yotta: Any, simulator: Simulator, fault: str
) -> None:
    simulator.faults.add("list", fault, times=5)
    with pytest.raises((APIError, ResponseValidationError)):
        yotta.pods.create(**ARGUMENTS, create_token="mine")
    assert creates(simulator) == 0


# --- At once ----------------------------------------------------------------------------------------------------------


def test_threads_with_one_token_make_one_pod(simulator: Simulator) -> None:
    simulator.faults.add("create", "list_lags", seconds=30.0)
    simulator.faults.add("*", "slow_answer", probability=0.5, seconds=0.5)
    together = threading.Barrier(8)
    with (
        YottaLabs("a-key", transport=simulator.transport, clock=simulator.clock) as yotta,
        ThreadPoolExecutor(8) as pool,
    ):
        copies = [yotta, yotta.with_options(timeout=20)]

        def create(index: int) -> str:
            together.wait()
            return copies[index % 2].pods.create(**ARGUMENTS, create_token="mine")

        assert len(set(pool.map(create, range(8)))) == 1
    assert len(live(simulator)) == creates(simulator) == 1


def test_tasks_with_one_token_make_one_pod(simulator: Simulator) -> None:
    simulator.faults.add("create", "list_lags", seconds=30.0)
    simulator.faults.add("*", "slow_answer", probability=0.5, seconds=0.5)

    async def main() -> list[str]:
        async with AsyncYottaLabs("a-key", transport=simulator.transport, clock=simulator.clock) as yotta:
            copies = [yotta, yotta.with_options(timeout=20)]
            together = [copies[index % 2].pods.create(**ARGUMENTS, create_token="mine") for index in range(8)]
            return await asyncio.gather(*together)

    assert len(set(asyncio.run(main()))) == 1
    assert len(live(simulator)) == creates(simulator) == 1


def test_two_tokens_at_once_make_two_pods(simulator: Simulator) -> None:
    with (
        YottaLabs("a-key", transport=simulator.transport, clock=simulator.clock) as yotta,
        ThreadPoolExecutor(8) as pool,
    ):
        made = set(pool.map(lambda index: yotta.pods.create(**ARGUMENTS, create_token=f"{index % 2}"), range(8)))
    assert sorted(live(simulator)) == sorted(made)
    assert len(made) == 2


# --- The variables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [VARIABLE, LEASE])
@pytest.mark.parametrize("form", [dict, list, lambda pairs: [{"key": k, "value": v} for k, v in pairs]])
def test_variables_of_our_own_are_refused(client: Client, name: str, form: Callable[[Any], Any]) -> None:
    transport = Scripted("1")
    for token in ({}, {"create_token": None}):
        with pytest.raises(InvalidArgumentError, match=rf"environment_vars\[1\] is {name}") as caught:
            given = form([("A", "1"), (name, "x")])
            client(transport).pods.create(**ARGUMENTS | {"environment_vars": given}, **token)
        assert caught.value.argument == "environment_vars"
    assert transport.requests == []


def test_a_pod_shows_what_its_maker_gave_and_keeps_the_rest_in_raw(yotta: Any, simulator: Simulator) -> None:
    pod_id = yotta.pods.create(**ARGUMENTS, max_lifetime=60, guard=False)
    found = yotta.pods.get(pod_id)
    assert found.environment_vars == {"A": "1"}
    assert [entry["key"] for entry in found.raw["environmentVars"]] == ["A", VARIABLE, LEASE]
    assert found.create_token == token_of(simulator, pod_id)
    assert "expires" in found.lease
    # So the copy of an environment is another pod's.
    copy = yotta.pods.create(**ARGUMENTS | {"environment_vars": found.environment_vars})
    assert token_of(simulator, copy) != token_of(simulator, pod_id)


def test_each_create_has_a_token_of_its_own_behind_what_the_caller_gave(client: Client) -> None:
    transport = Answering("1")
    yotta = client(transport)
    for _ in range(3):
        yotta.pods.create(**ARGUMENTS)
    yotta.pods.create(**ARGUMENTS, create_token=None)
    *tokens, none = map(token_in, transport.created)
    assert len({str(UUID(token)) for token in tokens}) == 3
    assert none is None
    assert transport.created[-1]["environmentVars"] == [{"key": "A", "value": "1"}]
    for body in transport.created[:-1]:
        assert body["environmentVars"][:-1] == [{"key": "A", "value": "1"}]
        assert ours(body) == transport.created[-1]


def test_without_variables_and_without_a_token_the_field_is_not_sent(client: Client) -> None:
    transport = Answering("1")
    client(transport).pods.create(image="x", gpu_type="NVIDIA_L4_24G", create_token=None)
    assert "environmentVars" not in transport.created[0]


# --- Interrupted ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("moment", ["sending", "looking"])
def test_an_interrupted_create_says_how_to_find_its_pod(client: Client, kind: Any, moment: str) -> None:
    def interrupt(_: httpx2.Request) -> Any:
        raise kind

    class Interrupted(Answering):
        def _answer(self, request: httpx2.Request) -> httpx2.Response:
            return interrupt(request) if request.method == "GET" else super()._answer(request)

    transport = Interrupted(interrupt if moment == "sending" else httpx2.ReadError("reset"))
    with pytest.raises(kind) as caught:
        client(transport).pods.create(**ARGUMENTS)
    (note,) = caught.value.__notes__
    assert f"pods.find_created({token_in(transport.created[0])!r})" in note


def test_an_interrupted_create_without_a_token_says_nothing(client: Client) -> None:
    def interrupt(_: httpx2.Request) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        client(Answering(interrupt)).pods.create(**ARGUMENTS, create_token=None)
    assert not hasattr(caught.value, "__notes__")


def test_a_cancelled_create_says_how_to_find_its_pod() -> None:
    async def main() -> None:
        began = asyncio.Event()
        sent: list[httpx2.Request] = []

        async def never(request: httpx2.Request) -> httpx2.Response:
            sent.append(request)
            began.set()
            await asyncio.Event().wait()
            raise AssertionError("it was not cancelled")

        async with AsyncYottaLabs("a-key", transport=httpx2.MockTransport(never)) as yotta:
            task = asyncio.create_task(yotta.pods.create(**ARGUMENTS))
            await began.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
        (note,) = caught.value.__notes__
        assert repr(token_in(json.loads(sent[0].content))) in note

    asyncio.run(main())


def test_a_find_that_fails_is_an_error(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("list", "status_404")
    with pytest.raises(NotFoundError):
        yotta.pods.find_created("mine")


# --- A token whose pod has ended, and what comes after it -------------------------------------------------------------


def ended(yotta: Any, simulator: Simulator, token: str) -> str:
    """A pod that had the token and is still listed, TERMINATED."""
    pod_id: str = yotta.pods.create(**ARGUMENTS, create_token=token)
    yotta.pods.delete(pod_id, wait=True)
    assert simulator.pods[pod_id].status == "TERMINATED"
    return pod_id


@pytest.mark.parametrize("fault", ["reset_before", "status_503_before"])
def test_the_pod_that_had_the_token_is_not_taken_for_the_one_that_was_not_made(
    yotta: Any, simulator: Simulator, fault: str
) -> None:
    ended(yotta, simulator, "job")
    simulator.faults.add("create", fault)
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        yotta.pods.create(**ARGUMENTS, create_token="job")
    assert caught.value.create_token == "job"
    with pytest.raises(CreateOutcomeUnknownError):  # and the token stays spent
        yotta.pods.create(**ARGUMENTS, create_token="job")
    assert creates(simulator) == 2


def test_the_new_pod_is_found_beside_the_one_that_had_the_token(yotta: Any, simulator: Simulator) -> None:
    old = ended(yotta, simulator, "job")
    simulator.faults.add("create", "reset_after")
    new = yotta.pods.create(**ARGUMENTS, create_token="job")
    assert new != old
    assert live(simulator) == [new]


def test_a_new_pod_that_the_list_does_not_show_yet_is_remembered_beside_the_old_one(
    yotta: Any, simulator: Simulator
) -> None:
    ended(yotta, simulator, "job")
    simulator.faults.add("create", "list_lags", seconds=20)
    new = yotta.pods.create(**ARGUMENTS, create_token="job")
    assert yotta.pods.create(**ARGUMENTS, create_token="job") == new
    assert live(simulator) == [new]


def test_a_list_that_tells_nothing_long_after_makes_no_second_pod(yotta: Any, simulator: Simulator) -> None:
    pod_id = yotta.pods.create(**ARGUMENTS, create_token="job")
    simulator.advance(600)
    simulator.faults.add("list", "null_data")
    with pytest.raises(ResponseValidationError, match=f"whether pod {pod_id}"):
        yotta.pods.create(**ARGUMENTS, create_token="job")
    assert yotta.pods.create(**ARGUMENTS, create_token="job") == pod_id
    assert live(simulator) == [pod_id]


def test_a_pod_that_turns_up_while_it_is_looked_for_is_compared_too(client: Client) -> None:
    late = pod(1, "job") | {"image": "x"}
    transport = Scripted([], httpx2.ReadError("reset"), [])
    yotta = client(transport)
    with pytest.raises(CreateOutcomeUnknownError):
        yotta.pods.create(**ARGUMENTS, create_token="job")
    transport._steps = Scripted([], [], [late])._steps  # not in the first list, nor in the second
    with pytest.raises(ConflictError, match="image"):
        yotta.pods.create(**{**ARGUMENTS, "image": "other"}, create_token="job")
    assert [request.method for request in transport.requests].count("POST") == 1


def test_a_live_pod_without_a_readable_id_makes_no_second_one(client: Client) -> None:
    transport = Scripted([pod(1, "job") | {"id": None}])
    with pytest.raises(CreateOutcomeUnknownError, match="no readable id") as caught:
        client(transport).pods.create(**ARGUMENTS, create_token="job")
    assert caught.value.create_token == "job"
    assert {request.method for request in transport.requests} == {"GET"}


def test_an_interrupted_create_is_not_sent_again_with_its_token(simulator: Simulator) -> None:
    async def main() -> None:
        options: dict[str, Any] = {"transport": simulator.transport, "clock": simulator.clock, "timeout": TIMEOUT}
        async with AsyncYottaLabs("a-key", **options) as yotta:
            # Whether it has an effect, or may yet have one, nobody can know who gives it up.
            simulator.faults.add("create", "no_answer", effect=False)
            first = asyncio.create_task(yotta.pods.create(**ARGUMENTS, create_token="job"))
            while not creates(simulator):  # noqa: ASYNC110  # the simulator tells nobody
                await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            with pytest.raises(CreateOutcomeUnknownError):
                await yotta.pods.create(**ARGUMENTS, create_token="job")

    asyncio.run(main())
    assert creates(simulator) == 1


def test_a_second_pod_that_is_refused_does_not_hide_the_first_one(yotta: Any, simulator: Simulator) -> None:
    simulator.faults.add("create", "reset_before")
    simulator.faults.add("create", "status_401")
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        yotta.pods.create(**ARGUMENTS, on_unknown="recreate")
    assert caught.value.create_token is not None
    assert type(caught.value.__cause__).__name__ == "AuthenticationError"


def test_who_waits_for_another_create_with_the_token_waits_no_longer_than_its_own_time() -> None:
    from yottalabs._tokens import Lock, alocked, locked

    busy = Lock()
    with busy, pytest.raises(APITimeoutError, match="nothing was sent") as caught, locked(busy, 0.01):
        pass
    assert not caught.value.maybe_sent

    async def main() -> None:
        from yottalabs._tokens import AsyncLock

        lock = AsyncLock()
        async with lock:
            with pytest.raises(APITimeoutError, match="nothing was sent"):
                await asyncio.create_task(wait(lock))

    async def wait(lock: Any) -> None:
        async with alocked(lock, 0.01):
            pass

    asyncio.run(main())


# --- A delete that is not believed too early --------------------------------------------------------------------------


def test_a_pod_that_nobody_has_seen_yet_is_not_gone_because_the_delete_finds_none(simulator: Simulator) -> None:
    simulator.faults.add("create", "list_lags", seconds=20)
    simulator.faults.add("delete", "status_404", times=3)
    simulator.faults.add("list", "status_401", times=1)  # which ends the wait at once
    with (
        YottaLabs("a-key", transport=simulator.transport, clock=simulator.clock) as yotta,
        pytest.raises(AuthenticationError),
        yotta.pods.temporary(**ARGUMENTS),
    ):
        pytest.fail("nobody may look")
    assert live(simulator) == []


def test_a_list_that_tells_nothing_does_not_say_that_a_pod_is_gone(yotta: Any, simulator: Simulator) -> None:
    pod_id = yotta.pods.create(**ARGUMENTS)
    simulator.faults.add("delete", "status_503_before")
    simulator.faults.add("delete", "status_409")
    simulator.faults.add("list", "null_data")
    with pytest.raises(ConflictError):
        yotta.pods.delete(pod_id)
    assert live(simulator) == [pod_id]


def test_no_guard_watches_over_a_pod_that_may_be_somebody_else_s(make: Make) -> None:
    with (
        make("a-key", base_url="http://127.0.0.1:9") as yotta,
        pytest.raises(InvalidArgumentError, match="pass guard=False") as caught,
    ):
        yotta.pods.create(**ARGUMENTS, create_token="mine", max_lifetime=60)
    assert caught.value.argument == "create_token"
