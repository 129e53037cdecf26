"""A sweep deletes the pods that were left behind, by their leases, and no other one; for both clients."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from yottalabs import PermissionDeniedError, PodNotDeletedError, ServerError
from yottalabs._lease import Lease, Owner
from yottalabs._own_variables import LEASE_VARIABLE
from yottalabs_mock import Simulator

from support.raw import CREATE

HOUR = timedelta(hours=1)
ELSEWHERE = Owner("elsewhere/0123456789abcdef", 1, "1")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="whether a process is dead cannot be told here")


class Cloud:
    """A simulator, a client of it, and pods with the leases that a test wants."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self.simulator = Simulator()
        self.client = make("a-key", transport=self.simulator.transport, clock=self.simulator.clock)
        self._http = httpx2.Client(transport=self.simulator.transport, base_url="http://mock")

    def now(self) -> datetime:
        return self.simulator.clock.date()

    def pod(self, lease: Lease | str | None, *, name: str = "x", key: str = "a-key") -> str:
        """Creates a pod with a lease, as whoever owned it did; gives its id."""
        text = lease.text() if isinstance(lease, Lease) else lease
        variables = [] if text is None else [{"key": LEASE_VARIABLE, "value": text}]
        body = {"image": "x", "gpuType": "NVIDIA_L4_24G", "gpuCount": 1, "podName": name, "environmentVars": variables}
        pod_id = self._http.post(CREATE, json=body, headers={"x-api-key": key}).json()["data"]
        assert isinstance(pod_id, str)
        return pod_id

    def live(self) -> set[str]:
        return {pod_id for pod_id, pod in self.simulator.pods.items() if pod.is_live}

    def saw(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.simulator.requests)


@pytest.fixture
def cloud(make: Callable[..., Any]) -> Cloud:
    return Cloud(make)


def dead() -> Owner:
    """A process of this host that has ended; another one that had its number would have another start."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return Owner(Owner.current().host, process.pid, "1")


def test_a_pod_whose_lease_is_over_is_deleted_and_no_other_one(cloud: Cloud) -> None:
    here = Owner.current()
    over = {cloud.pod(Lease(cloud.now() - HOUR, owner)) for owner in (here, ELSEWHERE, None)}
    over.add(cloud.pod(Lease(cloud.now(), here)))
    standing = {
        cloud.pod(Lease(cloud.now() + HOUR, here)),
        cloud.pod(Lease(cloud.now() + HOUR, ELSEWHERE)),
        cloud.pod(Lease(cloud.now() + HOUR, None)),
        cloud.pod(Lease(None, here)),
        cloud.pod(Lease(None, ELSEWHERE)),
        cloud.pod(None),
        cloud.pod(""),
        cloud.pod("{}"),
        cloud.pod(Lease(cloud.now() - HOUR, here).text() + " "),
        cloud.pod(Lease(cloud.now() - HOUR, here), key="another-key"),
    }
    swept = cloud.client.pods.sweep(dry_run=False, report=lambda _: None)
    assert cloud.live() == standing
    assert {found.pod.id for found in swept if found.was_deleted} == over
    assert all(found.is_over is found.was_deleted for found in swept)
    assert len(swept) == len(over) + 5  # what has no lease is not even spoken of
    assert (cloud.saw("listPods"), cloud.saw("deletePod")) == (1, len(over))


@LINUX
def test_a_pod_whose_owner_is_dead_on_this_very_host_is_deleted(cloud: Cloud) -> None:
    owner = dead()
    over = {cloud.pod(Lease(None, owner)), cloud.pod(Lease(cloud.now() + HOUR, owner))}
    elsewhere = cloud.pod(Lease(None, Owner("elsewhere/0123456789abcdef", owner.process, owner.started)))
    told: list[str] = []
    swept = cloud.client.pods.sweep(dry_run=False, report=told.append)
    assert {found.pod.id for found in swept if found.was_deleted} == over
    assert cloud.live() == {elsewhere}
    assert sum(f"its owner, process {owner.process} of this host, is dead; deleted" in line for line in told) == 2


def test_a_dry_run_prints_what_it_would_do_and_why_and_deletes_nothing(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    over = cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE), name="left-behind")
    standing = cloud.pod(Lease(cloud.now() + HOUR, ELSEWHERE))
    unleased = cloud.pod(None)
    swept = cloud.client.pods.sweep()
    first, second, *more = capsys.readouterr().out.splitlines()
    assert more == []
    assert f"pod {over}" in first
    assert "its lease ended at 2025-12-31 23:" in first
    assert first.endswith("; would be deleted")
    assert f"pod {standing}" in second
    assert "leased until 2026-01-01 01:" in second
    assert "by process 1 of host elsewhere/0123456789abcdef" in second
    assert second.endswith("; stays")
    assert [(found.is_over, found.was_deleted) for found in swept] == [(True, False), (False, False)]
    assert cloud.live() == {over, standing, unleased}
    assert cloud.saw("deletePod") == 0


def test_a_pod_that_has_ended_or_is_ending_is_not_spoken_of(cloud: Cloud) -> None:
    ended, ending = (cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE)) for _ in range(2))
    cloud.simulator.pods[ended].delete()
    cloud.simulator.advance(60)
    cloud.simulator.pods[ending].delete()
    assert list(cloud.client.pods.sweep(dry_run=False)) == []
    assert cloud.saw("deletePod") == 0


def test_a_pod_that_has_failed_is_deleted_too(cloud: Cloud) -> None:
    failed = cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE))
    cloud.simulator.pods[failed].fail()
    cloud.client.pods.sweep(dry_run=False)
    assert cloud.simulator.pods[failed].status == "TERMINATING"


def test_deletes_that_fail_are_told_of_all_at_once_and_the_others_are_done(cloud: Cloud) -> None:
    pods = [cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE)) for _ in range(4)]
    cloud.simulator.faults.add("delete", "status_403", times=2)
    told: list[str] = []
    with pytest.raises(PodNotDeletedError) as caught:
        cloud.client.pods.sweep(dry_run=False, report=told.append)
    assert caught.value.pod_ids == (pods[0], pods[1])
    assert all(pod_id in str(caught.value) for pod_id in pods[:2])
    assert isinstance(caught.value.__cause__, PermissionDeniedError)
    assert cloud.live() == set(pods[:2])
    assert [line.partition("UTC; ")[2][:20] for line in told] == ["could not be deleted"] * 2 + ["deleted"] * 2


def test_a_delete_that_fails_for_a_while_is_done_again(cloud: Cloud) -> None:
    cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE))
    cloud.simulator.faults.add("delete", "status_503_before", times=2)
    cloud.client.pods.sweep(dry_run=False)
    assert cloud.live() == set()


def test_very_many_pods_that_cannot_be_deleted_are_counted(cloud: Cloud) -> None:
    pods = [cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE)) for _ in range(25)]
    cloud.simulator.faults.add("delete", "status_403", probability=1.0)
    with pytest.raises(PodNotDeletedError, match="and 5 more") as caught:
        cloud.client.pods.sweep(dry_run=False, report=lambda _: None)
    assert caught.value.pod_ids == tuple(pods)


@pytest.mark.parametrize("seconds", [0, 1000, 10**6], ids=["ending", "ended", "forgotten"])
def test_a_pod_that_somebody_else_has_deleted_meanwhile_is_no_error(cloud: Cloud, seconds: int) -> None:
    pods = [cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE)) for _ in range(2)]

    def interfere(_: str) -> None:
        """Is told of the first pod, and deletes the second."""
        pod = cloud.simulator.pods.get(pods[1])
        if pod is not None and pod.is_live:
            pod.delete()
            cloud.simulator.advance(seconds)

    swept = cloud.client.pods.sweep(dry_run=False, report=interfere)
    assert cloud.live() == set()
    assert [found.was_deleted for found in swept] == [True, False]


@pytest.mark.parametrize("fault", ["status_404", "status_409"])
def test_a_delete_that_is_refused_while_the_pod_runs_is_told_of(cloud: Cloud, fault: str) -> None:
    pod_id = cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE))
    cloud.simulator.faults.add("delete", fault)
    with pytest.raises(PodNotDeletedError) as caught:
        cloud.client.pods.sweep(dry_run=False)
    assert caught.value.pod_ids == (pod_id,)


def test_a_list_that_fails_is_an_error_and_nothing_is_deleted(cloud: Cloud) -> None:
    cloud.pod(Lease(cloud.now() - HOUR, ELSEWHERE))
    cloud.simulator.faults.add("list", "status_500_before", probability=1.0)
    with pytest.raises(ServerError):
        cloud.client.pods.sweep(dry_run=False)
    assert len(cloud.live()) == 1


@LINUX
def test_the_pods_of_a_program_that_died_are_swept_by_the_next_one(cloud: Cloud) -> None:
    code = "from yottalabs._lease import Lease, Owner; print(Lease(None, Owner.current()).text())"
    ran = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True)
    cloud.pod(ran.stdout.strip())
    mine = cloud.pod(Lease(None, Owner.current()))
    cloud.client.pods.sweep(dry_run=False)
    assert cloud.live() == {mine}
