from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest
from yottalabs import (
    APIConnectionError,
    AuthenticationError,
    InvalidArgumentError,
    NotFoundError,
    Pod,
    PodFailedError,
    ServerError,
    WaitTimeoutError,
    YottaLabs,
    YottaLabsError,
)

from support import contract
from support.scripted import Scripted, VirtualClock, envelope

Client = Callable[..., Any]
SSH = {"port": 22, "protocol": "SSH", "host": "h", "proxyPort": 1, "healthy": False}
HTTP = {"port": 8000, "protocol": "HTTP", "host": "h", "proxyPort": 2, "healthy": False}


def pod(status: Any, *expose: Any, **changes: Any) -> list[dict[str, Any]]:
    other = {**contract.documented_pod(), "id": "other", "status": "RUNNING"}
    return [other, {**contract.documented_pod(), "id": "1", "status": status, "expose": list(expose), **changes}]


def healthy(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "healthy": True}


def test_ready_means_running_with_a_healthy_ssh_port(client: Client) -> None:
    transport = Scripted(
        pod("INITIALIZE", SSH),
        pod("INITIALIZE", healthy(SSH)),
        pod("RUNNING", SSH, healthy(HTTP)),
        pod("RUNNING", healthy(SSH)),
    )
    found = client(transport).pods.wait("1")
    assert found.is_ready
    assert len(transport.requests) == 4


def test_ready_can_look_at_another_port(client: Client) -> None:
    transport = Scripted(pod("RUNNING", healthy(SSH), HTTP), pod("RUNNING", SSH, healthy(HTTP)))
    client(transport).pods.wait("1", port=8000)
    assert len(transport.requests) == 2


def test_running_does_not_look_at_ports(client: Client) -> None:
    assert client(Scripted(pod("INITIALIZE"), pod("RUNNING"))).pods.wait("1", until="running").is_running


@pytest.mark.parametrize("expose", [[], [HTTP], [{"port": 22, "protocol": "TCP"}]])
@pytest.mark.parametrize("status", ["INITIALIZE", "RUNNING"])
def test_a_pod_that_exposes_no_such_port_is_an_error_at_once(client: Client, status: str, expose: Any) -> None:
    transport = Scripted(pod(status, *expose))
    with pytest.raises(InvalidArgumentError, match="no exposed SSH port") as caught:
        client(transport).pods.wait("1")
    assert caught.value.pod_id == "1"
    assert len(transport.requests) == 1


def test_a_port_that_speaks_nothing_in_particular_is_ssh_if_it_is_22(client: Client) -> None:
    assert client(Scripted(pod("RUNNING", {"port": 22, "healthy": True}))).pods.wait("1").is_ready


def test_ports_that_are_not_told_yet_may_still_come(client: Client) -> None:
    later = [pod("INITIALIZE", expose=None), pod("INITIALIZE", expose="?"), pod("RUNNING", healthy(SSH))]
    del later[1][1]["expose"]
    assert client(Scripted(*later)).pods.wait("1").is_ready
    with pytest.raises(InvalidArgumentError):
        client(Scripted(pod("RUNNING", expose=None))).pods.wait("1")


@pytest.mark.parametrize("until", ["ready", "running"])
@pytest.mark.parametrize("status", ["TERMINATING", "TERMINATED", "FAILED", "terminated"])
def test_a_pod_that_ends_ends_the_wait_at_once(client: Client, clock: VirtualClock, until: str, status: str) -> None:
    with pytest.raises(PodFailedError, match="it was to be") as caught:
        client(Scripted(pod(status, SSH))).pods.wait("1", until=until)
    assert caught.value.pod is not None
    assert caught.value.pod.raw["status"] == status
    assert caught.value.pod_id == "1"
    assert clock.slept == []


def test_terminated_waits_until_the_pod_has_ended(client: Client) -> None:
    transport = Scripted(pod("RUNNING"), pod("TERMINATING"), pod("FAILED"), pod("TERMINATED"))
    assert str(client(transport).pods.wait("1", until="terminated").status) == "TERMINATED"
    assert len(transport.requests) == 4


def test_a_pod_that_is_gone_from_two_lists_has_terminated(client: Client) -> None:
    transport = Scripted(pod("TERMINATING"), [], pod("TERMINATING"), [], [])
    assert client(transport).pods.wait("1", until="terminated").raw["status"] == "TERMINATING"
    assert len(transport.requests) == 5


def test_a_pod_that_is_gone_while_something_else_is_waited_for_is_an_error(client: Client) -> None:
    transport = Scripted(pod("INITIALIZE", SSH), [], [])
    with pytest.raises(PodFailedError, match="gone from the list") as caught:
        client(transport).pods.wait("1")
    assert caught.value.pod is not None
    assert len(transport.requests) == 3


def test_a_list_that_says_nothing_is_no_sign_that_the_pod_is_gone(client: Client) -> None:
    transport = Scripted(pod("TERMINATING"), None, None, None, pod("TERMINATED"))
    assert str(client(transport).pods.wait("1", until="terminated").status) == "TERMINATED"


def test_a_list_that_says_nothing_for_a_minute_is_taken_for_an_empty_one(client: Client, clock: VirtualClock) -> None:
    start = clock.now
    client(Scripted({}, None)).pods.delete("1", wait=True)
    assert 60 <= clock.now - start < 90
    with pytest.raises(NotFoundError):
        client(Scripted(None)).pods.wait("1")


@pytest.mark.parametrize(
    "unreadable",
    [[{"id": 331864222263676928.0, "status": "RUNNING"}], [{"status": "RUNNING"}], ["x"], [None], [*pod("RUNNING"), 5]],
)
def test_an_entry_that_cannot_be_read_is_no_sign_that_the_pod_is_gone(client: Client, unreadable: Any) -> None:
    with pytest.raises(WaitTimeoutError):
        client(Scripted(unreadable)).pods.wait(Pod({"id": "0"}), until="terminated")
    with pytest.raises(WaitTimeoutError):
        client(Scripted({}, unreadable)).pods.delete("0", wait=True)


def test_a_pod_that_was_never_listed_is_given_a_minute(client: Client, clock: VirtualClock) -> None:
    start = clock.now

    def lagging(_: Any) -> Any:
        return pod("RUNNING", healthy(SSH)) if clock.now - start > 50 else []

    assert client(Scripted(lagging)).pods.wait("1").is_ready
    with pytest.raises(NotFoundError, match="was not in the list for 60 seconds") as caught:
        client(Scripted([])).pods.wait("1")
    assert caught.value.pod_id == "1"
    with pytest.raises(NotFoundError):
        client(Scripted([])).pods.wait("1", until="terminated")


def test_a_pod_object_was_seen_before(client: Client) -> None:
    transport = Scripted([], [])
    seen = Pod({"id": "1", "status": "RUNNING"})
    assert client(transport).pods.wait(seen, until="terminated") is seen
    assert len(transport.requests) == 2


def test_the_wait_ends_in_time_and_keeps_the_pod(client: Client, clock: VirtualClock) -> None:
    start = clock.now
    with pytest.raises(WaitTimeoutError, match="still INITIALIZE; it was to be ready within 100 seconds") as caught:
        client(Scripted(pod("INITIALIZE", SSH))).pods.wait("1", timeout=100)
    assert 98 <= clock.now - start <= 100  # a last look has the rest of the time
    assert caught.value.pod is not None
    assert caught.value.pod_id == "1"


def test_a_pod_that_runs_but_is_not_ready_is_told_apart(client: Client) -> None:
    with pytest.raises(WaitTimeoutError, match="still RUNNING, not ready"):
        client(Scripted(pod("RUNNING", SSH))).pods.wait("1", timeout=10)
    with pytest.raises(WaitTimeoutError, match="was not seen in the list; it was to be ready within 10 seconds"):
        client(Scripted([])).pods.wait("1", timeout=10)


def test_looking_becomes_rarer_while_nothing_changes_and_frequent_again_after_a_change(
    client: Client, clock: VirtualClock
) -> None:
    steps = [pod("INITIALIZE", SSH)] * 20 + [pod("RUNNING", SSH)] + [pod("RUNNING", healthy(SSH))]
    client(Scripted(*steps)).pods.wait("1")
    assert clock.slept[0] < 1.3
    assert 8 <= clock.slept[19] <= 12
    assert clock.slept[20] < 1.3
    assert len({round(pause, 6) for pause in clock.slept}) > 15  # jitter


def test_on_change_is_told_of_every_change(client: Client) -> None:
    told: list[tuple[str, bool]] = []
    steps = [pod("INITIALIZE", SSH)] * 3 + [pod("RUNNING", SSH)] * 2 + [pod("RUNNING", healthy(SSH))]
    client(Scripted(*steps)).pods.wait("1", on_change=lambda seen: told.append((str(seen.status), seen.is_ready)))
    assert told == [("INITIALIZE", False), ("RUNNING", False), ("RUNNING", True)]


def test_on_change_is_told_of_the_change_that_ends_the_wait(client: Client) -> None:
    told: list[str] = []
    with pytest.raises(PodFailedError):
        client(Scripted(pod("INITIALIZE", SSH), pod("FAILED"))).pods.wait(
            "1", on_change=lambda seen: told.append(str(seen.status))
        )
    assert told == ["INITIALIZE", "FAILED"]


def test_on_change_is_told_of_the_first_sight_of_a_pod_object_too(client: Client) -> None:
    told: list[Pod] = []
    (_, seen) = map(Pod, pod("RUNNING"))
    client(Scripted(pod("RUNNING"))).pods.wait(seen, until="running", on_change=told.append)
    assert told == [seen]


def test_an_asynchronous_on_change_is_awaited_where_that_is_possible(client: Client, make: Any) -> None:
    told: list[str] = []

    async def tell(seen: Pod) -> None:
        await anyio.lowlevel.checkpoint()
        told.append(str(seen.status))

    def wait() -> None:
        client(Scripted(pod("RUNNING"))).pods.wait("1", until="running", on_change=tell)

    if make is YottaLabs:
        with pytest.raises(InvalidArgumentError, match="on_change is asynchronous"):
            wait()
        assert told == []
    else:
        wait()
        assert told == ["RUNNING"]


@pytest.mark.parametrize(("timeout", "at_least"), [(100, 1.9), (1, 0.09)])
def test_the_last_look_has_time_to_succeed(client: Client, timeout: float, at_least: float) -> None:
    left: list[float] = []

    def look(request: httpx2.Request) -> Any:
        left.append(request.extensions["timeout"]["read"])
        return pod("INITIALIZE", SSH)

    with pytest.raises(WaitTimeoutError):
        client(Scripted(look)).pods.wait("1", timeout=timeout)
    assert at_least <= min(left) <= 2.1


def test_two_hiccups_far_apart_do_not_end_the_wait(client: Client, clock: VirtualClock) -> None:
    start = clock.now
    hiccups = iter([40, 130])
    due = [next(hiccups)]

    def look(_: Any) -> Any:
        if clock.now - start > due[0]:
            due[0] = next(hiccups, 10**6)
            raise httpx2.ConnectError("refused")
        return pod("RUNNING", healthy(SSH)) if clock.now - start > 200 else pod("INITIALIZE", SSH)

    assert client(Scripted(look)).pods.wait("1").is_ready


def test_a_wait_looks_again_within_a_minute_however_long_it_is_told_to_keep_away(
    client: Client, clock: VirtualClock
) -> None:
    away = httpx2.Response(429, headers={"Retry-After": "3600"})
    assert client(Scripted(pod("INITIALIZE", SSH), away, pod("RUNNING", healthy(SSH)))).pods.wait("1").is_ready
    assert max(clock.slept) == pytest.approx(60)


@pytest.mark.parametrize(
    "hiccup",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
        httpx2.Response(502, content=b"<html>"),
        httpx2.Response(200, content=b"<html>"),
        envelope(None, 10002),
        httpx2.Response(429, headers={"Retry-After": "30"}),
    ],
)
def test_a_hiccup_does_not_end_the_wait(client: Client, clock: VirtualClock, hiccup: Any) -> None:
    transport = Scripted(pod("INITIALIZE", SSH), hiccup, hiccup, pod("RUNNING", healthy(SSH)))
    assert client(transport).pods.wait("1").is_ready
    if getattr(hiccup, "status_code", 0) == 429:
        assert clock.slept[1:] == pytest.approx([30, 30])


@pytest.mark.parametrize(
    ("failure", "kind"), [(httpx2.ConnectError("refused"), APIConnectionError), (envelope(None, 10002), ServerError)]
)
def test_a_failure_that_lasts_a_minute_ends_the_wait(
    client: Client, clock: VirtualClock, failure: Any, kind: type[YottaLabsError]
) -> None:
    start = clock.now
    with pytest.raises(kind) as caught:
        client(Scripted(pod("INITIALIZE", SSH), failure)).pods.wait("1")
    assert 60 <= clock.now - start < 90
    assert caught.value.pod_id == "1"


def test_a_key_that_is_refused_ends_the_wait_at_once(client: Client, clock: VirtualClock) -> None:
    with pytest.raises(AuthenticationError):
        client(Scripted(httpx2.Response(401))).pods.wait("1")
    assert clock.slept == []


def test_the_last_failure_is_the_cause_of_the_timeout(client: Client) -> None:
    with pytest.raises(WaitTimeoutError) as caught:
        client(Scripted(httpx2.ConnectError("refused"))).pods.wait("1", timeout=5)
    assert isinstance(caught.value.__cause__, APIConnectionError)


@pytest.mark.parametrize("pods", [5, None, "1", b"1", {"1": "2"}, Pod({"id": "1"}), ["1", None], [b"1"]])
def test_pods_that_are_not_several_are_refused(client: Client, pods: Any) -> None:
    transport = Scripted([])
    with pytest.raises(InvalidArgumentError, match=r"^pods? is .*; it must be "):
        client(transport).pods.wait_all(pods)
    assert transport.requests == []


CALLS: list[Callable[[Any, Any], Any]] = [
    lambda pods, callback: pods.wait("1", on_change=callback),
    lambda pods, callback: pods.wait_all(["1"], on_change=callback),
    lambda pods, callback: pods.temporary(image="x", gpu_type="NVIDIA_L4_24G", on_change=callback),
    lambda pods, callback: pods.sweep(report=callback),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("callback", [5, "print", True, ()])
def test_a_callback_that_cannot_be_called_is_refused_before_anything_is_sent(
    client: Client, call: Callable[[Any, Any], Any], callback: Any
) -> None:
    transport = Scripted([])
    with pytest.raises(InvalidArgumentError, match=r"^(on_change|report) is .*; it must be callable"):
        call(client(transport).pods, callback)
    assert transport.requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"until": "gone"},
        {"until": None},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": None},
        {"timeout": True},
        {"timeout": 10**400},
        {"port": "8000"},
        {"port": True},
        {"port": 0},
        {"port": 65536},
        {"port": 22.0},
        {"port": 22, "until": "running"},
    ],
)
def test_wrong_arguments_of_a_wait_are_refused(client: Client, arguments: Any) -> None:
    transport = Scripted(pod("RUNNING"))
    with pytest.raises(InvalidArgumentError):
        client(transport).pods.wait("1", **arguments)
    assert transport.requests == []


def test_delete_can_wait_until_the_pod_has_ended(client: Client) -> None:
    transport = Scripted(None, pod("RUNNING"), pod("TERMINATING"), pod("TERMINATED"))
    client(transport).pods.delete("1", wait=True)
    assert [request.method for request in transport.requests] == ["DELETE", "GET", "GET", "GET"]


def test_delete_does_not_wait_for_a_pod_that_is_gone_already(client: Client) -> None:
    transport = Scripted(None, [], [])
    client(transport).pods.delete("1", wait=True)
    assert len(transport.requests) == 3


def test_an_error_of_on_change_reaches_the_caller(client: Client) -> None:
    def fail(_: Pod) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        client(Scripted(pod("RUNNING", SSH))).pods.wait("1", on_change=fail)


def test_a_health_that_is_only_now_readable_is_a_change(client: Client) -> None:
    numbered = [pod("RUNNING", {**SSH, "healthy": value}) for value in (1, 1, True)]  # Python takes 1 for True
    assert client(Scripted(*numbered)).pods.wait("1").is_ready
    told: list[bool | None] = []
    said = [pod("RUNNING", {**SSH, "healthy": value}) for value in (0, False, True)]
    client(Scripted(*said)).pods.wait("1", on_change=lambda seen: told.append(seen.ssh_port and seen.ssh_port.healthy))
    assert told == [None, False, True]


def test_the_first_look_is_a_change_whatever_it_shows(client: Client, clock: VirtualClock) -> None:
    client(Scripted(pod(None), pod(None), pod("RUNNING"))).pods.wait("1", until="running")
    assert clock.slept[0] < 1.3 < clock.slept[1] * 1.3
