"""A temporary pod ends with its block, whatever ends that: in each client, in asyncio and in trio, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from inspect import isawaitable
from pathlib import Path
from types import FrameType
from typing import Any, Self

import anyio
import anyio.lowlevel
import httpx2
import pytest
import trio
import yottalabs
from yottalabs import (
    AsyncYottaLabs,
    AuthenticationError,
    ConfigurationError,
    CreateOutcomeUnknownError,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    Pod,
    PodFailedError,
    PodNotDeletedError,
    PriceLimitError,
    ServerError,
    WaitTimeoutError,
    YottaLabs,
    _guard,
)
from yottalabs._end import by_hand
from yottalabs._lease import Lease, Owner
from yottalabs._own_variables import LEASE_VARIABLE, TOKEN_VARIABLE
from yottalabs._settings import Settings
from yottalabs_mock import Simulator, Times

from support.scripted import envelope

ENDED = {"TERMINATING", "TERMINATED"}
REQUEST: dict[str, Any] = {"image": "x", "gpu_type": "NVIDIA_L4_24G"}
KEY = "a-key"
SIGNALS = (signal.SIGINT, signal.SIGTERM)  # of which every test is; SIGHUP, where there is one, is handled as SIGTERM
HANGUP = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no terminal here sends SIGHUP")
GUARDED = pytest.mark.skipif(os.name != "posix", reason="guards are ended by signals here")

Body = Callable[[Pod], Any]


class Meddling(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """A transport to a simulator, in which a test has a hand.

    `before` is called with each request, and `meddle` with the operation and the answer before the client sees it. Each
    may do whatever it likes; what `meddle` gives is the answer.
    """

    def __init__(
        self,
        simulator: Simulator,
        meddle: Callable[[str, httpx2.Response], httpx2.Response | None] = lambda *_: None,
        before: Callable[[httpx2.Request], object] = lambda _: None,
    ) -> None:
        self._simulator = simulator
        self._transport = simulator.transport
        self._meddle = meddle
        self._before = before

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._before(request)
        response = self._transport.handle_request(request)
        return self._meddle(self._operation(), response) or response

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._before(request)
        await anyio.lowlevel.checkpoint()  # here a task that was cancelled notices it
        response = await self._transport.handle_async_request(request)
        response = self._meddle(self._operation(), response) or response
        await anyio.lowlevel.checkpoint()
        return response

    def _operation(self) -> str:
        return str(self._simulator.requests[-1].operation)


def once(wanted: str, action: Callable[[], object], *, times: int = 1) -> Callable[[str, httpx2.Response], None]:
    """Does something while the first requests of an operation are on their way, whose effect they have had."""
    left = [times]

    def meddle(operation: str, _: httpx2.Response) -> None:
        if operation == wanted and left[0] > 0:
            left[0] -= 1
            action()

    return meddle


class Block:
    """Runs a block with a temporary pod, in one kind of client."""

    def __init__(self, kind: str, simulator: Simulator) -> None:
        self.kind = kind
        self.simulator = simulator
        self.key = KEY

    def run(self, body: Body = lambda _: None, *, client: Any = None, **options: Any) -> Any:
        """Runs it, and gives what it gives.

        Args:
            body: What happens in it. What it gives is awaited where that can be.
            client: More for the client.
            **options: More for `temporary`.
        """
        settings = {"transport": self.simulator.transport, "clock": self.simulator.clock, **(client or {})}
        asked = REQUEST | options
        if self.kind == "sync":
            with YottaLabs(self.key, **settings) as yotta, yotta.pods.temporary(**asked) as pod:
                return body(pod)
        return self.go(self._hold, body, settings, asked)

    async def arun(self, body: Body = lambda _: None, *, client: Any = None, **options: Any) -> Any:
        """The same for whoever is in an event loop already."""
        settings = {"transport": self.simulator.transport, "clock": self.simulator.clock, **(client or {})}
        return await self._hold(body, settings, REQUEST | options)

    def go(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """Runs a coroutine function, in whichever event loop it is."""
        if self.kind == "trio":
            return trio.run(function, *arguments)

        async def main() -> Any:
            return await function(*arguments)

        return asyncio.run(main())

    async def _hold(self, body: Body, settings: Any, asked: Any) -> Any:
        async with AsyncYottaLabs(self.key, **settings) as yotta, yotta.pods.temporary(**asked) as pod:
            result = body(pod)
            return await result if isawaitable(result) else result

    def status(self, pod: Pod) -> str:
        """What the simulator says of a pod."""
        return self.simulator.pods[str(pod.id)].status

    def saw(self, operation: str) -> int:
        """How many requests there were for an operation."""
        return sum(request.operation == operation for request in self.simulator.requests)

    def assert_ended(self, count: int = 1) -> None:
        """So many pods were created, and all have ended or are ending."""
        statuses = [pod.status for pod in self.simulator.pods.values()]
        assert len(statuses) == count
        assert set(statuses) <= ENDED


@pytest.fixture
def simulator() -> Simulator:
    # Nobody who looks every 12 seconds, as a wait does at the most, misses a step.
    return Simulator(times=Times(healthy=30.0))


@pytest.fixture(params=["sync", "asyncio", "trio"])
def block(request: pytest.FixtureRequest, simulator: Simulator) -> Block:
    return Block(request.param, simulator)


@pytest.fixture(params=["asyncio", "trio"])
def ablock(request: pytest.FixtureRequest, simulator: Simulator) -> Block:
    return Block(request.param, simulator)


@pytest.fixture(params=["sync", "asyncio"])
def signalled(request: pytest.FixtureRequest, simulator: Simulator) -> Block:
    """A block to which signals come: trio has a way of its own."""
    return Block(request.param, simulator)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of signals are as they were after each test, or it fails."""
    with_default: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
    }
    if hasattr(signal, "SIGHUP"):
        with_default[signal.SIGHUP] = signal.SIG_DFL
    before = {number: signal.signal(number, handler) for number, handler in with_default.items()}
    yield
    after = {number: signal.getsignal(number) for number in with_default}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert after == with_default


# --- How a block ends -------------------------------------------------------------------------------------------------


def test_the_pod_is_there_in_the_block_and_ends_with_it(block: Block) -> None:
    assert block.run(block.status) == "RUNNING"
    block.assert_ended()
    assert block.saw("createPod") == 1


def test_an_error_while_the_pod_is_waited_for_carries_its_id(block: Block) -> None:
    block.simulator.faults.add("list", "status_401")
    with pytest.raises(AuthenticationError) as caught:
        block.run(lambda _: pytest.fail("nobody may look"))
    assert [caught.value.pod_id] == list(block.simulator.pods)
    block.assert_ended()


def test_what_the_block_raises_goes_on_unchanged(block: Block) -> None:
    error = LookupError("mine")

    def fail(_: Pod) -> None:
        raise error

    with pytest.raises(LookupError) as caught:
        block.run(fail)
    assert caught.value is error
    assert (error.__cause__, error.__context__) == (None, None)
    block.assert_ended()


def test_a_pod_that_fails_is_deleted(block: Block) -> None:
    block.simulator.faults.add("create", "pod_fails")
    with pytest.raises(PodFailedError, match="FAILED") as caught:
        block.run(lambda _: pytest.fail("there is no pod"))
    assert caught.value.pod_id in block.simulator.pods
    block.assert_ended()


def test_a_pod_that_does_not_come_in_time_is_deleted(block: Block) -> None:
    block.simulator.faults.add("create", "pod_stuck")
    with pytest.raises(WaitTimeoutError, match="within 100 seconds") as caught:
        block.run(lambda _: pytest.fail("there is no pod"), timeout=100)
    assert caught.value.pod_id in block.simulator.pods
    block.assert_ended()


def test_a_pod_that_ends_in_the_block_is_no_error(block: Block) -> None:
    block.run(lambda pod: block.simulator.pods[str(pod.id)].delete())
    block.assert_ended()


def test_a_pod_that_is_forgotten_in_the_block_is_no_error(block: Block) -> None:
    def forget(pod: Pod) -> None:
        block.simulator.pods[str(pod.id)].delete()
        block.simulator.advance(100_000)

    block.run(forget)
    block.assert_ended(0)


def test_a_create_that_is_refused_leaves_nothing_to_delete(block: Block) -> None:
    block.simulator.faults.add("create", "status_422")
    with pytest.raises(InvalidRequestError):
        block.run()
    assert [request.operation for request in block.simulator.requests] == ["createPod"]


def test_a_create_whose_answer_is_lost_is_a_pod_like_any_other(block: Block) -> None:
    block.simulator.faults.add("create", "reset_after")
    assert block.run(block.status) == "RUNNING"
    block.assert_ended()


def test_a_create_of_which_nobody_knows_says_how_to_find_the_pod(block: Block) -> None:
    block.simulator.faults.add("create", "list_lags", seconds=1000.0)

    def break_off(operation: str, _: httpx2.Response) -> httpx2.Response | None:
        return httpx2.Response(500) if operation == "createPod" else None

    with pytest.raises(CreateOutcomeUnknownError) as caught:
        block.run(client={"transport": Meddling(block.simulator, break_off)})
    (pod,) = block.simulator.pods.values()
    assert {"key": TOKEN_VARIABLE, "value": caught.value.create_token} in pod.document["environmentVars"]


def test_a_pod_that_is_never_listed_is_deleted(block: Block) -> None:
    block.simulator.faults.add("create", "list_lags", seconds=1000.0)
    with pytest.raises(NotFoundError, match="not in the list for 60 seconds"):
        block.run()
    block.assert_ended()


@pytest.mark.parametrize(
    ("options", "status", "ready"),
    [
        ({}, "RUNNING", False),
        ({"expose": [22]}, "RUNNING", True),
        ({"expose": [(8000, "HTTP")]}, "RUNNING", False),
        ({"expose": [(8000, "HTTP")], "port": 8000}, "RUNNING", True),
        ({"expose": [(8000, "HTTP")], "until": "running"}, "RUNNING", False),
        ({"expose": [22], "until": "running"}, "RUNNING", False),
        ({"expose": [(8000, "HTTP"), (2222, "SSH")]}, "RUNNING", True),
    ],
)
def test_it_waits_until_ready_where_there_is_something_to_be_ready(
    block: Block, options: dict[str, Any], status: str, ready: bool
) -> None:
    pod = block.run(lambda pod: pod, **options)
    assert str(pod.status) == status
    assert all(bool(entry.healthy) is ready for entry in pod.expose)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"until": "terminated"}, "until"),
        ({"until": "soon"}, "until"),
        ({"timeout": -1}, "timeout"),
        ({"port": 0}, "port"),
        ({"port": 8000, "until": "running"}, "port"),
        ({"gpu_count": "two"}, "gpu_count"),
        ({"max_lifetime": 0, "guard": False}, "max_lifetime"),
        ({"max_hourly_price": "cheap"}, "max_hourly_price"),
        ({"max_hourly_price": "1_5"}, "max_hourly_price"),
        ({"max_cost": 1, "guard": False}, "guard"),
        ({"guard": "detached", "max_lifetime": 60}, "guard"),
        ({"guard": "always"}, "guard"),  # as below
        ({"guard": 1}, "guard"),
        ({"guard": None}, "guard"),
        ({"create_token": ""}, "create_token"),
        ({"environment_vars": {LEASE_VARIABLE: "x"}}, None),
        ({"max_lifetime": 60}, "guard"),  # another process could not use this transport
        ({"max_cost": 1}, "guard"),
        ({"max_lifetime": 60, "create_token": None}, "create_token"),
    ],
)
def test_what_cannot_be_right_is_said_before_anything_is_sent(
    block: Block, options: dict[str, Any], argument: str | None
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        block.run(**options)
    assert argument in {None, caught.value.argument}
    gc.collect()  # and nobody is told besides that it was never entered
    assert list(block.simulator.requests) == []


def test_on_change_is_told_how_the_pod_comes(block: Block) -> None:
    told: list[tuple[str, bool]] = []
    block.run(on_change=lambda pod: told.append((str(pod.status), pod.is_ready)), expose=[22])
    assert told == [("INITIALIZE", False), ("RUNNING", False), ("RUNNING", True)]


def test_an_asynchronous_on_change_is_awaited(ablock: Block) -> None:
    told = []

    async def tell(pod: Pod) -> None:
        await anyio.lowlevel.checkpoint()
        told.append(str(pod.status))

    ablock.run(on_change=tell)
    assert told == ["INITIALIZE", "RUNNING"]


def test_a_pod_whose_on_change_raises_is_deleted(block: Block) -> None:
    def fail(_: Pod) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        block.run(on_change=fail)
    block.assert_ended()


def test_one_that_is_never_entered_is_warned_of(block: Block) -> None:
    make = YottaLabs if block.kind == "sync" else AsyncYottaLabs
    yotta: Any = make(KEY, transport=block.simulator.transport, clock=block.simulator.clock)
    temporary: Any = yotta.pods.temporary(**REQUEST)
    assert temporary is not None
    with pytest.warns(RuntimeWarning, match=r"never entered, and no pod was created"):
        temporary = None  # CPython lets go of it at once
    assert list(block.simulator.requests) == []


def test_one_that_is_entered_twice_makes_no_second_pod(simulator: Simulator) -> None:
    with YottaLabs(KEY, transport=simulator.transport, clock=simulator.clock) as yotta:
        temporary = yotta.pods.temporary(**REQUEST)
        with temporary as pod:
            with pytest.raises(InvalidArgumentError, match="entered before"), temporary:
                pass
            assert simulator.pods[str(pod.id)].is_live
        with pytest.raises(InvalidArgumentError, match="entered before"), temporary:
            pass
    Block("sync", simulator).assert_ended()


def test_an_asynchronous_one_that_is_entered_twice_makes_no_second_pod(ablock: Block) -> None:
    async def main() -> None:
        simulator = ablock.simulator
        async with AsyncYottaLabs(KEY, transport=simulator.transport, clock=simulator.clock) as yotta:
            temporary = yotta.pods.temporary(**REQUEST)
            async with temporary as pod:
                with pytest.raises(InvalidArgumentError, match="entered before"):
                    await temporary.__aenter__()
                assert simulator.pods[str(pod.id)].is_live

    ablock.go(main)
    ablock.assert_ended()


def test_one_in_another_ends_before_it(block: Block) -> None:
    def nest(outer: Pod) -> None:
        def fail(inner: Pod) -> None:
            found.append(inner)
            assert block.status(outer) == block.status(inner) == "RUNNING"
            raise LookupError

        found: list[Pod] = []
        with pytest.raises(LookupError):
            Block("sync", block.simulator).run(fail)
        assert block.status(found[0]) in ENDED
        assert block.status(outer) == "RUNNING"

    block.run(nest)
    block.assert_ended(2)


def test_its_token_and_its_lease_are_in_the_environment_of_the_pod(block: Block) -> None:
    def look(pod: Pod) -> tuple[Any, Pod]:
        return block.simulator.pods[str(pod.id)].document["environmentVars"], pod

    variables, pod = block.run(look, environment_vars={"A": "1"}, max_lifetime=600, guard=False)
    assert [entry["key"] for entry in variables] == ["A", TOKEN_VARIABLE, LEASE_VARIABLE]
    assert pod.environment_vars == {"A": "1"}
    lease = Lease.read(pod.lease or "")
    assert lease is not None
    assert lease.owner == Owner.current()
    assert lease.expires is not None
    created = next(request for request in block.simulator.requests if request.operation == "createPod")
    began = block.simulator.clock.date().timestamp() - block.simulator.clock.monotonic()
    assert lease.expires.timestamp() == pytest.approx(began + created.at + 600)
    assert pod.create_token == variables[1]["value"]


def test_without_a_lifetime_the_lease_is_as_long_as_its_owner_lives(block: Block) -> None:
    lease = Lease.read(block.run(lambda pod: pod.lease))
    assert lease is not None
    assert lease.expires is None


# --- When the delete does not go as it should -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["status_500_before", "status_503_after", "reset_before", "status_404", "status_409"])
def test_a_delete_that_fails_for_a_while_is_done_again(block: Block, fault: str) -> None:
    block.simulator.faults.add("delete", fault, times=5)
    block.run()
    block.assert_ended()


def pretend(operation: str, _: httpx2.Response) -> httpx2.Response | None:
    """Says of each delete that it was done."""
    return envelope(None) if operation == "deletePod" else None


def test_a_delete_is_believed_only_when_the_list_shows_it(block: Block) -> None:
    block.simulator.faults.add("delete", "status_500_before", times=3)
    block.run(client={"transport": Meddling(block.simulator, pretend)})
    block.assert_ended()
    assert block.saw("deletePod") == 4
    assert [request.operation for request in block.simulator.requests][-1] == "listPods"


def test_a_list_that_fails_for_a_while_does_not_hide_the_end(block: Block) -> None:
    def fail(_: Pod) -> None:
        block.simulator.faults.add("list", "status_500_before", times=4)

    block.run(fail)
    block.assert_ended()


@pytest.mark.parametrize(
    ("fault", "reason"), [("status_503_before", ServerError), ("status_403", PermissionDeniedError)]
)
@pytest.mark.parametrize("is_failing", [True, False])
def test_a_pod_that_cannot_be_deleted_is_told_of_with_the_way_to_do_it_by_hand(
    block: Block, fault: str, reason: type[Exception], is_failing: bool
) -> None:
    error = LookupError("mine")

    def body(_: Pod) -> None:
        if is_failing:
            raise error

    block.simulator.faults.add("delete", fault, probability=1.0)
    with pytest.raises(PodNotDeletedError) as caught:
        block.run(body)
    (pod_id,) = block.simulator.pods
    assert (caught.value.pod_id, caught.value.pod_ids) == (pod_id, (pod_id,))
    assert f"pod {pod_id} may still run and cost money" in str(caught.value)
    assert "delete it by hand: printf 'x-api-key: %s' \"$YOTTA_API_KEY\" | curl -X DELETE -H @- " in str(caught.value)
    assert KEY not in str(caught.value).replace("x-api-key", "")
    if is_failing:
        assert caught.value.__cause__ is error
    else:
        assert isinstance(caught.value.__cause__, reason)


def test_a_pod_that_does_not_come_and_cannot_be_deleted_keeps_both_errors(block: Block) -> None:
    block.simulator.faults.add("create", "pod_fails")
    block.simulator.faults.add("delete", "status_503_before", probability=1.0)
    with pytest.raises(PodNotDeletedError) as caught:
        block.run()
    assert isinstance(caught.value.__cause__, PodFailedError)


def test_a_pod_that_the_list_still_shows_running_is_told_of(block: Block) -> None:
    block.simulator.faults.add("delete", "status_500_before", probability=1.0)
    with pytest.raises(PodNotDeletedError, match="still runs and costs money, by the list of pods, although"):
        block.run(client={"transport": Meddling(block.simulator, pretend)})


def test_a_list_that_never_comes_leaves_the_end_unknown(block: Block) -> None:
    with pytest.raises(PodNotDeletedError, match="the API took the delete, but the list of pods does not tell"):
        block.run(lambda _: block.simulator.faults.add("list", "status_500_before", probability=1.0))


@pytest.mark.needs("sh", "curl")
@pytest.mark.parametrize("key", [KEY, 'it\'s"$HOME"%s\\n*`id`!{1,2}'])
def test_the_command_by_hand_deletes_the_pod(block: Block, key: str) -> None:
    simulator = block.simulator
    block.key = key
    simulator.faults.add("delete", "status_403", probability=1.0)
    with simulator.serve() as base_url:
        with pytest.raises(PodNotDeletedError) as caught:
            block.run(client={"base_url": f"{base_url}/"})
        simulator.faults.clear()
        (pod,) = simulator.pods.values()
        assert pod.is_live
        command = str(caught.value).partition("delete it by hand: ")[2]
        variables = {**os.environ, "YOTTA_API_KEY": key}
        done = subprocess.run(["sh", "-c", command], env=variables, capture_output=True, check=True, text=True)
    assert json.loads(done.stdout)["code"] == 10000
    assert pod.status in ENDED


def test_the_command_by_hand_is_one_of_any_address() -> None:
    base_url = "https://host/it's?$HOME"
    words = shlex.split(by_hand(Settings("a-key", base_url), "12"))
    assert words[-1] == f"{base_url}/openapi/v1/pods/12"


# --- When something happens at a moment of it -------------------------------------------------------------------------

MOMENTS = ["creating", "waiting", "running", "inside", "about to delete", "deleting", "looking"]
OPERATIONS = {"creating": "createPod", "deleting": "deletePod", "looking": "listPods"}


def at(moment: str, block: Block, action: Callable[[], object], *, times: int = 1) -> dict[str, Any]:
    """What lets something happen in a block, so many times.

    Args:
        moment: While the pod is created, or waited for, or seen to run, or inside of the block; before the request to
            delete it has had an effect, and after; while the list is looked at then.
        block: The block.
        action: What happens.
        times: How many times, where more than once is possible.
    """
    left = [times]

    def act() -> None:
        if left[0] > 0:
            left[0] -= 1
            action()

    def meddle(operation: str, _: httpx2.Response) -> None:
        if operation == OPERATIONS[moment] and (moment != "looking" or block.saw("deletePod")):
            act()

    async def stay() -> None:
        act()
        await anyio.sleep_forever()

    if moment == "waiting":
        return {"on_change": lambda _: act()}
    if moment == "running":
        return {"on_change": lambda pod: act() if pod.is_running else None}
    if moment == "about to delete":
        transport = Meddling(block.simulator, before=lambda request: act() if request.method == "DELETE" else None)
        return {"client": {"transport": transport}}
    if moment != "inside":
        return {"client": {"transport": Meddling(block.simulator, meddle)}}
    return {"body": lambda _: act() if block.kind == "sync" else stay()}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("moment", MOMENTS)
def test_the_pod_of_a_task_that_is_cancelled_ends(simulator: Simulator, moment: str, times: int) -> None:
    block = Block("asyncio", simulator)

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(asyncio.CancelledError):
            await block.arun(**at(moment, block, task.cancel, times=times))
        block.assert_ended()  # before anything else is done by anybody
        while task.uncancel():
            pass

    asyncio.run(main())


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_pod_of_a_task_whose_time_is_over_ends(simulator: Simulator, moment: str) -> None:
    block = Block("asyncio", simulator)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as limit:
                await block.arun(**at(moment, block, lambda: limit.reschedule(-1)))
        block.assert_ended()

    asyncio.run(main())


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_pod_of_a_scope_that_is_cancelled_ends(ablock: Block, moment: str) -> None:
    async def main() -> None:
        with anyio.CancelScope() as scope:
            await ablock.arun(**at(moment, ablock, scope.cancel))
        ablock.assert_ended()
        assert scope.cancelled_caught is (moment in {"creating", "waiting", "inside"})  # or nothing was left to cancel

    ablock.go(main)


def test_the_pods_of_all_tasks_of_a_group_end_when_one_of_them_fails(ablock: Block) -> None:
    async def stay(started: anyio.Event) -> None:
        async def body(_: Pod) -> None:
            started.set()
            await anyio.sleep_forever()

        await ablock.arun(body)

    async def main() -> None:
        started = [anyio.Event() for _ in range(5)]
        with pytest.raises(ExceptionGroup) as caught:
            async with anyio.create_task_group() as group:
                for event in started:
                    group.start_soon(stay, event)
                for event in started:
                    await event.wait()
                raise LookupError
        assert caught.group_contains(LookupError)

    ablock.go(main)
    ablock.assert_ended(5)


def test_a_pod_that_cannot_be_deleted_is_told_of_though_the_task_was_cancelled(simulator: Simulator) -> None:
    block = Block("asyncio", simulator)
    simulator.faults.add("delete", "status_403", probability=1.0)

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(PodNotDeletedError) as caught:
            await block.arun(**at("inside", block, task.cancel))
        assert isinstance(caught.value.__cause__, asyncio.CancelledError)
        task.uncancel()

    asyncio.run(main())


# --- Signals ----------------------------------------------------------------------------------------------------------


def ends_with(number: signal.Signals) -> Any:
    """What ends the program when a signal comes."""
    return pytest.raises(KeyboardInterrupt if number is signal.SIGINT else SystemExit)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", SIGNALS)
def test_the_pod_of_a_program_that_a_signal_ends_ends(
    signalled: Block, number: signal.Signals, moment: str, times: int
) -> None:
    if number is signal.SIGINT and times > 2 and signalled.kind == "asyncio":
        times = 2  # what a third does is asyncio's: it ends the program without its tasks
    with ends_with(number) as caught:
        signalled.run(**at(moment, signalled, lambda: signal.raise_signal(number), times=times))
    if number is signal.SIGTERM:
        assert getattr(caught.value, "code", None) == 143
    signalled.assert_ended()


@HANGUP
@pytest.mark.parametrize("moment", ["waiting", "inside", "deleting"])
def test_the_pod_of_a_program_whose_terminal_is_closed_ends(signalled: Block, moment: str) -> None:
    with pytest.raises(SystemExit) as caught:
        signalled.run(**at(moment, signalled, lambda: signal.raise_signal(signal.SIGHUP)))
    assert caught.value.code == 129
    signalled.assert_ended()


@HANGUP
def test_a_program_that_ignores_the_end_of_its_terminal_goes_on(signalled: Block) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signalled.run(lambda _: signal.raise_signal(signal.SIGHUP))
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signalled.assert_ended()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_the_pod_is_created_waits_until_its_id_is_known(
    signalled: Block, number: signal.Signals
) -> None:
    """Nothing has to be looked for, then: only a look at the end of the pod is in the list of requests."""
    if signalled.kind == "asyncio":
        pytest.skip("a task that is cancelled does not wait")
    with ends_with(number):
        signalled.run(**at("creating", signalled, lambda: signal.raise_signal(number)))
    assert [request.operation for request in signalled.simulator.requests] == ["createPod", "deletePod", "listPods"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_wait_at_once(signalled: Block, number: signal.Signals) -> None:
    with ends_with(number):
        signalled.run(**at("waiting", signalled, lambda: signal.raise_signal(number)))
    operations = [request.operation for request in signalled.simulator.requests]
    assert operations == ["createPod", "listPods", "deletePod", "listPods"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_every_pod_that_is_held(signalled: Block, number: signal.Signals) -> None:
    def nest(_: Pod) -> None:
        signalled.run(lambda _: signal.raise_signal(number))

    async def anest(_: Pod) -> None:
        await signalled.arun(**at("inside", signalled, lambda: signal.raise_signal(number)))

    with ends_with(number):
        signalled.run(nest if signalled.kind == "sync" else anest)
    signalled.assert_ended(2)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_pods_of_all_tasks(simulator: Simulator, number: signal.Signals) -> None:
    block = Block("asyncio", simulator)

    async def main() -> None:
        inside = [asyncio.Event() for _ in range(3)]

        async def stay(event: asyncio.Event) -> None:
            event.set()
            await anyio.sleep_forever()

        async with asyncio.TaskGroup() as group:
            for event in inside:
                group.create_task(block.arun(lambda _, event=event: stay(event)))  # type: ignore[misc]  # a default
            for event in inside:
                await event.wait()
            signal.raise_signal(number)

    with ends_with(number):
        asyncio.run(main())
    gc.collect()  # what asyncio says of a task whose end nobody awaits, it says here
    block.assert_ended(3)


def test_trio_ends_the_pod_when_it_is_interrupted(simulator: Simulator) -> None:
    block = Block("trio", simulator)
    with pytest.raises(KeyboardInterrupt):
        block.run(**at("inside", block, lambda: signal.raise_signal(signal.SIGINT)))
    block.assert_ended()


def test_the_default_handlers_alone_are_replaced_and_only_as_long_as_there_is_a_pod(signalled: Block) -> None:
    inside = signalled.run(lambda _: signal.getsignal(signal.SIGTERM))
    assert inside is not signal.SIG_DFL
    for handler in (signal.SIG_IGN, lambda *_: None):
        signal.signal(signal.SIGTERM, handler)
        assert signalled.run(lambda _: signal.getsignal(signal.SIGTERM)) is handler
        assert signal.getsignal(signal.SIGTERM) is handler
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_a_handler_that_is_set_in_the_block_stays(signalled: Block) -> None:
    def mine(*_: object) -> None:
        pass

    signalled.run(lambda _: signal.signal(signal.SIGTERM, mine))
    assert signal.getsignal(signal.SIGTERM) is mine
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_the_handlers_stay_until_the_last_pod_has_ended(simulator: Simulator) -> None:
    with YottaLabs(KEY, transport=simulator.transport, clock=simulator.clock) as yotta:
        first, second = yotta.pods.temporary(**REQUEST), yotta.pods.temporary(**REQUEST)
        first.__enter__()
        second.__enter__()
        ours = signal.getsignal(signal.SIGTERM)
        first.__exit__(None, None, None)
        assert signal.getsignal(signal.SIGTERM) == ours
        with pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        second.__exit__(None, None, None)
    Block("sync", simulator).assert_ended(2)


@pytest.mark.parametrize("fault", ["pod_fails", "status_422", "reset_after"])
def test_the_handlers_are_put_back_however_it_ends(signalled: Block, fault: str) -> None:
    signalled.simulator.faults.add("create", fault)
    signalled.simulator.faults.add("delete", "status_403", probability=1.0)
    with pytest.raises(Exception, match="pod|invalid"):
        signalled.run()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_in_another_thread_no_handler_is_touched(block: Block) -> None:
    seen: list[Any] = []

    def look(_: Pod) -> None:
        seen.append([signal.getsignal(number) for number in SIGNALS])

    thread = threading.Thread(target=block.run, args=(look,))
    thread.start()
    thread.join()
    assert seen == [[signal.default_int_handler, signal.SIG_DFL]]
    block.assert_ended()


def test_a_signal_in_the_main_thread_leaves_the_pods_of_other_threads_alone(simulator: Simulator) -> None:
    block = Block("sync", simulator)
    is_inside, may_leave = threading.Event(), threading.Event()

    def stay(_: Pod) -> None:
        is_inside.set()
        may_leave.wait()

    thread = threading.Thread(target=block.run, args=(stay,))
    thread.start()
    is_inside.wait()
    with pytest.raises(KeyboardInterrupt):
        block.run(lambda _: signal.raise_signal(signal.SIGINT))
    assert sorted(pod.is_live for pod in simulator.pods.values()) == [False, True]
    may_leave.set()
    thread.join()
    block.assert_ended(2)


class Stepwise:
    """Lets a signal come at one step of this package's work: where Python looks for signals, as a function begins and
    as one that is not Python's returns.

    Attributes:
        steps: How many there have been.
    """

    def __init__(self, number: signal.Signals, step: int | None) -> None:
        self.steps = 0
        self.has_come = False
        self._number = number
        self._step = step
        self._folder = str(Path(yottalabs.__file__).parent)

    def __enter__(self) -> Self:
        sys.setprofile(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _look(self, frame: FrameType, event: str, _: object) -> None:
        if event not in {"call", "c_return"} or not frame.f_code.co_filename.startswith(self._folder):
            return
        if frame.f_code.co_name == "__del__":
            return  # of a block before, whenever that is collected: Python lets nothing out that is raised there
        handler = signal.getsignal(self._number)
        if not callable(handler) or handler is signal.default_int_handler:
            return  # there is no pod yet, or no longer, and the program ends at once
        self.steps += 1
        if self.steps == self._step:
            self.has_come = True
            # Called as Python calls it, but that this function is not in between: what raises in it raises there.
            handler(self._number, frame)


def steps_of(block: Block) -> int:
    with Stepwise(signal.SIGTERM, None) as stepwise:
        block.run()
    assert stepwise.steps > 100
    return stepwise.steps


def interrupt_at(kind: str, number: signal.Signals, step: int) -> str | None:
    """What is wrong after a signal at a step."""
    block = Block(kind, Simulator())
    ending: BaseException | None = None
    with Stepwise(number, step) as stepwise:
        try:
            block.run()
        except BaseException as error:  # noqa: BLE001  # whatever it is, that it is right is looked at below
            ending = error
    live = [pod for pod in block.simulator.pods.values() if pod.is_live]
    if live:
        return f"step {step}: {live} lives"
    if signal.getsignal(number) not in {signal.SIG_DFL, signal.default_int_handler}:
        return f"step {step}: the handler was not put back"
    if stepwise.has_come and getattr(ending, "code", None) != 143:
        return f"step {step}: the signal became {ending!r}"
    return None


def assert_ended_at(kind: str, steps: list[int]) -> None:
    problems = [problem for step in steps if (problem := interrupt_at(kind, signal.SIGTERM, step)) is not None]
    assert problems == []


def test_a_signal_at_any_step_ends_the_program_and_the_pod(signalled: Block) -> None:
    steps = steps_of(signalled)
    chosen = random.Random(4).sample(range(1, steps + 1), 40)
    assert_ended_at(signalled.kind, [*chosen, 1, 2, 3, *range(steps - 30, steps + 1)])


@pytest.mark.long
def test_a_signal_at_very_many_steps_ends_the_program_and_the_pod(signalled: Block) -> None:
    assert_ended_at(signalled.kind, random.Random(5).sample(range(1, steps_of(signalled) + 1), 120))


# --- What it may cost -------------------------------------------------------------------------------------------------

HOURLY = Decimal("0.6126")  # of an L4 with its volume


def without_prices(is_hidden: Callable[[dict[str, Any]], bool]) -> Callable[[str, httpx2.Response], Any]:
    """Lets lists say nothing of what some pods cost."""

    def meddle(operation: str, response: httpx2.Response) -> httpx2.Response | None:
        if operation != "listPods":
            return None
        pods = json.loads(response.read())["data"]
        for pod in filter(is_hidden, pods):
            del pod["singleCardPrice"]
        return envelope(pods)

    return meddle


def test_a_pod_within_its_price_is_one_like_any_other(block: Block) -> None:
    assert block.run(lambda pod: pod.hourly_price, max_hourly_price="0.6126") == HOURLY


def test_a_pod_that_is_too_dear_is_deleted_before_it_runs(block: Block) -> None:
    with pytest.raises(PriceLimitError, match=r"costs 0\.6126\d* in an hour; at most 0\.6 was allowed") as caught:
        block.run(lambda _: pytest.fail("it is too dear"), max_hourly_price=0.6)
    assert (caught.value.hourly_price, caught.value.max_hourly_price) == (HOURLY, Decimal("0.6"))
    assert caught.value.pod is not None
    assert caught.value.pod_id == caught.value.pod.id
    assert str(caught.value.pod.status) == "INITIALIZE"
    block.assert_ended()


def test_a_pod_of_unknown_price_is_deleted_when_it_runs(block: Block) -> None:
    transport = Meddling(block.simulator, without_prices(lambda _: True))
    with pytest.raises(PriceLimitError, match="does not say what the pod costs") as caught:
        block.run(lambda _: pytest.fail("nobody knows"), client={"transport": transport}, max_hourly_price=1000)
    assert caught.value.hourly_price is None
    assert caught.value.pod is not None
    assert caught.value.pod.is_running
    block.assert_ended()


def test_a_price_may_become_known_until_the_pod_runs(block: Block) -> None:
    transport = Meddling(block.simulator, without_prices(lambda pod: pod["status"] == "INITIALIZE"))
    block.run(client={"transport": transport}, max_hourly_price=1000)
    block.assert_ended()
    with pytest.raises(PriceLimitError):
        block.run(client={"transport": transport}, max_hourly_price=0.5)
    block.assert_ended(2)


# --- With a guard, which is another process: in real time -------------------------------------------------------------


@pytest.fixture
def guards(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Every guard that is started. None outlives the test, and each has ended by itself before."""
    processes: list[subprocess.Popen[bytes]] = []
    launch = _guard._launched

    def note(*arguments: Any) -> subprocess.Popen[bytes]:
        processes.append(launch(*arguments))
        return processes[-1]

    monkeypatch.setattr(_guard, "_launched", note)
    monkeypatch.setattr(_guard, "LOOK_SECONDS", 0.1)
    yield processes
    are_left = [process for process in processes if process.poll() is None]
    for process in are_left:
        process.kill()
        process.wait()
    assert are_left == []
    assert not _guard._guards


@pytest.fixture
def guarded(block: Block, guards: list[subprocess.Popen[bytes]]) -> Iterator[Callable[..., Any]]:
    """Runs a block over a socket, in real time."""
    assert guards == []
    block.simulator = Simulator(clock="real", times=Times(boot=0.0, healthy=0.0, terminate=0.1))
    with block.simulator.serve() as base_url:
        yield lambda body=lambda _: None, **options: block.run(
            body, client={"base_url": base_url, "transport": None, "clock": None}, **options
        )


def await_end(block: Block) -> Callable[[Pod], object]:
    """A body that goes on until its pod ends."""

    def stay(pod: Pod) -> None:
        end = time.monotonic() + 60
        while block.status(pod) not in ENDED:
            assert time.monotonic() < end, "nobody ended it"
            time.sleep(0.05)  # another process does, and tells nobody here

    return stay


@GUARDED
@pytest.mark.parametrize("block", ["sync"], indirect=True)
def test_the_guard_deletes_a_pod_whose_cost_is_reached(
    block: Block, guarded: Callable[..., Any], guards: list[subprocess.Popen[bytes]]
) -> None:
    guarded(await_end(block), max_cost=HOURLY * 5 / 3600)
    assert len(guards) == 1
    block.assert_ended()


@GUARDED
@pytest.mark.parametrize("block", ["asyncio"], indirect=True)
def test_the_guard_deletes_a_pod_whose_lifetime_is_over(
    block: Block, guarded: Callable[..., Any], guards: list[subprocess.Popen[bytes]]
) -> None:
    guarded(await_end(block), max_lifetime=5, max_cost=1000)
    assert len(guards) == 1
    block.assert_ended()


@GUARDED
@pytest.mark.parametrize("block", ["sync", "asyncio"], indirect=True)
@pytest.mark.parametrize("fault", [None, "status_422", "pod_fails", "reset_after"])
def test_the_guard_ends_with_the_block(
    block: Block, guarded: Callable[..., Any], guards: list[subprocess.Popen[bytes]], fault: str | None
) -> None:
    if fault is not None:
        block.simulator.faults.add("create", fault)
    expected = {"status_422": InvalidRequestError, "pod_fails": PodFailedError}.get(str(fault), LookupError)

    def fail(_: Pod) -> None:
        raise LookupError

    with pytest.raises(expected):
        guarded(fail, max_lifetime=600)
    assert [process.poll() for process in guards] == [0]
    block.assert_ended(0 if fault == "status_422" else 1)


@GUARDED
@pytest.mark.parametrize("block", ["sync"], indirect=True)
def test_a_guard_is_there_without_a_lifetime_where_it_always_is(
    block: Block, guarded: Callable[..., Any], guards: list[subprocess.Popen[bytes]]
) -> None:
    guarded(lambda _: [process.poll() for process in guards], guard="always")
    assert [process.poll() for process in guards] == [0]
    block.assert_ended()


@GUARDED
def test_a_guard_that_cannot_be_started_keeps_the_pod_from_being_created(
    block: Block, guarded: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(ConfigurationError, match="nothing was created"):
        guarded(max_lifetime=600)
    assert list(block.simulator.requests) == []


@GUARDED
@pytest.mark.parametrize("moment", ["starting", "releasing"])
def test_the_guard_of_a_task_that_is_cancelled_ends(
    guards: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    block = Block("asyncio", Simulator(clock="real", times=Times(boot=0.0, healthy=0.0, terminate=0.1)))
    function = {"starting": "_why_not_ready", "releasing": "_end"}[moment]
    work = getattr(_guard, function)

    async def main(base_url: str) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def cancel(*arguments: Any) -> Any:
            is_cancelled = threading.Event()
            loop.call_soon_threadsafe(task.cancel)
            loop.call_soon_threadsafe(is_cancelled.set)
            is_cancelled.wait()
            return work(*arguments)

        monkeypatch.setattr(_guard, function, cancel)
        with pytest.raises(asyncio.CancelledError):
            await block.arun(client={"base_url": base_url, "transport": None, "clock": None}, max_lifetime=600)
        task.uncancel()

    with block.simulator.serve() as base_url:
        asyncio.run(main(base_url))
    assert len(guards) == 1
    block.assert_ended(0 if moment == "starting" else 1)
